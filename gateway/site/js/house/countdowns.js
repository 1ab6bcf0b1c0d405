/**
 * Countdowns: how long each lot on the page still takes bids, by the server's clock.
 *
 * It refuses to decide that a lot is over: at zero it says that the house is closing it, and only the server's word
 * ends that. Invariants: one ticker for all; a countdown that nobody can see costs nothing; nothing is written unless
 * it reads differently. Instants are microseconds.
 */

import { setAttribute, setText } from "./dom.js";
import { countdownText, dateTime } from "./times.js";
import { say } from "./words.js";

const TICK_MS = 100;
const URGENT_US = 60e6;
const DAY_US = 86_400e6;

/** @typedef {{phase: string | null, closes_at: number | null, terms?: any, warned?: boolean}} Ending */

export class Countdowns {
  /** @param {import("./server_clock.js").ServerClock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<Element, () => Ending>} */
    this.endings = new Map();
    /** @type {Set<Element>} */
    this.seen = new Set();
    this.watcher = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: "200px" });
    setInterval(() => document.hidden || this.#tick(), TICK_MS);
  }

  /** Keep this element's text at what is left of a lot. @param {Element} node @param {() => Ending} ending */
  attach(node, ending) {
    this.endings.set(node, ending);
    this.watcher.observe(node);
    this.show(node);
  }

  /** @param {Element} node */
  detach(node) {
    this.endings.delete(node);
    this.seen.delete(node);
    this.watcher.unobserve(node);
  }

  /** Write one countdown now: its lot has changed. @param {Element} node */
  show(node) {
    const ending = this.endings.get(node)?.();
    if (ending === undefined) return;
    const leftUs = this.#left(ending);
    setText(node, this.#text(ending, leftUs));
    setAttribute(node, "data-urgent", ending.phase === "open" && leftUs !== null && leftUs < URGENT_US);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.seen.add(target);
      else this.seen.delete(target);
      if (isIntersecting) this.show(target);
    }
  }

  #tick() {
    for (const node of this.seen) this.show(node);
  }

  /** @param {Ending} ending */
  #left(ending) {
    if (ending.closes_at === null || !this.clock.isSet) return null;
    return ending.closes_at - this.clock.nowUs();
  }

  /** @param {Ending} ending @param {number | null} leftUs */
  #text(ending, leftUs) {
    if (ending.phase === "upcoming") return this.#opening(ending.terms?.opens_at ?? null);
    if (ending.phase !== "open") return say(`phase.${ending.phase ?? "upcoming"}`);
    if (ending.closes_at === null) return say(ending.warned ? "countdown.warned" : "countdown.open_end");
    if (leftUs === null) return "–";
    return leftUs > 0 ? countdownText(leftUs) : say("countdown.closing");
  }

  /** A lot that opens within a day counts down to it. @param {number | null} opensAt */
  #opening(opensAt) {
    if (opensAt === null) return say("phase.upcoming");
    const leftUs = this.clock.isSet ? opensAt - this.clock.nowUs() : Number.POSITIVE_INFINITY;
    if (leftUs > DAY_US) return say("countdown.opens", { at: dateTime(opensAt) });
    return leftUs > 0 ? say("countdown.opens_in", { left: countdownText(leftUs) }) : say("countdown.opening");
  }
}
