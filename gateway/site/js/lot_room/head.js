/**
 * The head of the room: what the lot is, where it comes from, and how it looks.
 *
 * It refuses to know how it stands. Invariant: pictures of our own house only, as the page's policy has it; without one
 * the mark of the category.
 */

import { byId, element, setText } from "../house/dom.js";
import { markOf } from "../house/marks.js";
import { placeLine } from "../house/places.js";
import { titleHalves } from "../house/titles.js";
import { knows, say } from "../house/words.js";

/** @param {any} lot @param {any} sale */
export function showHead(lot, sale) {
  const badges = element("p", { class: "row" }, ...badgesOf(lot).map((text) => element("span", { class: "badge" }, text)));
  const from = element("a", { href: `/?${new URLSearchParams({ sale: lot.sale })}`, class: "sale-link" }, sale?.title || lot.sale);
  const words = element("div", { class: "head-words" }, element("p", { class: "from" }, from), title(lot), badges);
  byId("lot-head").replaceChildren(picture(lot), words);
}

/** What is written about it, beneath the terms. @param {any} lot */
export function aboutOf(lot) {
  const facts = [
    ["about.consignor", lot.consignor],
    ["about.place", placeLine(lot)],
    ["about.lot", lot.lot],
  ].filter(([, value]) => value);
  const list = facts.flatMap(([key, value]) => [element("dt", {}, say(key)), element("dd", {}, value)]);
  const more = [...ownImages(lot).slice(1)].map((src) => element("img", { src, alt: "", loading: "lazy" }));
  const description = element("p", { class: "description" });
  setText(description, lot.description);
  return [lot.description ? description : null, element("dl", { class: "facts" }, ...list), ...more].filter((node) => node !== null);
}

/** @param {any} lot */
function title(lot) {
  const { first, second } = titleHalves(lot.title);
  const other = second === null ? null : element("span", { class: "other-title", lang: second.lang }, second.text);
  return element("h1", { id: "lot-title" }, element("span", { lang: first.lang }, first.text), other === null ? null : " ", other);
}

/** @param {any} lot */
function badgesOf(lot) {
  if (lot.category === "other") return [placeLine(lot), say(`format.${lot.terms.format}`)].filter(Boolean);
  const category = knows(`category.${lot.category}`) ? say(`category.${lot.category}`) : lot.category;
  return [category, placeLine(lot), say(`format.${lot.terms.format}`)].filter(Boolean);
}

/** @param {any} lot */
function picture(lot) {
  const [src] = ownImages(lot);
  if (src === undefined) return element("div", { class: "picture" }, markOf(lot.category));
  const image = element("img", { src, alt: "" });
  const frame = element("div", { class: "picture" }, image);
  image.addEventListener("error", () => frame.replaceChildren(markOf(lot.category)));
  return frame;
}

/** @param {any} lot @returns {string[]} */
function ownImages(lot) {
  return (lot.images ?? []).filter((/** @type {string} */ src) => URL.canParse(src, location.href) && new URL(src, location.href).origin === location.origin);
}
