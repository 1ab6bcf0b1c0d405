/**
 * The console: one clerk before all lots that he runs.
 *
 * Puts the parts of `operator/` together: the floor knows the lots; board, panel, stage, tape and health show them; the
 * dialog gives orders. It refuses to work for anybody who runs no sales. Invariant: one lot is selected, and keys,
 * panel and stage are about that one. `?sale=` shows one sale, `?lot=` opens a lot.
 *
 * For those who look for something on the page: `#board` with a row `[data-lot]` for each lot (`[data-phase]`,
 * `[data-level]`, `[data-matter]`, `[data-closing]`, `[data-extended]`, cells `[data-cell]`), `#ended`, `#tape`, `#health`
 * (`[data-figure]`, `[data-level]`), `#panel` (`[data-order]`, `[data-fact]`, `#last-bids`, `#registrations`,
 * `#proposals`), `#stage`, `#order-dialog` (`#order-give`, `#order-confirm`, `#order-reason`, `#order-trouble`,
 * `#field-…`), `#sale-notice`, `#keys-help`, `#filter-sale`, `#filter-text`, `#not-yours`.
 */

import words from "../words/operator.js";
import { get } from "./house/api.js";
import { Countdowns } from "./house/countdowns.js";
import { byId, element, setAttribute } from "./house/dom.js";
import { openPage, refusalText, toast } from "./house/page.js";
import { isOperator, signInAddress } from "./house/session.js";
import { say } from "./house/words.js";
import { Bar } from "./operator/bar.js";
import { Board } from "./operator/board.js";
import { Ended } from "./operator/ended.js";
import { Floor } from "./operator/floor.js";
import { Health } from "./operator/health.js";
import { Keys } from "./operator/keys.js";
import { OrderDialog } from "./operator/order_dialog.js";
import { orderOfKey, unfit } from "./operator/orders.js";
import { Panel } from "./operator/panel.js";
import { SaleNotice } from "./operator/sale_notice.js";
import { Stage } from "./operator/saleroom.js";
import { Tape } from "./operator/tape.js";

class Console {
  /** @param {{wire: import("./house/wire.js").Wire, clock: import("./house/server_clock.js").ServerClock, session: import("./house/session.js").Session}} page */
  constructor({ wire, clock, session }) {
    this.wire = wire;
    this.session = session;
    /** @type {{sale: string, title: string, org: string | null}[]} */
    this.sales = [];
    this.hasComeIn = false;
    /** Sales whose lots have been heard of. @type {Set<string>} */
    this.heardOf = new Set();
    this.isDue = this.areAllDue = false;
    const countdowns = new Countdowns(clock);
    this.floor = new Floor(wire, session);
    this.board = new Board(this.floor, countdowns, clock, { select: (id) => this.select(id), open: (id) => this.open(id) });
    this.ended = new Ended(this.floor, (id) => this.open(id));
    this.tape = new Tape();
    this.health = new Health();
    this.dialog = new OrderDialog(clock, (lot) => this.#wasGiven(lot));
    this.stage = new Stage({ choose: (order) => this.choose(order), close: () => this.leave() });
    this.panel = new Panel({ session, countdowns, clock, choose: (order, given) => this.choose(order, given), close: () => this.#leavePanel(), stage: () => this.showStage() });
    this.notice = new SaleNotice();
    this.bar = new Bar({ filter: (filter) => this.#filter(filter), open: (id) => this.openById(id), first: () => this.first(), notice: () => this.notice.open(this.sales, this.bar.sale.value), help: () => this.keys.showHelp() });
    this.keys = this.#keys();
    this.#place();
    this.#listen();
  }

  #keys() {
    return new Keys({
      step: (by) => this.step(by),
      enter: () => this.enter(),
      leave: () => this.leave(),
      find: () => this.bar.text.focus(),
      stage: () => this.showStage(),
      order: (key) => this.orderByKey(key),
    });
  }

  #place() {
    const lots = element("section", { class: "lots", "aria-labelledby": "lots-title" }, element("h1", { id: "lots-title", class: "unseen" }, say("operator.title")), this.bar.node, this.board.node, this.stage.node);
    const side = element("div", { class: "side" }, this.health.node, this.ended.node, this.tape.node);
    this.main = byId("main");
    this.main.replaceChildren(lots, this.panel.node, side);
    setAttribute(this.main, "class", "console");
  }

  #listen() {
    this.floor.on("change", (entry) => this.#changed(entry));
    this.floor.on("event", (entry, event) => {
      this.tape.hear(entry, event);
      this.panel.bids.hear(entry, event);
      this.#due({ all: false });
    });
    this.floor.on("operations", (message) => this.health.show(message));
    this.wire.on("status", (status) => status === "open" && this.hasComeIn && this.#cameIn());
    addEventListener("focus", () => this.panel.entry !== null && this.panel.waiting.ask());
  }

  async watch() {
    const wish = new URLSearchParams(location.search);
    this.floor.watch();
    this.ended.find().catch((problem) => toast(refusalText(problem), { kind: "bad" }));
    await this.#cameIn();
    this.bar.choose(wish.get("sale") ?? "");
    if (wish.get("lot")) await this.openById(/** @type {string} */ (wish.get("lot")));
  }

  /** The sales may be others than before, and of the house's figures some operators see none. */
  async #cameIn() {
    try {
      const { sales } = await get("/v1/sales");
      this.sales = sales.filter((/** @type {any} */ sale) => this.session.org === null || sale.org === this.session.org);
      this.bar.showSales(this.sales);
      this.hasComeIn = true;
      if (this.session.org !== null) await this.health.ask();
    } catch (/** @type {any} */ problem) {
      toast(refusalText(problem), { kind: "bad" });
    }
  }

  /** Ask for the sales again when a lot is of one that has not been heard of before. */
  #lookForSales() {
    const before = this.heardOf.size;
    for (const { lot } of this.floor.entries.values()) if (lot.isKnown) this.heardOf.add(/** @type {any} */ (lot).sale);
    const listed = new Set(this.sales.map(({ sale }) => sale));
    if (this.heardOf.size > before && [...this.heardOf].some((sale) => !listed.has(sale))) this.#cameIn();
  }

  // Showing ----------------------------------------------------------------------------------------------------------

  /** @param {import("./operator/floor.js").Entry | null} entry */
  #changed(entry) {
    if (entry !== null) this.board.showOne(entry);
    for (const one of entry !== null ? [entry] : [this.selected]) {
      if (one === undefined) continue;
      this.panel.heard(one);
      this.stage.heard(one);
      this.dialog.heard(one);
    }
    this.#due({ all: entry === null || entry.lot.isOver });
  }

  /** Show what is about more than one lot, once for all that has come in: the tape, or the order of all lots too. */
  #due({ all = true } = {}) {
    this.areAllDue ||= all;
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.tape.show();
      if (this.areAllDue) this.#show();
    });
  }

  #show() {
    this.areAllDue = false;
    if (this.hasComeIn) this.#lookForSales();
    this.board.show();
    this.ended.show(this.board.selected, this.board.filter.sale);
    const shown = this.board.shown.filter((id) => this.floor.next.includes(id)).length;
    this.bar.show({ shown, all: this.floor.next.length, isHeld: this.board.isHeld, isFound: shown > 0 });
  }

  /** @param {{sale: string, text: string}} filter */
  #filter(filter) {
    this.board.filter = filter;
    this.board.heldUntil = 0;
    this.#show();
  }

  // One lot ----------------------------------------------------------------------------------------------------------

  get selected() {
    return this.board.selected === null ? undefined : this.floor.entries.get(this.board.selected);
  }

  /** @param {string | null} id */
  select(id) {
    this.floor.look(id);
    this.board.select(id);
    this.tape.select(id);
    if (id !== null && this.panel.entry !== null) this.panel.open(this.floor.bring(id));
    if (id !== null && this.stage.isOpen) this.stage.open(this.floor.bring(id));
    this.#due();
  }

  /** @param {number} by */
  step(by) {
    const id = this.board.neighbour(by);
    if (id !== null) this.select(id);
  }

  /** Go to the first lot that is shown. */
  first() {
    this.#show();
    const id = this.board.shown[0];
    if (id === undefined) return;
    this.select(id);
    this.board.table.focus();
  }

  /** @param {string} id */
  open(id) {
    this.select(id);
    this.panel.open(this.floor.bring(id));
    setAttribute(this.main, "data-open", true);
    this.panel.title.focus();
  }

  /** Open the selected lot; whether there is one. */
  enter() {
    if (this.board.selected === null) return false;
    this.open(this.board.selected);
    return true;
  }

  /** @param {string} id */
  async openById(id) {
    try {
      const lot = await get(`/v1/lots/${encodeURIComponent(id)}`);
      if (this.session.org !== null && lot.org !== this.session.org) toast(say("refused.not_yours"), { kind: "bad" });
      else {
        this.floor.takeUp(lot);
        this.open(lot.lot);
      }
    } catch (/** @type {any} */ problem) {
      toast(refusalText(problem), { kind: "bad" });
    }
  }

  /** Step out: of the stage, then of the panel, then of the lot. */
  leave() {
    if (this.stage.isOpen) this.#leaveStage();
    else if (this.panel.entry !== null) this.#leavePanel();
    else this.select(null);
  }

  #leaveStage() {
    this.stage.close();
    setAttribute(this.main, "data-stage", null);
    this.board.table.focus();
  }

  #leavePanel() {
    this.panel.close();
    setAttribute(this.main, "data-open", null);
    this.board.table.focus();
  }

  showStage() {
    if (this.selected === undefined) toast(say("keys.none_selected"));
    else if (/** @type {any} */ (this.selected.lot).terms?.format !== "saleroom") toast(say("unfit.no_stage"));
    else {
      this.stage.open(this.selected);
      setAttribute(this.main, "data-stage", true);
    }
  }

  // Orders -----------------------------------------------------------------------------------------------------------

  /** @param {string} key */
  orderByKey(key) {
    const order = /** @type {import("./operator/orders.js").Order} */ (orderOfKey(key));
    if (this.selected === undefined) toast(say("keys.none_selected"));
    else if (!this.stage.isOpen || !this.stage.press(order.name)) this.choose(order);
  }

  /** @param {import("./operator/orders.js").Order} order @param {Record<string, any>} [given] */
  choose(order, given = {}) {
    const entry = this.selected;
    const why = entry === undefined ? "unknown" : unfit(order, entry.lot);
    if (entry === undefined || why !== null) toast(say(`unfit.${why}`));
    else this.dialog.open(entry, order, order.name === "void_bid" ? { seq: this.#latestBid(entry), ...given } : given);
  }

  /** @param {import("./operator/floor.js").Entry} entry */
  #latestBid(entry) {
    return (this.panel.entry === entry && this.panel.bids.latest) || undefined;
  }

  /** @param {string} lot */
  #wasGiven(lot) {
    if (this.panel.entry?.id === lot) this.panel.waiting.ask();
  }
}

/** Say that this page is for those who run sales. @param {import("./house/session.js").Session} session */
function turnAway(session) {
  const sentence = session.sub === null ? say("gate.guest") : say("gate.other", { name: session.sub, role: say(`role.${session.role}`) });
  byId("main").replaceChildren(
    element(
      "section",
      { id: "not-yours", class: "gate" },
      element("h1", {}, say("operator.title")),
      element("p", {}, sentence),
      element("p", {}, element("a", { class: "button", href: signInAddress() }, say("session.sign_in"))),
    ),
  );
}

const page = await openPage({ words, title: "operator.title" });
if (isOperator(page.session)) new Console(page).watch();
else turnAway(page.session);
