/**
 * The bar above the board: which lots are shown, how many there are, and what concerns more than one of them.
 *
 * It refuses to know lots. Invariant: what is typed filters at once; Enter goes to the first lot that is found, and one
 * that no filter finds can be opened by its id.
 */

import { element, setShown, setText } from "../house/dom.js";
import { say } from "../house/words.js";

export class Bar {
  /**
   * @param {{filter: (filter: {sale: string, text: string}) => void, open: (lot: string) => void, first: () => void, notice: () => void, help: () => void}} heard
   */
  constructor({ filter, open, first, notice, help }) {
    this.open = open;
    this.first = first;
    const changed = () => filter(this.value);
    this.changed = changed;
    this.sale = element("select", { id: "filter-sale", "aria-label": say("bar.sale"), onchange: changed });
    this.text = element("input", { id: "filter-text", type: "search", "aria-label": say("bar.text"), placeholder: say("bar.text"), autocomplete: "off", oninput: changed });
    this.text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.find = element("button", { type: "button", id: "open-by-id", hidden: true, onclick: () => open(this.text.value.trim()) });
    this.counts = element("p", { id: "counts", class: "faint" });
    this.held = element("span", { id: "held", class: "badge", hidden: true }, say("bar.held"));
    this.notice = element("button", { type: "button", id: "notice-to-sale", onclick: notice }, say("bar.notice"));
    this.node = element(
      "div",
      { class: "bar", role: "search", "aria-label": say("bar.label") },
      this.sale,
      this.text,
      this.find,
      this.counts,
      this.held,
      element("div", { class: "ends row" }, this.notice, element("button", { type: "button", id: "show-keys", onclick: help }, say("bar.keys"), element("kbd", {}, "?"))),
    );
  }

  get value() {
    return { sale: this.sale.value, text: this.text.value.trim().toLowerCase() };
  }

  /** @param {{sale: string, title: string}[]} sales */
  showSales(sales) {
    const had = this.sale.value;
    this.sale.replaceChildren(element("option", { value: "" }, say("bar.all")), ...sales.map(({ sale, title }) => element("option", { value: sale }, title)));
    this.sale.value = sales.some(({ sale }) => sale === had) ? had : "";
  }

  /** Show one sale, if it is there. @param {string} sale */
  choose(sale) {
    if (sale === "") return;
    this.sale.value = sale;
    if (this.sale.value !== sale) this.sale.value = "";
    this.changed();
  }

  /** @param {{shown: number, all: number, isHeld: boolean, isFound: boolean}} board */
  show({ shown, all, isHeld, isFound }) {
    setText(this.counts, shown === all ? say("bar.counts", { count: all }) : say("bar.some", { shown, all }));
    setShown(this.held, isHeld);
    const id = this.text.value.trim();
    setShown(this.find, !isFound && id !== "");
    setText(this.find, say("bar.open", { id }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Enter" && !this.find.hidden) this.open(this.text.value.trim());
    else if (event.key === "Enter") this.first();
    else if (event.key === "Escape" && this.text.value === "") this.text.blur();
  }
}
