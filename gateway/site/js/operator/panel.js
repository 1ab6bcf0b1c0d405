/**
 * The panel of one lot: how it stands, its last bids, who and what waits, and every order that can be given.
 *
 * It refuses to give orders itself. Invariant: all of it is about one lot, and follows what the server says of it.
 * Amounts are minor units, instants microseconds.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { dateTime, spanText } from "../house/times.js";
import { say } from "../house/words.js";
import { matters } from "./attention.js";
import { LastBids } from "./last_bids.js";
import { OrderButtons } from "./order_buttons.js";
import { orderNamed } from "./orders.js";
import { matterText } from "./standing.js";
import { Waiting } from "./waiting.js";

const FACTS = ["price", "ask", "leader", "reserve", "bids", "extensions", "watchers", "bidders", "deposit", "format", "soft_close", "four_eyes", "end", "settlement"];

export class Panel {
  /**
   * @param {{session: any, countdowns: import("../house/countdowns.js").Countdowns, clock: import("../house/server_clock.js").ServerClock,
   *   choose: (order: import("./orders.js").Order, given?: Record<string, any>) => void, close: () => void, stage: () => void}} parts
   */
  constructor({ session, countdowns, clock, choose, close, stage }) {
    this.countdowns = countdowns;
    this.clock = clock;
    /** @type {import("./floor.js").Entry | null} */
    this.entry = null;
    this.title = element("h2", { id: "panel-title", tabindex: -1 });
    this.room = element("a", {}, say("panel.room"));
    this.ends = element("p", { id: "panel-ends", class: "ends-in" });
    this.where = element("span", { class: "faint" });
    this.phase = element("span", { id: "panel-phase", class: "badge" });
    this.matter = element("p", { id: "panel-matter", class: "matter" });
    this.notice = element("p", { id: "panel-notice", class: "notice" });
    /** @type {Record<string, HTMLElement>} */
    this.facts = Object.fromEntries(FACTS.map((name) => [name, element("dd", { "data-fact": name })]));
    this.orders = new OrderButtons((order) => choose(order));
    this.bids = new LastBids((seq) => choose(orderNamed("void_bid"), { seq }));
    this.waiting = new Waiting(session, choose);
    this.stage = element("button", { type: "button", id: "to-stage", class: "primary", onclick: stage }, say("panel.stage"), element("kbd", {}, "0"));
    this.node = this.#node(close);
    countdowns.attach(this.ends, () => /** @type {any} */ (this.entry?.lot ?? { phase: null, closes_at: null }));
  }

  /** @param {() => void} close */
  #node(close) {
    const leave = element("button", { type: "button", id: "panel-close", class: "quiet", "aria-label": say("panel.close"), onclick: close }, "×");
    return element(
      "section",
      { id: "panel", class: "lot-panel", "aria-labelledby": "panel-title", hidden: true },
      element("div", { class: "head" }, this.title, leave),
      element("p", { class: "row where" }, this.phase, this.where, this.room),
      this.ends,
      this.matter,
      this.notice,
      this.stage,
      element("dl", { class: "facts" }, ...FACTS.map((name) => element("div", {}, element("dt", {}, say(`fact.${name}`)), this.facts[name]))),
      this.orders.node,
      this.bids.node,
      this.waiting.node,
    );
  }

  /** @param {import("./floor.js").Entry} entry */
  open(entry) {
    if (this.entry === entry) return;
    this.entry = entry;
    setShown(this.node, true);
    this.node.scrollTop = 0;
    setAttribute(this.node, "data-lot", entry.id);
    this.show();
    this.bids.open(entry);
    this.waiting.open(entry);
  }

  close() {
    this.entry = null;
    setShown(this.node, false);
  }

  /** @param {import("./floor.js").Entry} entry */
  heard(entry) {
    if (entry === this.entry) this.show();
  }

  show() {
    const entry = /** @type {import("./floor.js").Entry} */ (this.entry);
    const lot = /** @type {any} */ (entry.lot);
    if (!lot.isKnown) {
      setText(this.title, entry.id);
      return;
    }
    setText(this.title, lot.title);
    setText(this.where, [lot.lot, lot.sale, lot.consignor].filter(Boolean).join(" · "));
    setAttribute(this.room, "href", `/lots/${encodeURIComponent(lot.lot)}`);
    const hasChanged = this.node.dataset.phase !== lot.phase;
    setAttribute(this.node, "data-phase", lot.phase);
    setText(this.phase, say(`phase.${lot.phase}`));
    this.countdowns.show(this.ends);
    const found = matters(entry, this.clock.nowUs());
    setText(this.matter, found.map(matterText).join(" · "));
    setAttribute(this.matter, "data-level", found[0]?.level ?? null);
    setShown(this.matter, this.matter.textContent !== "");
    setText(this.notice, lot.notice === null ? "" : say("panel.notice", { text: lot.notice }));
    setShown(this.notice, lot.notice !== null);
    setShown(this.stage, lot.terms.format === "saleroom");
    this.#showFacts(lot, entry.line);
    this.orders.show(lot);
    if (hasChanged) this.bids.show();
  }

  /** @param {any} lot @param {any} line */
  #showFacts(lot, line) {
    const told = facts(lot, line);
    for (const name of FACTS) {
      setText(this.facts[name], told[name] ?? "");
      setShown(/** @type {HTMLElement} */ (this.facts[name].parentElement), Boolean(told[name]));
    }
  }
}

/** What there is to know of a lot, in words; null for what it has not. @param {any} lot @param {any} line @returns {Record<string, string | null>} */
function facts(lot, line) {
  const { terms } = lot;
  const money = (/** @type {number | null} */ minor) => formatMoney(minor, terms.currency);
  const soft = terms.soft_close;
  return {
    price: lot.hammer_price === null ? money(lot.price) : say("fact.hammer", { price: money(lot.hammer_price) }),
    ask: lot.ask === null ? null : money(lot.ask),
    leader: lot.leader === null ? null : say("fact.paddle", { paddle: String(lot.leader) }),
    reserve: lot.reserve === "none" ? null : say(`reserve.${lot.reserve}`),
    bids: String(lot.bids),
    extensions: lot.extensions > 0 ? String(lot.extensions) : null,
    watchers: String(line?.watchers ?? lot.watchers),
    bidders: line === null ? null : String(line.bidders),
    deposit: terms.deposit > 0 ? money(terms.deposit) : null,
    format: say(`format.${terms.format}`),
    soft_close: soft === null ? null : say("fact.soft", { window: spanText(soft.window_s * 1e6), extension: spanText(soft.extension_s * 1e6) }),
    four_eyes: terms.four_eyes.length === 0 ? null : terms.four_eyes.map((/** @type {string} */ one) => say(`order.${one}`)).join(", "),
    end: lot.closes_at === null ? null : dateTime(lot.closes_at),
    settlement: lot.settlement === null ? null : say(`settlement.${lot.settlement}`) + (lot.successor ? ` · ${lot.successor}` : ""),
  };
}
