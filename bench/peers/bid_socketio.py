"""The dialect of socket.io on a WebSocket: the few framing bytes around a bid and around its answer.

Refuses to know bids: a payload goes in and comes out as it is. Invariants: an event's acknowledgement id is the number
of the bid, so each answer is the acknowledgement of one bid; a ping is answered; nothing is copied on the way in, an
answer is bounds in what was read. Source: the Engine.IO protocol, version 4 (`2` ping, `3` pong, `4` message), and the
Socket.IO protocol, version 5 (`0` connect, `2` event, `3` acknowledgement).
"""

import asyncio

from bench.load import Address, Bounds, Line, frame, upgrade_request
from bench.peers.bid_flight import Plain
from bench.volley import Volley

PATH = b"/socket.io/?EIO=4&transport=websocket"
_PING, _PONG = b"2", b"3"
_CONNECT, _ACKNOWLEDGEMENT = b"40", b"43"
_HEADER_LEN = 6  # of a masked frame with a short payload, as all bids are


class SocketIoVolley(Volley):
    """Bids as socket.io events that ask for an acknowledgement."""

    def _bid(self, ref: int, lot: int, more: int) -> bytes:
        return frame(b'42%d["bid",%b]' % (ref, super()._bid(ref, lot, more)[_HEADER_LEN:]))


class SocketIo(Plain):
    """Speaks to a socket.io server over its WebSocket transport."""

    volley = SocketIoVolley

    def __init__(self) -> None:
        self._connected: dict[Line, asyncio.Event] = {}

    def request(self, address: Address) -> bytes:
        """Open a line to where socket.io listens."""
        return upgrade_request(address, None).replace(b"/v1/ws", PATH, 1)

    async def greet(self, line: Line) -> None:
        """Join the main namespace."""
        connected = self._connected[line] = asyncio.Event()
        line.write(frame(_CONNECT))
        await connected.wait()

    def answers(self, _line: Line, _data: bytes, messages: list[Bounds]) -> list[Bounds]:
        """Bounds of the values that acknowledge bids; what else came is seen to."""
        found = []
        for message in messages:
            if _data.startswith(_ACKNOWLEDGEMENT, message.start, message.stop):
                found.append(Bounds(_data.index(b"[", message.start) + 1, message.stop - 1))
            else:
                self._see_to(_line, _data[message])
        return found

    def _see_to(self, line: Line, packet: bytes) -> None:
        if packet == _PING:
            line.write(frame(_PONG))
        elif packet.startswith(_CONNECT) and line in self._connected:
            self._connected[line].set()
