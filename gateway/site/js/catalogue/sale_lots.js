/**
 * The lots of one sale as the server has told them, and which of them have changed since somebody last looked.
 *
 * It refuses to know how they are shown. Invariants: a message is folded in as it comes and costs nothing but that;
 * however often a lot changes between two looks, it has changed once. Source: protocol.md, the feed of a sale.
 */

import { LotState } from "../house/lot_state.js";

export class SaleLots {
  constructor() {
    /** @type {Map<string, LotState>} */
    this.all = new Map();
    /** @type {Set<LotState>} */
    this.changed = new Set();
    /** Whether all parts of the sale have come. */
    this.isWhole = false;
  }

  /** Take a message of the sale's feed. @param {any} message */
  take(message) {
    switch (message.ev) {
      case "sale":
        for (const snapshot of message.lots) this.#fold(snapshot);
        this.isWhole = !message.more;
        break;
      case "states":
        for (const state of message.states) this.#fold(state);
        break;
      case "watchers":
        for (const [lot, watchers] of Object.entries(message.lots)) this.#fold({ ev: "watchers", lot, watchers });
        break;
      case "lot_listed":
      case "you":
        this.#fold(message);
    }
  }

  /** Return what has changed since the last look. */
  takeChanged() {
    const changed = [...this.changed].filter((lot) => lot.isKnown);
    this.changed.clear();
    return changed;
  }

  /** How many lots are in each phase. @returns {Record<string, number>} */
  counts() {
    /** @type {Record<string, number>} */
    const counts = {};
    for (const { phase } of this.all.values()) counts[phase ?? ""] = (counts[phase ?? ""] ?? 0) + 1;
    return counts;
  }

  /** @param {any} message */
  #fold(message) {
    let lot = this.all.get(message.lot);
    if (lot === undefined) {
      if (message.ev !== "lot" && message.ev !== "lot_listed") return; // of another sale, or not told yet
      lot = new LotState(message.lot);
      this.all.set(message.lot, lot);
    }
    if (lot.take(message)) this.changed.add(lot);
  }
}
