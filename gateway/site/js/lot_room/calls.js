/**
 * The calls: what a clerk would call out in a room, for those who listen to the page instead of looking at it.
 *
 * It refuses to say what is said elsewhere: how the viewer stands (`standing.js`), what becomes of his offers. Invariant:
 * each mark of time is called once for an end; prices wait their turn and only the latest is said. Microseconds.
 */

import { announce } from "../house/announcer.js";
import { formatMoney } from "../house/money.js";
import { spanText } from "../house/times.js";
import { say } from "../house/words.js";
import { kindWords, who } from "./event_words.js";

const MARKS_US = [3600e6, 600e6, 300e6, 60e6, 30e6, 10e6];

export class Calls {
  constructor() {
    /** @type {number | null} */
    this.end = null;
    this.called = Number.POSITIVE_INFINITY;
  }

  /** Call what a live event says. @param {any} event @param {any} lot */
  event(event, lot) {
    const viewer = { terms: lot.terms, paddle: lot.you?.paddle ?? null };
    if (event.ev === "bid_placed" && event.price !== undefined && event.leader !== viewer.paddle) {
      announce(say("call.price", { price: formatMoney(event.price, lot.terms.currency), who: who(event.leader ?? event.paddle, viewer) }));
    }
    if (event.ev === "fair_warning_given") announce(say("banner.warned"), { urgent: true });
    if (event.ev === "notice_posted") announce(say("banner.notice", { text: event.text }));
    if (event.ev === "lot_paused") announce(kindWords("banner.paused", event.cause ?? "clerk"), { urgent: true });
    if (event.ev === "lot_resumed") announce(say("call.resumed"), { urgent: true });
    if (event.ev === "lot_passed" || event.ev === "lot_withdrawn") announce(say(`phase.${lot.phase}`), { urgent: true });
    if (event.ev === "lot_sold") announce(say("call.sold", { price: formatMoney(event.hammer_price, lot.terms.currency) }));
  }

  /** Call the time. @param {any} lot @param {import("../house/server_clock.js").ServerClock} clock */
  time(lot, clock) {
    if (lot.phase !== "open" || lot.closes_at === null || !clock.isSet) return;
    const left = lot.closes_at - clock.nowUs();
    if (this.end !== lot.closes_at) [this.end, this.called] = [lot.closes_at, left];
    const mark = MARKS_US.find((one) => left <= one && this.called > one);
    this.called = Math.min(this.called, left);
    if (mark !== undefined && left > 0) announce(say("call.left", { left: spanText(mark) }));
  }
}
