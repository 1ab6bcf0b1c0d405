/**
 * Keys: what the operator types, as what he means by it, and the dialog that lists them.
 *
 * It refuses to know lots. Invariants: a key means nothing while somebody types in a field, while a dialog is open, or
 * together with Ctrl, Alt, Meta or Shift; single letters can be turned off (WCAG 2.2, 2.1.4).
 */

import { element, setText } from "../house/dom.js";
import { say } from "../house/words.js";
import { ORDERS } from "./orders.js";

const KEPT = "knockdown.keys_off";
const FIELDS = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";
const PRESSED_BY_ENTER = "a, button, summary, input, select";

/**
 * @typedef {object} Meant
 * @property {(by: number) => void} step to another lot
 * @property {() => boolean} enter
 * @property {() => void} leave
 * @property {() => void} find
 * @property {() => void} stage
 * @property {(key: string) => void} order
 */

export class Keys {
  /** @param {Meant} meant */
  constructor(meant) {
    this.meant = meant;
    this.help = element("dialog", { id: "keys-help", "aria-labelledby": "keys-title" });
    document.body.append(this.help);
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get areOff() {
    return localStorage.getItem(KEPT) === "yes";
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest(FIELDS) !== null || document.querySelector("dialog[open]") !== null) return;
    if (this.#does(event, target)) event.preventDefault();
  }

  /** Do what the key means; whether it means anything. @param {KeyboardEvent} event @param {Element} target */
  #does({ key, shiftKey }, target) {
    if (key === "Escape") return this.#done(this.meant.leave);
    if (key === "Enter") return target.closest(PRESSED_BY_ENTER) === null && this.meant.enter();
    if (key === "ArrowDown" || key === "ArrowUp") return this.#arrow(key === "ArrowDown" ? 1 : -1, target);
    if (this.areOff || key.length !== 1) return false;
    if (key === "?") return this.#done(() => this.showHelp());
    if (shiftKey) return false;
    if (key === "j" || key === "k") return this.#done(() => this.meant.step(key === "j" ? 1 : -1));
    if (key === "/") return this.#done(this.meant.find);
    if (key === "0") return this.#done(this.meant.stage);
    return ORDERS.some((order) => order.key === key) && this.#done(() => this.meant.order(key));
  }

  /** @param {() => void} what */
  #done(what) {
    what();
    return true;
  }

  /** Arrows go through the board; elsewhere they scroll. @param {number} by @param {Element} target */
  #arrow(by, target) {
    if (target.closest("#board") === null && target !== document.body && target.closest("#stage") === null) return false;
    this.meant.step(by);
    return true;
  }

  showHelp() {
    const line = (/** @type {string[]} */ keys, /** @type {string} */ text) => element("div", {}, element("dt", {}, ...keys.map((key) => element("kbd", {}, key))), element("dd", {}, text));
    const off = element("input", { type: "checkbox", id: "keys-off", checked: this.areOff, onchange: () => localStorage.setItem(KEPT, off.checked ? "yes" : "no") });
    const close = element("button", { type: "button", class: "primary", onclick: () => this.help.close() });
    setText(close, say("keys.close"));
    this.help.replaceChildren(
      element("h2", { id: "keys-title" }, say("keys.title")),
      element(
        "dl",
        { class: "keys" },
        line(["j", "↓"], say("keys.down")),
        line(["k", "↑"], say("keys.up")),
        line(["Enter"], say("keys.enter")),
        line(["Esc"], say("keys.escape")),
        line(["/"], say("keys.find")),
        line(["0"], say("keys.stage")),
        line(["?"], say("keys.help")),
        ...ORDERS.map((order) => line([order.key], say(`order.${order.name}`))),
      ),
      element("label", { class: "confirm" }, off, element("span", {}, say("keys.off"))),
      element("div", { class: "row ends" }, close),
    );
    this.help.showModal();
    close.focus();
  }
}
