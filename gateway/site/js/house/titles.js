/**
 * Titles in two languages: which half a viewer reads first.
 *
 * It refuses to translate. Invariants: nothing of a title is lost, and one in a single language stays whole. Source: the
 * houses' own habit of writing `中文 · English`.
 */

import { language } from "./words.js";

const BETWEEN = " · ";
const HAN = /\p{Script=Han}/u;
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** @typedef {{text: string, lang: string | null}} Half `lang` where the script shows it and it is not the page's */

/**
 * Return what stands first in a title for this viewer, and the rest.
 *
 * @param {string} title
 * @returns {{first: Half, second: Half | null}}
 */
export function titleHalves(title) {
  const halves = title.split(BETWEEN);
  const isMixed = halves.length === 2 && HAN.test(halves[0] ?? "") !== HAN.test(halves[1] ?? "");
  if (!isMixed) return { first: half(title), second: null };
  const [first, second] = halves.sort((one, other) => rank(one) - rank(other)).map(half);
  return { first: /** @type {Half} */ (first), second: /** @type {Half} */ (second) };
}

/** @param {string} text */
function rank(text) {
  return HAN.test(text) === (language === "zh") ? 0 : 1;
}

/** @param {string} text @returns {Half} */
function half(text) {
  const written = KANA.test(text) ? "ja" : HAN.test(text) ? "zh-CN" : "en";
  return { text, lang: written.startsWith(language) ? null : written };
}
