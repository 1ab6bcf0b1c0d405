/**
 * One lot as a row of the board.
 *
 * It refuses to know where it stands among the others. Invariants: nothing is written that stands there already; what
 * stands out does so by a mark and a word too, never by colour alone. Amounts are minor units, instants microseconds.
 */

import { element, setAttribute, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { clockTime } from "../house/times.js";
import { titleHalves } from "../house/titles.js";
import { language, locale, say } from "../house/words.js";
import { isClosing, matters } from "./attention.js";
import { matterText } from "./standing.js";

/** The columns, in their order; those that are numbers stand on the right. */
export const COLUMNS = ["ends", "title", "matter", "phase", "price", "ask", "reserve", "bids", "rate", "watchers", "bidders", "extensions"];
const MARKS = { bad: "▲", warn: "!", note: "+" };
const SHORT = new Set(["ends", "price", "ask", "bids", "rate", "watchers", "bidders", "extensions"]);

const rates = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Whether a column's cells are numbers. @param {string} column */
export function isNumber(column) {
  return SHORT.has(column);
}

export class Row {
  /** @param {import("./floor.js").Entry} entry @param {import("../house/countdowns.js").Countdowns} countdowns */
  constructor(entry, countdowns) {
    this.entry = entry;
    this.countdowns = countdowns;
    this.isCounting = false;
    /** @type {Record<string, HTMLElement>} */
    this.cells = {};
    for (const name of COLUMNS) {
      this.cells[name] = element("td", { role: "gridcell", "data-cell": name, "data-label": say(`column.${name}`), class: isNumber(name) ? "number" : null });
    }
    this.title = element("span", { class: "title" });
    this.cells.title.append(this.title, element("span", { class: "id" }, entry.id));
    this.ends = element("span");
    this.cells.ends.append(this.ends);
    this.node = element("tr", { role: "row", id: `row-${entry.id}`, "data-lot": entry.id, "aria-selected": "false" }, ...Object.values(this.cells));
  }

  /** @param {number} nowUs by the server's clock */
  show(nowUs) {
    const lot = /** @type {any} */ (this.entry.lot);
    const { line, phase } = this.entry;
    setAttribute(this.node, "data-phase", phase);
    setText(this.cells.phase, say(`phase.${phase ?? "upcoming"}`));
    if (lot.isKnown) this.#showLot(lot);
    setText(this.cells.bids, lot.isKnown ? lot.bids : line?.bids ?? 0);
    setText(this.cells.rate, line !== null && line.bids_per_s > 0 ? rates.format(line.bids_per_s) : "");
    setText(this.cells.watchers, line?.watchers ?? lot.watchers);
    setText(this.cells.bidders, line?.bidders ?? "");
    this.#showEnd(lot.isKnown ? lot : line, phase);
    this.#showMatters(nowUs);
  }

  /** @param {any} lot */
  #showLot(lot) {
    const { currency } = lot.terms;
    const { first } = titleHalves(lot.title);
    setText(this.title, first.text);
    setAttribute(this.title, "lang", first.lang);
    setText(this.cells.price, lot.price === null ? "" : formatMoney(lot.price, currency));
    setText(this.cells.ask, lot.ask === null ? "" : formatMoney(lot.ask, currency));
    setText(this.cells.reserve, lot.reserve === "none" ? "" : say(`short_reserve.${lot.reserve}`));
    setAttribute(this.cells.reserve, "data-reserve", lot.reserve);
    setText(this.cells.extensions, lot.extensions > 0 ? lot.extensions : "");
  }

  /** @param {any} lot @param {string | null} phase */
  #showEnd(lot, phase) {
    const counts = phase !== "upcoming";
    if (counts && !this.isCounting) this.countdowns.attach(this.ends, () => this.#ending());
    if (!counts && this.isCounting) this.countdowns.detach(this.ends);
    this.isCounting = counts;
    if (counts) this.countdowns.show(this.ends);
    else setText(this.ends, opening(lot));
  }

  #ending() {
    const { lot, line } = this.entry;
    return lot.isKnown ? /** @type {any} */ (lot) : line;
  }

  /** @param {number} nowUs */
  #showMatters(nowUs) {
    const found = matters(this.entry, nowUs);
    setAttribute(this.node, "data-level", found[0]?.level ?? null);
    setAttribute(this.node, "data-matter", found[0]?.key ?? null);
    setAttribute(this.node, "data-closing", isClosing(this.entry.lot, nowUs));
    setAttribute(this.node, "data-extended", this.entry.extended?.isFresh === true);
    const text = found.map((matter) => `${MARKS[matter.level]} ${matterText(matter)}`).join(language === "zh" ? "；" : " · ");
    setText(this.cells.matter, text);
    setAttribute(this.cells.matter, "title", text === "" ? null : text);
  }

  /** @param {boolean} isSelected */
  select(isSelected) {
    setAttribute(this.node, "aria-selected", String(isSelected));
  }

  /** The row is not shown any more. */
  leave() {
    if (this.isCounting) this.countdowns.detach(this.ends);
    this.isCounting = false;
    this.node.remove();
  }
}

/** @param {any} lot */
function opening(lot) {
  if (lot?.terms?.format === "saleroom") return say("row.opens_by_order");
  return lot?.terms?.opens_at ? say("row.opens", { at: clockTime(lot.terms.opens_at) }) : "";
}
