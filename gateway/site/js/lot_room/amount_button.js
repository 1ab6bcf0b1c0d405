/**
 * A button that bids what it shows: never more than the bidder has seen on it.
 *
 * It refuses to know what becomes of the press. Invariants: what is sent stood on the button when it was pressed; an
 * amount that has only just changed cannot have been read yet, and then what stood there before is sent: the house
 * refuses it in words, which costs nothing. A button that does nothing keeps the focus and says why. Amounts are minor
 * units, spans milliseconds of `performance.now()`.
 */

import { element, setAttribute, setText } from "../house/dom.js";

/** So long a person needs to read a new amount and not to press any more (fast reactions are 200 ms). */
const READING_MS = 350;

export class AmountButton {
  /**
   * @param {Record<string, any>} properties
   * @param {{press: (amount: number) => void, refuse: () => void, typed?: boolean}} hear typed: he writes the amount himself
   */
  constructor(properties, hear) {
    this.hear = hear;
    this.readingMs = hear.typed ? 0 : READING_MS;
    this.enabled = false;
    /** @type {number | null} */
    this.amount = null;
    /** @type {number | null} */
    this.before = null;
    this.changedAt = Number.NEGATIVE_INFINITY;
    /** @type {number | null} */
    this.held = null;
    this.node = element("button", { type: "button", "aria-describedby": "why", ...properties });
    this.node.addEventListener("pointerdown", () => (this.held = this.#seen()));
    for (const left of ["pointercancel", "keydown"]) this.node.addEventListener(left, () => (this.held = null));
    this.node.addEventListener("click", () => this.#press());
  }

  /** @param {number | null} amount @param {string} text @param {boolean} enabled */
  show(amount, text, enabled) {
    if (amount !== this.amount) this.#change(amount);
    this.enabled = enabled && amount !== null;
    setText(this.node, text);
    setAttribute(this.node, "data-amount", amount);
    setAttribute(this.node, "aria-disabled", this.enabled ? null : "true");
  }

  /** @param {number | null} amount */
  #change(amount) {
    this.before = this.amount;
    this.amount = amount;
    if (this.before === null || amount === null || this.readingMs === 0) return;
    this.changedAt = performance.now();
    setAttribute(this.node, "data-fresh", true);
    clearTimeout(this.calm);
    this.calm = setTimeout(() => setAttribute(this.node, "data-fresh", false), READING_MS);
  }

  #seen() {
    return performance.now() - this.changedAt < this.readingMs ? this.before : this.amount;
  }

  #press() {
    const amount = this.held ?? this.#seen();
    this.held = null;
    if (!this.enabled || amount === null) this.hear.refuse();
    else this.hear.press(amount);
  }
}
