/**
 * The history: what has happened to the lot, the newest first.
 *
 * It refuses to know what a line says (`event_words.js`) and where events come from (`event_book.js`). Invariants: no
 * more rows stand on the page than somebody has asked for; a row is written again only when it reads differently.
 */

import { byId, element, setShown } from "../house/dom.js";
import { clockTime } from "../house/times.js";
import { say } from "../house/words.js";
import { lineOf } from "./event_words.js";

const ROWS = 200;

export class History {
  /** @param {import("./event_book.js").EventBook} book @param {() => void} changed */
  constructor(book, changed) {
    this.book = book;
    this.changed = changed;
    this.most = ROWS;
    /** @type {Map<number, {node: HTMLElement, sign: string}>} */
    this.rows = new Map();
    this.list = element("ol", { id: "history", class: "history", reversed: true });
    this.scroller = element("div", { class: "history-scroll", tabindex: 0, role: "group", "aria-labelledby": "history-title" }, this.list);
    this.empty = element("p", { class: "faint" }, say("history.empty"));
    this.more = element("button", { type: "button", id: "earlier", hidden: true, onclick: () => this.#earlier() }, say("history.earlier"));
    const title = element("h2", { id: "history-title" }, say("history.title"));
    byId("history-section").replaceChildren(title, this.empty, this.scroller);
    this.scroller.append(this.more);
  }

  /** @param {import("./event_words.js").Viewer} viewer */
  show(viewer) {
    const shown = this.#lines(viewer);
    for (const [seq, { node }] of this.rows) {
      if (!shown.has(seq)) this.#drop(seq, node);
    }
    /** @type {HTMLElement | null} */
    let above = null;
    for (const [seq, { event, line }] of shown) above = this.#place(event, line, seq, above);
    setShown(this.empty, shown.size === 0 && this.book.isLoaded);
    setShown(this.scroller, shown.size > 0);
    setShown(this.more, this.cut || this.book.hasEarlier);
  }

  /** The lines that fit, newest first. @param {import("./event_words.js").Viewer} viewer */
  #lines(viewer) {
    const lines = new Map();
    this.cut = false;
    for (let seq = this.book.last; seq >= this.book.first; seq -= 1) {
      const event = this.book.events.get(seq);
      const line = event === undefined ? null : lineOf(event, viewer);
      if (line === null) continue;
      this.cut = lines.size >= this.most;
      if (this.cut) break;
      lines.set(seq, { event, line });
    }
    return lines;
  }

  /** @param {any} event @param {import("./event_words.js").Line} line @param {number} seq @param {HTMLElement | null} above */
  #place(event, line, seq, above) {
    const reason = this.book.voided.get(seq);
    const sign = JSON.stringify([line, reason]);
    const row = this.rows.get(seq);
    const node = row?.sign === sign ? row.node : written(event, line, reason);
    if (row?.sign !== sign) {
      row?.node.replaceWith(node);
      this.rows.set(seq, { node, sign });
    }
    const place = above === null ? this.list.firstChild : above.nextSibling;
    if (place !== node) this.list.insertBefore(node, place);
    return node;
  }

  /** @param {number} seq @param {HTMLElement} node */
  #drop(seq, node) {
    node.remove();
    this.rows.delete(seq);
  }

  async #earlier() {
    this.most += ROWS;
    if (!this.cut || this.rows.size + ROWS > this.book.events.size) await this.book.earlier().catch(() => undefined);
    this.changed();
  }
}

/** @param {any} event @param {import("./event_words.js").Line} line @param {string | undefined} reason */
function written(event, line, reason) {
  const text = element("span", { class: "what" }, line.text);
  const amount = element("span", { class: "amount" }, line.amount ?? "");
  const what = reason === undefined ? text : element("s", { class: "what" }, line.text);
  const worth = reason === undefined ? amount : element("s", { class: "amount" }, line.amount ?? "");
  const row = { "data-seq": event.seq, "data-ev": event.ev, "data-kind": line.kind, "data-mine": line.mine === true, "data-voided": reason !== undefined };
  const time = element("time", { datetime: new Date(event.at / 1000).toISOString(), class: "at" }, clockTime(event.at));
  const node = element("li", row, time, what, worth);
  if (line.detail) node.append(element("span", { class: "detail" }, line.detail));
  if (reason !== undefined) node.append(element("span", { class: "detail void" }, reason === "" ? say("history.void") : say("history.void_reason", { reason })));
  return node;
}
