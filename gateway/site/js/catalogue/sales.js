/**
 * The sales of the house: which one is shown, and how another is picked.
 *
 * It refuses to know lots. Invariant: without a wish the sale is shown in which a lot closes next; where none is open,
 * the one that opens next; else the latest. Source: protocol.md, `GET /v1/sales` and `GET /v1/lots`.
 */

import { get } from "../house/api.js";
import { element, setShown } from "../house/dom.js";
import { titleHalves } from "../house/titles.js";
import { say } from "../house/words.js";

const LIVE = ["open", "paused", "upcoming"];

/**
 * @typedef {object} Sale
 * @property {string} sale
 * @property {string} title
 * @property {string} description
 * @property {string} consignor
 * @property {string} country
 * @property {string} place
 * @property {string} [zone]
 * @property {Record<string, number>} lots how many in each phase
 */

/** @returns {Promise<Sale[]>} */
export async function allSales() {
  return (await get("/v1/sales")).sales;
}

/** Which sale to show: the one that is wished for, else the one to look at first. @param {Sale[]} sales @param {string} wished */
export async function firstSale(sales, wished) {
  if (wished !== "" || sales.length < 2) return wished || sales[0]?.sale || "";
  for (const phase of ["open", "upcoming"]) {
    if (!sales.some((sale) => (sale.lots[phase] ?? 0) > 0)) continue;
    const { lots } = await get(`/v1/lots?phase=${phase}&limit=1`);
    if (lots.length > 0) return lots[0].sale;
  }
  return /** @type {Sale} */ (sales.at(-1)).sale;
}

/**
 * A field to pick a sale, those with something to come first; hidden where there is but one.
 *
 * @param {Sale[]} sales
 * @param {string} shown
 * @param {(sale: string) => void} pick
 */
export function salePicker(sales, shown, pick) {
  const choices = [...sales].sort((one, other) => Number(isLive(other)) - Number(isLive(one)));
  const options = choices.map((sale) => element("option", { value: sale.sale, selected: sale.sale === shown }, optionText(sale)));
  const field = element("select", { id: "sale", onchange: () => pick(field.value) }, ...options);
  const label = element("label", { class: "picker" }, say("sale.pick"), field);
  setShown(label, sales.length > 1 || !sales.some((sale) => sale.sale === shown));
  if (!sales.some((sale) => sale.sale === shown)) field.selectedIndex = -1;
  return label;
}

/** @param {Sale} sale */
function isLive(sale) {
  return LIVE.some((phase) => (sale.lots[phase] ?? 0) > 0);
}

/** @param {Sale} sale */
function optionText(sale) {
  const counts = Object.entries(countsOf(sale.lots)).filter(([, count]) => count > 0);
  const told = counts.map(([group, count]) => say(`sale.${group}`, { count })).join(", ");
  return `${titleHalves(sale.title).first.text} (${told || say("sale.empty")})`;
}

/** @param {Record<string, number>} lots */
function countsOf({ open = 0, paused = 0, upcoming = 0, sold = 0, passed = 0, withdrawn = 0 }) {
  return { open: open + paused, upcoming, ended: sold + passed + withdrawn };
}
