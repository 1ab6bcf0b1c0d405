/**
 * Why there is nothing to see, in place of the cards, and what helps.
 *
 * It refuses to know why; it is told. Invariant: an empty page always says why it is empty.
 */

import { element, setShown } from "../house/dom.js";
import { say } from "../house/words.js";

export class Nothing {
  /** @param {() => void} help shows all lots again, or looks again whether they are there */
  constructor(help) {
    this.node = element("div", { id: "nothing", class: "nothing", hidden: true });
    this.help = help;
    this.why = "";
  }

  /** @param {"" | "nothing_fits" | "no_lots" | "no_sales" | "unknown_sale" | "unreachable"} why */
  write(why) {
    setShown(this.node, why !== "");
    if (this.why === why) return;
    this.why = why;
    if (why === "") return;
    const words = [element("h2", {}, say(`catalogue.${why}`)), element("p", { class: "faint" }, say(`catalogue.${why}_more`))];
    this.node.replaceChildren(...words, ...this.#helps(why));
  }

  /** @param {string} why */
  #helps(why) {
    if (why === "nothing_fits") return [button("reset", "catalogue.reset", this.help)];
    return why === "unreachable" ? [button("again", "catalogue.again", this.help)] : [];
  }
}

/** @param {string} id @param {string} key @param {() => void} press */
function button(id, key, press) {
  return element("button", { type: "button", id, class: "primary", onclick: press }, say(key));
}
