/**
 * What may be offered for a lot as it stands, by its format and stage.
 *
 * It refuses to know who asks, but for his rank, and to decide: an offer named here may still be refused. Invariant:
 * what is asked is the server's `ask`; only steps above it are counted here. Amounts are minor units. Source:
 * protocol.md, "Bidding" and "Terms".
 */

import { nextAmounts } from "../house/ladder.js";

const STEPS = 3;
const OPEN_OUTCRY = new Set(["english", "saleroom", "two_phase"]);

/** Whether offers are kept unseen now. @param {any} lot */
export function isUnseen(lot) {
  return lot.terms.format === "sealed" || lot.stage === "quotes";
}

/**
 * What this bidder has offered unseen; null: nothing yet. A leader's `max` may still be the bid by which the price came
 * to its ceiling; a quote of just that much cannot be told from it, and is left to the house.
 *
 * @param {any} lot
 * @returns {number | null}
 */
export function unseenOffer({ terms, price, you }) {
  if (you === null || you.max === null) return null;
  return terms.format !== "sealed" && you.leading && you.max <= (price ?? 0) ? null : you.max;
}

/** Whether the price rises by bids now. @param {any} lot */
export function isRising(lot) {
  return OPEN_OUTCRY.has(lot.terms.format) && lot.stage !== "quotes" && lot.stage !== "joining";
}

/** What the main button bids; null where there is none. @param {any} lot @returns {number | null} */
export function mainAmount(lot) {
  return isRising(lot) || lot.terms.format === "dutch" ? (lot.ask ?? null) : null;
}

/** The next amounts above the ask. @param {any} lot @returns {number[]} */
export function higherAmounts(lot) {
  if (!isRising(lot) || lot.ask === null) return [];
  const most = lot.terms.two_phase?.ceiling ?? Number.POSITIVE_INFINITY;
  return nextAmounts(lot, STEPS + 1).slice(1).filter((amount) => amount <= most);
}

/** What buys the lot at once, while it is to be had so. @param {any} lot @returns {number | null} */
export function buyNowAmount(lot) {
  const price = lot.terms.buy_now;
  if (price === null || lot.isOver) return null;
  if (lot.terms.buy_now_until === "first_bid") return lot.price === null ? price : null;
  return lot.ask === null || lot.ask <= price ? price : null;
}

/** The leader's own price, at which a priority purchaser leads. @param {any} lot @param {any} record @returns {number | null} */
export function matchAmount(lot, record) {
  const mayMatch = lot.terms.priority && (record?.rank ?? null) !== null && isRising(lot);
  return mayMatch && lot.price !== null && !lot.you?.leading ? lot.price : null;
}

/** Whether an amount of one's own may be named. @param {any} lot */
export function takesOwnAmount(lot) {
  return !lot.isOver && (isUnseen(lot) || isRising(lot));
}

/** Whether the house bids up to a ceiling for him. @param {any} lot */
export function takesCeilings(lot) {
  return lot.terms.proxy && isRising(lot);
}
