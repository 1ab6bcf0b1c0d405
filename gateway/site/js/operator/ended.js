/**
 * Lots that have ended a short while ago, so that they can be reopened, settled or offered again.
 *
 * It refuses to know what is done with them. Invariant: the latest is on top. Amounts are minor units. Source:
 * protocol.md, "HTTP" (`GET /v1/lots`).
 */

import { get } from "../house/api.js";
import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";
import { matters } from "./attention.js";
import { matterText } from "./standing.js";

const PHASES = ["sold", "passed", "withdrawn"];
const PAGE = 200;
const PAGES = 5;
const TAKEN_UP = 30;

export class Ended {
  /** @param {import("./floor.js").Floor} floor @param {(lot: string) => void} open */
  constructor(floor, open) {
    this.floor = floor;
    this.open = open;
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    this.list = element("ul", { id: "ended", class: "ended" });
    this.empty = element("p", { class: "empty" }, say("ended.none"));
    this.node = element("section", { class: "ended-part", "aria-labelledby": "ended-title" }, element("div", { class: "head" }, element("h2", { id: "ended-title" }, say("ended.title"))), this.empty, this.list);
  }

  /** Find those that ended before this page was opened. */
  async find() {
    const found = (await Promise.all(PHASES.map(endedIn))).flat();
    const ours = found.filter((lot) => this.floor.org === null || lot.org === this.floor.org);
    const ends = (/** @type {any} */ lot) => lot.closes_at ?? lot.scheduled_close_at ?? 0;
    ours.sort((one, other) => ends(other) - ends(one));
    for (const lot of ours.slice(0, TAKEN_UP)) this.floor.takeUp(lot);
  }

  /** @param {string | null} selected @param {string} sale */
  show(selected, sale) {
    const wanted = this.floor.ended.filter((id) => sale === "" || /** @type {any} */ (this.floor.entries.get(id)?.lot).sale === sale);
    for (const [id, button] of this.buttons) {
      if (wanted.includes(id)) continue;
      button.parentElement?.remove();
      this.buttons.delete(id);
    }
    wanted.forEach((id, place) => this.#showOne(id, place, id === selected));
    setShown(this.empty, wanted.length === 0);
  }

  /** @param {string} id @param {number} place @param {boolean} isSelected */
  #showOne(id, place, isSelected) {
    const entry = /** @type {import("./floor.js").Entry} */ (this.floor.entries.get(id));
    let button = this.buttons.get(id);
    if (button === undefined) {
      button = /** @type {HTMLButtonElement} */ (element("button", { type: "button", class: "quiet", onclick: () => this.open(id) }, element("span", { class: "title" }), element("span", { class: "result" })));
      this.buttons.set(id, button);
    }
    const item = button.parentElement ?? element("li", { "data-lot": id }, button);
    if (this.list.children[place] !== item) this.list.insertBefore(item, this.list.children[place] ?? null);
    const lot = /** @type {any} */ (entry.lot);
    setAttribute(item, "data-phase", lot.phase);
    setAttribute(button, "aria-pressed", String(isSelected));
    setText(button.children[0], lot.isKnown ? `${titleHalves(lot.title).first.text} · ${id}` : id);
    setText(button.children[1], result(entry));
  }
}

/** How a lot came out. @param {import("./floor.js").Entry} entry */
function result(entry) {
  const lot = /** @type {any} */ (entry.lot);
  const told = [say(`phase.${lot.phase}`)];
  if (lot.hammer_price !== null) told.push(formatMoney(lot.hammer_price, lot.terms.currency));
  if (lot.settlement !== null) told.push(say(`settlement.${lot.settlement}`));
  told.push(...matters(entry, Number.NaN).filter(({ key }) => key !== "defaulted").map(matterText));
  if (lot.successor) told.push(say("ended.successor", { lot: lot.successor }));
  return told.join(" · ");
}

/** All lots in a phase, as far as so many pages reach. @param {string} phase @returns {Promise<any[]>} */
async function endedIn(phase) {
  const found = [];
  let cursor = null;
  for (let left = PAGES; left > 0; left -= 1) {
    const page = await get(`/v1/lots?${new URLSearchParams({ phase, limit: String(PAGE), ...(cursor === null ? {} : { cursor }) })}`);
    found.push(...page.lots);
    cursor = page.cursor;
    if (cursor === null) break;
  }
  return found;
}
