/**
 * The clerk's orders, as one table: by which key each is given, on which lots it makes sense, what it asks for.
 *
 * It refuses to decide: the house does, and what is said here to be possible may still be refused. Invariants: the names
 * are those of the protocol; no two orders share a key. What is grave cannot be taken back by another order, or not
 * before everyone has seen it: it is confirmed twice, and given only for the lot as it was seen. Source:
 * running-sales.md, "Orders".
 */

/**
 * @typedef {object} Order
 * @property {string} name as the protocol has it
 * @property {string} key what the operator types
 * @property {"course" | "bids" | "bidders" | "after"} group
 * @property {string[]} [phases] where it can be given; everywhere, if none are named
 * @property {string[]} [fields] what it asks for (`fields.js`)
 * @property {"none" | "kept" | "published" | "needed"} [reason] what becomes of the reason; `needed` ones are published too
 * @property {boolean} [grave]
 * @property {(lot: any) => string | null} [bar] the word for why it makes no sense on this lot, of `unfit.*`
 */

const OPEN = ["open"];
const STANDING = ["open", "paused"];
const ENDED = ["sold", "passed", "withdrawn"];
const NOT_ENDED = ["upcoming", "open", "paused"];
const RISING = new Set(["english", "saleroom", "two_phase"]);

/** @type {Order[]} */
export const ORDERS = [
  { name: "open", key: "o", group: "course", phases: ["upcoming"] },
  { name: "pause", key: "p", group: "course", phases: OPEN, reason: "published" },
  { name: "suspend", key: "s", group: "course", phases: OPEN, reason: "needed", grave: true },
  { name: "resume", key: "r", group: "course", phases: ["paused"] },
  { name: "extend", key: "e", group: "course", phases: OPEN, fields: ["end"], bar: hasNoEnd },
  { name: "fair_warning", key: "w", group: "course", phases: OPEN, reason: "published", bar: isWarned },
  { name: "hammer", key: "h", group: "course", phases: OPEN, grave: true, bar: cannotFall },
  { name: "pass", key: "x", group: "course", phases: OPEN, grave: true, bar: isUnseen },
  { name: "withdraw", key: "d", group: "course", phases: NOT_ENDED, reason: "published", grave: true },
  { name: "reopen", key: "y", group: "course", phases: ["sold", "passed"], fields: ["new_end"], reason: "published", grave: true, bar: isDoneWith },
  { name: "notice", key: "n", group: "course", fields: ["text"] },
  { name: "countersign", key: "4", group: "course", fields: ["of_by", "of_ref"], grave: true },

  { name: "floor_bid", key: "f", group: "bids", phases: OPEN, fields: ["amount", "hand"], bar: isUnseen },
  { name: "step", key: "t", group: "bids", phases: OPEN, fields: ["step"], bar: hasNoStep },
  { name: "undo", key: "u", group: "bids", phases: STANDING, reason: "published", bar: hasNothingToVoid },
  { name: "void_bid", key: "v", group: "bids", phases: STANDING, fields: ["seq"], reason: "published", grave: true, bar: hasNothingToVoid },

  { name: "admit", key: "a", group: "bidders", fields: ["bidder", "rank"] },
  { name: "decline", key: "l", group: "bidders", fields: ["bidder"] },
  { name: "deposit", key: "i", group: "bidders", phases: NOT_ENDED, fields: ["bidder", "deposit_paid", "payment"], bar: takesNoDeposit },
  { name: "release", key: "z", group: "bidders", phases: ENDED, fields: ["bidder"], bar: takesNoDeposit },
  { name: "bar", key: "b", group: "bidders", fields: ["bidder"], grave: true },

  { name: "consent", key: "c", group: "after", phases: ["passed"], bar: (lot) => (lot.provisional ? null : "not_provisional") },
  { name: "settle", key: "q", group: "after", phases: ["sold"], bar: isSettled },
  { name: "default", key: "g", group: "after", phases: ["sold"], reason: "published", grave: true, bar: hasDefaulted },
  { name: "allocate", key: "m", group: "after", phases: ["sold"], fields: ["costs", "shortfall"], bar: hasNotDefaulted },
  { name: "reoffer", key: "1", group: "after", phases: ENDED, fields: ["successor", "opening", "closing", "start_price", "new_deposit", "new_reserve"], reason: "published", bar: isNotFree },
  { name: "reauction", key: "2", group: "after", phases: ENDED, fields: ["successor", "opening", "closing", "start_price", "new_deposit", "new_reserve"], reason: "published", bar: isNotFree },
  { name: "sell_off", key: "3", group: "after", phases: ENDED, fields: ["successor", "opening", "closing", "first_bid_closes_s", "new_deposit", "new_reserve"], reason: "published", bar: isNotFree },
];

export const GROUPS = /** @type {const} */ (["course", "bids", "bidders", "after"]);

const BY_NAME = new Map(ORDERS.map((order) => [order.name, order]));
const BY_KEY = new Map(ORDERS.map((order) => [order.key, order]));

/** @param {string} name @returns {Order} */
export function orderNamed(name) {
  return /** @type {Order} */ (BY_NAME.get(name));
}

/** @param {string} key @returns {Order | undefined} */
export function orderOfKey(key) {
  return BY_KEY.get(key);
}

/**
 * Why an order makes no sense on a lot as it stands: the word for it, of `unfit.*`; null where it does.
 *
 * @param {Order} order
 * @param {any} lot a `LotState`
 * @returns {string | null}
 */
export function unfit(order, lot) {
  if (!lot.isKnown) return "unknown";
  if (order.phases !== undefined && !order.phases.includes(lot.phase)) return `phase_${lot.phase}`;
  return order.bar?.(lot) ?? null;
}

// What stands against an order on a lot in the right phase -------------------------------------------------------------

/** @param {any} lot */
function hasNoEnd(lot) {
  return lot.closes_at === null ? "no_end" : null;
}

/** @param {any} lot */
function isWarned(lot) {
  return lot.warned ? "warned" : null;
}

/** @param {any} lot */
function isUnseen(lot) {
  return lot.terms.format === "sealed" || lot.stage === "quotes" ? "unseen" : null;
}

/** @param {any} lot */
function cannotFall(lot) {
  if (lot.leader === null) return isUnseen(lot) ?? "no_bids";
  return isUnseen(lot) ?? (lot.reserve === "not_met" ? "reserve" : null);
}

/** @param {any} lot */
function isDoneWith(lot) {
  if (lot.terms.format === "dutch" || lot.terms.format === "sealed") return "not_reopened";
  if (lot.successor !== null) return "offered_again";
  return lot.settlement === "paid" || lot.settlement === "defaulted" ? "settled" : null;
}

/** @param {any} lot */
function hasNoStep(lot) {
  if (!RISING.has(lot.terms.format)) return "no_steps";
  if (lot.stage === "joining" || lot.stage === "quotes") return "stage";
  return lot.price === null ? "no_bids" : null;
}

/** @param {any} lot */
function hasNothingToVoid(lot) {
  if (!RISING.has(lot.terms.format)) return "not_voided";
  if (lot.stage === "quotes") return "stage";
  return lot.bids === 0 ? "no_bids" : null;
}

/** @param {any} lot */
function takesNoDeposit(lot) {
  return lot.terms.deposit > 0 ? null : "no_deposit";
}

/** @param {any} lot */
function isSettled(lot) {
  if (lot.settlement === "paid") return "settled";
  return lot.settlement === "defaulted" ? "defaulted" : null;
}

/** @param {any} lot */
function hasDefaulted(lot) {
  return isSettled(lot);
}

/** @param {any} lot */
function hasNotDefaulted(lot) {
  return lot.settlement === "defaulted" ? null : "not_defaulted";
}

/** @param {any} lot */
function isNotFree(lot) {
  if (lot.successor !== null) return "offered_again";
  if (lot.provisional) return "provisional";
  return lot.phase === "sold" && lot.settlement !== "defaulted" ? "sold" : null;
}
