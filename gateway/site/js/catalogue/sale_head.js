/**
 * The head of the page: which sale this is, whose, where, and when its lots close, in the viewer's time and the sale's.
 *
 * It refuses to know single lots. Invariant: what the sale does not say is left out, not filled in. Instants are
 * microseconds.
 */

import { element, setShown, setText } from "../house/dom.js";
import { placeLine } from "../house/places.js";
import { hoursText, viewerZone } from "../house/times.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";

export class SaleHead {
  constructor() {
    this.title = element("h1", { id: "sale-title" });
    this.other = element("p", { class: "other" });
    this.whose = element("p", { class: "whose", id: "sale-whose" });
    this.description = element("p", { class: "description", id: "sale-description" });
    this.hours = element("p", { class: "hours", id: "sale-hours" });
    this.picker = element("div", {});
    this.node = element("header", { class: "sale" }, this.title, this.other, this.whose, this.description, this.hours, this.picker);
    this.zone = "";
    this.first = this.last = Number.NaN;
  }

  /** @param {import("./sales.js").Sale} sale @param {HTMLElement} picker */
  write(sale, picker) {
    const { first, second } = titleHalves(sale.title);
    show(this.title, first.text);
    show(this.other, second?.text ?? "");
    for (const [node, half] of [[this.title, first], [this.other, second]]) node.lang = half?.lang ?? "";
    show(this.whose, [sale.consignor, placeLine(sale)].filter(Boolean).join(" · "));
    show(this.description, sale.description);
    this.zone = sale.zone ?? "";
    this.first = this.last = Number.NaN; // what stood there was of another sale
    this.picker.replaceChildren(picker);
  }

  /** Say when lots close: those that are still to come. @param {Iterable<any>} lots */
  writeHours(lots) {
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    for (const lot of lots) {
      if (lot.isOver || lot.closes_at === null) continue;
      first = Math.min(first, lot.closes_at);
      last = Math.max(last, lot.closes_at);
    }
    if (first === this.first && last === this.last) return;
    [this.first, this.last] = [first, last];
    show(this.hours, last === 0 ? "" : say("sale.close", { hours: hoursText(first, last) }) + this.#there(first, last));
  }

  /** @param {number} first @param {number} last */
  #there(first, last) {
    if (this.zone === "" || this.zone === viewerZone) return "";
    return ` · ${say("sale.there", { zone: this.zone, hours: hoursText(first, last, this.zone) })}`;
  }
}

/** @param {HTMLElement} node @param {string} text */
function show(node, text) {
  setText(node, text);
  setShown(node, text !== "");
}
