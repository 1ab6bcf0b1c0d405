/**
 * Who and what waits at a lot: bidders who want to be let in, and orders that want a second operator.
 *
 * It refuses to know anybody's paddle; the house does not tell it. Invariant: what is shown is what the house said when
 * it was last asked, since nothing of it is public and no feed tells it: it is asked on opening a lot, after each order,
 * and by a button. Amounts are minor units. Source: running-sales.md, "Admission and deposits", "Four eyes".
 */

import { get } from "../house/api.js";
import { element, setShown, setText } from "../house/dom.js";
import { formatMoney } from "../house/money.js";
import { refusalText, toast } from "../house/page.js";
import { dateTime } from "../house/times.js";
import { knows, say } from "../house/words.js";
import { orderNamed, unfit } from "./orders.js";

const PAGE = 100;
const FOR_BIDDERS = ["admit", "decline", "deposit", "bar", "release"];

export class Waiting {
  /** @param {import("../house/session.js").Session} session @param {(order: import("./orders.js").Order, given: Record<string, any>) => void} choose */
  constructor(session, choose) {
    this.session = session;
    this.choose = choose;
    /** @type {import("./floor.js").Entry | null} */
    this.entry = null;
    this.proposals = element("ul", { id: "proposals", class: "waiting" });
    this.bidders = element("ul", { id: "registrations", class: "waiting" });
    this.noProposals = element("p", { class: "empty" }, say("waiting.no_orders"));
    this.noBidders = element("p", { class: "empty" }, say("waiting.no_bidders"));
    this.more = element("p", { class: "faint", hidden: true }, say("waiting.more", { count: PAGE }));
    const look = element("button", { type: "button", class: "small", id: "look-again", onclick: () => this.ask() }, say("waiting.look"));
    this.node = element(
      "section",
      { "aria-labelledby": "waiting-title" },
      element("div", { class: "head" }, element("h3", { id: "waiting-title" }, say("waiting.title")), look),
      element("h4", {}, say("waiting.orders")),
      this.noProposals,
      this.proposals,
      element("h4", {}, say("waiting.bidders")),
      this.noBidders,
      this.bidders,
      this.more,
    );
  }

  /** @param {import("./floor.js").Entry} entry */
  open(entry) {
    this.entry = entry;
    this.#show([], []);
    return this.ask();
  }

  /** Ask the house who and what waits. */
  async ask() {
    const { entry } = this;
    if (entry === null) return;
    const path = `/v1/lots/${encodeURIComponent(entry.id)}`;
    try {
      const [orders, bidders] = await Promise.all([get(`${path}/orders`), get(`${path}/registrations?limit=${PAGE}`)]);
      if (this.entry !== entry) return;
      this.#show(orders.proposals, bidders.registrations);
      setShown(this.more, bidders.cursor !== null);
    } catch (/** @type {any} */ problem) {
      if (this.entry === entry) toast(refusalText(problem), { kind: "bad" });
    }
  }

  /** @param {any[]} proposals @param {any[]} registrations */
  #show(proposals, registrations) {
    setShown(this.noProposals, proposals.length === 0);
    setShown(this.noBidders, registrations.length === 0);
    this.proposals.replaceChildren(...proposals.map((one) => this.#proposal(one)));
    this.bidders.replaceChildren(...registrations.map((one) => this.#bidder(one)));
  }

  // Orders -----------------------------------------------------------------------------------------------------------

  /** @param {any} proposal */
  #proposal(proposal) {
    const isOwn = proposal.of_by === this.session.sub;
    const order = nameOf(proposal.order);
    const button = element("button", { type: "button", class: "small", "data-countersign": proposal.of_ref, onclick: () => this.#countersign(proposal) });
    setText(button, say("waiting.countersign"));
    return element(
      "li",
      { "data-order": proposal.order },
      element("div", {}, element("strong", {}, order), ` ${say("waiting.by", { who: proposal.of_by })}`, element("p", { class: "faint" }, details(proposal, this.entry?.lot))),
      element("div", { class: "row" }, isOwn ? element("span", { class: "faint" }, say("waiting.own")) : button),
    );
  }

  /** @param {any} proposal */
  #countersign({ of_by, of_ref }) {
    this.choose(orderNamed("countersign"), { of_by, of_ref });
  }

  // Bidders ----------------------------------------------------------------------------------------------------------

  /** @param {any} one */
  #bidder(one) {
    const { lot } = /** @type {import("./floor.js").Entry} */ (this.entry);
    const fit = FOR_BIDDERS.map(orderNamed).filter((order) => unfit(order, lot) === null && isFor(order.name, one));
    const buttons = fit.map((order) => {
      const label = say("waiting.order_for", { order: say(`order.${order.name}`), bidder: one.bidder });
      return element("button", { type: "button", class: "small", "data-order": order.name, "aria-label": label, onclick: () => this.choose(order, { bidder: one.bidder }) }, say(`order.${order.name}`));
    });
    return element(
      "li",
      { "data-bidder": one.bidder },
      element("div", {}, element("strong", {}, one.bidder), ` `, element("span", { class: "faint" }, standing(one, lot))),
      element("div", { class: "row" }, ...buttons),
    );
  }
}

/** Whether an order would still change something for a bidder. @param {string} order @param {any} one */
function isFor(order, one) {
  if (order === "bar") return !one.barred;
  if (order === "admit") return !one.approved;
  if (order === "deposit") return one.deposit.received === 0;
  if (order === "release") return one.deposit.held > 0;
  return !one.barred;
}

/** How a bidder stands. @param {any} one @param {any} lot */
function standing(one, lot) {
  const { currency } = lot.terms;
  const told = [say(one.registered ? "bidder.registered" : "bidder.not_registered")];
  if (one.approved) told.push(say("bidder.approved"));
  if (one.rank !== null) told.push(say("bidder.rank", { rank: one.rank }));
  if (one.barred) told.push(say("bidder.barred"));
  if (lot.terms.deposit > 0 && one.deposit.received === 0) told.push(say("bidder.no_deposit"));
  for (const account of ["held", "released", "applied", "forfeited"]) {
    if (one.deposit[account] > 0) told.push(say(`bidder.${account}`, { amount: formatMoney(one.deposit[account], currency) }));
  }
  return told.join(" · ");
}

/** @param {string} order */
function nameOf(order) {
  return knows(`order.${order}`) ? say(`order.${order}`) : order;
}

/** What an order that waits says, beside its name. @param {any} proposal @param {any} lot */
function details({ fields, reason }, lot) {
  const told = [];
  const listing = fields.listing;
  if (fields.closes_at) told.push(say("detail.until", { at: dateTime(fields.closes_at) }));
  if (fields.seq) told.push(say("detail.bid", { seq: String(fields.seq) }));
  if (fields.bidder) told.push(say("detail.bidder", { bidder: fields.bidder }));
  if (fields.rank) told.push(say("bidder.rank", { rank: fields.rank }));
  for (const name of ["amount", "costs", "shortfall"]) {
    if (fields[name] !== undefined) told.push(say(`detail.${name}`, { amount: formatMoney(fields[name], lot.terms.currency) }));
  }
  if (fields.payment) told.push(say("detail.payment", { payment: fields.payment }));
  if (listing) told.push(say("detail.successor", { lot: listing.lot, price: formatMoney(listing.terms.start_price, lot.terms.currency), at: dateTime(listing.terms.opens_at) }));
  if (reason) told.push(say("tape.reason", { reason }));
  return told.join(" · ");
}
