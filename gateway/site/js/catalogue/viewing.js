/**
 * The viewing: one sale on the page, its cards kept as its lots are, in the order that is wished.
 *
 * It refuses to know fields and headings; it is told what is wished. Invariants: whatever comes is folded in at once
 * and written at most once per frame, where it reads differently; the order follows by itself at most once a second, and
 * not under anybody's hand. Waits are milliseconds.
 */

import { Calm } from "./calm.js";
import { Card } from "./card.js";
import { chosen } from "./choice.js";
import { SaleLots } from "./sale_lots.js";
import { Shelf } from "./shelf.js";
import { Sight } from "./sight.js";
import { Warning } from "./warning.js";

const ORDER_EVERY_MS = 1_000;

/** @typedef {import("./wishes.js").Wishes} Wishes */

/**
 * @typedef {object} Told what the page wants to hear
 * @property {(hasNew: boolean) => void} changed lots have changed, or other cards are shown
 * @property {(isStale: boolean) => void} stale the order has changed, and the cards wait
 * @property {(isAway: boolean) => void} away the store went away, or is back
 * @property {() => void} unknown there is no such sale
 */

export class Viewing {
  /** @param {HTMLElement} list @param {import("../house/countdowns.js").Countdowns} countdowns @param {Told} told */
  constructor(list, countdowns, told) {
    this.countdowns = countdowns;
    this.told = told;
    this.lots = new SaleLots();
    /** @type {Map<string, Card>} */
    this.cards = new Map();
    /** @type {WeakMap<Element, Card>} */
    this.ofNode = new WeakMap();
    this.sight = new Sight(list, (node) => this.#entered(node), (node) => this.#left(node));
    this.shelf = new Shelf(list, (card) => this.sight.has(card.node));
    this.calm = new Calm(list, ".card", () => this.#ask());
    /** @type {Wishes | null} */
    this.wishes = null;
    this.warning = new Warning();
    this.isPressed = true; // the order is wanted now, whoever points where
    this.orderedAt = Number.NEGATIVE_INFINITY;
    /** @type {number | undefined} */
    this.waiting = undefined;
    this.isAsked = false;
  }

  /** Take what the sale's feed says. @param {any} message */
  hear(message) {
    if (message.ev === "error") return this.told.unknown();
    if (message.ev === "status") return this.told.away(message.store === "away");
    if (message.ev === "you") this.#warn(message);
    if (!this.lots.isWhole) this.isPressed = true;
    this.lots.take(message);
    return this.#ask();
  }

  /** How many cards are shown. */
  get shown() {
    return this.shelf.cards.length;
  }

  /** Show what is wished. @param {Wishes} wishes */
  show(wishes) {
    this.wishes = wishes;
    this.reorder();
  }

  /** Put the cards in order now. */
  reorder() {
    this.isPressed = true;
    this.#ask();
  }

  /** Begin with another sale. */
  clear() {
    for (const card of this.cards.values()) this.sight.forget(card.node);
    this.cards.clear();
    this.lots = new SaleLots();
    this.isPressed = true;
    this.shelf.arrange([], []);
  }

  // A frame -----------------------------------------------------------------------------------------------------------

  #ask() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    this.isAsked = false;
    if (this.wishes === null) return;
    const changed = this.lots.takeChanged();
    const fresh = changed.filter((lot) => !this.cards.has(lot.lot));
    const wanted = this.#wanted(fresh);
    const before = wanted === null ? [] : this.shelf.spots();
    for (const lot of changed) this.#write(lot);
    if (wanted !== null) this.#arrange(wanted, before);
    this.told.changed(fresh.length > 0);
  }

  /** Return the cards to be put in order in this frame, or null. @param {any[]} fresh */
  #wanted(fresh) {
    for (const lot of fresh) this.#add(lot);
    const now = performance.now();
    if (!this.isPressed && now - this.orderedAt < ORDER_EVERY_MS) {
      this.waiting ??= window.setTimeout(() => this.#waited(), ORDER_EVERY_MS - (now - this.orderedAt));
      return null;
    }
    this.orderedAt = now;
    const wanted = chosen(this.lots.all.values(), /** @type {Wishes} */ (this.wishes)).map((lot) => this.#cardOf(lot));
    const isStale = !this.shelf.shows(wanted);
    const isFree = this.isPressed || this.calm.isCalm;
    this.isPressed = false;
    this.told.stale(isStale && !isFree);
    return isStale && isFree ? wanted : null;
  }

  #waited() {
    this.waiting = undefined;
    this.#ask();
  }

  /** @param {Card[]} wanted @param {import("./shelf.js").Spot[]} before */
  #arrange(wanted, before) {
    const gone = new Set(this.shelf.cards);
    for (const card of wanted) gone.delete(card);
    this.shelf.arrange(wanted, before);
    for (const card of gone) this.sight.forget(card.node);
  }

  // Cards -------------------------------------------------------------------------------------------------------------

  /** @param {any} lot */
  #add(lot) {
    const card = new Card(lot);
    this.cards.set(lot.lot, card);
    this.ofNode.set(card.node, card);
    this.sight.mind(card.node);
  }

  /** @param {any} lot @returns {Card} */
  #cardOf(lot) {
    return /** @type {Card} */ (this.cards.get(lot.lot));
  }

  /** @param {any} lot */
  #write(lot) {
    const card = this.#cardOf(lot);
    const isPriced = card.write();
    if (!this.sight.has(card.node)) return;
    this.countdowns.show(card.countdown);
    if (isPriced && !this.shelf.still.matches) card.flash();
  }

  /** @param {Element} node */
  #entered(node) {
    const card = this.ofNode.get(node);
    if (card !== undefined) this.countdowns.attach(card.countdown, () => /** @type {any} */ (card.lot));
  }

  /** @param {Element} node */
  #left(node) {
    const card = this.ofNode.get(node);
    if (card !== undefined) this.countdowns.detach(card.countdown);
  }

  /** Say it to somebody who led until now; the card alone might be out of sight. @param {any} message */
  #warn(message) {
    const lot = /** @type {any} */ (this.lots.all.get(message.lot));
    if (lot === undefined || !lot.isOpen || !lot.you?.leading || message.leading) return;
    this.warning.outbid(lot);
  }
}
