/**
 * The lots that follow, and how the last ones came out, in lines that can be read from afar.
 *
 * It refuses to know whose turn it is. Invariant: a line belongs to its lot for as long as it is shown. Amounts are minor
 * units.
 */

import { element, setAttribute, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { clockTime } from "../house/times.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";

/** @typedef {{node: HTMLElement, ends: HTMLElement, title: HTMLElement, price: HTMLElement}} Line */

export class Lines {
  /** @param {string} id @param {import("../house/countdowns.js").Countdowns} countdowns */
  constructor(id, countdowns) {
    this.countdowns = countdowns;
    /** @type {Map<any, Line>} */
    this.lines = new Map();
    this.node = element("ol", { id, class: "line" });
  }

  /** @param {any[]} lots */
  show(lots) {
    for (const [lot, line] of this.lines) {
      if (lots.includes(lot)) continue;
      this.countdowns.detach(line.ends);
      line.node.remove();
      this.lines.delete(lot);
    }
    lots.forEach((lot, place) => this.#showOne(lot, place));
  }

  /** @param {any} lot @param {number} place */
  #showOne(lot, place) {
    let line = this.lines.get(lot);
    if (line === undefined) {
      line = this.#line(lot);
      this.lines.set(lot, line);
    }
    if (this.node.children[place] !== line.node) this.node.insertBefore(line.node, this.node.children[place] ?? null);
    setAttribute(line.node, "data-phase", lot.phase);
    setText(line.title, titleHalves(lot.title).first.text);
    setText(line.price, formatMoney(lot.hammer_price ?? lot.price ?? lot.terms.start_price, lot.terms.currency));
    setAttribute(line.price, "data-start", lot.price === null);
    this.#showEnd(lot, line);
  }

  /** @param {any} lot @param {Line} line */
  #showEnd(lot, { ends }) {
    const isCounting = lot.phase === "open";
    if (isCounting) {
      this.countdowns.attach(ends, () => lot);
      return;
    }
    this.countdowns.detach(ends);
    setAttribute(ends, "data-urgent", null);
    setText(ends, lot.phase === "upcoming" && lot.terms.format !== "saleroom" ? clockTime(lot.terms.opens_at) : say(`phase.${lot.phase}`));
  }

  /** @param {any} lot @returns {Line} */
  #line(lot) {
    const [ends, title, price] = [element("span", { class: "ends" }), element("span", { class: "title" }), element("span", { class: "amount" })];
    return { node: element("li", { "data-lot": lot.lot }, ends, title, price), ends, title, price };
  }
}
