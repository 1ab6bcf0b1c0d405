/**
 * Money as people read and write it, from and to whole minor units of a currency.
 *
 * It refuses to know rates, and to calculate in fractions: digits are moved, never multiplied. Invariant: what is
 * formatted reads back as the same amount. Source: ECMA-402 (Intl.NumberFormat); ISO 4217, by the tables that the house
 * goes by (gateway/money.py).
 */

import { locale } from "./words.js";

/**
 * The digits behind the point where they are not two, as the house counts them. A browser's own tables change from one
 * version to the next: one has shown forints without any, and so a hundred times as many.
 */
const DIGITS = {
  0:
    "ADP AFN ALL BIF BYR CLP DJF ESP GNF IQD IRR ISK ITL JPY KMF KPW KRW LAK LBP LUF MGA MGF MMK MRO PYG " +
    "RSD RWF SLL SOS STD SYP TMM TRL UGX UYI VND VUV XAF XOF XPF YER ZMK ZWD",
  3: "BHD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};
/** @type {Map<string, number>} */
const digitsBy = new Map(
  Object.entries(DIGITS).flatMap(([digits, codes]) => codes.split(" ").map((code) => [code, Number(digits)])),
);
/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} currency */
function formatOf(currency) {
  let format = formats.get(currency);
  if (format === undefined) {
    const digits = digitsOf(currency);
    const exact = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    format = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "code", ...exact });
    formats.set(currency, format);
  }
  return format;
}

/** How many digits this currency has behind the point. @param {string} currency */
export function digitsOf(currency) {
  return digitsBy.get(currency) ?? 2;
}

/** Return the amount as it is read, with its currency; a dash for none. @param {number | null} minor @param {string} currency */
export function formatMoney(minor, currency) {
  return minor === null ? "–" : formatOf(currency).format(/** @type {any} */ (decimal(minor, digitsOf(currency))));
}

/**
 * Return what `formatMoney` writes in its parts, for those who set them differently.
 *
 * @param {number} minor
 * @param {string} currency
 */
export function moneyParts(minor, currency) {
  return formatOf(currency).formatToParts(/** @type {any} */ (decimal(minor, digitsOf(currency))));
}

/** Return the amount with its currency named in full: `1,100.00 euros`. @param {number} minor @param {string} currency */
export function moneyInWords(minor, currency) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "name" });
  return format.format(/** @type {any} */ (decimal(minor, digitsOf(currency))));
}

/** Return the amount without its currency, as it stands in a field. @param {number} minor @param {string} currency */
export function plainMoney(minor, currency) {
  return decimal(minor, digitsOf(currency));
}

/**
 * Read what somebody has typed; null where it is no amount of this currency. A point or a comma is the decimal one
 * when it stands last and no more digits follow than the currency has; before it they and spaces only group by three.
 *
 * @param {string} text
 * @param {string} currency
 * @returns {number | null} minor units
 */
export function parseMoney(text, currency) {
  const digits = digitsOf(currency);
  const typed = text.normalize("NFKC").replaceAll(currency, "").trim();
  const fraction = digits > 0 ? new RegExp(`[.,](\\d{1,${digits}})$`).exec(typed) : null;
  const whole = fraction === null ? typed : typed.slice(0, fraction.index);
  if (!/^[1-9]\d{0,2}([.,'’\s]?\d{3})*$/.test(whole) && !/^\d+$/.test(whole)) return null;
  const minor = Number(whole.replace(/\D/g, "") + (fraction?.[1] ?? "").padEnd(digits, "0"));
  return Number.isSafeInteger(minor) ? minor : null;
}

/** @param {number} minor @param {number} digits */
function decimal(minor, digits) {
  const written = String(Math.abs(minor)).padStart(digits + 1, "0");
  const cut = written.length - digits;
  const sign = minor < 0 ? "-" : "";
  return digits === 0 ? sign + written : `${sign}${written.slice(0, cut)}.${written.slice(cut)}`;
}
