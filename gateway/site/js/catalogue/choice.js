/**
 * Which lots of a sale are shown, and in which order.
 *
 * It refuses to convert money: prices of different currencies stand in groups of one currency each. Invariants: what has
 * ended comes last, whatever is sorted by; the order is total, so that nothing changes places without a reason. Amounts
 * are minor units, instants microseconds.
 */

import { countryName } from "../house/places.js";
import { knows, say } from "../house/words.js";

/** @typedef {import("../house/lot_state.js").LotState & Record<string, any>} Lot */
/** @typedef {import("./wishes.js").Wishes} Wishes */

/** @param {string} category */
export function categoryName(category) {
  return knows(`category.${category}`) ? say(`category.${category}`) : category;
}

/** Return the lots that fit, in order. @param {Iterable<any>} lots @param {Wishes} wishes @returns {any[]} */
export function chosen(lots, wishes) {
  const sought = folded(wishes.q).split(/\s+/).filter(Boolean);
  const fitting = [...lots].filter((lot) => lot.isKnown && fits(lot, wishes, sought));
  const compare = BY[wishes.sort] ?? BY.closing;
  return fitting.sort((one, other) => ended(one) - ended(other) || compare(one, other) || (one.lot < other.lot ? -1 : 1));
}

/** Whether you take part in this lot, as the server says. @param {Lot} lot */
export function isYours(lot) {
  return lot.you !== null && lot.you.paddle !== null;
}

/** What a lot stands for at this moment: a price, or what is asked first. @param {Lot} lot @returns {number} */
export function amountOf(lot) {
  return lot.hammer_price ?? lot.price ?? lot.ask ?? lot.terms.start_price;
}

/** @param {Lot} lot @param {Wishes} wishes @param {string[]} sought */
function fits(lot, wishes, sought) {
  return (
    (wishes.category === "" || wishes.category === lot.category) &&
    (wishes.country === "" || wishes.country === lot.country) &&
    (wishes.consignor === "" || wishes.consignor === lot.consignor) &&
    (wishes.phase === "" || (wishes.phase === "yours" ? isYours(lot) : wishes.phase === lot.phase)) &&
    (sought.length === 0 || holds(textOf(lot), sought))
  );
}

// Searching -----------------------------------------------------------------------------------------------------------

/** A listing never changes, so its text is folded once. @type {WeakMap<object, string>} */
const texts = new WeakMap();

/** @param {Lot} lot */
function textOf(lot) {
  let text = texts.get(lot);
  if (text === undefined) {
    const { title, description, place, country, category, consignor } = lot;
    const named = [countryName(country), categoryName(category)];
    text = folded([lot.lot, title, place, country, category, consignor, ...named, description].join("\n"));
    texts.set(lot, text);
  }
  return text;
}

/** @param {string} text @param {string[]} sought */
function holds(text, sought) {
  return sought.every((word) => text.includes(word));
}

/** Letters without case, accents and width. @param {string} text */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

// Order ---------------------------------------------------------------------------------------------------------------

/** @param {Lot} lot */
function ended(lot) {
  return lot.isOver ? 1 : 0;
}

/** Those that end next come first; of those that have ended, the latest. @param {Lot} one @param {Lot} other */
function byClosing(one, other) {
  return one.isOver ? endOf(other) - endOf(one) : endOf(one) - endOf(other);
}

/** @param {Lot} lot @returns {number} */
function endOf(lot) {
  if (lot.closes_at !== null) return lot.closes_at;
  if (lot.isOver) return 0;
  if (lot.phase === "open") return 0; // a saleroom lot under the hammer has no end, and may fall at any moment
  return lot.phase === "paused" ? Number.MAX_SAFE_INTEGER : lot.terms.opens_at; // nobody knows when it goes on
}

/** @param {Lot} one @param {Lot} other */
function byPrice(one, other) {
  const [currency, another] = [one.terms.currency, other.terms.currency];
  return currency === another ? amountOf(one) - amountOf(other) : currency < another ? -1 : 1;
}

/** @type {Record<string, (one: Lot, other: Lot) => number>} */
const BY = {
  closing: byClosing,
  price_low: byPrice,
  price_high: (one, other) => (one.terms.currency === other.terms.currency ? byPrice(other, one) : byPrice(one, other)),
  bids: (one, other) => other.bids - one.bids || byClosing(one, other),
};
