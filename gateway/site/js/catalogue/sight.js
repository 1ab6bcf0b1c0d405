/**
 * Sight: which cards are in view or near it, so that nothing is done for the others.
 *
 * It refuses to look itself: the browser tells it which cards it draws (`content-visibility: auto`). Invariant: in a
 * browser that does not tell, all are taken to be in sight, which costs time and nothing else. Source: CSS Containment
 * 2, `contentvisibilityautostatechange`.
 */

const TELLS = "oncontentvisibilityautostatechange" in HTMLElement.prototype;

export class Sight {
  /** @param {HTMLElement} list @param {(node: Element) => void} entered @param {(node: Element) => void} left */
  constructor(list, entered, left) {
    /** @type {Set<Element>} */
    this.seen = new Set();
    this.entered = entered;
    this.left = left;
    list.addEventListener("contentvisibilityautostatechange", (/** @type {any} */ event) => this.#turn(event.target, !event.skipped), true);
  }

  /** Look after this card from now on. @param {Element} node */
  mind(node) {
    if (!TELLS) this.#turn(node, true);
  }

  /** This card is no longer on the page. @param {Element} node */
  forget(node) {
    this.#turn(node, !TELLS);
  }

  /** @param {Element} node */
  has(node) {
    return this.seen.has(node);
  }

  /** @param {Element} node @param {boolean} isSeen */
  #turn(node, isSeen) {
    if (this.seen.has(node) === isSeen) return;
    if (isSeen) this.seen.add(node);
    else this.seen.delete(node);
    (isSeen ? this.entered : this.left)(node);
  }
}
