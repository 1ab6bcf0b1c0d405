/**
 * The filters: a search, three choices, the phases with their counts, and the order.
 *
 * It refuses to know what fits; it only says what is wished. Invariants: what it shows is what is wished, also if no lot
 * of the sale is of that kind; a choice that would choose nothing is not offered.
 */

import { element, setAttribute, setShown, setText } from "../house/dom.js";
import { countryName } from "../house/places.js";
import { titleHalves } from "../house/titles.js";
import { locale, say } from "../house/words.js";
import { categoryName, isYours } from "./choice.js";
import { countFilters, SORTS } from "./wishes.js";

const PHASES = ["open", "upcoming", "paused", "sold", "passed", "withdrawn"];
/** @type {Record<string, (value: string) => string>} */
const NAMED = {
  category: categoryName,
  country: countryName,
  consignor: (consignor) => titleHalves(consignor).first.text,
};

/** @typedef {import("./wishes.js").Wishes} Wishes */

export class Filters {
  /** @param {Wishes} wishes @param {(change: Partial<Wishes>) => void} wish */
  constructor(wishes, wish) {
    this.wishes = wishes;
    this.wish = wish;
    this.search = element("input", { id: "search", type: "search", autocomplete: "off", oninput: () => wish({ q: this.search.value }) });
    this.fields = Object.fromEntries(Object.keys(NAMED).map((name) => [name, this.#field(name)]));
    this.sort = this.#field("sort");
    this.sort.append(...SORTS.map((sort) => element("option", { value: sort }, say(`sort.${sort}`))));
    this.phases = element("div", { id: "phases", class: "row", role: "group", "aria-label": say("filter.phase") });
    const folded = { "aria-expanded": "false", "aria-controls": "fields" };
    this.more = element("button", { type: "button", id: "filters-open", ...folded, onclick: () => this.#unfold() });
    this.node = this.#laidOut();
    this.write(wishes);
  }

  /** Show what is wished. @param {Wishes} wishes */
  write(wishes) {
    this.wishes = wishes;
    if (this.search.value !== wishes.q) this.search.value = wishes.q;
    for (const [name, field] of Object.entries({ ...this.fields, sort: this.sort })) choose(field, name, /** @type {any} */ (wishes)[name]);
    for (const chip of this.phases.children) setAttribute(chip, "aria-pressed", String(chip.dataset.phase === wishes.phase));
    const count = countFilters({ ...wishes, q: "", phase: "" });
    setText(this.more, count > 0 ? say("filter.more_set", { count }) : say("filter.more"));
  }

  /** Offer what there is in a sale. @param {Map<string, any>} lots */
  offer(lots) {
    for (const [name, field] of Object.entries(this.fields)) {
      const values = [...new Set([...lots.values()].map((lot) => lot[name]))].filter(Boolean);
      const named = values.map((value) => ({ value, text: nameOf(name, value) }));
      named.sort((one, other) => one.text.localeCompare(other.text, locale));
      field.replaceChildren(option(name, ""), ...named.map(({ value }) => option(name, value)));
      setShown(field.parentElement, named.length > 1 || this.wishes[/** @type {keyof Wishes} */ (name)] !== "");
      choose(field, name, this.wishes[/** @type {keyof Wishes} */ (name)]);
    }
  }

  /** Say how many lots are in each phase. @param {Map<string, any>} lots @param {Record<string, number>} counts */
  count(lots, counts) {
    const yours = [...lots.values()].filter(isYours).length;
    const told = [["", lots.size], ["yours", yours], ...PHASES.map((phase) => [phase, counts[phase] ?? 0])];
    for (const [phase, count] of /** @type {[string, number][]} */ (told)) this.#chip(phase, count);
  }

  /** @param {string} phase @param {number} count */
  #chip(phase, count) {
    let chip = [...this.phases.children].find((one) => one.dataset.phase === phase);
    if (chip === undefined) {
      const named = say(phase === "" ? "filter.all" : phase === "yours" ? "filter.yours" : `phase.${phase}`);
      const words = [element("span", { class: "named" }, named), " ", element("span", { class: "count" })];
      chip = element("button", { type: "button", class: "chip", "data-phase": phase, onclick: () => this.#press(phase) }, ...words);
      setAttribute(chip, "aria-pressed", String(this.wishes.phase === phase));
      this.phases.append(chip);
    }
    setText(chip.lastElementChild, count.toLocaleString(locale));
    setShown(chip, count > 0 || phase === "" || this.wishes.phase === phase);
  }

  /** A chip that is pressed twice is let go. @param {string} phase */
  #press(phase) {
    this.wish({ phase: this.wishes.phase === phase ? "" : phase });
  }

  /** @param {string} name */
  #field(name) {
    const field = element("select", { id: name, onchange: () => this.wish({ [name]: field.value }) });
    return field;
  }

  #laidOut() {
    const fields = Object.entries({ ...this.fields, sort: this.sort });
    const labels = fields.map(([name, field]) => element("label", {}, say(`filter.${name}`), field));
    const stay = (/** @type {Event} */ event) => event.preventDefault(); // what is typed counts as it is typed
    return element(
      "form",
      { id: "filters", class: "filters", role: "search", onsubmit: stay },
      element("div", { class: "seek" }, element("label", { class: "sought" }, say("filter.search"), this.search), this.more),
      element("div", { id: "fields", class: "fields" }, ...labels),
      this.phases,
    );
  }

  #unfold() {
    const isOpen = this.more.getAttribute("aria-expanded") === "true";
    setAttribute(this.more, "aria-expanded", String(!isOpen));
  }
}

/** Choose a value, offering it if need be. @param {HTMLSelectElement} field @param {string} name @param {string} value */
function choose(field, name, value) {
  if (name !== "sort" && ![...field.options].some((one) => one.value === value)) field.append(option(name, value));
  if (field.value !== value) field.value = value;
}

/** @param {string} name @param {string} value */
function option(name, value) {
  return element("option", { value }, value === "" ? say("filter.any") : nameOf(name, value));
}

/** @param {string} name @param {string} value */
function nameOf(name, value) {
  return NAMED[name]?.(value) ?? value;
}
