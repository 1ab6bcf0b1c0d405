"use strict";
// Decides bids with one script call each, by ioredis with auto-pipelining: the calls of one turn of the event loop
// leave together. Explicit pipelines, one a turn, were measured too and are no faster.

const fs = require("fs");
const Redis = require("ioredis");

const LEAST_RAISE = 1;
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"; // fills the event up

/** Resolves to a function that takes a bid as it came and who bids, and resolves to the answer. */
exports.decider = async (redisSocket, script) => {
  const redis = new Redis({ path: redisSocket, enableAutoPipelining: true });
  redis.defineCommand("bid", { numberOfKeys: 2, lua: fs.readFileSync(script, "utf8") });
  await redis.ping();
  return async ({ lot, amount, ref }, bidder) => {
    const at = Date.now() * 1000;
    const event = JSON.stringify({ ev: "bid_placed", lot, ref, bidder, amount, at, agent: USER_AGENT });
    const seq = await redis.bid(`lot:${lot}`, `events:${lot}`, amount, LEAST_RAISE, bidder, event);
    if (seq === 0) return { ev: "refused", ref, lot, code: "below_ask", at };
    return { ev: "accepted", ref, lot, seq, at, paddle: bidder, amount };
  };
};

/** Returns a function that, called before a write, makes the writes of one turn of the event loop leave together. */
exports.together = (socket) => {
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  return () => {
    if (corked) return;
    corked = true;
    socket.cork();
    setImmediate(uncork);
  };
};
