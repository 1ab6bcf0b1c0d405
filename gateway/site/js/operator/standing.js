/**
 * How a lot stands, in words: one sentence for dialogs, one for the tape, one for each thing that may be seen of it.
 *
 * It refuses to know where the words are shown. Invariant: what is said is what the server has said. Amounts are minor
 * units, instants microseconds. Source: protocol.md, "Public events".
 */

import { formatMoney } from "../house/money.js";
import { clockTime, spanText } from "../house/times.js";
import { knows, say } from "../house/words.js";

/** How a lot stands, in a line. @param {any} lot */
export function standingText(lot) {
  const { currency } = lot.terms;
  const parts = [say(`phase.${lot.phase}`)];
  parts.push(lot.price === null ? say("standing.no_bid") : say("standing.price", { price: formatMoney(lot.price, currency) }));
  if (lot.leader !== null) parts.push(say("standing.leader", { paddle: String(lot.leader) }));
  if (lot.ask !== null) parts.push(say("standing.ask", { ask: formatMoney(lot.ask, currency) }));
  if (lot.reserve !== "none") parts.push(say(`reserve.${lot.reserve}`));
  return parts.join(" · ");
}

/** What an order will do to a lot, in a sentence. @param {string} order @param {any} lot */
export function willDo(order, lot) {
  return say(`does.${order}`, {
    price: formatMoney(lot.price, lot.terms.currency),
    paddle: lot.leader === null ? "–" : String(lot.leader),
    lot: lot.lot,
  });
}

/** A public event in words. @param {any} event @param {any} lot */
export function eventText(event, lot) {
  const key = `tape.${keyOf(event)}`;
  const said = say(knows(key) ? key : "tape.other", valuesOf(event, lot));
  const reason = event.reason && event.ev !== "lot_passed" ? ` ${say("tape.reason", { reason: event.reason })}` : "";
  return said + reason;
}

/** @param {any} event */
function keyOf(event) {
  switch (event.ev) {
    case "bid_placed":
      return event.leader === event.paddle ? `bid.${event.kind}` : "bid.answered";
    case "lot_extended":
      return `extended.${event.cause}`;
    case "lot_paused":
      return `paused.${event.cause}`;
    case "lot_passed":
      return `passed.${event.reason}`;
    default:
      return event.ev;
  }
}

/** @param {any} event @param {any} lot */
function valuesOf(event, lot) {
  const currency = lot.terms?.currency ?? "XXX";
  const money = (/** @type {number | null | undefined} */ minor) => formatMoney(minor ?? null, currency);
  return {
    event: event.ev,
    paddle: String(event.paddle ?? "–"),
    leader: String(event.leader ?? "–"),
    offered: money(event.offered),
    price: money(event.hammer_price ?? event.price),
    ask: money(event.ask),
    step: money(event.step),
    at: event.closes_at ? clockTime(event.closes_at) : "–",
    seq: String(event.voided ?? ""),
    text: event.text ?? "",
    stage: event.stage ? say(`stage_name.${event.stage}`) : "",
    successor: event.successor ?? "",
  };
}

/** A matter that needs the operator's eye. @param {import("./attention.js").Matter} matter */
export function matterText({ key, values }) {
  return say(`matter.${key}`, values === undefined ? {} : { left: spanText(values.leftUs) });
}
