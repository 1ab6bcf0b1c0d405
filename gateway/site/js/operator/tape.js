/**
 * The tape: what happens on all lots, the newest on top.
 *
 * It refuses to know what an event means (`standing.js` has the words). Invariants: it holds no more than so many rows;
 * while somebody points at it or has his focus in it, it stands still, and says how much has come in since; no event is
 * left out but by its length. Instants are microseconds.
 */

import { element, setShown, setText } from "../house/dom.js";
import { clockTime } from "../house/times.js";
import { say } from "../house/words.js";
import { eventText } from "./standing.js";

const ROWS = 300;

export class Tape {
  constructor() {
    /** @type {{lot: string, node: HTMLElement}[]} the newest first */
    this.rows = [];
    /** @type {{lot: string, node: HTMLElement}[]} what came in while it stood still */
    this.waiting = [];
    this.isPointed = false;
    this.isFocused = false;
    /** @type {string | null} */
    this.selected = null;
    this.list = element("ol", { id: "tape", class: "tape", tabindex: 0, "aria-label": say("tape.label") });
    this.note = element("span", { id: "tape-held", class: "badge", "data-kind": "warn", hidden: true });
    this.only = element("input", { type: "checkbox", id: "tape-only", onchange: () => this.#sift() });
    this.empty = element("p", { class: "empty" }, say("tape.empty"));
    this.node = element(
      "section",
      { class: "tape-part", "aria-labelledby": "tape-title" },
      element("div", { class: "head" }, element("h2", { id: "tape-title" }, say("tape.title")), this.note, element("label", { class: "tick" }, this.only, say("tape.only"))),
      this.empty,
      this.list,
    );
    this.#listen();
  }

  #listen() {
    this.list.addEventListener("pointerenter", () => this.#hold({ isPointed: true }));
    this.list.addEventListener("pointerleave", () => this.#hold({ isPointed: false }));
    this.list.addEventListener("focusin", () => this.#hold({ isFocused: true }));
    this.list.addEventListener("focusout", () => this.#hold({ isFocused: false }));
  }

  /** @param {import("./floor.js").Entry} entry @param {any} event */
  hear(entry, event) {
    const node = element(
      "li",
      { "data-lot": entry.id, "data-ev": event.ev },
      element("time", {}, clockTime(event.at)),
      element("span", { class: "id" }, entry.id),
      element("span", { class: "said" }, eventText(event, entry.lot)),
    );
    node.hidden = !this.#isWanted(entry.id);
    this.waiting.push({ lot: entry.id, node });
    if (this.waiting.length > ROWS) this.waiting.shift();
  }

  /** Show what has come in, unless somebody reads. */
  show() {
    const isHeld = this.isPointed || this.isFocused;
    const fresh = this.waiting.filter(({ node }) => !node.hidden).length;
    setShown(this.note, isHeld && fresh > 0);
    setText(this.note, say("tape.held", { count: fresh }));
    if (isHeld || this.waiting.length === 0) return;
    const fallen = this.waiting.splice(0).reverse();
    this.list.prepend(...fallen.map(({ node }) => node));
    this.rows.unshift(...fallen);
    for (const { node } of this.rows.splice(ROWS)) node.remove();
    setShown(this.empty, false);
  }

  /** @param {string | null} id the selected lot */
  select(id) {
    this.selected = id;
    if (this.only.checked) this.#sift();
  }

  #sift() {
    for (const { lot, node } of [...this.rows, ...this.waiting]) node.hidden = !this.#isWanted(lot);
    this.show();
  }

  /** @param {string} lot */
  #isWanted(lot) {
    return !this.only.checked || this.selected === null || lot === this.selected;
  }

  /** @param {{isPointed?: boolean, isFocused?: boolean}} held */
  #hold(held) {
    Object.assign(this, held);
    this.show();
  }
}
