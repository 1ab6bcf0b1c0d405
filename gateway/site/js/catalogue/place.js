/**
 * The place on the page: who comes back from a lot finds the cards where he left them.
 *
 * It refuses to know lots. Invariants: a place is gone back to once, when all cards are there; it is that of a card, since
 * cards that were never seen are as long as they are guessed to be. Lengths are CSS pixels, waits milliseconds. Source:
 * the browser itself looks for the place before the cards have come, and finds it nowhere.
 */

const SETTLED_MS = 200;

/** @typedef {{lot: string, top: number}} Spot a card, and where in the window it stood */

export class Place {
  /** @param {HTMLElement} list */
  constructor(list) {
    history.scrollRestoration = "manual";
    this.list = list;
    /** @type {Spot | null} */
    this.wanted = history.state?.spot ?? null;
    /** @type {number | undefined} */
    this.waiting = undefined;
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
    list.addEventListener("click", (event) => this.#keep(event.target));
  }

  /** All cards are there. */
  goBack() {
    const card = this.wanted === null ? null : this.list.querySelector(`[data-lot="${CSS.escape(this.wanted.lot)}"]`);
    if (card !== null && scrollY === 0) scrollBy(0, card.getBoundingClientRect().top - (this.wanted?.top ?? 0));
    this.wanted = null;
  }

  /** Another sale has no place to go back to. */
  forget() {
    this.wanted = null;
    history.replaceState({ ...history.state, spot: null }, "");
  }

  #scrolled() {
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => this.#keep(), SETTLED_MS);
  }

  /** Note the card that was pressed, or else the one in the middle of the window. @param {EventTarget | null} [pressed] */
  #keep(pressed = null) {
    const card = this.#cardAt(pressed) ?? this.#cardAt(inWindow(0.5)) ?? this.#cardAt(inWindow(0.6));
    if (scrollY > 0 && card === null) return; // between two cards: the one before will do
    const spot = card === null || scrollY === 0 ? null : { lot: card.dataset.lot, top: card.getBoundingClientRect().top };
    history.replaceState({ ...history.state, spot }, "");
  }

  /** @param {EventTarget | null} node @returns {HTMLElement | null} */
  #cardAt(node) {
    const card = node instanceof Element ? /** @type {HTMLElement | null} */ (node.closest("[data-lot]")) : null;
    return card !== null && this.list.contains(card) ? card : null;
  }
}

/** @param {number} share of the window's height */
function inWindow(share) {
  return document.elementFromPoint(innerWidth / 2, innerHeight * share);
}
