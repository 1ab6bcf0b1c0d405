/**
 * The lot's book: its public events, as far back as somebody has looked.
 *
 * It refuses to know how they are shown. Invariants: the book has no gap: it holds all events from `first` to the last
 * one heard, each once, whether they came over the wire or were fetched; it does not grow without bound while it is only
 * left open. Instants are microseconds. Source: protocol.md, "Public events", `GET /v1/lots/{lot}/events`.
 */

import { get } from "../house/api.js";

const PAGE = 1_000;
/** So many events are kept of those nobody has asked for. */
const KEPT = 5_000;

export class EventBook {
  /** @param {string} lot */
  constructor(lot) {
    this.lot = lot;
    /** By seq. @type {Map<number, any>} */
    this.events = new Map();
    /** Why a bid does not count any more, by its seq. @type {Map<number, string>} */
    this.voided = new Map();
    /** The seq of the first event in the book; 0: it is empty. */
    this.first = 0;
    this.last = 0;
    this.isLoaded = false;
    this.isTorn = false;
    this.opened = 0;
    this.changes = 0;
  }

  /** Begin with what came before this seq, the latest page of it. @param {number} seq */
  async open(seq) {
    this.opened += 1;
    this.events.clear();
    this.voided.clear();
    [this.first, this.last, this.isLoaded] = [seq + 1, seq, false];
    this.changes += 1;
    await this.#fill();
  }

  /** Fetch what could not be fetched when the book was opened: the store was away, or the line. */
  async mend() {
    if (this.isTorn) await this.#fill();
  }

  async #fill() {
    this.isTorn = false;
    try {
      await this.earlier();
    } catch {
      this.isTorn = true; // it can also be asked for as "earlier"
    }
    this.isLoaded = true;
    this.changes += 1;
  }

  /** Whether there are events before the first one here. */
  get hasEarlier() {
    return this.first > 1;
  }

  /** Fetch the page before. */
  earlier() {
    return this.#fetch(Math.max(0, this.first - 1 - PAGE), this.first - 1);
  }

  /** Take an event that was heard; those that are here already are passed over. @param {any} event */
  take(event) {
    if (event.seq !== this.last + 1) return;
    this.last = event.seq;
    this.#enter(event);
    if (this.events.size <= KEPT) return;
    this.events.delete(this.first);
    this.first += 1;
  }

  /** The events from the oldest on. @returns {any[]} */
  inOrder() {
    const found = [];
    for (let seq = this.first; seq <= this.last; seq += 1) {
      const event = this.events.get(seq);
      if (event !== undefined) found.push(event);
    }
    return found;
  }

  /** The latest event of these kinds. @param {...string} evs @returns {any} */
  latest(...evs) {
    for (let seq = this.last; seq >= this.first; seq -= 1) {
      if (evs.includes(this.events.get(seq)?.ev)) return this.events.get(seq);
    }
    return null;
  }

  /** How many bids of a paddle stand, and how many were voided. @param {number | null} paddle */
  bidsOf(paddle) {
    const own = [...this.events.values()].filter((event) => event.ev === "bid_placed" && event.paddle === paddle);
    const voided = own.filter(({ seq }) => this.voided.has(seq)).length;
    return { standing: own.length - voided, voided };
  }

  /** @param {number} after @param {number} upTo */
  async #fetch(after, upTo) {
    if (upTo <= after) return;
    const opened = this.opened;
    const path = `/v1/lots/${encodeURIComponent(this.lot)}/events`;
    const { events } = await get(`${path}?${new URLSearchParams({ after: String(after), limit: String(upTo - after) })}`);
    if (opened !== this.opened) return; // meanwhile it was begun anew
    for (const event of events) this.#enter(event);
    this.first = Math.min(this.first, events[0]?.seq ?? this.first);
  }

  /** @param {any} event */
  #enter(event) {
    this.events.set(event.seq, event);
    if (event.ev === "bid_voided") this.voided.set(event.voided, event.reason ?? "");
    this.changes += 1;
  }
}
