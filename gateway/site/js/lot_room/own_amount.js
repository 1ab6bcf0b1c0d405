/**
 * One's own amount: typed, read back, and offered as a bid or as a ceiling.
 *
 * It refuses to know why something may not be offered, and to send anything (`offering.js`). Invariants: what was read of
 * the typing stands on the buttons; Enter alone bids nothing; what was typed stays until it was taken. Amounts are
 * minor units.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney, parseMoney } from "../house/money.js";
import { say } from "../house/words.js";
import { AmountButton } from "./amount_button.js";
import { isUnseen, takesCeilings, takesOwnAmount } from "./offers.js";
import { premiumOn } from "./premium.js";

export class OwnAmount {
  /**
   * @param {any} lot
   * @param {{bid: (amount: number) => void, ceiling: (amount: number) => void, refuse: () => void,
   *   named: (key: string, amount: number | null) => string}} hear what the buttons do, and how they are named
   */
  constructor(lot, hear) {
    this.lot = lot;
    this.hear = hear;
    this.mayBid = false;
    this.mayRaise = false;
    const { refuse } = hear;
    this.bid = new AmountButton({ id: "own-bid" }, { press: hear.bid, refuse, typed: true });
    this.ceiling = new AmountButton({ id: "own-ceiling" }, { press: hear.ceiling, refuse, typed: true });
    this.label = element("label", { for: "own-amount" });
    this.read = element("p", { id: "own-read", class: "faint small" });
    this.input = this.#field();
    this.help = element("details", { class: "help" }, element("summary", {}, say("bid.what_ceiling")), element("p", {}, say("bid.ceiling_is")));
    const buttons = element("div", { class: "row" }, this.bid.node, this.ceiling.node);
    this.node = element("form", { id: "own", class: "own", novalidate: true }, this.label, this.input, this.read, buttons, this.help);
    this.node.addEventListener("submit", (/** @type {Event} */ event) => this.#entered(event));
  }

  #field() {
    const described = { "aria-describedby": "own-read", oninput: () => this.#show() };
    return element("input", { id: "own-amount", inputmode: "decimal", autocomplete: "off", maxlength: 24, ...described });
  }

  /** Enter bids nothing yet: it goes to the button, which names the amount. @param {Event} event */
  #entered(event) {
    event.preventDefault();
    this.bid.node.focus();
  }

  /** @param {{mayBid: boolean, mayRaise: boolean}} may */
  show({ mayBid, mayRaise }) {
    [this.mayBid, this.mayRaise] = [mayBid, mayRaise];
    this.#show();
  }

  /** This amount was taken: what was typed is done with. @param {number} amount */
  taken(amount) {
    if (amount === this.amount) this.input.value = "";
  }

  get amount() {
    return parseMoney(this.input.value, this.lot.terms.currency);
  }

  #show() {
    const { lot, amount } = this;
    const unseen = isUnseen(lot);
    setShown(this.node, takesOwnAmount(lot));
    setShown(this.ceiling.node, takesCeilings(lot));
    setShown(this.help, takesCeilings(lot));
    setText(this.label, say(unseen ? "bid.own_unseen" : "bid.own", { currency: lot.terms.currency }));
    this.bid.show(amount, this.hear.named(unseen ? "bid.own_offer" : "bid.own_bid", amount), this.mayBid);
    this.ceiling.show(amount, this.hear.named("bid.own_ceiling", amount), this.mayRaise);
    setText(this.read, this.#hint());
    setAttribute(this.input, "aria-invalid", this.input.value.trim() !== "" && amount === null ? "true" : null);
  }

  #hint() {
    const { lot, amount } = this;
    if (amount === null) return this.input.value.trim() === "" ? this.#asked() : say("bid.unread", { currency: lot.terms.currency });
    if (!isUnseen(lot) && lot.ask !== null && amount < lot.ask) return say("bid.below", { ask: this.#money(lot.ask) });
    return withPremium(lot, amount);
  }

  #asked() {
    const { lot } = this;
    const start = this.#money(lot.ask ?? lot.terms.start_price);
    if (isUnseen(lot)) return say(lot.stage === "quotes" ? "bid.one_quote" : "bid.from_start", { start });
    return lot.ask === null ? "" : say("bid.least", { ask: this.#money(lot.ask) });
  }

  /** @param {number} amount */
  #money(amount) {
    return formatMoney(amount, this.lot.terms.currency);
  }
}

/** What an amount comes to with the premium; "" where there is none. @param {any} lot @param {number | null} amount */
export function withPremium(lot, amount) {
  const added = amount === null ? 0 : premiumOn(amount, lot.terms.premium);
  return added > 0 && amount !== null ? say("bid.with_premium", { total: formatMoney(amount + added, lot.terms.currency) }) : "";
}
