"""One closed loop of bids at a peer's hot lot: what it accepted, and what CPU that cost it, its store and us.

Refuses to know what stands behind the socket, and how many of its answers are true: whoever has the store looks there.
Invariants: at most `Shape.flight` bids are unanswered at any time; bids rise in the order in which they are sent; an
acceptance counts for the rate only if it came before the time was up. The same generator drives the house. CPU in
seconds, instants of `time.perf_counter`.
"""

import asyncio
import time
from array import array
from typing import NamedTuple

import msgspec
import psutil

from bench.load import Address, Bounds, Line, few_at_a_time, until, upgrade_request
from bench.pace import FullThrottle, Options, no_collection
from bench.peers.program import Program
from bench.receipts import Receipts
from bench.volley import Volley

_ANSWER_WAIT_S = 15.0
_GREETING_WAIT_S = 10.0


class Shape(NamedTuple):
    """How a peer likes its bids: on how many lines, in windows of how many, how many unanswered in all.

    `ahead_per_s` bids are made ahead for each second of a run; what is wanted beyond them is made on the spot.
    """

    bidders: int
    window_len: int
    flight: int
    ahead_per_s: int


class Plain:
    """The dialect of a bare WebSocket: the frame is the message."""

    volley: type[Volley] = Volley

    def request(self, address: Address) -> bytes:
        """What opens a line."""
        return upgrade_request(address, None)

    async def greet(self, line: Line) -> None:
        """Do what must be done on an open line before the first bid."""

    def answers(self, _line: Line, _data: bytes, messages: list[Bounds]) -> list[Bounds]:
        """Where the peer's answers lie in what came."""
        return messages


class Landed(msgspec.Struct, frozen=True, kw_only=True):
    """What a flight came to. CPU in seconds over the flight itself; `accepted_in_time` of `accepted` count."""

    seconds: float
    sent: int
    accepted: int
    accepted_in_time: int
    refused: dict[str, int]
    unanswered: int
    acknowledged_twice: int
    generator_cpu_s: float
    server_cpu_s: float
    store_cpu_s: float


class Peer(NamedTuple):
    """A running peer: where it listens, how it is spoken to, and its processes."""

    address: Address
    dialect: Plain
    shape: Shape
    server: Program
    store: Program

    def spent(self) -> "Spent":
        """CPU seconds up to now."""
        own = psutil.Process().cpu_times()
        return Spent(own.user + own.system, self.server.cpu_s(), self.store.cpu_s())


class Spent(NamedTuple):
    """CPU seconds up to now."""

    generator: float
    server: float
    store: float


async def fly(peer: Peer, lot: str, *, seconds: float, seed: int) -> Landed:
    """Bid on one lot for so long. Raises LineError, OSError, TimeoutError."""
    flight = Flight(peer, lot, seconds=seconds, seed=seed)
    try:
        await flight.prepare()
        return await flight.bid()
    finally:
        flight.leave()


class Flight:
    """The bidders of one run, all on one lot."""

    def __init__(self, peer: Peer, lot: str, *, seconds: float, seed: int) -> None:
        self._peer = peer
        self._options = Options(bidders=peer.shape.bidders, seconds=seconds, flight=peer.shape.flight, seed=seed)
        window = peer.shape.window_len
        self._volley = peer.dialect.volley([lot], peer.shape.bidders, seed=seed, window_len=window, turn=window)
        self._sent_at = array("d")
        self._receipts = Receipts(lambda ref: self._sent_at[ref // window])
        self._bidders: list[Line] = []
        self._throttle: FullThrottle | None = None

    async def prepare(self) -> None:
        """Seat everyone and make the bids."""
        self._bidders = await few_at_a_time(self._seat, self._options.bidders)
        self._volley.make(round(self._peer.shape.ahead_per_s * self._options.seconds) // self._volley.window_len)

    async def bid(self) -> Landed:
        """Let the bids fly, and wait for the last answers."""
        throttle = self._throttle = FullThrottle(self._volley, self._bidders, self._options, self._sent_at)
        with no_collection():
            before = self._peer.spent()
            throttle.start()
            await throttle.over
            in_time, after = self._receipts.accepted, self._peer.spent()
            await until(lambda: self._receipts.answered >= self._volley.taken, _ANSWER_WAIT_S)
        return self._landed(throttle.seconds, in_time, [now - then for then, now in zip(before, after, strict=True)])

    def leave(self) -> None:
        """Close every line."""
        for line in self._bidders:
            line.close()

    async def _seat(self, number: int) -> Line:
        address, dialect = self._peer.address, self._peer.dialect
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: Line(dialect.request(address), self._hear), address.host, address.port
        )
        line.number = number
        await line.opened
        await asyncio.wait_for(dialect.greet(line), _GREETING_WAIT_S)
        return line

    def _hear(self, line: Line, data: bytes, messages: list[Bounds]) -> None:
        now = time.perf_counter()
        messages = self._peer.dialect.answers(line, data, messages)
        answers = self._receipts.take(now, data, messages) if messages else 0
        if answers and self._throttle is not None:
            self._throttle.answered(answers)

    def _landed(self, seconds: float, in_time: int, spent: list[float]) -> Landed:
        receipts = self._receipts
        receipts.settle()
        return Landed(
            seconds=round(seconds, 4),
            sent=self._volley.taken,
            accepted=receipts.accepted,
            accepted_in_time=in_time,
            refused=dict(receipts.refused),
            unanswered=self._volley.taken - receipts.answered,
            acknowledged_twice=receipts.doubles,
            generator_cpu_s=spent[0],
            server_cpu_s=spent[1],
            store_cpu_s=spent[2],
        )
