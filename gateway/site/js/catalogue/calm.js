/**
 * Calm: whether cards may change places just now, or somebody is about to press one.
 *
 * It refuses to know cards and orders. Invariant: while a pointer or the focus is on a card, and for a second after
 * the page was scrolled, nothing moves of its own accord. Waits are milliseconds.
 */

const AFTER_SCROLLING_MS = 1_000;

export class Calm {
  /**
   * @param {HTMLElement} list
   * @param {string} what the selector of what must not move
   * @param {() => void} settled called when it is calm again
   */
  constructor(list, what, settled) {
    this.list = list;
    this.what = what;
    this.settled = settled;
    this.isPointedAt = false;
    this.scrolledAt = Number.NEGATIVE_INFINITY;
    /** @type {number | undefined} */
    this.waiting = undefined;
    list.addEventListener("pointerover", (event) => this.#point(event.target));
    list.addEventListener("pointerleave", () => this.#point(null));
    list.addEventListener("focusout", () => queueMicrotask(() => this.#look()));
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  get isCalm() {
    return !this.isPointedAt && !this.#isFocused && performance.now() - this.scrolledAt >= AFTER_SCROLLING_MS;
  }

  get #isFocused() {
    return document.activeElement !== this.list && this.list.contains(document.activeElement);
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    const isOn = target instanceof Element && target.closest(this.what) !== null;
    if (this.isPointedAt === isOn) return;
    this.isPointedAt = isOn;
    this.#look();
  }

  #scrolled() {
    this.scrolledAt = performance.now();
    this.waiting ??= window.setTimeout(() => this.#scrolledEnough(), AFTER_SCROLLING_MS);
  }

  #scrolledEnough() {
    this.waiting = undefined;
    const left = this.scrolledAt + AFTER_SCROLLING_MS - performance.now();
    if (left > 0) this.waiting = window.setTimeout(() => this.#scrolledEnough(), left);
    else this.#look();
  }

  #look() {
    if (this.isCalm) this.settled();
  }
}
