/**
 * The panel of the terms: what one is bound by, and what the lot is.
 *
 * It refuses to word them (`terms_words.js`). Invariant: it is open where there is room for it, and as the viewer has
 * left it.
 */

import { byId, element } from "../house/dom.js";
import { say } from "../house/words.js";
import { aboutOf } from "./head.js";
import { sentencesOf } from "./terms_words.js";

const ROOMY = "(min-width: 62rem)";

export class Terms {
  constructor() {
    this.sign = "";
    this.list = element("ul", { id: "terms-list", class: "terms-list" });
    this.about = element("div", { class: "about" });
  }

  /** Build the panel. @param {any} lot */
  build(lot) {
    const open = matchMedia(ROOMY).matches;
    this.about.replaceChildren(...aboutOf(lot));
    byId("terms").replaceChildren(
      element("details", { open }, element("summary", {}, element("h2", { id: "terms-title" }, say("terms.title"))), this.list),
      element("details", { open }, element("summary", {}, element("h2", {}, say("about.title"))), this.about),
    );
  }

  /** @param {any} lot @param {any} sale */
  show(lot, sale) {
    const sentences = sentencesOf(lot, sale);
    const sign = JSON.stringify(sentences);
    if (sign === this.sign) return;
    this.sign = sign;
    this.list.replaceChildren(...sentences.map(({ name, text }) => element("li", { "data-term": name }, text)));
  }
}
