/**
 * Giving an order: it goes out under a `ref` of its own, and under the same one again until the house has answered.
 *
 * It refuses to know what the order means. Invariants: an order that was not answered may have been carried out, so that
 * it is never given anew under another `ref`; only a refusal ends an attempt without effect. Waits are milliseconds.
 * Source: protocol.md, "Bidding" (`ref`); running-sales.md, "Orders".
 */

import { post, Problem } from "../house/api.js";
import { newRef } from "../house/wire.js";

const PATIENCE_MS = 12_000;
const AGAIN_MS = 1_000;
const ATTEMPTS = 5;
const LATER = new Set(["rate_limited", "overloaded", "unavailable"]);

/**
 * @typedef {{kind: "done" | "pending", answer: any} | {kind: "refused", problem: Problem} | {kind: "unanswered"}} Outcome
 */

/** One order on its way, from the first attempt to the answer. */
export class Giving {
  /** @param {string} lot @param {string} order */
  constructor(lot, order) {
    this.lot = lot;
    this.order = order;
    this.ref = newRef();
  }

  /** Give it, or give it again. @param {Record<string, any>} fields @returns {Promise<Outcome>} */
  async give(fields) {
    try {
      const path = `/v1/lots/${encodeURIComponent(this.lot)}/orders`;
      const answer = await inTime(post(path, { order: this.order, ref: this.ref, ...fields }));
      return { kind: answer.pending ? "pending" : "done", answer };
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 0 || problem.status >= 500) return { kind: "unanswered" };
      this.ref = newRef();
      return { kind: "refused", problem };
    }
  }

  /** Give it until it is answered for good, or for so many attempts. @param {Record<string, any>} fields @returns {Promise<Outcome>} */
  async insist(fields) {
    for (let left = ATTEMPTS; ; left -= 1) {
      const outcome = await this.give(fields);
      const isLater = outcome.kind === "unanswered" || (outcome.kind === "refused" && LATER.has(outcome.problem.code));
      if (!isLater || left <= 1) return outcome;
      await new Promise((go) => setTimeout(go, AGAIN_MS));
    }
  }
}

/** @param {Promise<any>} answer */
function inTime(answer) {
  const late = new Promise((_, fail) => {
    setTimeout(() => fail(new Problem({ code: "unreachable", detail: "No answer came.", status: 0 })), PATIENCE_MS);
  });
  return Promise.race([answer, late]);
}
