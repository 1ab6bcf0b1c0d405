/**
 * The wall: what a hall full of people looks at.
 *
 * The lot whose turn it is, and those that follow. It is public, and refuses to show or to do anything that is not:
 * there is nothing on it to press but full screen. `?sale=` shows one sale, `?lot=` keeps one lot. Invariant: all of it
 * is live; when the line is lost, the wall says so. Waits are milliseconds.
 *
 * For those who look for something on the page: `#turn` (`[data-lot]`, `[data-phase]`, `[data-warned]`, `[data-moment]`)
 * with `#title`, `#price`, `#ask`, `#leader`, `#countdown`, `#banner`, `#notice`; `#following` and `#results` with lines
 * `[data-lot]`; `#clock`, `#full-screen`, `#nothing`.
 */

import words from "../words/wall.js";
import { get } from "./house/api.js";
import { announce } from "./house/announcer.js";
import { Countdowns } from "./house/countdowns.js";
import { byId, element, setAttribute, setShown, setText } from "./house/dom.js";
import { openPage, refusalText } from "./house/page.js";
import { clockTime } from "./house/times.js";
import { say } from "./house/words.js";
import { Hall } from "./wall/hall.js";
import { Lines } from "./wall/line.js";
import { bannerText, Turn } from "./wall/turn.js";

const LINES = 8;
const RESULTS = 2;
const TITLE = 1; // a heading of results takes the place of a line
const SALES = 20;
const LOOK_AGAIN_MS = 20_000;
const TICK_MS = 1_000;

class Wall {
  /** @param {{wire: import("./house/wire.js").Wire, clock: import("./house/server_clock.js").ServerClock}} page */
  constructor({ wire, clock }) {
    this.wire = wire;
    this.clock = clock;
    const wish = new URLSearchParams(location.search);
    this.sale = wish.get("sale");
    this.hall = new Hall(wish.get("lot"));
    /** @type {Set<string>} */
    this.watched = new Set();
    this.isDue = false;
    const countdowns = new Countdowns(clock);
    this.turn = new Turn(countdowns);
    this.following = new Lines("following", countdowns);
    this.results = new Lines("results", countdowns);
    this.#place();
    setInterval(() => this.#tick(), TICK_MS);
  }

  #place() {
    this.saleTitle = element("p", { id: "sale", class: "sale" });
    this.time = element("p", { id: "clock", class: "clock" });
    this.nothing = element("h1", { id: "nothing", class: "nothing", hidden: true }, say("wall.nothing"));
    this.last = element("section", { class: "last", "aria-labelledby": "results-title" }, element("h2", { id: "results-title" }, say("wall.results")), this.results.node);
    this.next = element("section", { class: "next", "aria-labelledby": "following-title" }, element("h2", { id: "following-title" }, say("wall.following")), this.following.node);
    const full = element("button", { type: "button", id: "full-screen", class: "quiet", onclick: () => document.documentElement.requestFullscreen() }, say("wall.full_screen"));
    setShown(full, document.fullscreenEnabled);
    document.addEventListener("fullscreenchange", () => setShown(full, document.fullscreenElement === null));
    const main = byId("main");
    setAttribute(main, "class", "wall");
    setShown(this.turn.node, false);
    main.replaceChildren(this.nothing, this.turn.node, element("div", { class: "beside" }, this.next, this.last), element("footer", { class: "foot" }, this.saleTitle, full, this.time));
  }

  /** Find the sales there are, and watch those that have not ended. */
  async find() {
    this.lookedMs = performance.now();
    try {
      const sales = this.sale === null ? (await get("/v1/sales")).sales.filter(isToCome) : [await get(`/v1/sales/${encodeURIComponent(this.sale)}`)];
      for (const sale of await this.#withPinned(sales.slice(0, SALES))) this.#watch(sale.sale);
      setText(this.saleTitle, sales.length === 1 ? sales[0].title : "");
    } catch (/** @type {any} */ problem) {
      setText(this.nothing, refusalText(problem));
    }
    this.#due();
  }

  /** The sale of the lot that always has the turn is watched too, also when it has ended. @param {any[]} sales */
  async #withPinned(sales) {
    const { pinned } = this.hall;
    if (pinned === null) return sales;
    const { sale } = await get(`/v1/lots/${encodeURIComponent(pinned)}`);
    return [{ sale }, ...sales.filter((one) => one.sale !== sale)];
  }

  /** @param {string} sale */
  #watch(sale) {
    if (this.watched.has(sale)) return;
    this.watched.add(sale);
    this.wire.watchSale(sale, (message) => {
      this.hall.take(message);
      this.#due();
    });
  }

  // Showing ----------------------------------------------------------------------------------------------------------

  #due() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.#show();
    });
  }

  #show() {
    const { turn, following } = this.hall.look(LINES);
    const isMoment = this.hall.momentMs > 0;
    setShown(this.turn.node, turn !== null);
    setShown(this.nothing, turn === null);
    if (turn !== null) this.turn.show(turn, isMoment);
    const results = this.hall.ended.filter(({ lot }) => lot !== turn).slice(0, RESULTS);
    this.following.show(results.length > 0 ? following.slice(0, LINES - RESULTS - TITLE) : following);
    setShown(this.next, following.length > 0);
    this.results.show(results.map(({ lot }) => lot));
    setShown(this.last, results.length > 0);
    this.#announce(turn, isMoment);
  }

  /** Say aloud how a lot came out, once. @param {any} turn @param {boolean} isMoment */
  #announce(turn, isMoment) {
    if (isMoment && this.told !== turn) announce(bannerText(turn));
    this.told = isMoment ? turn : null;
  }

  /** Once a second: the time, the end of a lot's moment, and sales that have been listed since. */
  #tick() {
    if (this.clock.isSet) setText(this.time, clockTime(this.clock.nowUs()));
    if (this.hall.ended.length > 0) this.#due();
    const hasNone = this.hall.turn === null || this.hall.turn.isOver;
    if (hasNone && this.hall.pinned === null && performance.now() - (this.lookedMs ?? 0) > LOOK_AGAIN_MS) this.find();
  }
}

/** @param {{lots: Record<string, number>}} sale */
function isToCome({ lots }) {
  return (lots.open ?? 0) + (lots.paused ?? 0) + (lots.upcoming ?? 0) > 0;
}

await new Wall(await openPage({ words, title: "wall.title" })).find();
