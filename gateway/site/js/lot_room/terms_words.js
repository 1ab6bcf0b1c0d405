/**
 * The terms of a lot in plain words, for somebody who will be bound by them.
 *
 * It refuses to leave a term out because it is unusual: each that binds a bidder has its sentence. Invariant: what a
 * sentence says is what the house does. Amounts are minor units, spans seconds. Source: protocol.md, "Terms".
 */

import { stepAt } from "../house/ladder.js";
import { formatMoney } from "../house/money.js";
import { spanText } from "../house/times.js";
import { locale, say } from "../house/words.js";
import { premiumOn } from "./premium.js";

/** @typedef {{name: string, text: string}} Sentence */

/** @param {any} lot @param {any} sale @returns {Sentence[]} */
export function sentencesOf(lot, sale) {
  const { terms } = lot;
  const money = (/** @type {number} */ amount) => formatMoney(amount, terms.currency);
  const parts = [
    ["how", say(`terms.format.${terms.format}`)],
    ["start", say(terms.format === "dutch" ? "terms.start_dutch" : "terms.start", { amount: money(terms.start_price) })],
    ["format", ofFormat(terms, money)],
    ["steps", steps(lot, money)],
    ["ceiling", isRising(terms) ? say(terms.proxy ? "terms.proxy" : "terms.no_proxy") : ""],
    ["self", isRising(terms) && terms.self_raise ? say("terms.self_raise") : ""],
    ["reserve", reserve(lot, money)],
    ["buy_now", terms.buy_now === null ? "" : say(`terms.buy_now.${terms.buy_now_until}`, { amount: money(terms.buy_now) })],
    ["close", closing(terms)],
    ["stagger", sale?.stagger ? say("terms.stagger", { count: sale.stagger.batch, every: span(sale.stagger.every_s) }) : ""],
    ["admission", admission(terms)],
    ["deposit", terms.deposit > 0 ? say("terms.deposit", { amount: money(terms.deposit), span: span(terms.release_after_s) }) : ""],
    ["priority", terms.priority ? say("terms.priority") : ""],
    ["premium", premium(lot, money)],
    ["confirm", terms.confirm_above === null ? "" : say("terms.confirm_above", { times: terms.confirm_above })],
    ["debt", terms.debt === null ? "" : say("terms.debt", { amount: money(terms.debt) })],
    ["lost", terms.suspend_lost_percent === null ? "" : say("terms.suspend_lost", { percent: terms.suspend_lost_percent })],
    ["appraisal", terms.appraisal === null ? "" : say("terms.appraisal", { amount: money(terms.appraisal) })],
    ["binding", say("terms.binding")],
  ];
  return parts.filter(([, text]) => text !== "").map(([name, text]) => ({ name: String(name), text: String(text) }));
}

/** @param {any} terms @param {(amount: number) => string} money */
function ofFormat(terms, money) {
  const { dutch, sealed, two_phase: phases } = terms;
  if (dutch !== null) return say("terms.dutch", { step: money(dutch.step), every: span(dutch.every_s), floor: money(dutch.floor) });
  if (sealed !== null) return say(`terms.sealed.${sealed.pricing}`);
  if (phases === null) return "";
  const joining = phases.confirm_s === null ? say("terms.two_phase.all") : say("terms.two_phase.join", { span: span(phases.confirm_s) });
  const timed = say("terms.two_phase.timed", { span: span(phases.countdown_s) });
  const quotes = phases.ceiling === null ? "" : say("terms.two_phase.quotes", { amount: money(phases.ceiling), span: span(phases.quote_s) });
  return [joining, timed, quotes].filter(Boolean).join(say("sentence.gap"));
}

/** @param {any} lot @param {(amount: number) => string} money */
function steps(lot, money) {
  const { terms } = lot;
  if (!isRising(terms) || terms.ladder.length === 0) return "";
  const bands = terms.ladder.map((/** @type {[number, number]} */ [from, step], /** @type {number} */ index) =>
    index === 0 ? money(step) : say("terms.band", { from: money(from), step: money(step) }),
  );
  const rule = say(terms.raise === "multiple" ? "terms.raise.multiple" : "terms.raise.at_least");
  const now = money(stepAt(terms.ladder, lot.price ?? terms.start_price));
  const first = bands.length === 1 ? say("terms.step", { step: now }) : say("terms.step_now", { step: now, bands: bands.join(say("terms.bands_gap")) });
  return first + say("sentence.gap") + rule;
}

/** @param {any} lot @param {(amount: number) => string} money */
function reserve(lot, money) {
  const { terms } = lot;
  if (terms.reserve_public && (terms.reserve ?? null) !== null) return say("terms.reserve.public", { amount: money(terms.reserve) });
  if (lot.reserve === "none") return terms.format === "dutch" ? "" : say("terms.reserve.none");
  const hidden = say("terms.reserve.hidden");
  return terms.provisional_s === null ? hidden : hidden + say("sentence.gap") + say("terms.provisional", { span: span(terms.provisional_s) });
}

/** @param {any} terms */
function closing(terms) {
  const { soft_close: soft, first_bid_closes_s: first } = terms;
  if (terms.format === "saleroom") return say("terms.close.saleroom");
  if (terms.format === "two_phase" || terms.format === "dutch") return "";
  const firstBid = first === null ? "" : say("terms.first_bid_closes", { span: span(first) });
  return [firstBid, soft === null ? say("terms.close.hard") : softClose(soft)].filter(Boolean).join(say("sentence.gap"));
}

/** @param {any} soft */
function softClose(soft) {
  const values = { window: span(soft.window_s), extension: span(soft.extension_s) };
  const parts = [say(`terms.soft.${soft.mode}`, values)];
  if (soft.trigger !== "price_or_leader") parts.push(say(`terms.trigger.${soft.trigger}`));
  if (soft.scope === "group") parts.push(say("terms.soft.group"));
  if (soft.max_extensions !== null) parts.push(say("terms.soft.most", { count: soft.max_extensions }));
  if (soft.hard_end_s !== null) parts.push(say("terms.soft.hard_end", { span: span(soft.hard_end_s) }));
  return parts.join(say("sentence.gap"));
}

/** @param {any} terms */
function admission(terms) {
  if (terms.registration === null) return "";
  return say(terms.registration.check ? "terms.registration.check" : "terms.registration");
}

/** @param {any} lot @param {(amount: number) => string} money */
function premium(lot, money) {
  const bands = lot.terms.premium;
  if (bands.length === 0) return say("terms.premium.none");
  const percent = (/** @type {number} */ share) => (share / 100).toLocaleString(locale, { maximumFractionDigits: 2 });
  const named = bands.map((/** @type {[number, number]} */ [from, share], /** @type {number} */ index) =>
    index === 0 ? say("terms.premium.first", { percent: percent(share) }) : say("terms.premium.band", { from: money(from), percent: percent(share) }),
  );
  const rule = say("terms.premium", { bands: named.join(say("terms.bands_gap")) });
  const price = lot.hammer_price ?? lot.price;
  if (price === null) return rule;
  const added = premiumOn(price, bands);
  return rule + say("sentence.gap") + say("terms.premium.now", { price: money(price), premium: money(added), total: money(price + added) });
}

/** @param {any} terms */
function isRising(terms) {
  return terms.format !== "dutch" && terms.format !== "sealed";
}

/** @param {number} seconds */
function span(seconds) {
  return spanText(seconds * 1e6);
}
