"""A house in daily use: a witness who bids and watches undisturbed, and doors for whoever brings bad input.

It refuses to know what the bad input is. Invariant: whatever others do, the witness's line holds, his bids are accepted
and answered in time, and his feed has no gap. Amounts are minor units, times seconds.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle
from typing import Any

import msgpack
import msgspec
import orjson
from websockets.frames import Opcode

from bench.client import JSON, MSGPACK, Bidder, Watcher
from bench.desk import Desk
from bench.feed import Message
from lots.listing import Listing
from tests.gateway.doors import PATIENCE_S, Peer, masked
from tests.promises.premises import Premises
from tests.promises.storm import SALE, listing

CALM = "calm"
_EVERY_S = 0.02
_WITNESSES = 3  # enough to stay within the rate of one account
_ANSWERED_WITHIN_S = 0.5
_STEP = 100

LOTS = [
    listing(CALM, 3_600, self_raise=True),
    listing("busy", 3_600, self_raise=True, confirm_above=10),
    listing("plain", 3_600, proxy=False, self_raise=True, **{"raise": "multiple"}),
    listing("huge", 3_600, self_raise=True),
    listing("guarded", 3_600, deposit=1_000),
    listing("later", 7_200, opens_at=2**52, closes_at=2**52 + 1),
    msgspec.structs.replace(listing("wordy", 3_600), description="word " * 1_600),
]


def said(message: object) -> bytes:
    """A message as a text frame."""
    return masked(Opcode.TEXT, orjson.dumps(message))


def packed(message: object) -> bytes:
    """A message as a binary frame."""
    return masked(Opcode.BINARY, msgpack.packb(message))


class Caller(Peer):
    """Somebody on a WebSocket of the live house who speaks in bare bytes."""

    binary = False

    async def heard(self) -> Message:
        """Read up to the next message."""
        while True:
            first, payload = await self.frame()
            if first in {0x81, 0x82}:
                message: Message = msgpack.unpackb(payload) if first == 0x82 else orjson.loads(payload)
                return message
            assert first == 0x89, f"the line was closed: {payload!r}"

    async def hears(self, ev: str) -> Message:
        """Read up to the next message of this kind."""
        while (message := await self.heard())["ev"] != ev:
            pass
        return message


class Live:
    """The live house and its witness."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self._watchers = [Watcher(premises.address, [CALM], form) for form in (JSON, MSGPACK)]
        self._bidders = [
            Bidder(premises.address, partial(premises.sign, "bidder", f"witness-{number}"), form)
            for number, form in zip(range(_WITNESSES), cycle((JSON, MSGPACK)), strict=False)
        ]
        self._answers: list[tuple[float, Message]] = []
        self._answered = asyncio.Event()
        self._peers: list[Peer] = []

    async def knock(self, *lines: str, path: str = "/v1/ws") -> tuple[Caller, bytes]:
        """Ask for a WebSocket; return the caller and the head of the response."""
        caller = Caller(*await asyncio.open_connection(*self.premises.address))
        self._peers.append(caller)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        host = f"Host: 127.0.0.1:{self.premises.address.port}"
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        request = (f"GET {path} HTTP/1.1", host, *upgrade, f"Sec-WebSocket-Key: {key}", *lines)
        caller.say(("\r\n".join(request) + "\r\n\r\n").encode())
        async with asyncio.timeout(PATIENCE_S):
            return caller, await caller.reader.readuntil(b"\r\n\r\n")

    async def come_in(self, role: str = "", *lines: str, sub: str = "rowdy") -> Caller:
        """Ask for a WebSocket under an identity, and hear the greeting."""
        who = (f"Authorization: Bearer {self.premises.sign(role, sub)}",) if role else ()
        caller, head = await self.knock(*who, *lines)
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert (await caller.heard())["ev"] == "hello"
        return caller

    async def raw(self) -> Caller:
        """A bare connection."""
        caller = Caller(*await asyncio.open_connection(*self.premises.address))
        self._peers.append(caller)
        return caller

    async def see_out(self) -> None:
        """Have everyone hang up but the witness."""
        for peer in self._peers:
            peer.writer.transport.abort()
        self._peers.clear()
        await asyncio.sleep(0)

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Message]:
        """Make an HTTP request; return its status and its body."""
        caller = await self.raw()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.premises.address.port}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        caller.say(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head, _, payload = (await caller.end()).partition(b"\r\n\r\n")
        return int(head.split()[1]), orjson.loads(payload) if payload[:1] in {b"{", b"["} else {"text": payload}

    # The witness ------------------------------------------------------------------------------------------------------

    async def bear_witness(self) -> None:
        """Bid again and again, for as long as the house is open."""
        number = 0
        while True:
            number += 1
            order = {"op": "bid", "lot": CALM, "ref": f"w-{number}", "amount": _STEP * number, "confirm": True}
            began = time.perf_counter()
            answer = await self._bidders[number % _WITNESSES].offer(order)
            self._answers.append((time.perf_counter() - began, answer))
            self._answered.set()
            await asyncio.sleep(_EVERY_S)

    async def seat(self) -> None:
        """Seat the witness."""
        for watcher in self._watchers:
            watcher.arrive()
            await watcher.seated.wait()

    async def is_undisturbed(self) -> None:
        """Hear two more answers to the witness, the later of them to a bid of from now on; nothing may be amiss."""
        for _ in range(2):
            self._answered.clear()
            async with asyncio.timeout(PATIENCE_S):
                await self._answered.wait()
        answers, self._answers = self._answers, []
        assert [answer for _, answer in answers if answer["ev"] != "accepted" or answer["repeat"]] == []
        assert max(took_s for took_s, _ in answers) < _ANSWERED_WITHIN_S
        assert [(bidder.dropped, bidder.resent) for bidder in self._bidders] == [(0, {})] * _WITNESSES
        for watcher in self._watchers:
            assert (watcher.dropped, watcher.troubles) == (0, [])
            assert watcher.feeds[CALM].faults == []
            assert watcher.feeds[CALM].resets == 0

    async def leave(self) -> None:
        """Have the witness leave; his feeds must be the log."""
        events = await asyncio.to_thread(_log, self.premises)
        async with asyncio.timeout(PATIENCE_S):
            while any(watcher.feeds[CALM].seq < events[-1]["seq"] for watcher in self._watchers):  # noqa: ASYNC110  it is told by no event of ours
                await asyncio.sleep(0.01)
        for watcher in self._watchers:
            assert watcher.feeds[CALM].differences(events) == []
        await asyncio.gather(*(guest.leave() for guest in (*self._bidders, *self._watchers)))


def _log(premises: Premises) -> list[Message]:
    desk = Desk(premises.address)
    events = list(desk.events(CALM))
    desk.close()
    return events


def _list(premises: Premises, listings: Sequence[Listing]) -> None:
    desk = Desk(premises.address, premises.sign("operator", "clerk"))
    desk.list_sale(SALE, "A quiet sale")
    for one in listings:
        desk.list_lot(msgspec.to_builtins(one))
    desk.close()


@asynccontextmanager
async def open_house(premises: Premises, listings: Sequence[Listing] = LOTS) -> AsyncIterator[Live]:
    """Open a house with a witness in it; at the end, see that he has heard everything, and close it."""
    await premises.open()
    await asyncio.to_thread(_list, premises, listings)
    live = Live(premises)
    await live.seat()
    bidding = asyncio.create_task(live.bear_witness())
    try:
        yield live
    finally:
        bidding.cancel()
        await asyncio.gather(bidding, return_exceptions=True)
        await live.see_out()
    await live.leave()
    assert await premises.close() == 0


def bid(**changes: Any) -> Message:  # noqa: ANN401  whatever a test puts into a bid
    """A sound bid on the busy lot, with changes; a change to `...` leaves the field out."""
    sound = {"op": "bid", "lot": "busy", "ref": "r", "amount": _STEP, **changes}
    return {name: value for name, value in sound.items() if value is not ...}
