/**
 * A notice to all open lots of a sale: one order for each, one after the other, and what became of each.
 *
 * It refuses to stop at the first that fails. Invariant: a lot gets the notice once, however often the network fails.
 * Source: running-sales.md, "Orders" (`notice`).
 */

import { get } from "../house/api.js";
import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { refusalText } from "../house/page.js";
import { say } from "../house/words.js";
import { Giving } from "./giving.js";

const PAGE = 200;
const AT_ONCE = 4;
const PHASES = ["open", "paused"];

export class SaleNotice {
  constructor() {
    this.node = element("dialog", { id: "sale-notice", "aria-labelledby": "sale-notice-title" });
    document.body.append(this.node);
  }

  /** @param {{sale: string, title: string}[]} sales @param {string} chosen */
  open(sales, chosen) {
    this.isDone = false;
    this.sale = element("select", { id: "sale-notice-sale" }, ...sales.map(({ sale, title }) => element("option", { value: sale, selected: sale === chosen }, title)));
    this.text = element("textarea", { id: "sale-notice-text", rows: 3, maxlength: 2_000 });
    this.told = element("p", { id: "sale-notice-told", role: "status" });
    this.failures = element("ul", { id: "sale-notice-failures", class: "troubles", hidden: true });
    this.send = element("button", { id: "sale-notice-send", class: "primary" }, say("sale_notice.send"));
    const cancel = element("button", { type: "button", onclick: () => this.node.close() }, say("sale_notice.close"));
    this.node.replaceChildren(
      element(
        "form",
        { novalidate: true, onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
        element("h2", { id: "sale-notice-title" }, say("sale_notice.title")),
        element("p", {}, say("sale_notice.does")),
        element("label", {}, say("sale_notice.sale"), this.sale),
        element("label", {}, say("field.text"), this.text),
        this.told,
        this.failures,
        element("div", { class: "row ends" }, cancel, this.send),
      ),
    );
    this.node.showModal();
    this.text.focus();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (this.isBusy) return;
    if (text === "") {
      setText(this.told, say("unreadable.text"));
      this.text.focus();
      return;
    }
    this.#busy(true);
    try {
      await this.#tellAll(await openLots(this.sale.value), text);
    } catch (/** @type {any} */ problem) {
      setText(this.told, refusalText(problem));
    }
    this.#busy(false);
  }

  /** @param {string[]} lots @param {string} text */
  async #tellAll(lots, text) {
    const failed = /** @type {string[]} */ ([]);
    const left = [...lots];
    let told = 0;
    const tell = async () => {
      for (let lot = left.shift(); lot !== undefined; lot = left.shift()) {
        const why = await tellOne(lot, text);
        if (why === null) told += 1;
        else failed.push(`${lot}: ${why}`);
        setText(this.told, say("sale_notice.progress", { told, all: lots.length }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tell));
    setText(this.told, say(failed.length === 0 ? "sale_notice.done" : "sale_notice.failed", { told, all: lots.length, count: failed.length }));
    this.failures.replaceChildren(...failed.map((one) => element("li", {}, one)));
    setShown(this.failures, failed.length > 0);
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.isBusy = isBusy;
    setAttribute(this.send, "aria-disabled", isBusy ? "true" : null);
  }
}

/** Tell one lot; null once it is told, else why not. @param {string} lot @param {string} text */
async function tellOne(lot, text) {
  const outcome = await new Giving(lot, "notice").insist({ text });
  if (outcome.kind === "unanswered") return say("dialog.unanswered");
  return outcome.kind === "refused" ? refusalText(outcome.problem) : null;
}

/** @param {string} sale @returns {Promise<string[]>} */
async function openLots(sale) {
  const found = [];
  for (const phase of PHASES) {
    let cursor = null;
    do {
      const page = /** @type {any} */ (await get(`/v1/lots?${new URLSearchParams({ sale, phase, limit: String(PAGE), ...(cursor === null ? {} : { cursor }) })}`));
      found.push(...page.lots.map((/** @type {any} */ lot) => lot.lot));
      cursor = page.cursor;
    } while (cursor !== null);
  }
  return found;
}
