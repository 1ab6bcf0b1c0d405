/**
 * How the viewer stands: whether he leads, is outbid, has won; in the room, in the tab, and to a screen reader.
 *
 * It refuses to guess: that he leads is what the server's `you` says, and nothing else. Invariant: who no longer leads
 * is told at once, also in another tab. Amounts are minor units.
 */

import { announce } from "../house/announcer.js";
import { byId, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";
import { priceOf } from "./figures.js";
import { isUnseen, unseenOffer } from "./offers.js";
import { premiumOn } from "./premium.js";

/** @typedef {{kind: string, text: string, tab: string}} Standing */

export class StandingLine {
  constructor() {
    /** Whether he has led since the page was opened. */
    this.hasLed = false;
    this.kind = "";
  }

  /** @param {any} lot @param {{standing: number, voided: number}} own his bids @returns {Standing} */
  show(lot, own) {
    this.hasLed ||= lot.you?.leading === true;
    const standing = standingOf(lot, own, this.hasLed);
    const node = byId("standing");
    setText(node, standing.text);
    setAttribute(node, "data-standing", standing.kind);
    setShown(node, standing.text !== "");
    document.title = titleOf(lot, standing);
    this.#announce(standing);
    return standing;
  }

  /** @param {Standing} standing */
  #announce(standing) {
    const before = this.kind;
    this.kind = standing.kind;
    if (before === standing.kind || before === "") return;
    const urgent = standing.kind === "outbid" || standing.kind === "won" || standing.kind === "lost";
    if (urgent || standing.kind === "leading") announce(standing.text, { urgent });
  }
}

/** @param {any} lot @param {Standing} standing */
function titleOf(lot, standing) {
  const price = formatMoney(priceOf(lot).amount, lot.terms.currency);
  const state = lot.phase === "open" ? "" : say(`phase.${lot.phase}`);
  return [standing.tab, state, price, titleHalves(lot.title).first.text].filter(Boolean).join(" · ");
}

/** @param {any} lot @param {{standing: number, voided: number}} own @param {boolean} hasLed @returns {Standing} */
function standingOf(lot, own, hasLed) {
  const { you } = lot;
  if (!you || you.paddle === null) return standing("none", "", "");
  const hasBid = hasLed || own.standing > 0 || own.voided > 0 || you.max !== null;
  if (lot.isOver) return ended(lot, hasBid);
  if (isUnseen(lot)) return unseen(lot);
  if (you.leading) return leading(lot);
  if (!hasBid) return admitted(you);
  if (own.standing === 0 && own.voided > 0) return standing("voided", "standing.voided", "tab.outbid");
  const values = { ask: money(lot, lot.ask) };
  return standing("outbid", lot.ask === null ? "standing.outbid" : "standing.outbid_ask", "tab.outbid", values);
}

/** @param {any} lot */
function unseen(lot) {
  const offer = unseenOffer(lot);
  return offer === null ? admitted(lot.you) : standing("unseen", "standing.unseen", "", { amount: money(lot, offer) });
}

/** @param {any} you */
function admitted(you) {
  return standing("admitted", "standing.paddle", "", { paddle: String(you.paddle) });
}

/** @param {any} lot */
function leading(lot) {
  const { max } = lot.you;
  if (max === null || max <= (lot.price ?? 0)) return standing("leading", "standing.leading", "tab.leading");
  return standing("leading", "standing.ceiling", "tab.leading", { amount: money(lot, max) });
}

/** @param {any} lot @param {boolean} hasBid */
function ended(lot, hasBid) {
  const amount = money(lot, lot.hammer_price);
  if (lot.phase === "sold" && lot.you.leading) return won(lot, amount);
  if (lot.phase === "sold" && hasBid) return standing("lost", "standing.lost", "", { amount });
  if (lot.provisional && lot.you.leading) return standing("provisional", "standing.provisional", "");
  return standing("none", "", "");
}

/** @param {any} lot @param {string} amount */
function won(lot, amount) {
  const added = premiumOn(lot.hammer_price, lot.terms.premium);
  const total = money(lot, lot.hammer_price + added);
  return standing("won", added > 0 ? "standing.won_premium" : "standing.won", "tab.won", { amount, total });
}

/** @param {string} kind @param {string} key @param {string} tab @param {Record<string, any>} [values] @returns {Standing} */
function standing(kind, key, tab, values) {
  return { kind, text: key === "" ? "" : say(key, values), tab: tab === "" ? "" : say(tab) };
}

/** @param {any} lot @param {number | null} amount */
function money(lot, amount) {
  return formatMoney(amount, lot.terms.currency);
}
