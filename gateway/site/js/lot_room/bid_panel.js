/**
 * The bid panel: all the ways in which this lot takes offers, each with what it would bid, or why it does not.
 *
 * It refuses to send anything itself (`offering.js`), and to say who leads. Invariants: every button names its amount;
 * a control that does nothing says why. Amounts are minor units.
 */

import { announce } from "../house/announcer.js";
import { byId, element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney, moneyParts } from "../house/money.js";
import { signInAddress } from "../house/session.js";
import { say } from "../house/words.js";
import { AmountButton } from "./amount_button.js";
import { priceOf } from "./figures.js";
import { whyNoPlainBid, whyNot, whyNotInStage } from "./may_bid.js";
import { buyNowAmount, higherAmounts, mainAmount, matchAmount } from "./offers.js";
import { OwnAmount, withPremium } from "./own_amount.js";

const HIGHER = 3;

/** @typedef {import("./may_bid.js").Seat} Seat */
/** @typedef {import("./may_bid.js").Reason} Reason */

export class BidPanel {
  /** @param {any} lot @param {import("./offering.js").Offering} offering @param {import("./sound.js").Sound} sound */
  constructor(lot, offering, sound) {
    this.lot = lot;
    this.offering = offering;
    this.sound = sound;
    /** @type {Reason | null} */
    this.reason = null;
    const bid = (/** @type {number} */ amount) => offering.make({ op: "bid", amount });
    const hear = { press: bid, refuse: () => this.#sayWhy() };
    this.ask = new AmountButton({ id: "bid-ask", class: "primary main" }, hear);
    this.match = new AmountButton({ id: "bid-match" }, hear);
    this.buyNow = new AmountButton({ id: "buy-now" }, hear);
    this.higher = Array.from({ length: HIGHER }, (_, index) => new AmountButton({ "data-step": index + 1 }, hear));
    this.own = new OwnAmount(lot, this.#ownHear(bid));
    this.join = element("button", { type: "button", id: "join", class: "primary main", "aria-describedby": "why", onclick: () => this.#join() });
    this.#build();
  }

  #build() {
    this.why = element("p", { id: "why", class: "why" });
    this.glancePrice = element("span", {});
    this.glanceTime = element("span", { class: "glance-time" });
    this.answer = element("p", { id: "answer", class: "answer", hidden: true });
    this.keptNote = element("p", { id: "kept", class: "kept", hidden: true });
    this.glance = element("p", { class: "glance", "aria-hidden": "true" }, this.glancePrice, this.glanceTime);
    this.premium = element("p", { id: "with-premium", class: "faint small" });
    const foot = [this.glance, this.keptNote, this.answer, this.why, this.ask.node, this.join, this.premium];
    this.act = element("div", { id: "act", class: "act" }, ...foot);
    this.steps = element("div", { id: "steps", class: "steps", role: "group", "aria-label": say("bid.higher") }, ...this.higher.map((one) => one.node));
    byId("bidding").replaceChildren(
      element("h2", { id: "bidding-title" }, say("bid.title")),
      this.act,
      this.steps,
      this.match.node,
      this.own.node,
      this.buyNow.node,
      this.sound.button,
    );
  }

  /** @param {(amount: number) => void} bid */
  #ownHear(bid) {
    return {
      bid,
      ceiling: (/** @type {number} */ amount) => this.offering.make({ op: "max_bid", amount }),
      refuse: () => this.#sayWhy(),
      named: (/** @type {string} */ key, /** @type {number | null} */ amount) => this.#named(key, amount),
    };
  }

  // Showing -----------------------------------------------------------------------------------------------------------

  /** @param {Seat} seat */
  show(seat) {
    this.seat = seat;
    const { lot } = seat;
    const blocked = whyNot(seat) ?? whyNotInStage(seat);
    const leading = whyNoPlainBid(seat);
    const idle = seat.pending === null;
    this.reason = blocked ?? leading;
    this.mayBid = idle && blocked === null && leading === null;
    this.mayRaise = idle && blocked === null;
    this.#showReason();
    this.#showOffers(lot, seat);
    setText(this.glancePrice, this.#money(priceOf(lot).amount));
    this.own.show({ mayBid: this.mayBid, mayRaise: this.mayRaise });
    this.#showKept(seat);
    const shown = [this.why, this.answer, this.keptNote, this.ask.node, this.join].some((/** @type {HTMLElement} */ node) => !node.hidden);
    setAttribute(this.act, "data-empty", !shown);
    setAttribute(byId("bidding"), "data-over", lot.isOver);
    setShown(this.sound.button, seat.session.role === "bidder" && !lot.isOver);
    setAttribute(byId("bidding"), "aria-busy", idle ? null : "true");
  }

  #showReason() {
    const { reason } = this;
    const text = reason === null ? "" : say(reason.key, reason.values);
    setShown(this.why, reason !== null);
    setAttribute(this.why, "data-key", reason?.key);
    if (this.said === text) return;
    this.said = text;
    this.why.replaceChildren(text);
    if (reason?.key === "why.sign_in") this.why.append(" ", element("a", { id: "sign-in-here", href: signInAddress() }, say("session.sign_in")));
  }

  /** @param {any} lot @param {Seat} seat */
  #showOffers(lot, seat) {
    const main = mainAmount(lot);
    setShown(this.ask.node, main !== null && !lot.isOver);
    this.ask.show(main, this.#named(lot.terms.format === "dutch" ? "bid.take" : "bid.ask", main), this.mayBid);
    setText(this.premium, lot.isOver ? "" : withPremium(lot, main));
    setShown(this.premium, this.premium.textContent !== "");
    const higher = higherAmounts(lot);
    setShown(this.steps, higher.length > 0);
    this.higher.forEach((one, index) => {
      const amount = higher[index] ?? null;
      setShown(one.node, amount !== null);
      one.show(amount, this.#bare(amount), this.mayBid);
      setAttribute(one.node, "aria-label", amount === null ? null : say("bid.ask", { amount: this.#money(amount) }));
    });
    this.#showOne(this.match, matchAmount(lot, seat.record), "bid.match");
    this.#showOne(this.buyNow, buyNowAmount(lot), "bid.buy_now");
    this.#showJoin(seat);
  }

  /** @param {AmountButton} button @param {number | null} amount @param {string} key */
  #showOne(button, amount, key) {
    setShown(button.node, amount !== null);
    button.show(amount, this.#named(key, amount), this.mayBid);
  }

  /** @param {Seat} seat */
  #showJoin(seat) {
    const asked = seat.lot.isOpen && seat.lot.stage === "joining" && !seat.record?.joined;
    setShown(this.join, asked);
    setText(this.join, seat.pending?.op === "join" ? say("bid.joining") : say("bid.join"));
    this.mayJoin = asked && seat.pending === null && whyNot(seat) === null;
    setAttribute(this.join, "aria-disabled", this.mayJoin ? null : "true");
  }

  /** What waits for an answer, once the line is gone. @param {Seat} seat */
  #showKept(seat) {
    const isKept = seat.pending !== null && seat.line !== "open";
    setShown(this.keptNote, isKept);
    if (!isKept) return;
    setShown(this.why, false); // that the line is lost is said by the note already
    const { op, amount } = seat.pending;
    setText(this.keptNote, say(op === "join" ? "kept.join" : `kept.${op}`, { amount: this.#money(amount ?? null) }));
  }

  #join() {
    if (this.mayJoin) this.offering.make({ op: "join" });
    else this.#sayWhy();
  }

  // Answers -----------------------------------------------------------------------------------------------------------

  /** @param {import("./offering.js").Answer} answer @param {import("./offering.js").Offer} offer */
  tell(answer, offer) {
    announce(answer.text, { urgent: true });
    setText(this.answer, answer.text);
    setAttribute(this.answer, "data-kind", answer.kind);
    setAttribute(this.answer, "data-code", answer.code);
    setShown(this.answer, true);
    if (answer.kind !== "bad" && offer.amount !== undefined) this.own.taken(offer.amount);
  }

  /** What was said of an offer is no longer so, or another one is under way. @param {"good" | "bad" | null} kind */
  forget(kind = null) {
    if (kind === null || this.answer.dataset.kind === kind) setShown(this.answer, false);
  }

  #sayWhy() {
    if (this.reason !== null) announce(this.why.textContent ?? "", { urgent: true });
  }

  /** @param {string} key @param {number | null} amount */
  #named(key, amount) {
    const { pending } = this.offering;
    const waits = pending !== null && amount !== null && pending.amount === amount && (pending.op === "max_bid") === (key === "bid.own_ceiling");
    if (waits) return say("bid.sending", { amount: this.#money(amount) });
    return amount === null ? say(`${key}.none`) : say(key, { amount: this.#money(amount) });
  }

  /** The amount without its currency, which the main button names. @param {number | null} amount */
  #bare(amount) {
    if (amount === null) return "";
    const parts = moneyParts(amount, this.lot.terms.currency).filter(({ type }) => type !== "currency" && type !== "literal");
    return parts.map(({ value }) => value).join("");
  }

  /** @param {number | null} amount */
  #money(amount) {
    return formatMoney(amount, this.lot.terms.currency);
  }
}
