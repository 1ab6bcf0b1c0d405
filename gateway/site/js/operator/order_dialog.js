/**
 * The dialog in which an order is given: what it will do, what it asks for, and a second confirmation where it is grave.
 *
 * It refuses to know which orders there are (`orders.js`). Invariants: the lot is shown as it stands now; a grave order is
 * given only for the lot as the operator saw it when he confirmed: if it goes on, he is told and confirms anew; an order
 * that was not answered is sent again under the same `ref`. Source: running-sales.md, "Orders" (`seen`, `ref`).
 */

import { get } from "../house/api.js";
import { announce } from "../house/announcer.js";
import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { refusalText, toast } from "../house/page.js";
import { knows, say } from "../house/words.js";
import { field, Unreadable } from "./fields.js";
import { Giving } from "./giving.js";
import { unfit } from "./orders.js";
import { standingText, willDo } from "./standing.js";

export class OrderDialog {
  /** @param {import("../house/server_clock.js").ServerClock} clock @param {(lot: string) => void} given what is told once an order was given */
  constructor(clock, given) {
    this.clock = clock;
    this.given = given;
    this.node = element("dialog", { id: "order-dialog", "aria-labelledby": "order-title", onclose: () => this.#closed() });
    document.body.append(this.node);
    /** @type {import("./floor.js").Entry | null} */
    this.entry = null;
  }

  get isOpen() {
    return this.entry !== null;
  }

  /** @param {import("./floor.js").Entry} entry @param {import("./orders.js").Order} order @param {Record<string, any>} [given] */
  open(entry, order, given = {}) {
    this.entry = entry;
    this.order = order;
    this.giving = new Giving(entry.id, order.name);
    this.isBusy = false;
    /** The lot as the house has told it in between, if that is later. @type {any} */
    this.later = null;
    this.seen = entry.lot.seq;
    const asked = { lot: entry.lot, given, nowUs: this.clock.nowUs() };
    this.fields = (order.fields ?? []).map((name) => field(name, asked));
    this.#build();
    this.#show();
    this.node.showModal();
    this.#firstControl().focus();
  }

  /** The lot may have gone on. @param {import("./floor.js").Entry} entry */
  heard(entry) {
    if (entry !== this.entry || this.isBusy) return;
    const hasGoneOn = this.#lot().seq > this.seen;
    if (this.order?.grave && hasGoneOn) this.#goneOn();
    this.#show();
  }

  // Building ---------------------------------------------------------------------------------------------------------

  #build() {
    const order = /** @type {import("./orders.js").Order} */ (this.order);
    this.stands = element("p", { id: "order-stands", class: "stands" });
    this.does = element("p", { id: "order-does" });
    this.trouble = element("p", { id: "order-trouble", class: "trouble", role: "alert" });
    this.reason = order.reason === "none" ? null : element("textarea", { id: "order-reason", rows: 2, maxlength: 1_000 });
    this.confirm = order.grave ? element("input", { type: "checkbox", id: "order-confirm", onchange: () => this.#ticked() }) : null;
    this.give = element("button", { id: "order-give", class: order.grave ? "danger grave" : "primary" });
    setText(this.give, say(`order.${order.name}`));
    const cancel = element("button", { type: "button", id: "order-cancel", onclick: () => this.node.close() }, say("dialog.cancel"));
    const lot = /** @type {any} */ (this.entry?.lot);
    this.node.replaceChildren(
      element(
        "form",
        { novalidate: true, onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
        element("h2", { id: "order-title" }, say(`order.${order.name}`)),
        element("p", { class: "faint" }, say("dialog.lot", { title: lot.title ?? "", lot: lot.lot })),
        this.stands,
        this.does,
        element("div", { id: "order-fields" }, ...this.fields.map(({ node }) => node)),
        this.reason && element("label", {}, say(`reason.${order.reason ?? "kept"}`), this.reason),
        this.confirm && element("label", { class: "confirm" }, this.confirm, element("span", {}, say(`confirm.${order.name}`))),
        this.trouble,
        element("div", { class: "row ends" }, cancel, this.give),
      ),
    );
  }

  #firstControl() {
    const inFields = this.node.querySelector("#order-fields :is(input:not([type=radio]), textarea)");
    return inFields ?? (this.order?.reason === "needed" ? this.reason : this.confirm) ?? this.give;
  }

  /** The lot as it stands, as far as anybody here knows. */
  #lot() {
    const { lot } = /** @type {import("./floor.js").Entry} */ (this.entry);
    return this.later !== null && this.later.seq > lot.seq ? this.later : lot;
  }

  #show() {
    const lot = this.#lot();
    const order = /** @type {import("./orders.js").Order} */ (this.order);
    setText(this.stands, standingText(lot));
    const why = unfit(order, { ...lot, isKnown: true });
    setText(this.does, why === null ? willDo(order.name, lot) : say(`unfit.${why}`));
  }

  // Giving -----------------------------------------------------------------------------------------------------------

  #ticked() {
    this.seen = this.#lot().seq;
    this.#say("");
  }

  #goneOn() {
    if (this.confirm.checked || this.trouble.textContent === "") this.#say(say("dialog.gone_on"));
    this.confirm.checked = false;
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const body = this.isBusy ? null : this.#body();
    if (body === null) return;
    this.#busy(true);
    const giving = /** @type {Giving} */ (this.giving);
    const outcome = await giving.give(body);
    if (giving !== this.giving) return;
    this.#busy(false);
    await this.#answered(outcome);
  }

  /** What is to be sent; null where something is missing, and that is said. */
  #body() {
    try {
      /** @type {Record<string, any>} */
      const body = Object.assign({}, ...this.fields.map(({ read }) => read()));
      const reason = this.reason?.value.trim() ?? "";
      if (this.order?.reason === "needed" && reason === "") throw new Unreadable(this.reason, say("unreadable.reason"));
      if (reason !== "") body.reason = reason;
      if (this.confirm && !this.confirm.checked) throw new Unreadable(this.confirm, say("unreadable.confirm"));
      return this.order?.grave ? { ...body, seen: this.seen } : body;
    } catch (wrong) {
      if (!(wrong instanceof Unreadable)) throw wrong;
      this.#say(wrong.message);
      wrong.input.focus();
      return null;
    }
  }

  /** @param {import("./giving.js").Outcome} outcome */
  async #answered(outcome) {
    if (outcome.kind === "unanswered") {
      setText(this.give, say("dialog.again"));
      this.#say(say("dialog.unanswered"));
      return;
    }
    if (outcome.kind === "refused") {
      await this.#refused(outcome.problem);
      return;
    }
    const lot = /** @type {import("./floor.js").Entry} */ (this.entry).id;
    const name = say(`order.${this.order?.name}`);
    this.node.close();
    toast(say(`outcome.${outcome.kind}`, { order: name, lot }), { kind: outcome.kind === "done" ? "good" : "plain" });
    this.given(lot);
  }

  /** @param {import("../house/api.js").Problem} problem */
  async #refused(problem) {
    if (problem.code !== "stale") {
      this.#say(orderRefusal(problem));
      return;
    }
    this.#say(say("dialog.stale"));
    if (this.confirm) this.confirm.checked = false;
    const giving = this.giving;
    const later = await get(`/v1/lots/${encodeURIComponent(/** @type {any} */ (this.entry).id)}`).catch(() => null);
    if (giving !== this.giving) return;
    this.later = later;
    this.seen = this.#lot().seq;
    this.#show();
    announce(standingText(this.#lot()));
    this.confirm?.focus();
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.isBusy = isBusy;
    setAttribute(this.give, "aria-disabled", isBusy ? "true" : null);
    if (isBusy) this.#say("");
  }

  /** @param {string} text */
  #say(text) {
    setText(this.trouble, text);
    setShown(this.trouble, text !== "");
  }

  /** Forget the order; unless, by the time the browser tells that it has closed, another is being given. */
  #closed() {
    if (this.node.open) return;
    this.entry = null;
    this.giving = undefined;
    this.node.replaceChildren();
  }
}

/** Why the house did not carry an order out. @param {import("../house/api.js").Problem} problem */
export function orderRefusal(problem) {
  const key = `order_refused.${problem.code}`;
  if (knows(key)) return say(key);
  const told = refusalText(problem);
  return problem.code === "malformed" || problem.code === "wrong_phase" ? `${told} ${say("dialog.detail", { detail: problem.detail })}` : told;
}
