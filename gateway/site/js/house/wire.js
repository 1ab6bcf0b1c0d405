/**
 * The wire: one WebSocket for all that a page watches and orders, kept up whatever happens to the network.
 *
 * It refuses to know what a message means to a page. Invariants: a lot watched in full is heard without a gap, across
 * reconnects too; an order is kept with its `ref` until it is answered, and sent again under the same one, so that it
 * never counts twice; a server that does not want us back is not called again. Waits are milliseconds. Source:
 * protocol.md, "Resume", "Bidding" and "Limits, closing, coming back".
 */

import { ServerClock } from "./server_clock.js";

const PATH = "/v1/ws";
const PROTOCOL = "knockdown.v1.json";
const CLOCK_EVERY_MS = 10_000;
const CLOCK_BURST = 5;
const CLOCK_BURST_GAP_MS = 150;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30_000;
const SILENT_HEARTBEATS = 2.5;
const TOO_SLOW = 4408;
const KEPT = "knockdown.orders";

/** @typedef {"connecting" | "open" | "lost" | "ended"} Status */
/** @typedef {(message: any) => void} Hear */

/** What this page watches: how it asks for it, who hears it, and how far a full feed has come. */
class Watch {
  /** @param {Record<string, any>} wish @param {Hear} hear */
  constructor(wish, hear) {
    this.wish = wish;
    this.hear = hear;
    /** @type {number | null} */
    this.seq = null;
    this.head = "";
  }

  get isFull() {
    return this.wish.lot !== undefined && this.wish.feed === "full";
  }

  /** The `watch` that goes on where this one has come to. */
  get request() {
    const cursor = this.isFull && this.seq !== null ? { after: this.seq, head: this.head } : {};
    return { op: "watch", ...this.wish, ...cursor };
  }

  /** Whether a message leaves a gap behind what was heard; otherwise it is noted. @param {any} message */
  misses(message) {
    if (message.ev === "lot") return this.#note(message);
    if (!this.isFull || this.seq === null || message.seq === undefined) return false;
    if (message.ev === "heartbeat") return message.seq > this.seq;
    if (message.head === undefined || message.seq <= this.seq) return false;
    return message.seq > this.seq + 1 || this.#note(message);
  }

  /** @param {any} message */
  #note(message) {
    this.seq = message.seq;
    this.head = message.head;
    return false;
  }
}

export class Wire {
  /** @param {ServerClock} [clock] */
  constructor(clock = new ServerClock()) {
    this.clock = clock;
    /** @type {Status} */
    this.status = "connecting";
    /** What the server said of us when we came in. @type {{bidder: string | null, role: string, heartbeat_s: number} | null} */
    this.hello = null;
    /** Whose orders these are; undefined until the server has said. @type {string | null | undefined} */
    this.bidder = undefined;
    /** The close code, once it has ended. @type {number | null} */
    this.endedWith = null;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<string, Watch>} */
    this.watches = new Map();
    /** @type {Map<string, {message: any, answered: Hear}>} */
    this.orders = new Map();
    /** @type {Record<string, Set<Hear>>} */
    this.listeners = { status: new Set(), hello: new Set(), late: new Set() };
    this.attempts = 0;
    this.heardAt = 0;
    /** @type {[number, number] | null} */
    this.retryMs = null;
    setInterval(() => this.#look(), 1_000);
    addEventListener("online", () => this.reconnect());
    document.addEventListener("visibilitychange", () => document.hidden || this.#askTime(CLOCK_BURST));
  }

  /**
   * Hear of the wire itself: `status`; `hello`, when the server says who we are; `late`, answers to orders of before
   * this page was loaded.
   *
   * @param {"status" | "hello" | "late"} what
   * @param {Hear} hear
   */
  on(what, hear) {
    this.listeners[what].add(hear);
  }

  connect() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${PATH}`, PROTOCOL);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.onmessage = (event) => this.socket === socket && this.#heard(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.#closed(event.code);
  }

  /** Come in anew, under whoever the cookie says we are now. */
  reconnect() {
    const before = this.socket;
    this.socket = null;
    before?.close();
    this.attempts = 0;
    this.endedWith = null;
    this.#become("connecting");
    this.connect();
  }

  // Watching ----------------------------------------------------------------------------------------------------------

  /** @param {string} lot @param {{feed?: "full" | "live"}} options @param {Hear} hear @returns {() => void} what ends it */
  watchLot(lot, { feed = "full" }, hear) {
    return this.#watch(`lot ${lot}`, { lot, feed }, hear);
  }

  /** @param {string} sale @param {Hear} hear */
  watchSale(sale, hear) {
    return this.#watch(`sale ${sale}`, { sale }, hear);
  }

  /** @param {Hear} hear */
  watchOperations(hear) {
    return this.#watch("operations", { feed: "operations" }, hear);
  }

  /** @param {string} key @param {Record<string, any>} wish @param {Hear} hear */
  #watch(key, wish, hear) {
    const watch = new Watch(wish, hear);
    this.watches.set(key, watch);
    if (this.hello !== null) this.#send(watch.request);
    return () => {
      if (this.watches.get(key) !== watch) return;
      this.watches.delete(key);
      if (this.hello !== null) this.#send({ op: "unwatch", ...(wish.lot === undefined ? wish : { lot: wish.lot }) });
    };
  }

  // Orders ------------------------------------------------------------------------------------------------------------

  /**
   * Send a bid, a ceiling or a joining; resolves with `accepted` or `refused`, however long the network takes.
   *
   * @param {{op: "bid" | "max_bid" | "join", lot: string, amount?: number, confirm?: boolean}} order
   * @returns {Promise<any>}
   */
  order(order) {
    const message = { ...order, ref: newRef() };
    return new Promise((answered) => {
      this.orders.set(message.ref, { message, answered });
      this.#keepOrders();
      if (this.hello !== null) this.#send(message);
    });
  }

  /** Take up what a page that was left or reloaded had sent, as the same bidder. */
  #recallOrders() {
    const kept = recalled();
    for (const message of kept.bidder === this.bidder ? kept.orders : []) {
      if (!this.orders.has(message.ref)) {
        this.orders.set(message.ref, { message, answered: (answer) => this.#tell("late", answer) });
      }
    }
  }

  #keepOrders() {
    const orders = [...this.orders.values()].map(({ message }) => message);
    store({ bidder: this.bidder ?? null, orders });
  }

  /** @param {any} answer */
  #answered(answer) {
    const order = this.orders.get(answer.ref);
    if (order === undefined) return;
    this.orders.delete(answer.ref);
    this.#keepOrders();
    order.answered(answer);
  }

  // Hearing -----------------------------------------------------------------------------------------------------------

  /** @param {any} message */
  #heard(message) {
    this.heardAt = performance.now();
    switch (message.ev) {
      case "hello":
        return this.#greeted(message);
      case "time":
        return this.clock.sample(message.sent, this.heardAt, message.now);
      case "accepted":
      case "refused":
        return this.#answered(message);
      case "goodbye":
        this.retryMs = message.retry_ms;
        return undefined;
      default:
        return this.#passOn(message);
    }
  }

  /** @param {any} hello */
  #greeted(hello) {
    const isFirst = this.hello === null;
    this.hello = hello;
    this.#belongTo(hello.bidder);
    if (isFirst) {
      this.#askTime(CLOCK_BURST);
      for (const watch of this.watches.values()) this.#send(watch.request);
      this.#recallOrders();
      for (const { message } of this.orders.values()) this.#send(message);
      this.attempts = 0;
      this.#become("open");
    }
    this.#tell("hello", hello);
  }

  /** Nobody sends another's orders: those stay kept until he is back. @param {string | null} bidder */
  #belongTo(bidder) {
    if (this.bidder !== undefined && this.bidder !== bidder) this.orders.clear();
    this.bidder = bidder;
  }

  /** @param {any} message */
  #passOn(message) {
    for (const watch of this.#watchesOf(message)) {
      if (watch.misses(message)) this.#send(watch.request);
      else watch.hear(message);
    }
  }

  /** @param {any} message @returns {Watch[]} */
  #watchesOf(message) {
    const ofLot = this.watches.get(`lot ${message.lot}`);
    const found = [ofLot];
    if (message.ev === "operations") found.push(this.watches.get("operations"));
    if (message.ev === "you") found.push(...this.#sales());
    if (message.ev !== "lot" && message.sale !== undefined) found.push(this.watches.get(`sale ${message.sale}`));
    if (message.ev === "error" && message.op === "watch" && ofLot === undefined) {
      found.push(...(message.code === "unknown_sale" ? this.#sales() : [this.watches.get("operations")]));
    }
    return /** @type {Watch[]} */ (found.filter((watch) => watch !== undefined));
  }

  #sales() {
    return [...this.watches.values()].filter((watch) => watch.wish.sale !== undefined);
  }

  // The line ----------------------------------------------------------------------------------------------------------

  /** @param {any} message */
  #send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {number} times */
  #askTime(times) {
    if (this.hello === null) return;
    this.#send({ op: "time", sent: performance.now() });
    this.askedAt = performance.now();
    if (times > 1) setTimeout(() => this.#askTime(times - 1), CLOCK_BURST_GAP_MS);
  }

  /** Once a second: has this machine slept, is the line dead, is the clock stale? */
  #look() {
    const [now, day] = [performance.now(), Date.now()];
    const slept = this.lookedAt !== undefined && Math.abs(day - this.lookedAt.day - (now - this.lookedAt.now)) > 1_000;
    this.lookedAt = { now, day };
    if (slept) {
      this.clock.reset();
      this.#askTime(CLOCK_BURST);
    }
    if (this.hello === null) return;
    const silence = this.hello.heartbeat_s * 1_000 * SILENT_HEARTBEATS;
    if (now - this.heardAt > Math.max(silence, CLOCK_EVERY_MS * 1.5)) this.#lose();
    else if (now - (this.askedAt ?? 0) > CLOCK_EVERY_MS) this.#askTime(1);
  }

  /** Give up a line on which nothing comes any more. */
  #lose() {
    const before = this.socket;
    this.socket = null;
    before?.close();
    this.#closed(1006);
  }

  /** @param {number} code */
  #closed(code) {
    this.socket = null;
    this.hello = null;
    if (code >= 4400 && code < 4500 && code !== TOO_SLOW) {
      this.endedWith = code;
      this.#become("ended");
      return;
    }
    this.#become("lost");
    setTimeout(() => this.socket === null && this.status === "lost" && this.connect(), this.#wait());
  }

  #wait() {
    const [least, most] = this.retryMs ?? [0, Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.attempts)];
    this.retryMs = null;
    this.attempts += 1;
    return least + Math.random() * (most - least);
  }

  /** @param {Status} status */
  #become(status) {
    if (this.status === status) return;
    this.status = status;
    this.#tell("status", status);
  }

  /** @param {"status" | "hello" | "late"} what @param {any} message */
  #tell(what, message) {
    for (const hear of this.listeners[what]) hear(message);
  }
}

/** Return an id that nobody else has: `crypto.randomUUID` is not there on a page without TLS. */
export function newRef() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @returns {{bidder: string | null, orders: any[]}} */
function recalled() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null") ?? { bidder: null, orders: [] };
  } catch {
    return { bidder: null, orders: [] };
  }
}

/** @param {object} kept */
function store(kept) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // a browser that keeps nothing has the order in memory alone
  }
}
