/**
 * The question before an offer far above the ask, or one that buys at once: is this really meant?
 *
 * It refuses to send anything. Invariants: the answer is no unless somebody says yes; Cancel has the focus, so that
 * Enter pressed twice bids nothing. Amounts are minor units. Source: rules.md, section 6 (a slip of the finger).
 */

import { element } from "../house/dom.js";
import { formatMoney, moneyInWords } from "../house/money.js";
import { say } from "../house/words.js";

/**
 * @param {{title: string, text: string, amount: number, currency: string, yes: string}} question texts, and the amount
 * @returns {Promise<boolean>}
 */
export function confirmAmount({ title, text, amount, currency, yes }) {
  const cancel = element("button", { type: "button", autofocus: true, id: "confirm-no" }, say("confirm.cancel"));
  const mean = element("button", { type: "button", class: "danger", id: "confirm-yes" }, yes);
  const dialog = element(
    "dialog",
    { id: "confirm", class: "confirm", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
    element("h2", { id: "confirm-title" }, title),
    element("p", { class: "confirm-amount" }, formatMoney(amount, currency)),
    element("p", { class: "faint" }, moneyInWords(amount, currency)),
    element("p", { id: "confirm-text" }, text),
    element("div", { class: "row" }, cancel, mean),
  );
  document.body.append(dialog);
  return answerOf(dialog, cancel, mean);
}

/** @param {any} dialog @param {HTMLElement} cancel @param {HTMLElement} mean @returns {Promise<boolean>} */
function answerOf(dialog, cancel, mean) {
  return new Promise((answered) => {
    cancel.addEventListener("click", () => dialog.close("no"));
    mean.addEventListener("click", () => dialog.close("yes"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      answered(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

/** The question about an amount far above the ask. @param {any} lot @param {number} amount @param {number | null} ask */
export function confirmFarAbove(lot, amount, ask) {
  const { currency } = lot.terms;
  const times = ask ? Math.floor(amount / ask) : 0;
  const text = ask ? say("confirm.far_above", { times, ask: formatMoney(ask, currency) }) : say("confirm.above_limit");
  return confirmAmount({ title: say("confirm.title"), text, amount, currency, yes: say("confirm.yes") });
}

/** The question before a lot is bought at once. @param {any} lot @param {number} amount */
export function confirmBuyNow(lot, amount) {
  const { currency } = lot.terms;
  const texts = { title: say("confirm.buy_title"), text: say("confirm.buy_now"), yes: say("confirm.buy_yes") };
  return confirmAmount({ ...texts, amount, currency });
}
