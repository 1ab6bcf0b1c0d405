/**
 * Offering: one offer of this bidder at a time, from the press of a button to the house's answer.
 *
 * It refuses to decide whether an offer counts, and to believe that it did before the house has said so. Invariants:
 * while one offer waits for its answer no other is made; what waits survives a lost line, and a page that is loaded anew
 * (`wire.js` keeps it with its `ref`). Amounts are minor units. Source: protocol.md, "Bidding".
 */

import { isFarAbove } from "../house/ladder.js";
import { formatMoney } from "../house/money.js";
import { refusalText } from "../house/page.js";
import { say } from "../house/words.js";
import { confirmBuyNow, confirmFarAbove } from "./confirm.js";
import { buyNowAmount, isUnseen } from "./offers.js";

/** @typedef {{op: "bid" | "max_bid" | "join", amount?: number}} Offer */
/** @typedef {{kind: "good" | "plain" | "bad", text: string, code?: string}} Answer plain: accepted, and beaten at once */

export class Offering {
  /**
   * @param {any} lot
   * @param {import("../house/wire.js").Wire} wire
   * @param {{changed: () => void, answered: (answer: Answer, offer: Offer) => void}} hear
   */
  constructor(lot, wire, hear) {
    this.lot = lot;
    this.wire = wire;
    this.hear = hear;
    /** @type {Offer | null} */
    this.pending = null;
    this.asking = false;
    wire.on("late", (answer) => answer.lot === lot.lot && this.#late(answer));
  }

  /** An answer to what was sent before this page was loaded. @param {any} answer */
  #late(answer) {
    this.hear.answered(told(this.lot, answer, { op: "bid" }, true), { op: "bid" });
  }

  /** Make an offer; it is asked about first where it may be a slip. @param {Offer} offer */
  async make(offer) {
    if (this.pending !== null || this.asking) return;
    const question = this.#question(offer);
    if (question !== null && !(await this.#ask(question))) return;
    await this.#send(offer, question !== null && isFarAbove(this.lot, offer.amount ?? 0));
  }

  /** @param {Offer} offer @returns {(() => Promise<boolean>) | null} */
  #question({ op, amount }) {
    const { lot } = this;
    if (amount === undefined) return null;
    const buyNow = buyNowAmount(lot);
    if (op === "bid" && buyNow !== null && amount >= buyNow) return () => confirmBuyNow(lot, amount);
    if (lot.terms.format === "dutch" || !isFarAbove(lot, amount)) return null;
    return () => confirmFarAbove(lot, amount, lot.ask);
  }

  /** @param {() => Promise<boolean>} question */
  async #ask(question) {
    this.asking = true;
    const meant = await question();
    this.asking = false;
    return meant;
  }

  /** @param {Offer} offer @param {boolean} confirm */
  async #send(offer, confirm) {
    this.pending = offer;
    this.hear.changed();
    const order = { ...offer, lot: this.lot.lot, ...(confirm ? { confirm: true } : {}) };
    const answer = await this.wire.order(order);
    this.pending = null;
    if (answer.code === "above_limit" && !confirm) return this.#askAgain(offer, answer);
    this.hear.answered(told(this.lot, answer, offer, false), offer);
    this.hear.changed();
    return undefined;
  }

  /** The house finds it far above the ask, as the lot stands there. @param {Offer} offer @param {any} answer */
  async #askAgain(offer, answer) {
    this.hear.changed();
    const meant = await this.#ask(() => confirmFarAbove(this.lot, offer.amount ?? 0, answer.ask));
    if (meant) return this.#send(offer, true);
    this.hear.answered({ kind: "bad", text: say("answer.not_sent"), code: answer.code }, offer);
    this.hear.changed();
    return undefined;
  }
}

/** @param {any} lot @param {any} answer @param {Offer} offer @param {boolean} late @returns {Answer} */
function told(lot, answer, offer, late) {
  const text = answer.ev === "accepted" ? accepted(lot, answer, offer) : refused(lot, answer);
  const isBeaten = offer.op !== "join" && !answer.leading && !isUnseen(lot);
  const kind = answer.ev === "refused" ? "bad" : isBeaten ? "plain" : "good";
  return { kind, text: late ? say("answer.late", { text }) : text, code: answer.code };
}

/** @param {any} lot @param {any} answer @param {Offer} offer */
function accepted(lot, answer, offer) {
  if (!lot.isKnown) return say("answer.accepted");
  const { currency, format } = lot.terms;
  const price = formatMoney(answer.price, currency);
  if (offer.op === "join") return say("answer.joined");
  const amount = offer.amount === undefined ? price : formatMoney(offer.amount, currency);
  if (isUnseen(lot)) return say("answer.kept", { amount });
  if (format === "dutch") return say("answer.taken", { price });
  if (!answer.leading) return say("answer.beaten", { amount, price });
  return say(offer.op === "max_bid" ? "answer.ceiling" : "answer.leading", { amount, price });
}

/** @param {any} lot @param {any} answer */
function refused(lot, answer) {
  const why = refusalText(answer);
  if (!lot.isKnown || answer.ask === null || answer.ask === undefined || lot.terms.format === "sealed") return why;
  return say("answer.refused", { why, ask: formatMoney(answer.ask, lot.terms.currency) });
}
