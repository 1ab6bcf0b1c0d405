/**
 * What the hall looks at: the lot whose turn it is, those that follow, and those that have just ended.
 *
 * It refuses to know how they are shown. Invariants: the turn is the next to close by the server's word; a lot that has
 * ended before our eyes keeps the turn for a moment, so that everyone reads how it came out. Instants are microseconds,
 * waits milliseconds. Source: protocol.md, the feed of a sale.
 */

import { LotState } from "../house/lot_state.js";

const MOMENT_MS = 8_000;
const RANKS = { open: 0, paused: 1, upcoming: 2 };

export class Hall {
  /** @param {string | null} pinned the lot that always has the turn */
  constructor(pinned) {
    this.pinned = pinned;
    /** @type {Map<string, LotState>} */
    this.lots = new Map();
    /** Lots that ended before our eyes, the latest first. @type {{lot: LotState, atMs: number}[]} */
    this.ended = [];
    /** @type {LotState | null} */
    this.turn = null;
  }

  /** Take a message of a sale's feed. @param {any} message */
  take(message) {
    if (message.ev === "sale") for (const snapshot of message.lots) this.#fold(snapshot);
    else if (message.ev === "states") for (const state of message.states) this.#fold(state);
    else if (message.ev === "lot_listed") this.#fold(message);
  }

  /** @param {any} message */
  #fold(message) {
    let lot = this.lots.get(message.lot);
    if (lot === undefined) {
      lot = new LotState(message.lot);
      this.lots.set(message.lot, lot);
    }
    const wasUnderway = lot.isKnown && !lot.isOver;
    lot.take(message);
    if (wasUnderway && lot.isOver) this.ended.unshift({ lot, atMs: performance.now() });
    if (!lot.isOver) this.ended = this.ended.filter((one) => one.lot !== lot);
  }

  /** How many milliseconds the moment of the lot that has the turn lasts yet; 0 where there is none. */
  get momentMs() {
    const moment = this.ended.find(({ lot }) => lot === this.turn);
    return moment === undefined ? 0 : Math.max(0, moment.atMs + MOMENT_MS - performance.now());
  }

  /**
   * Return whose turn it is, and which lots follow.
   *
   * @param {number} count
   */
  look(count) {
    const line = [...this.lots.values()].filter((lot) => lot.isKnown && !lot.isOver).sort(compared);
    this.turn = this.#turn(line);
    return { turn: this.turn, following: line.filter((lot) => lot !== this.turn).slice(0, count) };
  }

  /** @param {LotState[]} line */
  #turn(line) {
    if (this.pinned !== null) return this.#known(this.pinned);
    return this.momentMs > 0 ? this.turn : line[0] ?? this.ended[0]?.lot ?? null;
  }

  /** @param {string} id */
  #known(id) {
    const lot = this.lots.get(id);
    return lot?.isKnown ? lot : null;
  }
}

/** Open lots first, next to close; one without an end is before the clerk. @param {any} one @param {any} other */
function compared(one, other) {
  return rank(one) - rank(other) || when(one) - when(other) || (one.lot < other.lot ? -1 : 1);
}

/** @param {any} lot */
function rank(lot) {
  return RANKS[/** @type {keyof typeof RANKS} */ (lot.phase)] ?? 3;
}

/** @param {any} lot */
function when(lot) {
  if (lot.phase === "upcoming") return lot.terms.opens_at;
  return lot.closes_at ?? (lot.phase === "paused" ? lot.scheduled_close_at : 0) ?? 0;
}
