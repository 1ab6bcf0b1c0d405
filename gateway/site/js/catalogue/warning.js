/**
 * The warning to a bidder that he no longer leads, wherever on the page he is.
 *
 * It refuses to know who leads; it is told. Invariant: there is one such note at a time, however many lots it is about,
 * so that it never hides what it warns of.
 */

import { toast } from "../house/page.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";

export class Warning {
  constructor() {
    /** @type {HTMLElement | null} */
    this.note = null;
    /** @type {Set<string>} */
    this.lots = new Set();
  }

  /** @param {{lot: string, title: string}} lot */
  outbid(lot) {
    if (!this.note?.isConnected) this.lots.clear();
    this.lots.add(lot.lot);
    this.note?.remove();
    const count = this.lots.size;
    const title = titleHalves(lot.title).first.text;
    const text = count === 1 ? say("catalogue.outbid", { title }) : say("catalogue.outbid_many", { count, title });
    this.note = toast(text, { kind: "bad", urgent: false });
  }
}
