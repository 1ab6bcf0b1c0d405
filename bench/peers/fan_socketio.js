"use strict";
// A peer of the fan-out: socket.io with its Redis adapter. What comes in as "bid" goes out to the room as "event".
//
//   node fan_socketio.js PORT REDIS_PORT
//
// Its best practice: WebSockets only and no compression; the adapter encodes and frames once for the whole room, and
// publishes every event for the other servers of a house with several. Pings are put off, so that frames alone are
// counted. At most once: no durability, no resume.

const { createServer } = require("http");
const { createAdapter } = require("@socket.io/redis-adapter");
const { Redis } = require("ioredis");
const { Server } = require("socket.io");

const HOUR_MS = 3_600_000;
const [port, redisPort] = process.argv.slice(2).map(Number);
const publishing = new Redis({ host: "127.0.0.1", port: redisPort });
const listening = publishing.duplicate();
const http = createServer();
const house = new Server(http, {
  adapter: createAdapter(publishing, listening),
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: HOUR_MS,
});

house.on("connection", (socket) => {
  if (socket.handshake.query.watch) socket.join(socket.handshake.query.watch);
  socket.on("bid", (text) => house.to("lot").emit("event", text));
});
listening.once("ready", () => http.listen({ host: "127.0.0.1", port, backlog: 4096 }));
