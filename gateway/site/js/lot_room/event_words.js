/**
 * The events of a lot in words: one line of the history each.
 *
 * It refuses to know what an event means for the lot: that is in its fields, and written over the snapshot. Invariants:
 * every event that people can be shown has a line, one that this page does not know is passed over; paddles only, "you"
 * for the viewer's own. Amounts are minor units, instants microseconds. Source: protocol.md, "Public events".
 */

import { formatMoney } from "../house/money.js";
import { clockTime, spanText } from "../house/times.js";
import { knows, say } from "../house/words.js";

/**
 * @typedef {object} Line
 * @property {"bid" | "end" | "house"} kind what it is about: an offer, the end, or what the house does
 * @property {string} text
 * @property {string} [detail]
 * @property {string} [amount]
 * @property {boolean} [mine]
 */

/**
 * @typedef {object} Viewer
 * @property {any} terms
 * @property {number | null} paddle
 */

const UNSHOWN = new Set(["bidder_admitted"]);

/** @type {Record<string, (event: any, viewer: Viewer) => Line>} */
const LINES = {
  bid_placed: bid,
  bid_voided: (event, viewer) => house(event, { seq: event.voided, amount: money(event.price ?? null, viewer) }),
  lot_extended: (event) => ({ ...ending(event), detail: say("history.extended_by", { cause: kindWords("cause", event.cause) }) }),
  countdown_started: ending,
  lot_opened: ending,
  lot_resumed: ending,
  lot_reopened: ending,
  stage_begun: (event) => ({ ...ending(event), text: kindWords("history.stage", event.stage) }),
  price_lowered: (event, viewer) => ({ kind: "bid", text: say("history.price_lowered"), amount: money(event.ask, viewer) }),
  step_set: (event, viewer) => house(event, { step: money(event.step, viewer) }),
  lot_paused: (event) => house(event, {}, kindWords("history.paused", event.cause ?? "clerk")),
  notice_posted: (event) => ({ kind: "house", text: say("history.notice_posted"), detail: event.text }),
  bids_opened: opened,
  lot_sold: (event, viewer) => ({ ...house(event, {}, sold(event, viewer)), detail: present(event), amount: money(event.hammer_price, viewer) }),
  lot_passed: (event) => ({ kind: "house", text: kindWords("history.passed", event.reason ?? "by_clerk"), detail: present(event) }),
  lot_settled: (event) => house(event, {}, kindWords("settlement", event.settlement ?? "paid")),
  winner_defaulted: (event) => house(event),
  lot_reoffered: (event) => house(event, { lot: event.successor }),
  lot_withdrawn: (event) => house(event, {}, say(event.debt_covered ? "history.debt_covered" : "history.lot_withdrawn")),
};

/** Return the line of an event; null where it is not shown. @param {any} event @param {Viewer} viewer @returns {Line | null} */
export function lineOf(event, viewer) {
  if (UNSHOWN.has(event.ev)) return null;
  const line = LINES[event.ev];
  if (line !== undefined) return line(event, viewer);
  return knows(`history.${event.ev}`) ? house(event) : null;
}

/** @param {any} event @param {Viewer} viewer @returns {Line} */
function bid(event, viewer) {
  const mine = event.paddle === viewer.paddle;
  const amount = money(event.offered ?? event.price ?? null, viewer);
  return { kind: "bid", mine, amount, text: who(event.paddle, viewer, event.kind), detail: how(event, viewer) };
}

/** @param {any} event @param {Viewer} viewer */
function how(event, viewer) {
  const kind = kindWords("history.kind", event.kind);
  if (event.leader === undefined || event.leader === event.paddle) return kind;
  const values = { kind, paddle: String(event.leader), price: money(event.price ?? null, viewer) };
  return say(event.leader === viewer.paddle ? "history.answered_yours" : "history.answered", values);
}

/** @param {any} event @param {Record<string, any>} [values] @param {string} [text] @returns {Line} */
function house(event, values = {}, text = say(`history.${event.ev}`, values)) {
  return { kind: "house", text, detail: event.reason || undefined };
}

/** What kind of it: a kind that is newer than this page is shown by its own name. @param {string} key @param {string} kind */
export function kindWords(key, kind) {
  return knows(`${key}.${kind}`) ? say(`${key}.${kind}`) : kind;
}

/** @param {any} event @returns {Line} */
function ending(event) {
  const detail = event.reason || undefined;
  const key = `history.${event.ev}`;
  if (!event.closes_at) return { kind: "end", text: knows(`${key}.open`) ? say(`${key}.open`) : say(key, { at: "" }), detail };
  return { kind: "end", text: knows(key) ? say(key, { at: clockTime(event.closes_at), left: spanText(event.closes_at - event.at) }) : "", detail };
}

/** @param {any} event @param {Viewer} viewer */
function sold(event, viewer) {
  return event.paddle === viewer.paddle ? say("history.sold_to_you") : say("history.lot_sold", { paddle: String(event.paddle) });
}

/** @param {any} event @param {Viewer} viewer @returns {Line} */
function opened(event, viewer) {
  const offers = event.offers.map((/** @type {[number, number]} */ [paddle, amount]) => `${who(paddle, viewer)} ${money(amount, viewer)}`);
  return { kind: "house", text: say("history.bids_opened", { count: offers.length }), detail: offers.join(" · ") || undefined };
}

/** @param {any} event */
function present(event) {
  if (event.connected === undefined || event.connected === null) return undefined;
  return say("history.present", { count: event.connected, lost: event.lost ?? 0 });
}

/** @param {number} paddle @param {Viewer} viewer @param {string} [kind] */
export function who(paddle, viewer, kind) {
  if (kind === "floor") return say("who.floor");
  return paddle === viewer.paddle ? say("who.you") : say("who.paddle", { paddle: String(paddle) });
}

/** @param {number | null} amount @param {Viewer} viewer */
function money(amount, viewer) {
  return formatMoney(amount, viewer.terms.currency);
}
