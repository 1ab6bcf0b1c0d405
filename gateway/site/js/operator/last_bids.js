/**
 * The last bids on a lot, each with a button that voids it.
 *
 * It refuses to know who bid: there is a paddle. Invariants: the bids are those of the log, the newest on top; one that
 * was voided stays, and says so. Amounts are minor units, instants microseconds. Source: protocol.md, "Public events".
 */

import { get } from "../house/api.js";
import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { clockTime } from "../house/times.js";
import { say } from "../house/words.js";
import { orderNamed, unfit } from "./orders.js";

const EVENTS = 200;
const SHOWN = 20;

export class LastBids {
  /** @param {(seq: number) => void} voidBid */
  constructor(voidBid) {
    this.voidBid = voidBid;
    /** @type {import("./floor.js").Entry | null} */
    this.entry = null;
    /** Public events by seq. @type {Map<number, any>} */
    this.bids = new Map();
    /** @type {Set<number>} */
    this.voided = new Set();
    this.body = element("tbody");
    this.empty = element("p", { class: "empty" }, say("bids.none"));
    const heads = ["seq", "at", "paddle", "kind", "price"].map((name) => element("th", { scope: "col" }, say(`bids.${name}`)));
    this.table = element("table", { id: "last-bids" }, element("thead", {}, element("tr", {}, ...heads, element("td"))), this.body);
    this.node = element("section", { class: "bids", "aria-labelledby": "bids-title" }, element("h3", { id: "bids-title" }, say("bids.title")), this.empty, this.table);
  }

  /** @param {import("./floor.js").Entry} entry */
  async open(entry) {
    this.entry = entry;
    this.bids.clear();
    this.voided.clear();
    this.show();
    const after = Math.max(0, entry.lot.seq - EVENTS);
    const page = await get(`/v1/lots/${encodeURIComponent(entry.id)}/events?after=${after}&limit=${EVENTS}`).catch(() => ({ events: [] }));
    if (this.entry !== entry) return;
    for (const event of page.events) this.#take(event);
    this.show();
  }

  /** @param {import("./floor.js").Entry} entry @param {any} event */
  hear(entry, event) {
    if (entry !== this.entry || !this.#take(event)) return;
    this.show();
  }

  /** The seq of the latest bid that stands. */
  get latest() {
    return Math.max(0, ...[...this.bids.keys()].filter((seq) => !this.voided.has(seq)));
  }

  /** @param {any} event */
  #take(event) {
    if (event.ev === "bid_placed") this.bids.set(event.seq, event);
    else if (event.ev === "bid_voided") this.voided.add(event.voided);
    else return false;
    return true;
  }

  /** Show them as they are now: whether one can be voided hangs on the lot's phase. */
  show() {
    const latest = [...this.bids.values()].sort((one, other) => other.seq - one.seq).slice(0, SHOWN);
    setShown(this.empty, latest.length === 0);
    setShown(this.table, latest.length > 0);
    const lot = /** @type {any} */ (this.entry?.lot);
    const isOpen = lot !== undefined && unfit(orderNamed("void_bid"), lot) === null;
    if (latest.length > 0 && !lot.isKnown) return;
    const rows = latest.map((bid) => this.#row(bid, lot.terms.currency, isOpen && !this.voided.has(bid.seq)));
    const had = this.body.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.seq : undefined;
    this.body.replaceChildren(...rows);
    if (had !== undefined) this.body.querySelector(`button[data-seq="${had}"]`)?.focus();
  }

  /** @param {any} bid @param {string} currency @param {boolean} canBeVoided */
  #row(bid, currency, canBeVoided) {
    const button = element("button", { type: "button", class: "small", "data-seq": bid.seq, "aria-label": say("bids.void_one", { seq: String(bid.seq) }), onclick: () => this.voidBid(bid.seq) });
    setText(button, say("bids.void"));
    const isVoided = this.voided.has(bid.seq);
    setAttribute(button, "disabled", !canBeVoided);
    return element(
      "tr",
      { "data-seq": bid.seq, "data-voided": isVoided },
      element("td", { class: "number" }, bid.seq),
      element("td", {}, clockTime(bid.at)),
      element("td", { class: "number" }, bid.paddle),
      element("td", {}, isVoided ? say("bids.voided") : say(`bid_kind.${bid.kind}`)),
      element("td", { class: "number" }, formatMoney(bid.price, currency)),
      element("td", {}, isVoided ? null : button),
    );
  }
}
