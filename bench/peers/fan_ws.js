"use strict";
// A peer of the fan-out: Node `ws`. What comes in on /publish goes out to all who watch on /watch.
//
//   node fan_ws.js PORT
//
// Its best practice: no compression (its documents advise against it), and one frame for all, made once by the public
// `Sender.frame` as its author proposes for broadcasts and as socket.io does; the sockets are written to directly.
// No durability, no resume; a slow reader's frames pile up in memory.

const { Sender, WebSocket, WebSocketServer } = require("ws");

const UNMASKED_TEXT = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: true };
const house = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false, backlog: 4096 });
const watchers = new Set();

house.on("connection", (socket, request) => {
  if (request.url === "/publish") {
    socket.on("message", broadcast);
    return;
  }
  watchers.add(socket);
  socket.on("close", () => watchers.delete(socket));
});

function broadcast(data) {
  const frame = [Buffer.concat(Sender.frame(data, UNMASKED_TEXT))];
  for (const socket of watchers) {
    if (socket.readyState === WebSocket.OPEN) socket._sender.sendFrame(frame);
  }
}
