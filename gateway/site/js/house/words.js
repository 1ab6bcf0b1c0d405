/**
 * The words: every text that the house's pages show, in English and in Chinese.
 *
 * It refuses to know which texts there are: each page teaches its own. Invariants: one language to a page; a text that
 * was never taught is an error, not an empty place. Source: `words/`.
 */

const KEPT = "knockdown.language";
const LANGUAGES = ["en", "zh"];

/** The language of this page. @type {"en" | "zh"} */
export const language = chosen();

/** How numbers and times are written. */
export const locale = language === "zh" ? "zh-CN" : navigator.languages.find((one) => one.startsWith("en")) ?? "en-GB";

const plurals = new Intl.PluralRules(locale);
/** @type {Record<string, string | Record<string, string>>} */
const taught = {};

/** Learn texts: `{en: {key: text}, zh: {key: text}}`. @param {Record<string, Record<string, any>>} words */
export function teach(words) {
  Object.assign(taught, words[language]);
}

/** Whether there is a text for this key. @param {string} key */
export function knows(key) {
  return key in taught;
}

/**
 * Return a text with its places filled in; one that is an object is chosen by `count`.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function say(key, values = {}) {
  const known = taught[key];
  if (known === undefined) throw new Error(`no words for ${key}`);
  const text = typeof known === "string" ? known : known[plurals.select(Number(values.count))] ?? known.other;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? shown(values[name]) : place));
}

/** Speak another language from now on. @param {"en" | "zh"} wanted */
export function setLanguage(wanted) {
  keep(wanted);
  location.reload();
}

/** @param {string | number} value */
function shown(value) {
  return typeof value === "number" ? value.toLocaleString(locale) : value;
}

function chosen() {
  const wished = [kept(), ...navigator.languages].map((one) => one.slice(0, 2));
  return /** @type {"en" | "zh"} */ (wished.find((one) => LANGUAGES.includes(one)) ?? "en");
}

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // a browser that keeps nothing speaks as it is set
  }
}

/** @param {string} wanted */
function keep(wanted) {
  try {
    localStorage.setItem(KEPT, wanted);
  } catch {
    // nothing to be done: the next page speaks as the browser is set
  }
}
