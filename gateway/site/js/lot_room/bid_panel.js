/**
 * The bid panel: all the ways in which this lot takes offers, each with what it would bid, or why it does not.
 *
 * It refuses to send anything itself (`offering.js`), and to say who leads. Invariants: every button names its amount;
 * a control that does nothing says why; what somebody has typed stays until his offer was taken. Amounts are minor
 * units.
 */

import { announce } from "../house/announcer.js";
import { byId, element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney, moneyParts, parseMoney } from "../house/money.js";
import { signInAddress } from "../house/session.js";
import { say } from "../house/words.js";
import { AmountButton } from "./amount_button.js";
import { priceOf } from "./figures.js";
import { whyNoPlainBid, whyNot, whyNotInStage } from "./may_bid.js";
import { buyNowAmount, higherAmounts, isUnseen, mainAmount, matchAmount, takesCeilings, takesOwnAmount } from "./offers.js";
import { premiumOn } from "./premium.js";

const HIGHER = 3;

/** @typedef {import("./may_bid.js").Seat} Seat */
/** @typedef {import("./may_bid.js").Reason} Reason */

export class BidPanel {
  /** @param {any} lot @param {import("./offering.js").Offering} offering @param {import("./sound.js").Sound} sound */
  constructor(lot, offering, sound) {
    this.lot = lot;
    this.offering = offering;
    /** @type {Reason | null} */
    this.reason = null;
    const bid = (/** @type {number} */ amount) => offering.make({ op: "bid", amount });
    const hear = { press: bid, refuse: () => this.#sayWhy() };
    this.ask = new AmountButton({ id: "bid-ask", class: "primary main" }, hear);
    this.match = new AmountButton({ id: "bid-match" }, hear);
    this.buyNow = new AmountButton({ id: "buy-now" }, hear);
    this.higher = Array.from({ length: HIGHER }, (_, index) => new AmountButton({ "data-step": index + 1 }, hear));
    this.ownBid = new AmountButton({ id: "own-bid" }, { ...hear, typed: true });
    this.ownCeiling = new AmountButton({ id: "own-ceiling" }, { ...hear, typed: true, press: (amount) => offering.make({ op: "max_bid", amount }) });
    this.join = element("button", { type: "button", id: "join", class: "primary main", "aria-describedby": "why", onclick: () => this.#join() });
    this.#build(sound);
  }

  /** @param {import("./sound.js").Sound} sound */
  #build(sound) {
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
    this.own = this.#ownForm();
    byId("bidding").replaceChildren(
      element("h2", { id: "bidding-title" }, say("bid.title")),
      this.act,
      this.steps,
      this.match.node,
      this.own,
      this.buyNow.node,
      sound.button,
    );
  }

  #ownForm() {
    const { currency } = this.lot.terms;
    this.input = element("input", {
      id: "own-amount",
      inputmode: "decimal",
      autocomplete: "off",
      maxlength: 24,
      "aria-describedby": "own-read",
      oninput: () => this.#typed(),
    });
    this.label = element("label", { for: "own-amount" });
    this.read = element("p", { id: "own-read", class: "faint small" });
    const form = element("form", { id: "own", class: "own", novalidate: true }, this.label, this.input, this.read);
    form.append(element("div", { class: "row" }, this.ownBid.node, this.ownCeiling.node), this.#ceilingHelp());
    form.addEventListener("submit", (/** @type {Event} */ event) => this.#entered(event));
    setText(this.label, say("bid.own", { currency }));
    return form;
  }

  #ceilingHelp() {
    this.help = element("details", { class: "help" }, element("summary", {}, say("bid.what_ceiling")), element("p", {}, say("bid.ceiling_is")));
    return this.help;
  }

  /** Enter bids nothing yet: it goes to the button, which names the amount. @param {Event} event */
  #entered(event) {
    event.preventDefault();
    this.ownBid.node.focus();
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
    this.#typed();
    this.#showKept(seat);
    const shown = [this.why, this.answer, this.keptNote, this.ask.node, this.join].some((/** @type {HTMLElement} */ node) => !node.hidden);
    setAttribute(this.act, "data-empty", !shown);
    setAttribute(byId("bidding"), "data-over", lot.isOver);
    setAttribute(byId("bidding"), "aria-busy", idle ? null : "true");
  }

  #showReason() {
    const { reason } = this;
    setShown(this.why, reason !== null);
    if (reason === null) return setText(this.why, "");
    const text = say(reason.key, reason.values);
    if (this.why.dataset.reason === text) return undefined;
    this.why.dataset.reason = text;
    this.why.dataset.key = reason.key;
    this.why.replaceChildren(text);
    if (reason.key === "why.sign_in") this.why.append(" ", element("a", { id: "sign-in-here", href: signInAddress() }, say("session.sign_in")));
    return undefined;
  }

  /** @param {any} lot @param {Seat} seat */
  #showOffers(lot, seat) {
    const main = mainAmount(lot);
    setShown(this.ask.node, main !== null && !lot.isOver);
    this.ask.show(main, this.#named(lot.terms.format === "dutch" ? "bid.take" : "bid.ask", main), this.mayBid);
    setText(this.premium, lot.isOver ? "" : this.#withPremium(main));
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
    const { op, amount } = seat.pending;
    setText(this.keptNote, say(op === "join" ? "kept.join" : `kept.${op}`, { amount: this.#money(amount ?? null) }));
  }

  // One's own amount --------------------------------------------------------------------------------------------------

  #typed() {
    const { lot } = this;
    setShown(this.own, takesOwnAmount(lot));
    setShown(this.ownCeiling.node, takesCeilings(lot));
    setShown(this.help, takesCeilings(lot));
    const amount = this.#amount();
    const unseen = isUnseen(lot);
    setText(this.label, say(unseen ? "bid.own_unseen" : "bid.own", { currency: lot.terms.currency }));
    this.ownBid.show(amount, this.#named(unseen ? "bid.own_offer" : "bid.own_bid", amount), this.mayBid);
    this.ownCeiling.show(amount, this.#named("bid.own_ceiling", amount), this.mayRaise);
    setText(this.read, this.#hint(amount));
    setAttribute(this.input, "aria-invalid", this.input.value.trim() !== "" && amount === null ? "true" : null);
  }

  #amount() {
    return parseMoney(this.input.value, this.lot.terms.currency);
  }

  /** @param {number | null} amount */
  #hint(amount) {
    const { lot } = this;
    if (amount === null) return this.input.value.trim() === "" ? this.#asked() : say("bid.unread", { currency: lot.terms.currency });
    if (!isUnseen(lot) && lot.ask !== null && amount < lot.ask) return say("bid.below", { ask: this.#money(lot.ask) });
    return this.#withPremium(amount);
  }

  /** What it comes to with the premium; "" where there is none. @param {number | null} amount */
  #withPremium(amount) {
    const added = amount === null ? 0 : premiumOn(amount, this.lot.terms.premium);
    return added > 0 && amount !== null ? say("bid.with_premium", { total: this.#money(amount + added) }) : "";
  }

  #asked() {
    const { lot } = this;
    if (isUnseen(lot)) return say("bid.from_start", { start: this.#money(lot.terms.start_price) });
    return lot.ask === null ? "" : say("bid.least", { ask: this.#money(lot.ask) });
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
    if (answer.kind !== "bad" && offer.amount !== undefined && offer.amount === this.#amount()) this.input.value = "";
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
