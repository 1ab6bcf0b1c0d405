/**
 * A card: one lot of the catalogue, as it stands.
 *
 * It refuses to know the other cards and where it stands among them. Invariants: it writes only what reads differently;
 * a picture is shown only if it is of this house, since the page may load nothing else; who leads is what the server
 * says. Amounts are minor units.
 *
 * Found by: `.card[data-lot][data-phase][data-yours]`, and in it `[data-part]`: `picture`, `phase`, `countdown`,
 * `title`, `other`, `where`, `label`, `yours`, `price`, `ask`, `bids`, `watchers`.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { markOf } from "../house/marks.js";
import { placeLine } from "../house/places.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";
import { categoryName } from "./choice.js";
import { askText, PHASE_KINDS, priceLabel, priceOf, standing } from "./standing.js";

const FLASH_MS = 900;

const mould = element(
  "li",
  { class: "card" },
  element("div", { class: "picture", "data-part": "picture" }),
  element(
    "div",
    { class: "facts" },
    element(
      "p",
      { class: "when" },
      element("span", { class: "badge", "data-part": "phase" }),
      element("span", { class: "countdown", "data-part": "countdown" }),
    ),
    element("h3", {}, element("a", { class: "title", "data-part": "title" })),
    element("p", { class: "other", "data-part": "other" }),
    element("p", { class: "where", "data-part": "where" }),
    element(
      "p",
      { class: "money" },
      element(
        "span",
        { class: "label" },
        element("span", { "data-part": "label" }),
        " ",
        element("span", { class: "badge", "data-part": "yours" }),
      ),
      " ",
      element("strong", { class: "price", "data-part": "price" }),
    ),
    element("p", { class: "ask", "data-part": "ask" }),
    element(
      "p",
      { class: "crowd" },
      element("span", { "data-part": "bids" }),
      element("span", { "data-part": "watchers" }),
    ),
  ),
);

/** @typedef {import("./choice.js").Lot} Lot */

export class Card {
  /** @param {Lot} lot */
  constructor(lot) {
    this.lot = lot;
    /** @type {HTMLElement} */
    this.node = /** @type {any} */ (mould.cloneNode(true));
    /** @type {Record<string, HTMLElement>} */
    this.parts = {};
    for (const part of this.node.querySelectorAll("[data-part]")) {
      const place = /** @type {HTMLElement} */ (part);
      this.parts[String(place.dataset.part)] = place;
    }
    this.#writeListing();
    this.write();
  }

  /** Where the countdown is written. @returns {HTMLElement} */
  get countdown() {
    return this.#part("countdown");
  }

  /** Write what may change. @returns {boolean} whether the price reads differently now */
  write() {
    const { lot } = this;
    setAttribute(this.node, "data-phase", lot.phase);
    this.#write("phase", say(`phase.${lot.phase}`));
    setAttribute(this.#part("phase"), "data-kind", PHASE_KINDS[lot.phase ?? ""] ?? null);
    setShown(this.countdown, lot.phase === "open" || lot.phase === "upcoming");
    this.#write("label", priceLabel(lot));
    this.#write("ask", askText(lot));
    this.#write("bids", say("card.bids", { count: lot.bids }));
    this.#write("watchers", lot.watchers > 0 ? say("card.watchers", { count: lot.watchers }) : "");
    this.#writeStanding();
    return this.#writePrice();
  }

  /** Let the eye find a price that has just changed: by what lies behind it, which costs no layout and no paint. */
  flash() {
    this.#part("price").animate({ opacity: [1, 1, 0] }, { duration: FLASH_MS, pseudoElement: "::before" });
  }

  #writePrice() {
    const shown = priceOf(this.lot);
    const price = this.#part("price");
    if (price.textContent === shown) return false;
    price.textContent = shown;
    return true;
  }

  #writeStanding() {
    const yours = standing(this.lot);
    setAttribute(this.node, "data-yours", yours?.name ?? null);
    setAttribute(this.#part("yours"), "data-kind", yours?.kind ?? null);
    this.#write("yours", yours === null ? "" : yours.text);
    setShown(this.#part("yours"), yours !== null);
  }

  #writeListing() {
    const { lot, node } = this;
    const { first, second } = titleHalves(lot.title);
    node.dataset.lot = lot.lot;
    this.#write("title", first.text);
    setAttribute(this.#part("title"), "lang", first.lang);
    setAttribute(this.#part("title"), "href", `/lots/${lot.lot}`);
    this.#write("other", second?.text ?? "");
    setAttribute(this.#part("other"), "lang", second?.lang ?? null);
    this.#write("where", placeLine(lot));
    this.#part("picture").append(pictureOf(lot));
  }

  /** @param {string} name @param {string} text */
  #write(name, text) {
    setText(this.#part(name), text);
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.parts[name]);
  }
}

/** @param {Lot} lot */
function pictureOf(lot) {
  const source = lot.images.find(isOfThisHouse);
  if (source === undefined) return markOf(lot.category);
  const picture = element("img", { src: source, alt: "", loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.replaceWith(markOf(lot.category)), { once: true });
  return picture;
}

/** @param {string} address */
function isOfThisHouse(address) {
  try {
    return new URL(address, location.href).origin === location.origin;
  } catch {
    return false;
  }
}
