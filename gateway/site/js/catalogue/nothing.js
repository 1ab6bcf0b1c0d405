/**
 * Why there is nothing to see, in place of the cards, and what helps.
 *
 * It refuses to know why; it is told. Invariant: an empty page always says why it is empty.
 */

import { element, setShown } from "../house/dom.js";
import { say } from "../house/words.js";

export class Nothing {
  /** @param {() => void} reset shows all lots again */
  constructor(reset) {
    this.node = element("div", { id: "nothing", class: "nothing", hidden: true });
    this.reset = element("button", { type: "button", id: "reset", class: "primary", onclick: reset }, say("catalogue.reset"));
    this.why = "";
  }

  /** @param {"" | "nothing_fits" | "no_lots" | "no_sales" | "unknown_sale"} why */
  write(why) {
    setShown(this.node, why !== "");
    if (this.why === why) return;
    this.why = why;
    if (why === "") return;
    const helps = why === "nothing_fits" ? [this.reset] : [];
    const words = [element("h2", {}, say(`catalogue.${why}`)), element("p", { class: "faint" }, say(`catalogue.${why}_more`))];
    this.node.replaceChildren(...words, ...helps);
  }
}
