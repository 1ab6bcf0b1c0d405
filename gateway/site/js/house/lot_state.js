/**
 * One lot as the server has told it: a snapshot, and whatever came after it written over it.
 *
 * It refuses to know rules: price, ask, leader and end are what the server says, and nothing here is worked out.
 * Invariant: a snapshot with the events after it is the later snapshot. Amounts are minor units, instants microseconds.
 * Source: protocol.md, "Public events".
 */

const OVER = new Set(["sold", "passed", "withdrawn"]);
const OF_THE_EVENT = new Set(["ev", "at", "paddle", "kind", "offered", "cause", "reason", "text", "voided", "now", "sale"]);
const LISTING = new Set(["lot", "lot_listed"]);

export class LotState {
  /** @param {string} lot */
  constructor(lot) {
    this.lot = lot;
    this.seq = 0;
    this.head = "";
    /** @type {string | null} */
    this.phase = null;
    /** @type {any} */
    this.terms = null;
    /** @type {{paddle: number | null, admitted: boolean, leading: boolean, max: number | null} | null} */
    this.you = null;
    this.watchers = 0;
  }

  /** Whether the server has told anything of it yet. */
  get isKnown() {
    return this.terms !== null;
  }

  /** Whether it has ended, as the server says. */
  get isOver() {
    return this.phase !== null && OVER.has(this.phase);
  }

  /** Whether anything may be bid just now. */
  get isOpen() {
    return this.phase === "open";
  }

  /**
   * Take a message about this lot; what changes nothing of its state is passed over.
   *
   * @param {any} message
   * @returns {boolean} whether anything may look different now
   */
  take(message) {
    switch (message.ev) {
      case "you":
        this.you = message;
        return true;
      case "watchers":
        this.watchers = message.watchers;
        return true;
      case "lot":
      case "state":
        return this.#write(message);
      default:
        return message.head !== undefined && message.seq === this.seq + 1 && this.#write(message);
    }
  }

  /** @param {any} message */
  #write(message) {
    const withListing = LISTING.has(message.ev);
    for (const [name, value] of Object.entries(message)) {
      if (name === "sale" ? withListing : !OF_THE_EVENT.has(name)) /** @type {any} */ (this)[name] = value;
    }
    return true;
  }
}
