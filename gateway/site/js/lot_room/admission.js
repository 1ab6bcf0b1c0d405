/**
 * Admission: what a bidder has to do before he may bid on this lot, and how far he has come.
 *
 * It refuses to decide that he is admitted: the server's `you` and his registration say so. Invariants: what he accepts
 * he has seen word by word, and ticked himself; a step is shown as done only once the house has said so. Amounts are
 * minor units. Source: running-sales.md, "Admission and deposits".
 */

import { get, post } from "../house/api.js";
import { byId, element, setAttribute, setShown } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { refusalText } from "../house/page.js";
import { newRef } from "../house/wire.js";
import { say } from "../house/words.js";
import { asksForAdmission } from "./may_bid.js";

export class Admission {
  /** @param {any} lot @param {import("../house/session.js").Session} session @param {() => void} changed */
  constructor(lot, session, changed) {
    this.lot = lot;
    this.session = session;
    this.changed = changed;
    /** What the house has on its books of him. @type {any} */
    this.record = null;
    this.problem = "";
    this.sending = false;
    /** Whether he has ticked all statements and sent them. */
    this.ticked = false;
    this.sign = "";
  }

  /** Ask the house how far he has come; a page that is looked at again asks again. */
  async look() {
    if (this.session.role !== "bidder") return;
    try {
      this.record = await get(`/v1/lots/${encodeURIComponent(this.lot.lot)}/registration`);
      this.changed();
    } catch {
      // it is asked again with the next word about him; until then the house decides what he may
    }
  }

  show() {
    const { lot, session } = this;
    const shown = asksForAdmission(lot) && session.role === "bidder" && !lot.isOver && this.record !== null;
    setShown(byId("admission"), shown);
    if (!shown) return;
    const sign = JSON.stringify([this.record, lot.you?.paddle, lot.you?.admitted, this.problem, this.sending]);
    if (sign === this.sign) return;
    this.sign = sign;
    this.#takePlace();
    byId("admission").replaceChildren(...this.#parts());
  }

  /** What he must do first stands above the bid panel, and below it once it is done. */
  #takePlace() {
    const [panel, own] = [byId("bidding"), byId("admission")];
    if (this.lot.you?.admitted) panel.after(own);
    else panel.before(own);
  }

  #parts() {
    const { registration } = this.lot.terms;
    const mayRegister = registration !== null && !this.record.registered && !this.record.barred;
    return [
      element("h2", { id: "admission-title" }, say("admission.title")),
      element("ol", { id: "admission-steps", class: "admission-steps" }, ...this.#steps()),
      ...(mayRegister ? [this.#form(registration.statements)] : []),
    ];
  }

  #steps() {
    const { record, lot } = this;
    const { registration, deposit } = lot.terms;
    const isIn = lot.you?.admitted === true;
    const money = formatMoney(deposit, lot.terms.currency);
    const steps = [];
    if (registration !== null) steps.push(step("registered", record.registered || isIn, say("admission.registered")));
    if (registration?.check) steps.push(step("approved", record.approved || isIn, say("admission.approved")));
    if (deposit > 0) steps.push(step("deposit", record.deposit.held > 0 || isIn, say("admission.deposit", { amount: money })));
    const paddle = lot.you?.paddle ?? record.paddle;
    const text = isIn && paddle !== null ? say("admission.paddle", { paddle: String(paddle) }) : say("admission.paddle.none");
    steps.push(step("paddle", isIn, text));
    return steps;
  }

  /** @param {string[]} statements */
  #form(statements) {
    const boxes = statements.map((text) => element("input", { type: "checkbox", name: "accept", value: text, required: true, checked: this.ticked }));
    const rows = statements.map((text, index) => element("label", { class: "statement" }, boxes[index], element("span", {}, text)));
    const send = element("button", { type: "submit", id: "register", class: "primary" }, say(this.sending ? "admission.sending" : "admission.register"));
    setAttribute(send, "disabled", this.sending);
    const problem = element("p", { id: "admission-problem", class: "answer", "data-kind": "bad", role: "alert" }, this.problem);
    setShown(problem, this.problem !== "");
    const form = element("form", { id: "registration" }, element("p", { class: "faint small" }, say("admission.accept")), ...rows, problem, send);
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#register(statements);
    });
    return form;
  }

  /** @param {string[]} accepts */
  async #register(accepts) {
    [this.sending, this.ticked, this.problem] = [true, true, ""];
    this.changed();
    try {
      await post(`/v1/lots/${encodeURIComponent(this.lot.lot)}/registrations`, { ref: newRef(), accepts });
    } catch (problem) {
      this.problem = refusalText(/** @type {any} */ (problem));
    }
    this.sending = false;
    await this.look();
    this.changed();
  }
}

/** @param {string} name @param {boolean} done @param {string} text */
function step(name, done, text) {
  const mark = element("span", { class: "step-mark", "aria-hidden": "true" }, done ? "✓" : "");
  const state = element("span", { class: "unseen" }, say(done ? "admission.done" : "admission.open"));
  return element("li", { "data-step-name": name, "data-done": done }, mark, element("span", {}, text, " "), state);
}
