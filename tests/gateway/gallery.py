"""The gallery: watchers of real lots, without sockets, with a clock and a loop that move when they are told to.

A seat is a wire whose frames are read as they are written. Lots are decided and their events packed and chained by the
real domain and the real pen; only storing is left out.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, cast

import msgpack
import orjson

from clock.instants import SECOND_US, ManualClock
from engine.commit import Commit, PublicEvent, Standing
from engine.limits import GatewayLimits
from engine.pen import Pen, Salts, Tail
from gateway.fanout import Fanout
from gateway.frames import JSON, Codec, Message
from gateway.wire import Wire
from lots.events import Event
from lots.fold import evolve
from lots.listing import Listing, Sale
from lots.orders import Bid, ListLot, MaxBid, Order
from tests.lots.saleroom import OPENS_AT, Saleroom, listing


class Call:
    """Something called later; of two at the same instant, the one that was asked for first."""

    def __init__(self, callback: Callable[[], None], place: int) -> None:
        self.callback = callback
        self.is_cancelled = False
        self._place = place

    def cancel(self) -> None:
        """Never call it."""
        self.is_cancelled = True

    def __lt__(self, other: "Call") -> bool:
        return self._place < other._place


class Loop:
    """The part of an event loop that the gateway uses, moved by hand."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._soon: list[Callable[[], None]] = []
        self._later: list[tuple[float, Call]] = []
        self._places = count()

    def time(self) -> float:
        """Seconds of the clock."""
        return self._clock.now() / SECOND_US

    def call_soon(self, callback: Callable[[], None], /) -> None:
        """Call back in the next pass."""
        self._soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Call:
        """Call back in so many seconds."""
        call = Call(callback, next(self._places))
        heapq.heappush(self._later, (self.time() + delay, call))
        return call

    @property
    def armed(self) -> int:
        """How many timers are armed."""
        return sum(not call.is_cancelled for _, call in self._later)

    def one_pass(self) -> None:
        """Call what waits for the next pass."""
        soon, self._soon = self._soon, []
        for callback in soon:
            callback()

    def settle(self) -> int:
        """Make passes until nothing waits; returns how many."""
        passes = 0
        while self._soon:
            self.one_pass()
            passes += 1
        return passes

    def advance(self, seconds: float) -> None:
        """Move on, calling timers in their order and settling after each instant."""
        self.settle()
        until = self._clock.now() + round(seconds * SECOND_US)
        while self._later and self._later[0][0] * SECOND_US <= until:
            self._clock.set(round(self._later[0][0] * SECOND_US))
            self.call_due()
            self.settle()
        self._clock.set(until)

    def call_due(self) -> bool:
        """Call the timers that are due, and not those that they arm; whether there were any."""
        due = []
        while self._later and round(self._later[0][0] * SECOND_US) <= self._clock.now():
            due.append(heapq.heappop(self._later)[1])
        for call in due:
            if not call.is_cancelled:
                call.callback()
        return bool(due)


class _Sink:
    """A transport whose bytes are kept."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)


class Seat(Wire):
    """A wire without a socket."""

    def __init__(self, codec: Codec = JSON) -> None:
        self._sink = _Sink()
        self.waiting: list[bytes] = []
        self.transport = cast("asyncio.Transport", self._sink)
        self.codec = codec
        self.slow = False
        self.watches = []

    def write(self, frame: bytes) -> None:
        """Gather."""
        self.waiting.append(frame)

    def flush(self) -> None:
        """Write what was gathered."""
        if self.waiting:
            self._sink.write(b"".join(self.waiting))
            self.waiting.clear()

    @property
    def writes(self) -> list[bytes]:
        """What was written since it was last read, by write."""
        self.flush()
        return self._sink.writes

    def read(self) -> list[Message]:
        """Read all messages that came since the last time."""
        messages = [_message(self.codec, *frame) for data in self.writes for frame in _frames(data)]
        self._sink.writes = []
        return messages

    def heard(self) -> list[str]:
        """Read on; the kinds of the messages, events with their seq."""
        return [f"{m['ev']} {m['seq']}" if "at" in m else m["ev"] for m in self.read()]


def _frames(data: bytes) -> list[tuple[int, bytes]]:
    frames = []
    while data:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10]), 10
        frames.append((data[0], data[start : start + size]))
        data = data[start + size :]
    return frames


def _message(codec: Codec, first: int, payload: bytes) -> Message:
    assert first == (0x81 if codec is JSON else 0x82)
    message: Message = orjson.loads(payload) if codec is JSON else msgpack.unpackb(payload)
    return message


class Gallery:
    """A floor with lots, their fan-out, and seats."""

    def __init__(self, lots: int = 1, **limits: Any) -> None:  # noqa: ANN401  fields of the limits
        self.clock = ManualClock(OPENS_AT)
        self.loop = Loop(self.clock)
        self.lots: dict[str, Standing] = {}
        self.sales = {"S": Sale(sale="S", title="The sale")}
        self.seats: list[Seat] = []
        self.said: dict[str, list[PublicEvent]] = {}
        self._tails: dict[str, Tail] = {}
        self._refs = iter(range(1_000_000))
        self._room = Saleroom()
        self._is_heard = True
        self.fanout = Fanout(self, self.loop, self._flush, GatewayLimits(**limits))
        for place in range(lots):
            self.list_lot(listing("ABCDEFGHIJ"[place] if place < 10 else f"L{place}"))
        self.loop.settle()

    def lots_of(self, sale: str) -> Sequence[str]:
        """Return the lots of a sale."""
        return [lot for lot, standing in self.lots.items() if standing.state.sale == sale]

    def seat(self, codec: Codec = JSON) -> Seat:
        """Make room for one more."""
        seat = Seat(codec)
        self.seats.append(seat)
        return seat

    def list_lot(self, offered: Listing) -> None:
        """List a lot; it opens at once."""
        self.give(ListLot(offered))

    def give(self, *orders: Order) -> list[Commit]:
        """Have orders decided as one batch, and tell the fan-out what came of them."""
        before = len(self._room.events)
        for order in orders:
            self._room.give(order, self.clock.now())
        commits = self._committed(self._room.events[before:])
        for commit in commits if self._is_heard else ():
            self.fanout.publish(commit)
        return commits

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Let the fan-out hear nothing of what is given meanwhile."""
        self._is_heard = False
        yield
        self._is_heard = True

    def bid(self, lot: str = "A", bidder: str | None = None, amount: int | None = None) -> None:
        """Have one bid of the ask accepted, by two bidders in turn."""
        self.give(self._bid(lot, bidder, amount))

    def bids(self, count: int, lot: str = "A") -> None:
        """Have so many bids accepted in one batch."""
        least = self._room.lots[lot].ask or 0
        self.give(*(self._bid(lot, None, least + 10 * place) for place in range(count)))

    def max_bid(self, bidder: str, amount: int, lot: str = "A") -> None:
        """Have a ceiling accepted."""
        self.give(MaxBid(lot, bidder, self._ref(), amount, confirm=True, chance=sum(bidder.encode())))

    def _bid(self, lot: str, bidder: str | None, amount: int | None) -> Bid:
        ref = self._ref()
        bidder = bidder or ("alice", "bob")[int(ref) % 2]
        return Bid(lot, bidder, ref, amount or self._room.lots[lot].ask or 0, confirm=True, chance=sum(bidder.encode()))

    def _ref(self) -> str:
        return str(next(self._refs))

    def _committed(self, events: Sequence[Event]) -> list[Commit]:
        lots = dict.fromkeys(event.lot for event in events)
        return [self._commit(lot, [event for event in events if event.lot == lot]) for lot in lots]

    def _commit(self, lot: str, events: Sequence[Event]) -> Commit:
        pen = Pen(self._tails.get(lot, Tail()), 1, Salts())
        state = self.lots[lot].state if lot in self.lots else None
        for event in events:
            pen.write(event, 0)
            state = evolve(state, event)
        assert state is not None
        self._tails[lot] = pen.tail
        self.lots[lot] = Standing(state, pen.tail.head)
        self.said.setdefault(lot, []).extend(pen.said)
        return Commit(state, pen.tail.head, tuple(pen.said), frozenset(state.paddles))

    def _flush(self) -> None:
        for seat in self.seats:
            seat.flush()
