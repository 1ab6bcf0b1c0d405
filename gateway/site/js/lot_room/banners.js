/**
 * Banners: what everybody in the room has to know now, beside price and end.
 *
 * It refuses to know who reads them. Invariant: a banner stands as long as what it says is so. Instants are microseconds.
 */

import { byId, element } from "../house/dom.js";
import { dateTime } from "../house/times.js";
import { say } from "../house/words.js";
import { kindWords } from "./event_words.js";

/**
 * @typedef {object} Banner
 * @property {string} id
 * @property {"plain" | "warn" | "bad" | "good"} kind
 * @property {string} text
 * @property {{href: string, text: string}} [link]
 */

/** @param {any} lot @param {{book: import("./event_book.js").EventBook, storeAway: boolean, missed: string}} room */
export function showBanners(lot, room) {
  const banners = bannersOf(lot, room);
  const sign = JSON.stringify(banners);
  const place = byId("banners");
  if (place.dataset.sign === sign) return;
  place.dataset.sign = sign;
  place.replaceChildren(...banners.map(written));
}

/** @param {Banner} banner */
function written({ id, kind, text, link }) {
  const node = element("p", { class: "banner", "data-banner": id, "data-kind": kind }, text);
  if (link !== undefined) node.append(" ", element("a", { href: link.href }, link.text));
  return node;
}

/** @param {any} lot @param {any} room @returns {Banner[]} */
function bannersOf(lot, room) {
  return [
    room.storeAway && banner("store", "bad", say("banner.store")),
    room.missed && banner("missed", "plain", room.missed),
    lot.warned && lot.phase === "open" && banner("warned", "warn", warned(room.book)),
    lot.phase === "paused" && banner("paused", "warn", paused(lot, room.book)),
    lot.phase === "withdrawn" && banner("withdrawn", "warn", withReason(say("banner.withdrawn"), room.book.latest("lot_withdrawn"))),
    lot.provisional && banner("provisional", "warn", say("banner.provisional")),
    lot.notice && banner("notice", "plain", say("banner.notice", { text: lot.notice })),
    lot.stage && lot.phase === "open" && banner("stage", "plain", kindWords("banner.stage", lot.stage)),
    lot.phase === "sold" && lot.settlement && banner("settlement", "plain", kindWords("settlement", lot.settlement)),
    lot.before && { ...banner("before", "plain", say("banner.before")), link: toLot(lot.before) },
    lot.successor && { ...banner("successor", "plain", say("banner.successor")), link: toLot(lot.successor) },
  ].filter(Boolean);
}

/** @param {string} id @param {Banner["kind"]} kind @param {string} text @returns {Banner} */
function banner(id, kind, text) {
  return { id, kind, text };
}

/** @param {string} lot */
function toLot(lot) {
  return { href: `/lots/${encodeURIComponent(lot)}`, text: say("banner.lot", { lot }) };
}

/** @param {import("./event_book.js").EventBook} book */
function warned(book) {
  const text = say("banner.warned");
  const said = book.latest("fair_warning_given")?.reason;
  return said ? say("banner.said", { text, said }) : text;
}

/** @param {any} lot @param {import("./event_book.js").EventBook} book */
function paused(lot, book) {
  const event = book.latest("lot_paused");
  const text = kindWords("banner.paused", event?.cause ?? "clerk");
  const until = lot.resume_by === null ? "" : ` ${say("banner.resume_by", { at: dateTime(lot.resume_by) })}`;
  return withReason(text, event) + until;
}

/** @param {string} text @param {any} event */
function withReason(text, event) {
  return event?.reason ? say("banner.reason", { text, reason: event.reason }) : text;
}
