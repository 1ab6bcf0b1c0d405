/**
 * The health of the house: whether it is ready, how fast it stores and closes, and who is there.
 *
 * It refuses to know why a figure is as it is. Invariants: a figure beyond its bound says so in words and by a mark; the
 * bounds are those at which `operations.md` ("Alerts") wakes somebody, and half of them for a warning. Spans are
 * microseconds.
 */

import { get } from "../house/api.js";
import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { knows, locale, say } from "../house/words.js";

const RECENT_US = 60e6;
const MARKS = { good: "●", warn: "▲", bad: "■" };

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {(engine: any, totals: any) => number} of
 * @property {[number, number]} [bounds] from where on it is a warning, and bad
 * @property {"us" | "count" | "rate"} unit
 */

/** @type {Figure[]} */
const FIGURES = [
  { name: "append_p50", of: (engine) => engine.append_us.p50, unit: "us", bounds: [50_000, 100_000] },
  { name: "append_p99", of: (engine) => engine.append_us.p99, unit: "us", bounds: [50_000, 100_000] },
  { name: "append_max", of: (engine) => engine.append_us.max, unit: "us", bounds: [500_000, 1_000_000] },
  { name: "loop_lag", of: (engine) => engine.loop_lag_us.p99, unit: "us", bounds: [25_000, 50_000] },
  { name: "closing_lag", of: (engine) => engine.closing_lag_us.p99, unit: "us", bounds: [250_000, 500_000] },
  { name: "inbox", of: (engine) => engine.inbox_orders, unit: "count", bounds: [1_000, 5_000] },
  { name: "batch", of: (engine) => engine.batch_orders.p99, unit: "count" },
  { name: "connections", of: (_, totals) => totals.connections, unit: "count" },
  { name: "accepted", of: (_, totals) => totals.accepted_per_s, unit: "rate" },
  { name: "refused", of: (_, totals) => totals.refused, unit: "count" },
];

const milliseconds = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

export class Health {
  constructor() {
    /** @type {Map<string, {node: HTMLElement, value: HTMLElement, word: HTMLElement}>} */
    this.shown = new Map();
    /** How many slow readers had been dropped, and when. @type {{count: number, atUs: number}[]} */
    this.dropped = [];
    this.state = element("p", { id: "readiness", class: "readiness", role: "status" });
    this.troubles = element("ul", { id: "troubles", class: "troubles", hidden: true });
    this.figures = element("dl", { id: "figures", class: "figures" }, ...[...FIGURES.map(({ name }) => name), "slow_readers"].map((name) => this.#figure(name)));
    this.node = element(
      "section",
      { class: "health", id: "health", "aria-labelledby": "health-title" },
      element("div", { class: "head" }, element("h2", { id: "health-title" }, say("health.title")), this.state),
      this.troubles,
      this.figures,
    );
    setShown(this.figures, false);
  }

  /** @param {string} name */
  #figure(name) {
    const value = element("span", { class: "value" });
    const word = element("span", { class: "word" });
    const node = element("div", { "data-figure": name }, element("dt", { title: say(`figure_long.${name}`) }, say(`figure.${name}`)), element("dd", {}, value, word));
    this.shown.set(name, { node, value, word });
    return node;
  }

  /** @param {any} operations a message of the operations feed */
  show({ engine, totals, now }) {
    if (engine === null) return;
    setShown(this.figures, true);
    for (const figure of FIGURES) {
      const value = figure.of(engine, totals);
      this.#write(figure.name, shown(value, figure.unit), levelOf(value, figure.bounds));
    }
    this.#showDropped(engine.slow_readers_dropped, now);
    this.#ready(engine.troubles);
  }

  /** Ask the house whether it is ready, where it shows no figures. */
  async ask() {
    try {
      this.#ready((await get("/readyz")).troubles);
    } catch (/** @type {any} */ problem) {
      this.#ready([problem.status === 503 ? say("health.not_ready") : problem.detail]);
    }
  }

  /** A reader that was dropped within the last minute is worth a look; one of this morning is not. @param {number} count @param {number} now */
  #showDropped(count, now) {
    this.dropped.push({ count, atUs: now });
    while (this.dropped[0].atUs < now - RECENT_US) this.dropped.shift();
    const recent = count - this.dropped[0].count;
    this.#write("slow_readers", shown(count, "count"), recent === 0 ? "good" : recent < 10 ? "warn" : "bad");
  }

  /** @param {string} name @param {string} text @param {"good" | "warn" | "bad"} level */
  #write(name, text, level) {
    const { node, value, word } = /** @type {any} */ (this.shown.get(name));
    setAttribute(node, "data-level", level);
    setText(value, text);
    setText(word, level === "good" ? "" : `${MARKS[level]} ${say(knows(`health.${name}.${level}`) ? `health.${name}.${level}` : `health.${level}`)}`);
  }

  /** @param {string[]} troubles */
  #ready(troubles) {
    const level = troubles.length === 0 ? "good" : "bad";
    setAttribute(this.state, "data-level", level);
    setText(this.state, `${MARKS[level]} ${say(`readiness.${level}`)}`);
    setShown(this.troubles, troubles.length > 0);
    if (this.troubles.textContent !== troubles.join("")) this.troubles.replaceChildren(...troubles.map((one) => element("li", {}, one)));
  }
}

/** @param {number} value @param {[number, number]} [bounds] @returns {"good" | "warn" | "bad"} */
function levelOf(value, bounds) {
  if (bounds === undefined || value <= bounds[0]) return "good";
  return value <= bounds[1] ? "warn" : "bad";
}

/** @param {number} value @param {Figure["unit"]} unit */
function shown(value, unit) {
  return unit === "us" ? say("health.ms", { ms: milliseconds.format(value / 1_000) }) : value.toLocaleString(locale);
}
