/**
 * The look: light, dark, or as the system has it.
 *
 * It refuses to know colours; those are in `css/house.css`. Invariant: without a choice of the viewer's the system's
 * counts, also when it changes.
 */

import { setText } from "./dom.js";
import { say } from "./words.js";

const KEPT = "knockdown.look";
const LOOKS = ["system", "light", "dark"];

/** Show the look that was chosen, and let this button choose the next. @param {HTMLElement} button */
export function showLook(button) {
  wear(chosen());
  setText(button, say(`look.${chosen()}`));
  button.addEventListener("click", () => {
    const next = LOOKS[(LOOKS.indexOf(chosen()) + 1) % LOOKS.length];
    localStorage.setItem(KEPT, next);
    wear(next);
    setText(button, say(`look.${next}`));
  });
}

function chosen() {
  const kept = localStorage.getItem(KEPT) ?? "system";
  return LOOKS.includes(kept) ? kept : "system";
}

/** @param {string} look */
function wear(look) {
  if (look === "system") delete document.documentElement.dataset.look;
  else document.documentElement.dataset.look = look;
}
