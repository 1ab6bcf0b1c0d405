/**
 * How a lot stands, in a few words: its price and what that is, what is asked, and how you stand.
 *
 * It refuses to guess: "outbid" is said only to somebody who must have bid, and nobody leads but whom the server names.
 * Amounts are minor units. Source: protocol.md, `you` and the fields of a snapshot.
 */

import { formatMoney } from "../house/money.js";
import { say } from "../house/words.js";
import { amountOf } from "./choice.js";

/** @typedef {import("./choice.js").Lot} Lot */

/** The colour of each phase's badge; none for those that wait. @type {Record<string, string>} */
export const PHASE_KINDS = { open: "good", paused: "warn", withdrawn: "bad" };

/** The amount that stands for the lot just now. @param {Lot} lot */
export function priceOf(lot) {
  return formatMoney(amountOf(lot), lot.terms.currency);
}

/** What that amount is. @param {Lot} lot */
export function priceLabel(lot) {
  if (lot.hammer_price !== null) return say("card.sold_for");
  if (lot.price !== null) return say(lot.isOver ? "card.last_bid" : "card.current_bid");
  return say(falls(lot) ? "card.asked_now" : "card.start_price");
}

/** The least that may be offered now, unless the price says so already. @param {Lot} lot */
export function askText(lot) {
  if (!lot.isOpen || lot.ask === null || lot.price === null) return "";
  return say("card.ask", { amount: formatMoney(lot.ask, lot.terms.currency) });
}

/**
 * How you stand in this lot; null where you have no part in it.
 *
 * @param {Lot} lot
 * @returns {{name: string, kind: string | null, text: string} | null}
 */
export function standing(lot) {
  if (lot.you === null || lot.you.paddle === null || lot.phase === "withdrawn") return null;
  if (lot.you.leading) return lot.phase === "sold" ? one("won", "good") : one(lot.isOver ? "best" : "leading", "good");
  if (lot.phase === "sold") return one("lost", null);
  if (lot.isOver) return null;
  if (lot.you.max !== null) return one("offered", "good");
  return hasBid(lot) && lot.leader !== null ? one("outbid", "bad") : one("admitted", null);
}

/** The first bid admits where nothing else does; so whoever has a paddle there has bid. @param {Lot} lot */
function hasBid(lot) {
  return lot.bids > 0 && lot.terms.deposit === 0 && lot.terms.registration === null;
}

/** @param {Lot} lot */
function falls(lot) {
  return lot.terms.format === "dutch" && lot.isOpen;
}

/** @param {string} name @param {string | null} kind */
function one(name, kind) {
  return { name, kind, text: say(`yours.${name}`) };
}
