/**
 * The board: a row for each lot that has not ended, next to close first, one of them selected.
 *
 * It refuses to know what is done with the selected lot. Invariants: a lot that was selected stays so, wherever its row
 * goes, and also when it has ended; while somebody points at the board or goes through it by keys, no row changes its
 * place. Waits are milliseconds.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { say } from "../house/words.js";
import { COLUMNS, isNumber, Row } from "./row.js";

const POINTED_MS = 4_000;
const STEPPED_MS = 1_500;

export class Board {
  /**
   * @param {import("./floor.js").Floor} floor
   * @param {import("../house/countdowns.js").Countdowns} countdowns
   * @param {import("../house/server_clock.js").ServerClock} clock
   * @param {{select: (id: string | null) => void, open: (id: string) => void}} heard
   */
  constructor(floor, countdowns, clock, heard) {
    this.floor = floor;
    this.countdowns = countdowns;
    this.clock = clock;
    this.heard = heard;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {string[]} */
    this.shown = [];
    /** @type {string | null} */
    this.selected = null;
    this.filter = { sale: "", text: "" };
    this.heldUntil = 0;
    this.body = element("tbody", { role: "rowgroup" });
    this.table = this.#table();
    this.empty = element("p", { id: "board-empty", class: "empty", hidden: true });
    this.node = element("div", { class: "board", id: "board-frame" }, this.table, this.empty);
    this.#listen();
  }

  #table() {
    const heads = COLUMNS.map((name) => {
      return element("th", { role: "columnheader", scope: "col", "data-cell": name, class: isNumber(name) ? "number" : null, title: say(`column.${name}`) }, say(`head.${name}`));
    });
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
    return element("table", { id: "board", role: "grid", tabindex: 0, "aria-label": say("board.label") }, head, this.body);
  }

  #listen() {
    const hold = () => (this.heldUntil = performance.now() + POINTED_MS);
    this.body.addEventListener("pointermove", hold);
    this.body.addEventListener("pointerleave", () => (this.heldUntil = 0));
    this.body.addEventListener("click", (/** @type {any} */ event) => {
      const id = event.target.closest("[data-lot]")?.dataset.lot;
      if (id === undefined) return;
      this.heard.select(id);
      this.heard.open(id);
    });
  }

  // Showing ----------------------------------------------------------------------------------------------------------

  /** Bring the rows up to date and, unless it is held, their order. */
  show() {
    const ids = this.#order();
    const stays = new Set(ids);
    for (const [id, row] of this.rows) {
      if (stays.has(id)) continue;
      row.leave();
      this.rows.delete(id);
    }
    this.shown = ids;
    const nowUs = this.clock.nowUs();
    ids.forEach((id, place) => this.#row(id, place).show(nowUs));
    setShown(this.empty, this.floor.hasHeard && ids.length === 0);
    setText(this.empty, say(this.filter.sale || this.filter.text ? "board.none_found" : "board.none"));
    this.#mark();
  }

  /** Bring one row up to date. @param {import("./floor.js").Entry} entry */
  showOne(entry) {
    this.rows.get(entry.id)?.show(this.clock.nowUs());
  }

  get isHeld() {
    return performance.now() < this.heldUntil;
  }

  /** Which lots are shown, in which order; while held, those that are shown stay where they are. */
  #order() {
    const wanted = this.floor.next.filter((id) => this.#isWanted(id));
    if (!this.isHeld) return wanted;
    const kept = new Set(this.shown.filter((id) => this.floor.entries.has(id)));
    return [...kept, ...wanted.filter((id) => !kept.has(id))];
  }

  /** @param {string} id */
  #isWanted(id) {
    const entry = this.floor.entries.get(id);
    if (entry === undefined) return false;
    const lot = /** @type {any} */ (entry.lot);
    const { sale, text } = this.filter;
    if (sale !== "" && lot.sale !== sale) return false;
    return text === "" || `${id} ${lot.title ?? ""} ${lot.consignor ?? ""} ${lot.category ?? ""}`.toLowerCase().includes(text);
  }

  /** The row of a lot, at its place. @param {string} id @param {number} place */
  #row(id, place) {
    let row = this.rows.get(id);
    if (row === undefined) {
      row = new Row(/** @type {any} */ (this.floor.entries.get(id)), this.countdowns);
      this.rows.set(id, row);
    }
    const there = this.body.children[place] ?? null;
    if (there !== row.node) this.body.insertBefore(row.node, there);
    return row;
  }

  // Selecting --------------------------------------------------------------------------------------------------------

  /** @param {string | null} id */
  select(id) {
    this.selected = id;
    this.#mark();
    if (id !== null) this.rows.get(id)?.node.scrollIntoView({ block: "nearest" });
  }

  /** The lot so many rows further down; from none, the first. @param {number} by */
  neighbour(by) {
    this.heldUntil = Math.max(this.heldUntil, performance.now() + STEPPED_MS);
    const at = this.shown.indexOf(this.selected ?? "");
    const place = at < 0 ? (by > 0 ? 0 : this.shown.length - 1) : Math.min(Math.max(at + by, 0), this.shown.length - 1);
    return this.shown[place] ?? null;
  }

  #mark() {
    for (const [id, row] of this.rows) row.select(id === this.selected);
    const row = this.selected === null ? undefined : this.rows.get(this.selected);
    setAttribute(this.table, "aria-activedescendant", row === undefined ? null : row.node.id);
  }
}
