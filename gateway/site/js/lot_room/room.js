/**
 * The room: one lot, all that is heard of it, and the parts of the page that show it.
 *
 * It refuses to know how a part shows what it shows. Invariants: whatever comes over the wire is first written into the
 * lot and the book, then shown, all parts together; a burst is shown once. Also in a tab that nobody looks at, since
 * its title tells who is outbid. Spans are milliseconds.
 */

import { Countdowns } from "../house/countdowns.js";
import { byId, setAttribute, setShown } from "../house/dom.js";
import { LotState } from "../house/lot_state.js";
import { toast } from "../house/page.js";
import { clockTime } from "../house/times.js";
import { say } from "../house/words.js";
import { Admission } from "./admission.js";
import { Away } from "./away.js";
import { showBanners } from "./banners.js";
import { BidPanel } from "./bid_panel.js";
import { Calls } from "./calls.js";
import { Course } from "./course.js";
import { EventBook } from "./event_book.js";
import { kindWords } from "./event_words.js";
import { markExtended, showEnding, showPrice, showTimes } from "./figures.js";
import { showHead } from "./head.js";
import { History } from "./history.js";
import { Offering } from "./offering.js";
import { Sound } from "./sound.js";
import { StandingLine } from "./standing.js";
import { Terms } from "./terms.js";

const TOGETHER_MS = 16;
const LOOK_MS = 250;
const FRESH_MS = 5_000;

export class Room {
  /**
   * @param {string} name the lot's id
   * @param {{wire: import("../house/wire.js").Wire, clock: import("../house/server_clock.js").ServerClock,
   *   session: import("../house/session.js").Session}} page
   * @param {{unknown: () => void, listed: (sale: string) => Promise<any>}} ask
   */
  constructor(name, page, ask) {
    /** @type {any} */
    this.lot = new LotState(name);
    this.page = page;
    this.ask = ask;
    this.book = new EventBook(name);
    this.away = new Away();
    this.calls = new Calls();
    this.standing = new StandingLine();
    this.storeAway = false;
    this.missed = "";
    /** @type {any} */
    this.sale = null;
    this.sound = new Sound();
    this.offering = new Offering(this.lot, page.wire, {
      changed: () => this.#offering(),
      answered: (answer, offer) => this.#answered(answer, offer),
    });
    page.wire.on("status", (status) => this.#line(status));
    page.wire.watchLot(name, { feed: "full" }, (message) => this.#hear(message));
    document.addEventListener("visibilitychange", () => document.hidden || this.admission?.look());
    setInterval(() => this.#tick(), LOOK_MS);
  }

  // Hearing -----------------------------------------------------------------------------------------------------------

  /** @param {any} message */
  #hear(message) {
    if (message.ev === "error") return this.lot.isKnown ? undefined : this.ask.unknown();
    if (message.ev === "status") this.#store(message.store);
    const isNews = this.lot.take(message);
    if (message.ev === "lot") this.#snapshot(message);
    else if (isNews && message.head !== undefined && message.ev !== "heartbeat" && message.ev !== "resumed") this.#event(message);
    if (message.ev === "you") this.admission?.look();
    if (message.ev === "resumed") this.#back();
    this.#showSoon();
    return undefined;
  }

  /** @param {"away" | "back"} store */
  #store(store) {
    this.storeAway = store === "away";
    if (!this.storeAway) this.book.mend().then(() => this.#showSoon());
  }

  /** @param {any} message */
  #snapshot(message) {
    if (this.panel === undefined) this.#furnish();
    this.book.open(message.seq).then(() => this.#showSoon());
    if (message.sale && this.sale === null) this.#sale(message.sale);
    this.#back();
  }

  /** @param {string} sale */
  async #sale(sale) {
    this.sale = await this.ask.listed(sale);
    showHead(this.lot, this.sale);
    this.#showSoon();
  }

  /** @param {any} event */
  #event(event) {
    this.book.take(event);
    if (this.away.left !== null) return; // caught up on: told as a whole
    this.calls.event(event, this.lot);
    if (event.ev === "lot_extended") this.#extended(event);
    if (this.lot.isOver) this.extendedToast?.remove();
    if (event.ev === "fair_warning_given") this.sound.play("warned");
  }

  /** @param {any} event */
  #extended(event) {
    this.extendedToast?.remove();
    const values = { cause: kindWords("cause", event.cause), at: clockTime(event.closes_at) };
    this.extendedToast = toast(say("toast.extended", values));
    markExtended(true);
    clearTimeout(this.calm);
    this.calm = setTimeout(() => markExtended(false), FRESH_MS);
  }

  /** @param {string} status */
  #line(status) {
    if (status === "lost" || status === "connecting") this.away.leave(this.lot);
    this.#showSoon();
  }

  /** The page is up to date again after a cut. */
  #back() {
    this.book.mend().then(() => this.#showSoon());
    const missed = this.away.comeBack(this.lot);
    if (missed === "") return;
    this.missed = missed;
    toast(missed);
    this.admission?.look();
  }

  // Showing -----------------------------------------------------------------------------------------------------------

  /** The lot is known: build what shows it. */
  #furnish() {
    const { lot, page } = this;
    const changed = () => this.#showSoon();
    showHead(lot, this.sale);
    this.panel = new BidPanel(lot, this.offering, this.sound);
    this.admission = new Admission(lot, page.session, changed);
    this.history = new History(this.book, changed);
    this.course = new Course(lot);
    this.terms = new Terms();
    this.terms.build(lot);
    this.countdowns = new Countdowns(page.clock);
    this.countdowns.attach(byId("countdown"), () => lot);
    this.countdowns.attach(this.panel.glanceTime, () => lot);
    new IntersectionObserver(([seen]) => setAttribute(byId("act"), "data-far", !seen?.isIntersecting)).observe(byId("price"));
    this.admission.look();
    setShown(byId("room"), true);
  }

  #offering() {
    if (this.offering.pending !== null) {
      this.panel?.forget();
      this.missed = "";
    }
    this.#showSoon();
  }

  /** @param {import("./offering.js").Answer} answer @param {import("./offering.js").Offer} offer */
  #answered(answer, offer) {
    if (this.panel === undefined) toast(answer.text, { kind: answer.kind });
    this.panel?.tell(answer, offer);
    if (offer.op === "join") this.admission?.look();
  }

  /** Show everything that has come in, once for a burst. */
  #showSoon() {
    if (this.panel === undefined || this.waiting) return;
    this.waiting = true;
    setTimeout(() => this.#show(), TOGETHER_MS);
  }

  #show() {
    this.waiting = false;
    const { lot, page, book } = this;
    const paddle = lot.you?.paddle ?? null;
    showPrice(lot);
    showEnding(lot, page.clock);
    const ended = book.latest("lot_sold", "lot_passed", "lot_withdrawn");
    showTimes(lot, this.sale?.zone ?? "", { extended: book.latest("lot_extended"), ended });
    this.countdowns?.show(byId("countdown"));
    const before = this.standing.kind;
    const { kind } = this.standing.show(lot, book.bidsOf(paddle));
    if (before === "leading" && kind !== "leading") this.panel?.forget("good");
    if (before !== kind && before !== "" && kind === "outbid") this.sound.play("outbid");
    showBanners(lot, this);
    this.panel?.show(this.#seat());
    this.admission?.show();
    this.history?.show({ terms: lot.terms, paddle });
    this.course?.show(book, page.clock.nowUs());
    this.terms?.show(lot, this.sale);
  }

  /** What changes with time alone. */
  #tick() {
    if (this.panel === undefined) return;
    this.calls.time(this.lot, this.page.clock);
    if (!document.hidden) showEnding(this.lot, this.page.clock);
  }

  /** @returns {import("./may_bid.js").Seat} */
  #seat() {
    const { lot, storeAway } = this;
    const { session, wire } = this.page;
    const record = this.admission?.record ?? null;
    return { lot, session, record, line: wire.status, storeAway, pending: this.offering.pending };
  }
}
