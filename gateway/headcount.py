"""The headcount: how many watch each lot, told now and then to those who watch it or its sale.

It counts wires, and refuses to know who is on them. Nothing is done when a lot moves: comings and goings are noted, and
one timer for the whole house tells what came of them.

Invariants: a newcomer is told at once, everyone else at most once per period; a feed is told of a lot only if some of
its watchers were last told another number; who reads slowly misses it and is owed nothing; the timer runs only after
somebody came or went where somebody watches; one pass of the loop looks at no more lots than one part names, and no
message is longer than a part. Numbers are wires, instants microseconds, periods seconds. Source: protocol.md,
"Messages from the server".
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol, TypeAlias

from clock.instants import Clock
from engine.limits import GatewayLimits
from gateway.channel import Channel
from gateway.conflated import FIELDS_MAX, LiveFeed, SaleFeed
from gateway.feeds import Feed, Watch
from gateway.frames import CODECS, Message
from gateway.sweeper import Sweeper
from gateway.switchboard import Timer, Timers

LotFeed: TypeAlias = Channel | LiveFeed

_LOT_BYTES_MAX: Final = 64 + 20
"""A lot and its number within a message: the longest id, quotes, colon, comma, and sixteen digits."""
_VARIOUS: Final = -1
"""What a feed has heard whose watchers were not all told the same."""


class Watched(Protocol):
    """The part of the fan-out that is read here."""

    def watchers(self, lot: str) -> int:
        """How many wires watch this lot."""
        ...

    def feeds_of(self, lot: str) -> Sequence[LotFeed]:
        """Return the lot's own feeds."""
        ...

    def sale_feed_of(self, lot: str) -> SaleFeed | None:
        """Return the feed of the lot's sale, if somebody watches it."""
        ...


class Headcount:
    """Tells how many watch.

    Args:
        watched: Who watches what.
        sweeper: Sweeps what is said here, and knows what is attended.
        timers: The event loop, or a stand-in.
        clock: The house's clock.
        limits: How often, and how much in a part.
    """

    def __init__(self, watched: Watched, sweeper: Sweeper, timers: Timers, clock: Clock, limits: GatewayLimits) -> None:
        self._watched = watched
        self._sweeper = sweeper
        self._timers = timers
        self._clock = clock
        self._period_s = limits.watchers_period_s
        self._lots_per_part = max((limits.sale_part_bytes_max - FIELDS_MAX) // _LOT_BYTES_MAX, 1)
        self._heard: dict[LotFeed, int] = {}
        self._tallies: dict[SaleFeed, _Tally] = {}
        self._changed: dict[str, None] = {}
        self._due: deque[str] = deque()
        self._timer: Timer | None = None

    # Who comes and goes.

    def came(self, watch: Watch) -> None:
        """Tell somebody who has just begun to watch, and the others after a period."""
        match watch.feed:
            case SaleFeed() as feed:
                watch.parts = self._followed(watch.parts, feed, watch.kind)
            case Channel() | LiveFeed() as feed:
                lot = feed.state.lot
                number = self._watched.watchers(lot)
                is_alone = len(feed.watches) == 1
                self._heard[feed] = number if is_alone or self._heard.get(feed) == number else _VARIOUS
                self._note(lot)
                if not watch.wire.slow:
                    watch.wire.send(self._of_lot(lot, number))

    def went(self, feed: Feed) -> None:
        """Note that somebody watches this feed no more."""
        match feed:
            case SaleFeed():
                if not feed.watches:
                    self._tallies.pop(feed, None)
            case Channel() | LiveFeed():
                lot = feed.state.lot
                if not feed.watches:
                    self._heard.pop(feed, None)
                if self._watched.watchers(lot) or self._watched.sale_feed_of(lot) is not None:
                    self._note(lot)

    def stop(self) -> None:
        """Disarm the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Telling.

    def _note(self, lot: str) -> None:
        """Tell of this lot a period after the first change: who only loads his page anew is not noticed."""
        self._changed[lot] = None
        if self._timer is None:
            self._timer = self._timers.call_later(self._period_s, self._begin)

    def _begin(self) -> None:
        self._due.extend(self._changed)
        self._changed.clear()
        self._go_on()

    def _go_on(self) -> None:
        due = self._due
        self._tell([due.popleft() for _ in range(min(len(due), self._lots_per_part))])
        self._timer = None
        if due:
            self._timer = self._timers.call_later(0.0, self._go_on)
        elif self._changed:
            self._timer = self._timers.call_later(self._period_s, self._begin)

    def _tell(self, lots: Iterable[str]) -> None:
        news: dict[SaleFeed, dict[str, int]] = {}
        for lot in lots:
            number = self._watched.watchers(lot)
            for feed in self._watched.feeds_of(lot):
                if self._heard.get(feed, number) != number:
                    self._heard[feed] = number
                    self._remark(feed, self._of_lot(lot, number))
            whole = self._watched.sale_feed_of(lot)
            if whole is not None and self._tallies[whole].takes(lot, number):
                news.setdefault(whole, {})[lot] = number
        for sale_feed, numbers in news.items():
            self._remark(sale_feed, self._of_sale(sale_feed.sale, numbers))

    def _remark(self, feed: Feed, message: Message) -> None:
        feed.remark(message)
        self._sweeper.sweep_soon(feed)

    def _of_lot(self, lot: str, number: int) -> Message:
        return {"ev": "watchers", "now": self._clock.now(), "lot": lot, "watchers": number}

    def _of_sale(self, sale: str, numbers: dict[str, int]) -> Message:
        return {"ev": "watchers", "now": self._clock.now(), "sale": sale, "lots": numbers}

    # A sale's newcomers.

    def _followed(self, parts: Iterator[bytes] | None, feed: SaleFeed, kind: int) -> Iterator[bytes]:
        """Return what a newcomer gets: his catalogue, then the numbers as they were told to the others last."""
        tally = self._tallies.get(feed)
        if tally is None:
            tally = self._tallies[feed] = _Tally(self._count(feed.sale))
        return self._in_turn(parts or iter(()), feed.sale, tally, kind)

    def _in_turn(self, parts: Iterator[bytes], sale: str, tally: "_Tally", kind: int) -> Iterator[bytes]:
        yield from parts
        place = 0
        while place < len(tally.numbers):
            frame = tally.frames.get((kind, place))
            if frame is None:
                numbers = tally.part(place, self._lots_per_part)
                frame = CODECS[kind].frame(self._of_sale(sale, numbers)) if numbers else b""
                tally.frames[kind, place] = frame
            if frame:
                yield frame
            place += self._lots_per_part

    def _count(self, sale: str) -> dict[str, int]:
        """Count who watches the lots of this sale."""
        feeds = (feed for feed in self._sweeper.attended if isinstance(feed, Channel | LiveFeed))
        lots = dict.fromkeys(feed.state.lot for feed in feeds if feed.state.sale == sale)
        return {lot: self._watched.watchers(lot) for lot in lots}


class _Tally:
    """The numbers of a sale as its feed was told them last; a newcomer begins with them, and goes on with what changes.

    A lot keeps its place when its number falls to zero, so that a part holds the same lots for as long as somebody
    reads one part after the other.
    """

    __slots__ = ("frames", "numbers")

    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers
        self.frames: dict[tuple[int, int], bytes] = {}

    def takes(self, lot: str, number: int) -> bool:
        """Take a lot's number; whether it is another than it was."""
        if self.numbers.get(lot, 0) == number:
            return False
        self.numbers[lot] = number
        self.frames.clear()
        return True

    def part(self, place: int, lots: int) -> dict[str, int]:
        """Return so many lots from this place on, those left out that nobody watches."""
        return {lot: number for lot, number in islice(self.numbers.items(), place, place + lots) if number}
