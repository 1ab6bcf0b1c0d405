/**
 * The figures that are read across a room: the price, what is asked, and how long it still goes on.
 *
 * It refuses to work anything out: price, ask and end are the server's. Invariants: the error of the clock stands beside
 * the countdown; an end is shown in the viewer's zone, and in the sale's where that is another. Amounts are minor
 * units, instants microseconds.
 */

import { byId, element, setAttribute, setText } from "../house/dom.js";
import { formatMoney, moneyParts } from "../house/money.js";
import { clockTime, countdownText, dateTime, viewerZone } from "../house/times.js";
import { say } from "../house/words.js";
import { kindWords } from "./event_words.js";
import { isUnseen } from "./offers.js";

const SMALL_PARTS = new Set(["currency", "decimal", "fraction", "literal"]);

/** The price, or what is asked while there is none. @param {any} lot */
export function showPrice(lot) {
  const { amount, key } = priceOf(lot);
  setText(byId("price-label"), say(key));
  showAmount(byId("price"), amount, lot.terms.currency);
  setText(byId("price-note"), noteOf(lot).join(" · "));
}

/** What the large figure says of the lot. @param {any} lot @returns {{amount: number | null, key: string}} */
export function priceOf(lot) {
  if (lot.phase === "sold") return { amount: lot.hammer_price, key: "price.sold" };
  if (lot.terms.format === "dutch" && !lot.isOver) return { amount: lot.ask ?? lot.price ?? lot.terms.start_price, key: "price.asked" };
  if (lot.price !== null) return { amount: lot.price, key: lot.isOver ? "price.last" : "price.now" };
  return { amount: lot.terms.start_price, key: "price.start" };
}

/** @param {any} lot */
function noteOf(lot) {
  const { currency, format } = lot.terms;
  const isAsked = lot.ask !== null && lot.price !== null && !lot.isOver && format !== "dutch";
  const bids = isUnseen(lot) && format === "sealed" && !lot.isOver ? say("bids.unseen") : say("bids", { count: lot.bids });
  return [
    isAsked ? say("price.ask", { ask: formatMoney(lot.ask, currency) }) : "",
    lot.leader !== null && !lot.isOver && !lot.you?.leading ? say("price.leader", { paddle: String(lot.leader) }) : "",
    bids,
    say(`reserve.${lot.reserve}`),
    lot.watchers > 0 ? say("watching", { count: lot.watchers }) : "",
  ].filter(Boolean);
}

/** An amount with its digits large and the rest small. @param {HTMLElement} node @param {number | null} amount @param {string} currency */
export function showAmount(node, amount, currency) {
  const text = formatMoney(amount, currency);
  if (node.textContent === text) return;
  const parts = amount === null ? [{ type: "literal", value: text }] : moneyParts(amount, currency);
  node.replaceChildren(...parts.map(({ type, value }) => element("span", { class: SMALL_PARTS.has(type) ? `small-part ${type}` : null }, value)));
  node.style.setProperty("--chars", String(Math.max(6, text.length - 2)));
}

/** What the countdown counts, and how exact it is. @param {any} lot @param {import("../house/server_clock.js").ServerClock} clock */
export function showEnding(lot, clock) {
  setText(byId("countdown-label"), say(endingKey(lot)));
  setAttribute(byId("countdown"), "data-phase", lot.phase);
  setAttribute(byId("countdown"), "data-closes-at", lot.closes_at);
  setText(byId("clock-error"), errorText(lot, clock));
}

/** @param {any} lot */
function endingKey(lot) {
  if (lot.phase === "upcoming") return "ending.upcoming";
  if (lot.phase !== "open") return "ending.state";
  if (lot.stage !== null) return `ending.${lot.stage}`;
  return lot.closes_at === null ? "ending.state" : "ending.open";
}

/** @param {any} lot @param {import("../house/server_clock.js").ServerClock} clock */
function errorText(lot, clock) {
  if (lot.phase !== "open" || !clock.isSet) return "";
  const falls = lot.lowers_at === null ? "" : say("ending.lowers", { left: countdownText(Math.max(1, lot.lowers_at - clock.nowUs())) });
  if (lot.closes_at === null && falls === "") return "";
  const error = say("ending.error", { error: (Math.ceil(clock.errorUs() / 1e4) / 100).toFixed(2) });
  return [falls, error].filter(Boolean).join(" · ");
}

/** The ends in words: now, as listed, and how often it moved. @param {any} lot @param {string} zone @param {{extended: any, ended: any}} latest */
export function showTimes(lot, zone, latest) {
  const rows = timesOf(lot, zone, latest);
  const sign = JSON.stringify(rows);
  const list = byId("times");
  if (list.dataset.sign === sign) return;
  list.dataset.sign = sign;
  list.replaceChildren(...rows.map(([id, name, text]) => element("div", {}, element("dt", {}, name), element("dd", { id }, text))));
}

/** @param {any} lot @param {string} zone @param {{extended: any, ended: any}} events @returns {[string, string, string][]} */
function timesOf(lot, zone, { extended, ended }) {
  /** @type {[string, string, string][]} */
  const rows = [];
  if (lot.phase === "upcoming") rows.push(["opens-at", say("times.opens"), zoned(lot.terms.opens_at, zone)]);
  const end = lot.isOver ? endOf(lot, ended) : lot.closes_at;
  if (end !== null) rows.push(["closes-at", say(lot.isOver ? "times.ended" : "times.ends"), zoned(end, zone)]);
  const moved = lot.scheduled_close_at !== null && lot.scheduled_close_at !== lot.closes_at;
  if (moved) rows.push(["scheduled-at", say("times.scheduled"), zoned(lot.scheduled_close_at, zone)]);
  if (lot.extensions > 0) rows.push(["extensions", say("times.extended"), extendedText(lot, extended)]);
  return rows;
}

/** When it ended: a hammer falls before the end that was set, and the seller's consent comes after it. @param {any} lot @param {any} ended */
function endOf(lot, ended) {
  if (ended === null) return lot.closes_at;
  return Math.min(ended.at, lot.closes_at ?? ended.at);
}

/** @param {any} lot @param {any} extended */
function extendedText(lot, extended) {
  const times = say("times.times", { count: lot.extensions });
  return extended === null ? times : say("times.last", { times, cause: kindWords("cause", extended.cause), at: clockTime(extended.at) });
}

/** @param {number} us @param {string} zone */
function zoned(us, zone) {
  const mine = dateTime(us);
  if (zone === "" || zone === viewerZone) return mine;
  return say("times.zoned", { mine, theirs: dateTime(us, zone), zone });
}

/** Show that the end has just moved. @param {boolean} fresh */
export function markExtended(fresh) {
  setAttribute(byId("figures"), "data-extended", fresh);
}
