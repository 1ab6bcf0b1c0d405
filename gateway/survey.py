"""The survey: the house's lots as a board shows them, and what has happened to them since the last look.

It refuses to know how it is drawn, and to touch what it looks at. Invariants: a look keeps the event loop for one slice
of lots at a time, however many there are; a page is made of durable states only and does not change once it is made, so
that another thread may draw it; the first look tells no news, for all of it is old.
Amounts are integer minor units, instants microseconds, rates bids a second.
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType
from typing import NamedTuple, Protocol

from clock.instants import SECOND_US, Clock
from engine.commit import Standing
from lots.phases import ENDED, Phase
from lots.state import Lot

ROWS_MAX = 200
"""More lots than this fit on no screen."""

FRESH_US = 3 * SECOND_US
"""For so long an extension or an end stands out."""

_SLICE = 1_000
_RATE_OVER_US = 5 * SECOND_US
_RATE_FORGOTTEN = 0.02


class Surveyed(Protocol):
    """The part of the house that is looked at."""

    @property
    def lots(self) -> Mapping[str, Standing]:
        """All lots as they stand in the log."""
        ...

    def troubles(self) -> Sequence[str]:
        """Sentences that say why the house is not ready; none when it is."""
        ...


class Row(NamedTuple):
    """One lot on the board. `extended` and `ended`: that was less than `FRESH_US` ago."""

    state: Lot
    rate: float
    watchers: int
    extended: bool
    ended: bool


class News(NamedTuple):
    """Something that happened to a lot between two looks: a phase it has come to, `resumed`, or `extended`."""

    kind: str
    state: Lot


class Page(NamedTuple):
    """The house at one look: the next to end, and those that ended last, latest first."""

    now: int
    running: Sequence[Row] = ()
    ended: Sequence[Row] = ()
    phases: Mapping[str, int] = MappingProxyType({})
    bids: int = 0
    rate: float = 0.0
    watchers: int = 0
    troubles: Sequence[str] = ()


class Rate:
    """Bids a second, each bid counted with a weight that fades over seconds."""

    def __init__(self) -> None:
        self._value = 0.0
        self._at = 0

    def add(self, bids: int, now: int) -> None:
        """Count so many bids at this instant."""
        self._value = self.at(now) + bids * SECOND_US / _RATE_OVER_US
        self._at = now

    def at(self, now: int) -> float:
        """Return the rate at this instant."""
        return self._value * math.exp((self._at - now) / _RATE_OVER_US)


class Survey:
    """Looks at the house again and again."""

    def __init__(self, house: Surveyed, watchers: Callable[[str], int], clock: Clock) -> None:
        self.page = Page(clock.now())
        self._house = house
        self._watchers = watchers
        self._clock = clock
        self._states: dict[str, Lot] = {}
        self._rates: dict[str, Rate] = {}
        self._rate = Rate()
        self._extended_at: dict[str, int] = {}
        self._news: list[News] = []
        self._looked = False

    def look(self) -> Iterator[None]:
        """Look at all lots, yielding between slices; the new page is there when it is through."""
        now = self._clock.now()
        tally = _Tally()
        names = iter(list(self._house.lots))
        while lots := [self._house.lots[name].state for name in islice(names, _SLICE)]:
            for lot in lots:
                self._compare(lot, now)
            tally.add(lots, self._watchers)
            yield
        self._looked = True
        self.page = self._page(tally, now)

    def take_news(self) -> list[News]:
        """Return what has happened since this was last called."""
        news, self._news = self._news, []
        return news

    def _compare(self, lot: Lot, now: int) -> None:
        before = self._states.get(lot.lot)
        if before is lot:
            return
        self._states[lot.lot] = lot
        if before is None:
            self._count(lot, lot.bids if self._looked else 0, now)
            return
        self._count(lot, lot.bids - before.bids, now)
        if lot.extensions > before.extensions:
            self._extended_at[lot.lot] = now
            self._news.append(News("extended", lot))
        if lot.phase is not before.phase:
            self._news.append(
                News("resumed" if before.phase is Phase.PAUSED and lot.phase is Phase.OPEN else lot.phase, lot)
            )

    def _count(self, lot: Lot, bids: int, now: int) -> None:
        if bids > 0:
            self._rates.setdefault(lot.lot, Rate()).add(bids, now)
            self._rate.add(bids, now)

    def _page(self, tally: "_Tally", now: int) -> Page:
        self._forget(now)
        return Page(
            now=now,
            running=[self._row(lot, now) for lot in tally.running],
            ended=[self._row(lot, now) for lot in tally.ended],
            phases=tally.phases,
            bids=tally.bids,
            rate=self._rate.at(now),
            watchers=tally.watchers,
            troubles=tuple(self._house.troubles()),
        )

    def _forget(self, now: int) -> None:
        self._rates = {lot: rate for lot, rate in self._rates.items() if rate.at(now) > _RATE_FORGOTTEN}
        self._extended_at = {lot: at for lot, at in self._extended_at.items() if now - at < FRESH_US}

    def _row(self, lot: Lot, now: int) -> Row:
        rate = self._rates.get(lot.lot)
        return Row(
            state=lot,
            rate=0.0 if rate is None else rate.at(now),
            watchers=self._watchers(lot.lot),
            extended=lot.lot in self._extended_at,
            ended=lot.phase in ENDED and now - lot.last_at < FRESH_US,
        )


class _Tally:
    """What one look adds up."""

    def __init__(self) -> None:
        self.running: list[Lot] = []
        self.ended: list[Lot] = []
        self.phases: Counter[str] = Counter()
        self.bids = 0
        self.watchers = 0

    def add(self, lots: Sequence[Lot], watchers: Callable[[str], int]) -> None:
        """Add a slice of the house."""
        self.phases.update(lot.phase for lot in lots)
        self.bids += sum(lot.bids for lot in lots)
        self.watchers += sum(watchers(lot.lot) for lot in lots)
        running = (lot for lot in lots if lot.phase not in ENDED)
        self.running = heapq.nsmallest(ROWS_MAX, chain(self.running, running), key=_end)
        self.ended = _latest(chain(self.ended, (lot for lot in lots if lot.phase in ENDED)))


def _end(lot: Lot) -> int:
    """Where a lot stands among those to end; one without an end stands first, for somebody must decide about it."""
    return lot.closes_at or 0


def _latest(lots: Iterable[Lot]) -> list[Lot]:
    return heapq.nlargest(ROWS_MAX, lots, key=lambda lot: lot.last_at)
