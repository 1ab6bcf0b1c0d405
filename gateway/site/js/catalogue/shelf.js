/**
 * The shelf: the cards in their order, and how they change places.
 *
 * It refuses to know why an order is as it is. Invariants: as few cards are moved as can be; where one stands is read
 * before anything is written, and once more after; only those in sight glide, none for somebody who wants no motion.
 * Source: "First, Last, Invert, Play" (P. Lewis).
 */

import { staying } from "./moves.js";

const GLIDE = { duration: 320, easing: "cubic-bezier(0.2, 0, 0, 1)" };
const REWRITE_FROM = 200; // so many moves are dearer than a list made anew

/** @typedef {import("./card.js").Card} Card */
/** @typedef {{card: Card, left: number, top: number}} Spot */

export class Shelf {
  /** @param {HTMLElement} list @param {(card: Card) => boolean} inSight */
  constructor(list, inSight) {
    this.list = list;
    this.inSight = inSight;
    /** @type {Card[]} */
    this.cards = [];
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Whether these stand on the shelf in this order. @param {Card[]} wanted */
  shows(wanted) {
    return wanted.length === this.cards.length && wanted.every((card, place) => this.cards[place] === card);
  }

  /** Put these on the shelf, in this order. @param {Card[]} wanted @param {Spot[]} before where cards stood that shall glide */
  arrange(wanted, before) {
    this.#write(wanted);
    this.cards = wanted;
    this.#glide(before);
  }

  /** Where the cards in sight stand; to be read before anything is written. @returns {Spot[]} */
  spots() {
    if (this.still.matches) return [];
    return this.cards.filter(this.inSight).map((card) => {
      const { left, top } = card.node.getBoundingClientRect();
      return { card, left, top };
    });
  }

  /** @param {Card[]} wanted */
  #write(wanted) {
    const places = new Map(this.cards.map((card, place) => [card, place]));
    const stay = staying(wanted, places);
    if (wanted.length - stay.size > REWRITE_FROM) {
      this.list.replaceChildren(...wanted.map((card) => card.node));
      return;
    }
    const left = new Set(wanted);
    for (const card of this.cards) if (!left.has(card)) card.node.remove();
    this.#insert(wanted, stay);
  }

  /** From the last to the first, each before the one that follows. @param {Card[]} wanted @param {Set<Card>} stay */
  #insert(wanted, stay) {
    /** @type {Node | null} */
    let next = null;
    for (const card of [...wanted].reverse()) {
      if (!stay.has(card)) this.list.insertBefore(card.node, next);
      next = card.node;
    }
  }

  /** @param {Spot[]} before */
  #glide(before) {
    if (before.length === 0) return;
    const now = before.filter(({ card }) => card.node.isConnected).map(({ card, left, top }) => {
      const place = card.node.getBoundingClientRect();
      return { card, dx: left - place.left, dy: top - place.top, isHere: place.bottom > 0 && place.top < innerHeight };
    });
    for (const { card, dx, dy, isHere } of now) {
      if (isHere && (dx !== 0 || dy !== 0)) {
        card.node.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }], GLIDE);
      }
    }
  }
}
