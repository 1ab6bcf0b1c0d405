/**
 * The stage: one saleroom lot, as large as the clerk needs it who looks up at the room and down again.
 *
 * It refuses to bring the hammer down by a slip: that, passing and taking back go through the dialog. Invariants: what
 * the clerk says aloud stands largest; every step from opening to the hammer has a key. Amounts are minor units.
 * Source: rules.md, section 5.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { nextAmounts, stepAt } from "../house/ladder.js";
import { formatMoney, parseMoney, plainMoney } from "../house/money.js";
import { toast } from "../house/page.js";
import { say } from "../house/words.js";
import { Giving } from "./giving.js";
import { orderRefusal } from "./order_dialog.js";
import { orderNamed, unfit } from "./orders.js";

const AT_ONCE = new Set(["open", "fair_warning", "resume"]);
/** The buttons, in their order; of the first three, which share a place, the one is shown that is of the lot's phase. */
const BUTTONS = ["open", "pause", "resume", "fair_warning", "hammer", "undo", "pass"];
const OF_PHASE = { open: "upcoming", pause: "open", resume: "paused" };
const QUICK = 4;

export class Stage {
  /** @param {{choose: (order: import("./orders.js").Order) => void, close: () => void}} parts */
  constructor({ choose, close }) {
    this.choose = choose;
    /** @type {import("./floor.js").Entry | null} */
    this.entry = null;
    this.isBusy = false;
    /** The ask that is proposed already. @type {number | null | undefined} */
    this.asked = undefined;
    this.title = element("h2", { id: "stage-title", tabindex: -1 });
    this.state = element("p", { id: "stage-state", class: "stage-state" });
    this.price = element("p", { id: "stage-price", class: "stage-price" });
    this.leader = element("p", { id: "stage-leader", class: "stage-leader" });
    this.ask = element("p", { id: "stage-ask", class: "stage-ask" });
    /** @type {Record<string, HTMLElement>} */
    this.buttons = Object.fromEntries(BUTTONS.map((name) => [name, this.#button(name)]));
    this.quick = element("div", { class: "row", id: "stage-quick" });
    this.node = element(
      "section",
      { id: "stage", class: "stage", "aria-labelledby": "stage-title", hidden: true },
      element("div", { class: "head" }, this.title, element("button", { type: "button", id: "stage-close", class: "quiet", onclick: close }, say("stage.close"), element("kbd", {}, "Esc"))),
      this.state,
      element("div", { class: "stage-numbers" }, this.price, this.leader, this.ask),
      element("div", { class: "stage-room" }, this.#floorForm(), this.#stepForm()),
      this.quick,
      element("div", { class: "stage-buttons" }, ...Object.values(this.buttons)),
    );
  }

  /** @param {string} name */
  #button(name) {
    const { key } = orderNamed(name);
    const kind = name === "hammer" ? "hammer" : name === "pass" ? "danger" : null;
    return element(
      "button",
      { type: "button", "data-order": name, class: kind, "aria-keyshortcuts": key, onclick: () => this.press(name) },
      element("span", {}, say(`stage.${name}`)),
      element("kbd", {}, key),
    );
  }

  #floorForm() {
    this.amount = element("input", { id: "stage-amount", name: "amount", inputmode: "decimal", autocomplete: "off", onfocus: () => this.amount.select() });
    this.hand = element("input", { id: "stage-hand", name: "hand", autocomplete: "off", spellcheck: "false", maxlength: 64 });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#floorBid(this.#typedAmount());
    };
    return element(
      "form",
      { class: "row", id: "stage-floor", novalidate: true, onsubmit: submit, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#leaveField(event) },
      element("label", {}, element("span", {}, say("stage.amount"), " ", element("kbd", {}, "f")), this.amount),
      element("label", {}, say("stage.hand"), this.hand),
      element("button", { class: "primary" }, say("stage.floor_bid")),
    );
  }

  #stepForm() {
    this.step = element("input", { id: "stage-step", name: "step", inputmode: "decimal", autocomplete: "off", onfocus: () => this.step.select() });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const step = this.#read(this.step);
      if (step !== null) this.#give("step", { step });
    };
    return element(
      "form",
      { class: "row", id: "stage-step-form", novalidate: true, onsubmit: submit, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#leaveField(event) },
      element("label", {}, element("span", {}, say("stage.step"), " ", element("kbd", {}, "t")), this.step),
      element("button", {}, say("stage.set_step")),
    );
  }

  // Showing ----------------------------------------------------------------------------------------------------------

  get isOpen() {
    return !this.node.hidden;
  }

  /** @param {import("./floor.js").Entry} entry */
  open(entry) {
    const isOther = this.entry !== entry;
    this.entry = entry;
    setShown(this.node, true);
    if (isOther) this.amount.value = this.step.value = "";
    this.asked = undefined;
    this.show();
    this.title.focus();
  }

  close() {
    setShown(this.node, false);
    this.entry = null;
  }

  /** @param {import("./floor.js").Entry} entry */
  heard(entry) {
    if (entry === this.entry) this.show();
  }

  show() {
    const entry = /** @type {import("./floor.js").Entry} */ (this.entry);
    const lot = /** @type {any} */ (entry.lot);
    setText(this.title, lot.isKnown ? `${lot.title} · ${lot.lot}` : entry.id);
    if (!lot.isKnown) return;
    const { currency } = lot.terms;
    setAttribute(this.node, "data-phase", lot.phase);
    setAttribute(this.node, "data-warned", lot.warned);
    setText(this.state, stateText(lot));
    setText(this.price, lot.price === null ? say("stage.no_bid") : formatMoney(lot.hammer_price ?? lot.price, currency));
    setText(this.leader, lot.leader === null ? "" : say("fact.paddle", { paddle: String(lot.leader) }));
    setText(this.ask, lot.ask === null ? "" : say("stage.ask", { ask: formatMoney(lot.ask, currency) }));
    this.#propose(lot);
    for (const [name, button] of Object.entries(this.buttons)) {
      const why = unfit(orderNamed(name), lot);
      setAttribute(button, "aria-disabled", why === null ? null : "true");
      setAttribute(button, "title", why === null ? null : say(`unfit.${why}`));
    }
    this.#showPhase(lot);
  }

  /** @param {any} lot */
  #showPhase(lot) {
    for (const [name, phase] of Object.entries(OF_PHASE)) setShown(this.buttons[name], lot.phase === phase || (lot.isOver && name === "pause"));
  }

  /** Propose the ask, and steps above it; what is being typed is left alone. @param {any} lot */
  #propose(lot) {
    if (lot.ask === this.asked) return;
    this.asked = lot.ask;
    const { currency, ladder } = lot.terms;
    if (document.activeElement !== this.amount) this.amount.value = lot.ask === null ? "" : plainMoney(lot.ask, currency);
    if (document.activeElement !== this.step) this.step.value = plainMoney(stepAt(ladder ?? [], lot.price ?? 0), currency);
    const buttons = nextAmounts(lot, QUICK).map((amount) => {
      return element("button", { type: "button", "data-amount": amount, onclick: () => this.#floorBid(amount) }, say("stage.take", { amount: formatMoney(amount, currency) }));
    });
    this.quick.replaceChildren(...buttons);
  }

  // Giving -----------------------------------------------------------------------------------------------------------

  /** Do what a key or a button of the stage says; whether it was one of the stage's. @param {string} name */
  press(name) {
    if (name === "floor_bid") this.amount.focus();
    else if (name === "step") this.step.focus();
    else if (!(name in this.buttons)) return false;
    else this.#order(name);
    return true;
  }

  /** @param {string} name */
  #order(name) {
    const why = unfit(orderNamed(name), this.entry?.lot);
    if (why !== null) toast(say(`unfit.${why}`));
    else if (AT_ONCE.has(name)) this.#give(name, {});
    else this.choose(orderNamed(name));
  }

  #typedAmount() {
    return this.#read(this.amount);
  }

  /** @param {HTMLInputElement} typed @returns {number | null} */
  #read(typed) {
    const { currency } = /** @type {any} */ (this.entry?.lot).terms;
    const amount = parseMoney(typed.value, currency);
    if (amount === null) toast(say("unreadable.money", { currency }), { kind: "bad" });
    return amount;
  }

  /** @param {number | null} amount */
  #floorBid(amount) {
    const hand = this.hand.value.trim();
    if (amount !== null) this.#give("floor_bid", hand === "" ? { amount } : { amount, hand });
  }

  /** Give an order at once, and again until it is answered. @param {string} name @param {Record<string, any>} fields */
  async #give(name, fields) {
    if (this.isBusy || this.entry === null) return;
    this.isBusy = true;
    setAttribute(this.node, "aria-busy", "true");
    const outcome = await new Giving(this.entry.id, name).insist(fields);
    this.isBusy = false;
    setAttribute(this.node, "aria-busy", null);
    if (outcome.kind === "refused") toast(orderRefusal(outcome.problem), { kind: "bad" });
    else if (outcome.kind === "unanswered") toast(say("dialog.unanswered"), { kind: "bad" });
    else if (outcome.kind === "pending") toast(say("outcome.pending", { order: say(`order.${name}`), lot: this.entry?.id ?? "" }));
    if (outcome.kind !== "done" || !this.isOpen || document.querySelector("dialog[open]") !== null) return;
    this.title.focus();
    this.asked = undefined;
    this.show();
  }

  /** @param {KeyboardEvent} event */
  #leaveField(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.title.focus();
  }
}

/** @param {any} lot */
function stateText(lot) {
  if (lot.phase === "sold") return say("stage.sold", { price: formatMoney(lot.hammer_price, lot.terms.currency), paddle: String(lot.leader) });
  if (lot.phase === "open" && lot.warned) return say("stage.warned");
  const reserve = lot.reserve === "none" ? "" : ` · ${say(`reserve.${lot.reserve}`)}`;
  return `${say(`phase.${lot.phase}`)}${reserve} · ${say("stage.bids", { count: lot.bids })}`;
}
