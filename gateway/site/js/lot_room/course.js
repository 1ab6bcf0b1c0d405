/**
 * The plot of the price over time, and the same in a sentence for those who do not see it.
 *
 * It refuses to be loaded where there is nothing to draw: uPlot comes with the first bid. Invariants: colours are those
 * of the page, in the light as in the dark; the drawing is as wide as its place. Instants are seconds, amounts minor
 * units. Source: uPlot 1.6 (`vendor/uplot/`).
 */

import { byId, element, setAttribute, setShown, setText } from "../house/dom.js";
import { digitsOf, formatMoney } from "../house/money.js";
import { spanText } from "../house/times.js";
import { locale, say } from "../house/words.js";
import { courseOf } from "./course_lines.js";

const HEIGHT_PX = 240;
const REDRAW_MS = 250;
const GROWS_MS = 10_000;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

export class Course {
  /** @param {any} lot */
  constructor(lot) {
    this.lot = lot;
    /** @type {any} */
    this.plot = null;
    this.drawn = -1;
    this.drawnAt = 0;
    this.canvas = element("div", { id: "plot", class: "plot", role: "img" });
    this.summary = element("p", { id: "plot-summary", class: "faint small" });
    byId("course").replaceChildren(element("h2", { id: "course-title" }, say("course.title")), this.canvas, legend(), this.summary);
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#again());
    new MutationObserver(() => this.#again()).observe(document.documentElement, { attributeFilter: ["data-look"] });
  }

  /** @param {import("./event_book.js").EventBook} book @param {number} nowUs */
  show(book, nowUs) {
    this.book = book;
    this.nowUs = nowUs;
    const hasBids = this.lot.bids > 0 && this.lot.price !== null;
    setShown(byId("course"), hasBids);
    if (!hasBids || !book.isLoaded || this.waiting || !this.#isOld()) return;
    this.waiting = true;
    setTimeout(() => this.#draw(), this.plot === null ? 0 : REDRAW_MS);
  }

  /** Whether there is news, or the last price has held for so long that its line should have grown. */
  #isOld() {
    if (this.drawn !== this.book?.changes) return true;
    return !this.lot.isOver && performance.now() - this.drawnAt > GROWS_MS;
  }

  /** Fetch uPlot once; what a cut line has kept back is asked for with the next change. */
  async #loaded() {
    try {
      this.uPlot ??= (await import("../../vendor/uplot/uPlot.esm.js")).default;
    } catch {
      this.uPlot = undefined;
    }
    this.waiting = false;
    return this.uPlot !== undefined;
  }

  async #draw() {
    if (!(await this.#loaded())) return;
    this.drawn = this.book?.changes ?? 0;
    this.drawnAt = performance.now();
    this.course = courseOf(this.book?.inOrder() ?? [], this.lot.isOver ? this.lot.closes_at : (this.nowUs ?? null));
    if (this.course.at.length === 0) return;
    const data = [this.course.at, this.course.price, this.course.beaten];
    if (this.plot === null) this.plot = new this.uPlot(this.#options(), data, this.canvas);
    else this.plot.setData(data);
    this.#say();
  }

  /** The colours have changed: draw it anew. */
  #again() {
    if (this.plot === null) return;
    this.plot.destroy();
    this.plot = null;
    this.#draw();
  }

  #fit() {
    const width = Math.floor(this.canvas.clientWidth);
    if (this.plot !== null && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT_PX });
  }

  #say() {
    const { lot } = this;
    const { at, price, extensions } = /** @type {import("./course_lines.js").Course} */ (this.course);
    const first = price.find((one) => one !== null) ?? null;
    const last = price.at(-1) ?? null;
    const values = {
      count: lot.bids,
      first: formatMoney(first, lot.terms.currency),
      last: formatMoney(last, lot.terms.currency),
      span: spanText(((at.at(-1) ?? 0) - (at[0] ?? 0)) * 1e6),
    };
    const text = say("course.summary", values) + (extensions.length > 0 ? say("sentence.gap") + say("course.extensions", { count: extensions.length }) : "");
    setText(this.summary, text);
    setAttribute(this.canvas, "aria-label", text);
  }

  // How it looks ------------------------------------------------------------------------------------------------------

  #options() {
    const { currency } = this.lot.terms;
    const [line, faint, accent, warn] = ["--line", "--faint", "--accent", "--warn"].map(colour);
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: faint, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const money = (/** @type {any} */ _, /** @type {number[]} */ values) => values.map((value) => short(value, currency));
    return {
      width: Math.floor(this.canvas.clientWidth) || 320,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true } },
      axes: [{ ...axis, values: times, space: 75, size: 30, incrs: STEPS_S }, { ...axis, values: money, size: 64 }],
      series: [
        {},
        { stroke: accent, width: 2, paths: this.uPlot.paths.stepped({ align: 1 }), points: { show: false } },
        { stroke: warn, width: 0, paths: () => null, points: { show: true, size: 7, width: 2, stroke: warn, fill: colour("--surface") } },
      ],
      hooks: { draw: [(/** @type {any} */ plot) => this.#markExtensions(plot, warn)] },
    };
  }

  /** @param {any} plot @param {string} stroke */
  #markExtensions(plot, stroke) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = stroke;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const at of this.course?.extensions ?? []) {
      const x = Math.round(plot.valToPos(at, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function legend() {
  const entries = ["price", "beaten", "extension"].map((name) => element("span", { class: "legend", "data-legend": name }, say(`course.${name}`)));
  return element("p", { class: "row small faint", "aria-hidden": "true" }, ...entries);
}

/** @param {any} _ @param {number[]} values */
function times(_, values) {
  const spread = (values.at(-1) ?? 0) - (values[0] ?? 0);
  /** @type {Intl.DateTimeFormatOptions} */
  const options = spread > 86_400 * 2 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", ...(spread < 600 ? { second: "2-digit" } : {}) };
  const format = new Intl.DateTimeFormat(locale, { ...options, hourCycle: "h23" });
  return values.map((value) => format.format(value * 1_000));
}

/** An amount on the axis, as short as it may be. @param {number} minor @param {string} currency */
function short(minor, currency) {
  const format = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 2 });
  return format.format(minor / 10 ** digitsOf(currency));
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
