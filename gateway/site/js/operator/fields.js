/**
 * What an order asks for: the fields of its dialog, and what is read from them.
 *
 * It refuses to know which order asks, and to judge what was typed beyond whether it can be read at all. Invariant: what
 * is read is what the protocol takes: amounts in minor units, instants in microseconds, spans in seconds. Source:
 * running-sales.md, "Orders"; `directions.py`.
 */

import { element } from "../house/dom.js";
import { stepAt } from "../house/ladder.js";
import { parseMoney, plainMoney } from "../house/money.js";
import { viewerZone } from "../house/times.js";
import { say } from "../house/words.js";

const ID = /^[A-Za-z0-9._-]{1,64}$/;
const GIVER = /^@?[A-Za-z0-9._-]{1,64}$/;
const SECOND_US = 1e6;
const MORE_S = 60;
const HOUR_US = 3_600e6;

/** @typedef {{node: HTMLElement, read: () => Record<string, any>}} Field */
/** @typedef {{lot: any, given: Record<string, any>, nowUs: number}} Asked */

/** Something that was typed cannot be read. */
export class Unreadable extends Error {
  /** @param {HTMLElement} input @param {string} why */
  constructor(input, why) {
    super(why);
    this.input = input;
  }
}

/** The field of this name for an order on a lot. @param {string} name @param {Asked} asked @returns {Field} */
export function field(name, asked) {
  return FIELDS[name](asked);
}

/** @type {Record<string, (asked: Asked) => Field>} */
const FIELDS = {
  end: (asked) => ending(asked, { isNeeded: true }),
  new_end: (asked) => (asked.lot.terms.format === "saleroom" ? nothing() : ending(asked, { isNeeded: true })),
  text: () => text("text"),
  amount: (asked) => money("amount", "amount", asked, asked.lot.ask),
  hand: () => word("hand", /^[A-Za-z0-9._-]{0,64}$/, ""),
  step: (asked) => money("step", "step", asked, stepAt(asked.lot.terms.ladder ?? [], asked.lot.price ?? 0)),
  seq: ({ given }) => whole("seq", given.seq),
  bidder: ({ given }) => word("bidder", ID, given.bidder ?? ""),
  rank: () => whole("rank", undefined, { isNeeded: false }),
  deposit_paid: (asked) => money("deposit_paid", "amount", asked, asked.lot.terms.deposit),
  payment: () => word("payment", ID, ""),
  costs: (asked) => money("costs", "costs", asked, 0),
  shortfall: (asked) => money("shortfall", "shortfall", asked, 0),
  successor: ({ lot }) => word("successor", ID, `${lot.lot}-2`.slice(0, 64)),
  opening: ({ nowUs }) => instant("opening", "opens_at", nowUs + HOUR_US),
  closing: ({ lot, nowUs }) => (lot.terms.format === "saleroom" ? nothing() : instant("closing", "closes_at", nowUs + 25 * HOUR_US)),
  start_price: (asked) => money("start_price", "start_price", asked, asked.lot.terms.start_price),
  new_deposit: (asked) => money("new_deposit", "deposit", asked, asked.lot.terms.deposit),
  new_reserve: (asked) => money("new_reserve", "reserve", asked, null, { isNeeded: false }),
  first_bid_closes_s: () => whole("first_bid_closes_s", 86_400),
  of_by: ({ given }) => word("of_by", GIVER, given.of_by ?? ""),
  of_ref: ({ given }) => word("of_ref", ID, given.of_ref ?? ""),
};

/** @returns {Field} */
function nothing() {
  return { node: element("span", { hidden: true }), read: () => ({}) };
}

/** A text field. @param {string} name @param {string} value @param {Record<string, any>} [more] */
function input(name, value, more = {}) {
  return element("input", { id: `field-${name}`, name, value, autocomplete: "off", spellcheck: "false", ...more });
}

/** @param {string} name @param {Node} control @param {Record<string, any>} [values] */
function labelled(name, control, values) {
  return element("label", {}, say(`field.${name}`, values), control);
}

/** @param {string} name @param {string} to @param {Asked} asked @param {number | null} proposed @returns {Field} */
function money(name, to, { lot }, proposed, { isNeeded = true } = {}) {
  const { currency } = lot.terms;
  const typed = input(name, proposed === null ? "" : plainMoney(proposed, currency), { inputmode: "decimal" });
  const read = () => {
    if (typed.value.trim() === "" && !isNeeded) return {};
    const amount = parseMoney(typed.value, currency);
    if (amount === null) throw new Unreadable(typed, say("unreadable.money", { currency }));
    return { [to]: amount };
  };
  return { node: labelled(name, typed, { currency }), read };
}

/** @param {string} name @param {RegExp} pattern @param {string} value @returns {Field} */
function word(name, pattern, value) {
  const typed = input(name, value);
  const read = () => {
    const said = typed.value.trim();
    if (!pattern.test(said)) throw new Unreadable(typed, say("unreadable.word"));
    return said === "" ? {} : { [name]: said };
  };
  return { node: labelled(name, typed), read };
}

/** @param {string} name @param {number | undefined} value @returns {Field} */
function whole(name, value, { isNeeded = true } = {}) {
  const typed = input(name, value === undefined ? "" : String(value), { inputmode: "numeric" });
  const read = () => {
    const said = typed.value.trim();
    if (said === "" && !isNeeded) return {};
    if (!/^[1-9]\d{0,15}$/.test(said)) throw new Unreadable(typed, say("unreadable.whole"));
    return { [name]: Number(said) };
  };
  return { node: labelled(name, typed), read };
}

/** @param {string} name @returns {Field} */
function text(name) {
  const typed = element("textarea", { id: `field-${name}`, name, rows: 3, maxlength: 2_000 });
  const read = () => {
    const said = typed.value.trim();
    if (said === "") throw new Unreadable(typed, say("unreadable.text"));
    return { [name]: said };
  };
  return { node: labelled(name, typed), read };
}

/** @param {string} name @param {string} to @param {number} proposed @returns {Field} */
function instant(name, to, proposed) {
  const typed = timeInput(name, proposed);
  return { node: labelled(name, typed, { zone: viewerZone }), read: () => ({ [to]: instantOf(typed) }) };
}

/** An end, by so many seconds more or as a time; whichever was touched last counts. @param {Asked} asked @returns {Field} */
function ending({ lot, nowUs }) {
  const seconds = input("seconds", String(MORE_S), { inputmode: "numeric" });
  const time = timeInput("until", (lot.phase === "open" ? lot.closes_at ?? nowUs : nowUs) + MORE_S * SECOND_US);
  const bySeconds = radio("by-seconds", true);
  const byTime = radio("by-time", false);
  seconds.addEventListener("input", () => (bySeconds.checked = true));
  time.addEventListener("input", () => (byTime.checked = true));
  const node = element(
    "fieldset",
    { class: "ending" },
    element("legend", {}, say("field.end")),
    element("div", { class: "choice" }, bySeconds, labelled("seconds", seconds)),
    element("div", { class: "choice" }, byTime, labelled("until", time, { zone: viewerZone })),
  );
  return { node, read: () => (byTime.checked ? { closes_at: instantOf(time) } : { seconds: secondsOf(seconds) }) };
}

/** @param {string} id @param {boolean} checked */
function radio(id, checked) {
  return element("input", { type: "radio", id: `field-${id}`, name: "how", checked, "aria-label": say(`field.${id}`) });
}

/** @param {HTMLInputElement} typed */
function secondsOf(typed) {
  const seconds = Number(typed.value.trim().replace(",", "."));
  if (!(seconds > 0) || !(seconds < 31_622_400)) throw new Unreadable(typed, say("unreadable.seconds"));
  return seconds;
}

// Times of the viewer's day ---------------------------------------------------------------------------------------------

/** @param {string} name @param {number} us */
function timeInput(name, us) {
  return input(name, localTime(us), { type: "datetime-local", step: 1 });
}

/** @param {HTMLInputElement} typed */
function instantOf(typed) {
  const ms = new Date(typed.value).getTime();
  if (Number.isNaN(ms)) throw new Unreadable(typed, say("unreadable.time"));
  return ms * 1_000;
}

/** An instant as a field for local times takes it. @param {number} us */
function localTime(us) {
  const at = new Date(Math.ceil(us / SECOND_US) * 1_000);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()];
  return `${day.map(twoDigits).join("-")}T${time.map(twoDigits).join(":")}`;
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}
