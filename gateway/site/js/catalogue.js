/**
 * The catalogue: the lots of a sale, live, to be searched, sorted and gone into.
 *
 * It refuses to take bids; each card leads to its lot. Invariants: what is wished stands in the address; what a screen
 * reader is told without asking is how many lots a wish has left, and that you are outbid.
 *
 * Found by: #sale-title, #sale-whose, #sale-description, #sale-hours, #sale (the picker), #search, #category, #country,
 * #consignor, #sort, #phases [data-phase], #filters-open, #shown, #reordered, #lots .card (see `catalogue/card.js`),
 * #nothing, #reset, #store-away.
 */

import words from "../words/catalogue.js";
import { Filters } from "./catalogue/filters.js";
import { Nothing } from "./catalogue/nothing.js";
import { Place } from "./catalogue/place.js";
import { SaleHead } from "./catalogue/sale_head.js";
import { allSales, firstSale, salePicker } from "./catalogue/sales.js";
import { Viewing } from "./catalogue/viewing.js";
import { isPlain, NONE, readWishes, writeWishes } from "./catalogue/wishes.js";
import { announce } from "./house/announcer.js";
import { Problem } from "./house/api.js";
import { Countdowns } from "./house/countdowns.js";
import { byId, element, setShown, setText } from "./house/dom.js";
import { openPage } from "./house/page.js";
import { say } from "./house/words.js";

/** @typedef {import("./catalogue/wishes.js").Wishes} Wishes */
/** @typedef {import("./catalogue/sales.js").Sale} Sale */

/** What is known of a sale that the house does not have. */
const UNTOLD = { description: "", consignor: "", country: "", place: "", lots: {} };

class Catalogue {
  /** @param {{wire: any, clock: any}} page @param {Sale[]} sales */
  constructor({ wire, clock }, sales) {
    this.wire = wire;
    this.sales = sales;
    this.wishes = readWishes();
    this.shownSale = "";
    this.isUnknown = false;
    this.isWished = false; // whether the viewer waits to hear how many lots are left
    this.leave = () => {};
    this.head = new SaleHead();
    this.filters = new Filters(this.wishes, (change) => this.wish(change));
    this.nothing = new Nothing(() => this.wish({ ...NONE, sale: this.wishes.sale, sort: this.wishes.sort }));
    this.#layOut();
    this.place = new Place(this.list);
    this.viewing = new Viewing(this.list, new Countdowns(clock), {
      changed: (hasNew) => this.follow(hasNew),
      stale: (isStale) => setShown(this.reordered, isStale),
      away: (isAway) => setShown(this.away, isAway),
      unknown: () => this.follow(false),
    });
  }

  #layOut() {
    const reorder = () => this.viewing.reorder();
    this.list = element("ul", { id: "lots", class: "lots", role: "list" });
    this.shown = element("h2", { id: "shown" }, say("catalogue.lots"));
    this.reordered = element("button", { type: "button", id: "reordered", hidden: true, onclick: reorder }, say("catalogue.reordered"));
    this.away = element("p", { id: "store-away", role: "status", hidden: true }, say("catalogue.store_away"));
    const parts = [this.away, this.filters.node, this.shown, this.reordered, this.nothing.node, this.list];
    byId("main").append(this.head.node, ...parts);
  }

  /** Show a sale from now on. @param {string} sale */
  watch(sale) {
    this.leave();
    this.viewing.clear();
    this.shownSale = sale;
    const told = this.sales.find((one) => one.sale === sale);
    const picker = salePicker(this.sales, sale, (other) => this.pick(other));
    this.head.write(told ?? { ...UNTOLD, sale, title: say("catalogue.title") }, picker);
    this.isUnknown = told === undefined;
    this.viewing.show(this.wishes);
    this.leave = told === undefined ? () => {} : this.wire.watchSale(sale, (/** @type {any} */ message) => this.viewing.hear(message));
  }

  /** Show another sale; what was wished of the last one is not asked of this. @param {string} sale */
  pick(sale) {
    this.place.forget();
    this.wishes = { ...NONE, sale };
    writeWishes(this.wishes, sale);
    this.filters.write(this.wishes);
    this.watch(sale);
  }

  /** @param {Partial<Wishes>} change */
  wish(change) {
    this.wishes = { ...this.wishes, ...change };
    writeWishes(this.wishes, this.shownSale);
    this.filters.write(this.wishes);
    this.isWished = true;
    this.viewing.show(this.wishes);
  }

  /** Keep everything around the cards as they are. @param {boolean} hasNew */
  follow(hasNew) {
    const { lots, shown } = this.viewing;
    if (hasNew) this.filters.offer(lots.all);
    this.filters.count(lots.all, lots.counts());
    this.head.writeHours(lots.all.values());
    const all = lots.all.size;
    const count = say(shown === all ? "catalogue.all_shown" : "catalogue.shown", { count: all, shown });
    setText(this.shown, count);
    setShown(this.shown, all > 0);
    setShown(this.filters.node, all > 0);
    this.nothing.write(this.#why(shown, all));
    if (lots.isWhole) this.place.goBack();
    if (this.isWished) announce(count);
    this.isWished = false;
  }

  /** @param {number} shown @param {number} all */
  #why(shown, all) {
    if (shown > 0) return "";
    if (this.isUnknown) return this.sales.length === 0 && this.shownSale === "" ? "no_sales" : "unknown_sale";
    if (all > 0) return isPlain(this.wishes) ? "" : "nothing_fits";
    return this.viewing.lots.isWhole ? "no_lots" : "";
  }
}

const page = await openPage({ words, title: "catalogue.title" });
try {
  const sales = await allSales();
  const catalogue = new Catalogue(page, sales);
  catalogue.watch(await firstSale(sales, catalogue.wishes.sale));
} catch (problem) {
  if (!(problem instanceof Problem)) throw problem;
  const nothing = new Nothing(() => location.reload());
  nothing.write("unreachable");
  byId("main").replaceChildren(nothing.node);
}
