/**
 * The announcer: tells a screen reader what those who see the page see change.
 *
 * It refuses to say everything: of what comes in quick succession only the latest is said. Invariant: what is urgent
 * (you are outbid, your bid was refused) is said at once and interrupts; all else waits its turn. Source: WCAG 2.2,
 * 4.1.3 (status messages).
 */

import { element } from "./dom.js";

const CALM_MS = 3_000;
const regions = { polite: region("polite"), assertive: region("assertive") };
/** @type {number | undefined} */
let waiting;
let latest = "";

/** @param {string} text @param {{urgent?: boolean}} [how] */
export function announce(text, { urgent = false } = {}) {
  if (urgent) {
    write(regions.assertive, text);
    return;
  }
  latest = text;
  waiting ??= window.setTimeout(() => {
    waiting = undefined;
    write(regions.polite, latest);
  }, CALM_MS);
}

/** A text that is the same as the one before would not be said: a hidden mark makes it another. */
function write(/** @type {HTMLElement} */ node, /** @type {string} */ text) {
  node.textContent = node.textContent === text ? `${text}\u200b` : text;
}

/** @param {"polite" | "assertive"} manner */
function region(manner) {
  const node = element("div", { class: "unseen", "aria-live": manner, "aria-atomic": "true" });
  document.body.append(node);
  return node;
}
