/**
 * May he bid, and if not, why not: for each control of the room a reason that can be read out.
 *
 * It refuses to decide: the server does, whenever something is sent. This only spares a bidder a refusal that is
 * certain. Invariants: a reason is the key of a text and the values in it; what the server has not said is no reason.
 * Amounts are minor units, instants microseconds. Source: protocol.md, "Codes", in the order in which a bid is examined.
 */

import { dateTime } from "../house/times.js";
import { unseenOffer } from "./offers.js";

/**
 * @typedef {object} Seat who sits in the room, and how the line is
 * @property {import("../house/lot_state.js").LotState & Record<string, any>} lot
 * @property {import("../house/session.js").Session} session
 * @property {any} record his registration, null where there is none or it is not known
 * @property {string} line the status of the wire
 * @property {boolean} storeAway
 * @property {{op: string, amount?: number} | null} pending
 */

/** @typedef {{key: string, values?: Record<string, any>}} Reason */

/** Why nothing at all may be offered here; null: nothing speaks against it. @param {Seat} seat @returns {Reason | null} */
export function whyNot(seat) {
  return whyOver(seat) ?? whyNobody(seat) ?? whyNotAdmitted(seat) ?? whyNotNow(seat) ?? whyNoLine(seat);
}

/** Why no plain bid may be made, where otherwise something may. @param {Seat} seat @returns {Reason | null} */
export function whyNoPlainBid({ lot }) {
  const isOpenOutcry = lot.terms.format === "english" || lot.terms.format === "saleroom" || lot.terms.format === "two_phase";
  if (isOpenOutcry && lot.you?.leading && !lot.terms.self_raise && lot.stage !== "quotes") return { key: "why.leading" };
  return null;
}

/** Why nothing but joining may be done in this stage. @param {Seat} seat @returns {Reason | null} */
export function whyNotInStage({ lot, record }) {
  if (lot.stage === "joining") return { key: record?.joined ? "why.joined" : "why.joining" };
  if (lot.stage === "timed" && lot.terms.two_phase?.confirm_s && record !== null && !record.joined) return { key: "why.not_joined" };
  if (lot.stage === "quotes" && unseenOffer(lot) !== null) return { key: "why.quoted" };
  return null;
}

/** @param {Seat} seat @returns {Reason | null} */
function whyOver({ lot }) {
  return lot.isOver ? { key: `why.${lot.phase}` } : null;
}

/** @param {Seat} seat @returns {Reason | null} */
function whyNobody({ session }) {
  if (session.sub === null) return { key: "why.sign_in" };
  return session.role === "bidder" ? null : { key: `why.${session.role}` };
}

/** @param {Seat} seat @returns {Reason | null} */
function whyNotAdmitted({ lot, record }) {
  if (record?.barred || (lot.you && lot.you.paddle !== null && !lot.you.admitted)) return { key: "why.barred" };
  if (!asksForAdmission(lot) || lot.you?.admitted || record === null) return null;
  if (lot.terms.registration !== null && !record.registered) return { key: "why.register" };
  if (lot.terms.registration?.check && !record.approved) return { key: "why.approval" };
  return { key: lot.terms.deposit > 0 ? "why.deposit" : "why.approval" };
}

/** @param {Seat} seat @returns {Reason | null} */
function whyNotNow({ lot }) {
  if (lot.phase === "upcoming") return upcoming(lot);
  if (lot.phase !== "paused") return null;
  if (lot.resume_by === null) return { key: "why.paused" };
  return { key: "why.suspended", values: { at: dateTime(lot.resume_by) } };
}

/** @param {any} lot @returns {Reason} */
function upcoming(lot) {
  if (lot.terms.format === "saleroom") return { key: "why.saleroom_upcoming" };
  return { key: "why.upcoming", values: { at: dateTime(lot.terms.opens_at) } };
}

/** @param {Seat} seat @returns {Reason | null} */
function whyNoLine({ line, storeAway }) {
  if (line === "ended") return { key: "why.ended" };
  if (line !== "open") return { key: "why.line" };
  return storeAway ? { key: "why.store" } : null;
}

/** Whether a bidder must be let in before he bids. @param {any} lot */
export function asksForAdmission(lot) {
  return lot.terms.registration !== null || lot.terms.deposit > 0;
}
