/**
 * The floor: all lots that this operator has before him, next to close first, and how each stands.
 *
 * It refuses to know how they are shown. Invariants: which lots there are and in what order they close is what the
 * operations feed says; each of them is watched in full, so that no event of theirs is missed; a lot that has ended stays
 * for a while. Instants are microseconds, waits milliseconds. Source: protocol.md, "Messages from the server".
 */

import { LotState } from "../house/lot_state.js";

const ENDED_KEPT = 40;
const FRESH_MS = 6_000;

/** One lot on the floor. */
export class Entry {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.lot = new LotState(id);
    /** Its line of the operations feed. @type {any} */
    this.line = null;
    this.storeAway = false;
    /** When it ended, as well as it is known: of some there is only the end with which they were listed. */
    this.endedAtUs = 0;
    /** The last extension: what caused it, and whether it was only just now. @type {{cause: string, isFresh: boolean} | null} */
    this.extended = null;
    /** @type {(() => void) | null} */
    this.unwatch = null;
  }

  get phase() {
    return this.lot.phase ?? this.line?.phase ?? null;
  }
}

export class Floor {
  /** @param {import("../house/wire.js").Wire} wire @param {import("../house/session.js").Session} session */
  constructor(wire, session) {
    this.wire = wire;
    this.org = session.org;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** Lots that have not ended, next to close first. @type {string[]} */
    this.next = [];
    /** Lots that have ended, the latest first. @type {string[]} */
    this.ended = [];
    /** A lot that is looked at is kept, whatever else it is. @type {string | null} */
    this.opened = null;
    this.hasHeard = false;
    /** @type {Record<"change" | "event" | "operations", Set<(what: any, event?: any) => void>>} */
    this.listeners = { change: new Set(), event: new Set(), operations: new Set() };
  }

  /**
   * Hear of the floor: `change`, of an entry that may look different now, or null for all of them and their order;
   * `event`, a public event of a lot; `operations`, once a second.
   *
   * @param {"change" | "event" | "operations"} what
   * @param {(what: any, event?: any) => void} hear
   */
  on(what, hear) {
    this.listeners[what].add(hear);
  }

  /** Begin to watch. */
  watch() {
    this.wire.watchOperations((message) => message.ev === "operations" && this.#operations(message));
  }

  /** The entry of a lot that somebody asks for, watched from now on. @param {string} id */
  bring(id) {
    const entry = this.#entry(id);
    this.#follow(entry);
    return entry;
  }

  /** Take up a lot that has ended before this page was opened. @param {any} snapshot */
  takeUp(snapshot) {
    const entry = this.bring(snapshot.lot);
    if (!entry.lot.isKnown) entry.lot.take(snapshot);
    entry.endedAtUs ||= Math.min(snapshot.closes_at ?? snapshot.scheduled_close_at ?? snapshot.now, snapshot.now);
    this.#place(entry);
  }

  /** Look at this lot, and no more at the one before. @param {string | null} id */
  look(id) {
    const before = this.opened;
    this.opened = id;
    if (before !== null && before !== id && !this.next.includes(before) && !this.ended.includes(before)) this.#forget(before);
  }

  // What the house says ----------------------------------------------------------------------------------------------

  /** @param {any} message */
  #operations(message) {
    this.hasHeard = true;
    const before = this.next;
    for (const line of message.lots) this.#line(line);
    const listed = message.lots.map((/** @type {any} */ line) => line.lot);
    this.next = listed.filter((/** @type {string} */ id) => !this.#entry(id).lot.isOver);
    const kept = new Set(listed);
    for (const id of before) if (!kept.has(id)) this.#drop(id);
    this.#tell("change", null);
    this.#tell("operations", message);
  }

  /** @param {any} line */
  #line(line) {
    const entry = this.bring(line.lot);
    entry.line = line;
  }

  /** Let a lot go that is not among the next any more, unless it has ended or is looked at. @param {string} id */
  #drop(id) {
    const entry = this.#entry(id);
    entry.line = null;
    if (entry.lot.isOver || id === this.opened) this.#place(entry);
    else this.#forget(id);
  }

  /** @param {Entry} entry @param {any} message */
  #heard(entry, message) {
    if (message.ev === "status") entry.storeAway = message.store === "away";
    const isNew = message.head !== undefined && message.ev !== "lot" && message.ev !== "heartbeat" && message.seq > entry.lot.seq;
    const wasOver = entry.lot.isOver;
    if (!entry.lot.take(message) && message.ev !== "status") return;
    if (message.ev === "lot_extended") this.#extended(entry, message.cause);
    if (entry.lot.isOver && !wasOver) entry.endedAtUs = message.at ?? 0;
    if (entry.lot.isOver !== wasOver) this.#place(entry);
    this.#tell("change", entry);
    if (isNew) this.#tell("event", entry, message);
  }

  /** @param {Entry} entry @param {string} cause */
  #extended(entry, cause) {
    const extended = { cause, isFresh: true };
    entry.extended = extended;
    setTimeout(() => {
      extended.isFresh = false;
      if (entry.extended === extended) this.#tell("change", entry);
    }, FRESH_MS);
  }

  // Which lots there are ---------------------------------------------------------------------------------------------

  /** @param {string} id */
  #entry(id) {
    const known = this.entries.get(id);
    if (known !== undefined) return known;
    const entry = new Entry(id);
    this.entries.set(id, entry);
    return entry;
  }

  /** @param {Entry} entry */
  #follow(entry) {
    entry.unwatch ??= this.wire.watchLot(entry.id, { feed: "full" }, (message) => this.#heard(entry, message));
  }

  /** Put a lot among those that have ended, or take it from them. @param {Entry} entry */
  #place(entry) {
    this.ended = this.ended.filter((id) => id !== entry.id);
    if (entry.lot.isOver) {
      this.next = this.next.filter((id) => id !== entry.id);
      this.ended.push(entry.id);
      this.ended.sort((one, other) => this.#endedAt(other) - this.#endedAt(one));
    }
    for (const id of this.ended.splice(ENDED_KEPT)) if (id !== this.opened) this.#forget(id);
    this.#tell("change", null);
  }

  /** @param {string} id */
  #endedAt(id) {
    return this.#entry(id).endedAtUs;
  }

  /** @param {string} id */
  #forget(id) {
    this.entries.get(id)?.unwatch?.();
    this.entries.delete(id);
  }

  /** @param {"change" | "event" | "operations"} what @param {any} about @param {any} [event] */
  #tell(what, about, event) {
    for (const hear of this.listeners[what]) hear(about, event);
  }
}
