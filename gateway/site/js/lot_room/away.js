/**
 * What was missed: how the lot went on while the line was down.
 *
 * It refuses to know the events: two looks at the lot and the server's word that it has brought us on say enough.
 * Invariant: it speaks only after a cut, and only once the page is up to date again. Amounts are minor units.
 */

import { formatMoney } from "../house/money.js";
import { say } from "../house/words.js";

export class Away {
  constructor() {
    /** How the lot stood when the line went. @type {{seq: number, bids: number, price: number | null, extensions: number, phase: string} | null} */
    this.left = null;
  }

  /** The line has gone. @param {any} lot */
  leave(lot) {
    if (!lot.isKnown) return;
    this.left ??= { seq: lot.seq, bids: lot.bids, price: lot.price, extensions: lot.extensions, phase: lot.phase };
  }

  /** The page is up to date again: say what was missed; "" where it was not away. @param {any} lot */
  comeBack(lot) {
    const { left } = this;
    this.left = null;
    if (left === null) return "";
    const parts = [bids(left, lot), extensions(left, lot), phase(left, lot)].filter(Boolean);
    if (parts.length === 0) return say(lot.seq === left.seq ? "away.nothing" : "away.little");
    return say("away.missed", { what: parts.join(say("away.and")) });
  }
}

/** @param {any} left @param {any} lot */
function bids(left, lot) {
  const count = lot.bids - left.bids;
  if (count <= 0 && left.price === lot.price) return "";
  const { currency } = lot.terms;
  const values = { count: Math.max(0, count), before: formatMoney(left.price, currency), now: formatMoney(lot.price, currency) };
  if (left.price === lot.price) return say("away.bids", values);
  return say(left.price === null ? "away.first_bids" : "away.bids_price", values);
}

/** @param {any} left @param {any} lot */
function extensions(left, lot) {
  const count = lot.extensions - left.extensions;
  return count > 0 ? say("away.extensions", { count }) : "";
}

/** @param {any} left @param {any} lot */
function phase(left, lot) {
  return left.phase === lot.phase ? "" : say("away.phase", { phase: say(`phase.${lot.phase}`) });
}
