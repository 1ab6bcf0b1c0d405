"use strict";
// Bids over `ws`: node bid_ws.js PORT REDIS_SOCKET SCRIPT
// As fast as its users make it: bufferutil beside it, no compression, the answers of one turn joined (measured: + 20 %).

const { WebSocketServer } = require("ws");
const { decider, together } = require("./bid_script");

const [port, redisSocket, script] = process.argv.slice(2);
let bidders = 0;

decider(redisSocket, script).then((decide) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate: false });
  server.on("connection", (ws, request) => {
    const bidder = `bidder-${++bidders}`;
    const join = together(request.socket);
    ws.on("message", async (data) => {
      const answer = await decide(JSON.parse(data), bidder);
      join();
      ws.send(JSON.stringify(answer));
    });
  });
});
