"use strict";
// Bids over socket.io, WebSocket transport only, each answered by its acknowledgement:
// node bid_socketio.js PORT REDIS_SOCKET SCRIPT
// Answers of one turn are joined (measured: + 5 %); bufferutil beside it, no compression, as is its default.

const { Server } = require("socket.io");
const { decider, together } = require("./bid_script");

const [port, redisSocket, script] = process.argv.slice(2);
let bidders = 0;

decider(redisSocket, script).then((decide) => {
  const http = require("http").createServer();
  const server = new Server(http, { transports: ["websocket"], serveClient: false });
  server.on("connection", (socket) => {
    const bidder = `bidder-${++bidders}`;
    const join = together(socket.request.socket);
    socket.on("bid", async (bid, acknowledge) => {
      const answer = await decide(bid, bidder);
      join();
      acknowledge(answer);
    });
  });
  http.listen(Number(port), "127.0.0.1");
});
