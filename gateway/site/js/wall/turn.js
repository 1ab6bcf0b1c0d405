/**
 * The lot whose turn it is, as large as the wall allows.
 *
 * It refuses to show anything private: paddles are what the hall knows bidders by. Invariant: the price stands largest,
 * whatever currency it is in, and always fits. Amounts are minor units, instants microseconds.
 */

import { drawn, element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { clockTime } from "../house/times.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";

const HAMMER = ["M14 22 30 6l12 12-16 16Z", "M32 28 58 54", "M8 58h30"];

export class Turn {
  /** @param {import("../house/countdowns.js").Countdowns} countdowns */
  constructor(countdowns) {
    this.countdowns = countdowns;
    /** @type {any} */
    this.lot = null;
    this.first = element("span");
    this.second = element("span", { class: "second" });
    this.title = element("h1", { id: "title" }, this.first, this.second);
    this.number = element("p", { id: "lot", class: "lot" });
    this.price = element("p", { id: "price", class: "price" });
    this.ask = element("p", { id: "ask", class: "ask" });
    this.leader = element("p", { id: "leader", class: "leader" });
    this.ends = element("p", { id: "countdown", class: "countdown", role: "timer" });
    this.banner = element("p", { id: "banner", class: "banner" });
    this.notice = element("p", { id: "notice", class: "notice" });
    const lines = HAMMER.map((d) => drawn("path", { d }));
    this.hammer = drawn("svg", { class: "hammer", viewBox: "0 0 64 64", "aria-hidden": "true" }, ...lines);
    this.node = element(
      "section",
      { id: "turn", class: "turn", "aria-labelledby": "title" },
      this.number,
      this.title,
      element("div", { class: "numbers" }, this.hammer, this.price, this.ask, this.leader),
      this.banner,
      this.ends,
      this.notice,
    );
    countdowns.attach(this.ends, () => this.lot ?? { phase: null, closes_at: null });
  }

  /** @param {any} lot @param {boolean} isMoment whether it has ended only just now */
  show(lot, isMoment) {
    this.lot = lot;
    const { currency } = lot.terms;
    const title = titleHalves(lot.title);
    this.#write(this.first, title.first);
    this.#write(this.second, title.second);
    setText(this.number, say("wall.lot", { lot: lot.lot }));
    setAttribute(this.node, "data-lot", lot.lot);
    setAttribute(this.node, "data-phase", lot.phase);
    setAttribute(this.node, "data-warned", lot.warned && lot.phase === "open");
    setAttribute(this.node, "data-moment", isMoment && lot.phase === "sold");
    this.#showPrice(lot, currency);
    setText(this.leader, lot.leader === null || lot.isOver ? "" : say("wall.leader", { paddle: String(lot.leader) }));
    setText(this.banner, bannerText(lot));
    setShown(this.banner, this.banner.textContent !== "");
    this.#showEnd(lot);
    setText(this.notice, lot.notice ?? "");
    setShown(this.notice, Boolean(lot.notice));
  }

  /** @param {any} lot @param {string} currency */
  #showPrice(lot, currency) {
    const isBid = lot.price !== null || lot.hammer_price !== null;
    const text = isBid ? formatMoney(lot.hammer_price ?? lot.price, currency) : formatMoney(lot.terms.start_price, currency);
    setText(this.price, text);
    this.price.style.setProperty("--characters", String(text.length));
    const ask = lot.ask === null ? "" : say("wall.ask", { ask: formatMoney(lot.ask, currency) });
    setText(this.ask, isBid || lot.phase !== "open" ? ask : say("wall.start"));
  }

  /** @param {any} lot */
  #showEnd(lot) {
    const isCounting = lot.phase === "open" && lot.closes_at !== null;
    setShown(this.ends, isCounting);
    if (isCounting) this.countdowns.show(this.ends);
  }

  /** @param {HTMLElement} node @param {import("../house/titles.js").Half | null} half */
  #write(node, half) {
    setShown(node, half !== null);
    setText(node, half?.text ?? "");
    setAttribute(node, "lang", half?.lang ?? null);
  }
}

/** What is to be said of a lot in one line. @param {any} lot */
export function bannerText(lot) {
  switch (lot.phase) {
    case "sold":
      return say("wall.sold", { price: formatMoney(lot.hammer_price, lot.terms.currency), paddle: String(lot.leader ?? "–") });
    case "passed":
    case "withdrawn":
    case "paused":
      return say(`phase.${lot.phase}`);
    case "upcoming":
      return lot.terms.format === "saleroom" ? say("wall.next") : say("wall.opens", { at: clockTime(lot.terms.opens_at) });
    default:
      return lot.warned ? say("wall.warned") : "";
  }
}
