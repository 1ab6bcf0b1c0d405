/**
 * What of a lot needs its operator's eye, the gravest first.
 *
 * It refuses to decide anything, and to know how it is shown. Invariant: whatever is told here follows from what the
 * server has said and from its clock. Instants and spans are microseconds. Source: rules.md, sections 1, 5 and 6.
 */

const NEAR_END_US = 120e6;
const CLOSING_US = 60e6;
const RESUME_NEAR_US = 86_400e6;

/** @typedef {{level: "bad" | "warn" | "note", key: string, values?: Record<string, any>}} Matter */

/**
 * @param {import("./floor.js").Entry} entry
 * @param {number} nowUs by the server's clock
 * @returns {Matter[]}
 */
export function matters(entry, nowUs) {
  const { lot } = entry;
  if (!lot.isKnown) return [];
  return [...ofTheStore(entry), ...ofPauses(lot, nowUs), ...ofTheEnd(lot, nowUs), ...ofTheClose(lot), ...ofExtensions(entry)];
}

/** Whether a lot closes within the minute. @param {any} lot @param {number} nowUs */
export function isClosing(lot, nowUs) {
  return lot.phase === "open" && lot.closes_at !== null && lot.closes_at - nowUs < CLOSING_US;
}

/** @param {import("./floor.js").Entry} entry @returns {Matter[]} */
function ofTheStore(entry) {
  return entry.storeAway ? [{ level: "bad", key: "store_away" }] : [];
}

/** @param {any} lot @param {number} nowUs @returns {Matter[]} */
function ofPauses(lot, nowUs) {
  if (lot.phase !== "paused") return [];
  if (lot.resume_by === null) return [{ level: "warn", key: "paused" }];
  const leftUs = lot.resume_by - nowUs;
  return [{ level: leftUs < RESUME_NEAR_US ? "bad" : "warn", key: leftUs > 0 ? "suspended" : "overdue", values: { leftUs } }];
}

/** @param {any} lot @param {number} nowUs @returns {Matter[]} */
function ofTheEnd(lot, nowUs) {
  if (lot.phase !== "open") return [];
  /** @type {Matter[]} */
  const found = lot.warned ? [{ level: "warn", key: "warned" }] : [];
  if (lot.closes_at === null || lot.closes_at - nowUs > NEAR_END_US || lot.terms.format === "sealed") return found;
  if (lot.bids === 0) return [...found, { level: "warn", key: "no_bids" }];
  return lot.reserve === "not_met" ? [...found, { level: "warn", key: "below_reserve" }] : found;
}

/** @param {any} lot @returns {Matter[]} */
function ofTheClose(lot) {
  if (lot.provisional) return [{ level: "warn", key: "provisional" }];
  if (lot.settlement === "defaulted" && lot.successor === null) return [{ level: "warn", key: "defaulted" }];
  return [];
}

/** @param {import("./floor.js").Entry} entry @returns {Matter[]} */
function ofExtensions(entry) {
  if (entry.lot.isOver || entry.extended === null) return [];
  if (entry.extended.cause === "outage") return [{ level: "warn", key: "outage" }];
  return entry.extended.isFresh ? [{ level: "note", key: "extended" }] : [];
}
