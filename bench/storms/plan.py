"""The plan of a storm with the shape of a real sale: which lots end when, who bids what on which of them and when.

Refuses to know the house, sockets and clocks. Invariants: a plan is a function of the options alone, the seed among
them; on each lot the amounts rise in order of time, except that a few bidders have not seen the last bid; whoever bids
twice under one number says the same. Bids come in five ways: Poisson arrivals at the mean rate, on lots as popular as
Zipf has it; a rush that thickens towards each end; snipers in the last moment; the answers to them, while the soft
close holds the lot open; and latecomers about the hard end, most of whom are too late. The rushes are on top of the
rate. Seconds since the start of the storm, amounts in minor units.
"""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from bench.pace import Options
from bench.storms.mishaps import Kind, Mishap, Party, mishaps
from bench.volley import START_PRICE

RATE_DEFAULT = 200.0
"""Arrivals a second where the options name none."""
_RUSH_SHARE = 0.3
"""Bids of all rushes, by those that arrive in their own time."""
_RUSH_MOST_S = 3.0
_BEAT_MOST_S = 1.0
_FIRST_END = 0.3  # of the storm
_TOGETHER = 4  # lots with one end
_SNIPERS_MOST = 3
_SNIPE_S = 0.15
_ANSWERS_MOST = 4
_STALE_SHARE = 0.04
_TWICE_SHARE = 0.03
_AGAIN_SHARE = 0.03
_TWICE_S = 0.002
_AGAIN_S = (0.1, 1.0)
_RAISES = (1, 1, 1, 2, 5)


class Why(StrEnum):
    """What brings a bid about."""

    ARRIVAL = "arrival"
    RUSH = "rush"
    SNIPE = "snipe"
    ANSWER = "answer"
    LATECOMER = "latecomer"


class Ends(NamedTuple):
    """How the lots of a storm close: short, so that they really do."""

    window_s: float
    hard_end_s: float

    def terms(self) -> dict[str, object]:
        """The soft close as a lot's terms have it."""
        return {
            "window_s": self.window_s,
            "extension_s": self.window_s,
            "mode": "from_bid",
            "trigger": "price_or_leader",
            "scope": "lot",
            "max_extensions": None,
            "hard_end_s": self.hard_end_s,
        }


class PlannedLot(NamedTuple):
    """A lot: its share of the arrivals, and its end if nobody moves it."""

    popularity: float
    ends_s: float


class Offer(NamedTuple):
    """A bid; its ref is its place in the plan."""

    due_s: float
    why: Why
    lot: int
    bidder: int
    amount: int


class Call(NamedTuple):
    """An instant at which a bid is sent; `copy` is 0 the first time."""

    due_s: float
    ref: int
    copy: int


class Plan(NamedTuple):
    """All that is going to happen, as far as it is up to us."""

    rate: float
    ends: Ends
    lots: tuple[PlannedLot, ...]
    offers: tuple[Offer, ...]
    calls: tuple[Call, ...]
    mishaps: tuple[Mishap, ...]

    @property
    def over_s(self) -> float:
        """When the last lot has ended, however often its end is moved."""
        return max(lot.ends_s for lot in self.lots) + self.ends.hard_end_s

    def waves_s(self) -> list[float]:
        """When the waves come."""
        return sorted({round(mishap.at_s, 3) for mishap in self.mishaps if mishap.kind is Kind.WAVE})

    def kinds(self) -> dict[str, int]:
        """How many bids come about in which way, and how many are sent again."""
        counts = Counter(str(offer.why) for offer in self.offers)
        return dict(counts) | {"sent again": len(self.calls) - len(self.offers)}


class _Draft(NamedTuple):
    """A bid before its amount."""

    due_s: float
    why: Why
    lot: int


def plan(options: Options) -> Plan:
    """Make the plan for these options."""
    rng = random.Random(options.seed)
    rate = RATE_DEFAULT if options.rate is None else options.rate
    beat = min(_BEAT_MOST_S, options.seconds / 20)
    ends = Ends(window_s=round(beat, 6), hard_end_s=round(2 * beat, 6))
    lots = _lots(options.lots, options.seconds, ends, rng)
    drafts = sorted([*_arrivals(lots, rate, rng), *_endings(lots, rate * options.seconds, options.seconds, ends, rng)])
    offers = _priced(drafts, options, rng)
    people = {Party.BIDDER: options.bidders, Party.WATCHER: options.watchers}
    return Plan(
        rate,
        ends,
        lots,
        offers,
        _calls(offers, rng),
        tuple(mishaps(people, options.seconds, rng)),
    )


def _lots(count: int, seconds: float, ends: Ends, rng: random.Random) -> tuple[PlannedLot, ...]:
    """Zipf: the n-th most popular draws 1/n of what the first draws. Popularity and place in the sale are unrelated."""
    shares = [1 / rank for rank in range(1, count + 1)]
    rng.shuffle(shares)
    whole = sum(shares)
    first, last = _FIRST_END * seconds, seconds - 1.5 * ends.hard_end_s
    steps = -(-count // _TOGETHER)
    every = (last - first) / max(steps - 1, 1)
    instants = [first + (n // _TOGETHER) * every for n in range(count)] if steps > 1 else [last] * count
    return tuple(PlannedLot(share / whole, round(at, 6)) for share, at in zip(shares, instants, strict=True))


def _arrivals(lots: Sequence[PlannedLot], rate: float, rng: random.Random) -> Iterator[_Draft]:
    """A Poisson stream: each bid on one of the lots that are still on, the popular ones more often."""
    order = sorted(range(len(lots)), key=lambda n: lots[n].ends_s)
    ends = [lots[n].ends_s for n in order]
    over, cumulated = 0, list(accumulate(lots[n].popularity for n in order))
    at = rng.expovariate(rate)
    while at < ends[-1]:
        if (gone := bisect_right(ends, at)) != over:
            over, cumulated = gone, list(accumulate(lots[n].popularity for n in order[gone:]))
        (lot,) = rng.choices(order[over:], cum_weights=cumulated)
        yield _Draft(at, Why.ARRIVAL, lot)
        at += rng.expovariate(rate)


def _endings(
    lots: Sequence[PlannedLot], arrivals: float, seconds: float, ends: Ends, rng: random.Random
) -> Iterator[_Draft]:
    rush_s = min(_RUSH_MOST_S, seconds / 8)
    for number, lot in enumerate(lots):
        for _ in range(1 + _poisson(_RUSH_SHARE * arrivals * lot.popularity, rng)):
            yield _Draft(lot.ends_s - rush_s * rng.random() ** 2, Why.RUSH, number)
        for _ in range(rng.randrange(_SNIPERS_MOST + 1)):
            yield _Draft(lot.ends_s - rng.uniform(0, min(_SNIPE_S, ends.window_s)), Why.SNIPE, number)
        for _ in range(rng.randrange(_ANSWERS_MOST + 1)):
            yield _Draft(lot.ends_s + rng.uniform(0, ends.hard_end_s), Why.ANSWER, number)
        yield _Draft(lot.ends_s + ends.hard_end_s * rng.uniform(0.98, 1.1), Why.LATECOMER, number)


def _poisson(mean: float, rng: random.Random) -> int:
    """Count arrivals in a unit of time."""
    count, at = 0, rng.expovariate(1.0)
    while at < mean:
        count += 1
        at += rng.expovariate(1.0)
    return count


def _priced(drafts: Sequence[_Draft], options: Options, rng: random.Random) -> tuple[Offer, ...]:
    amounts = [START_PRICE] * options.lots
    offers = []
    for due_s, why, lot in drafts:
        if rng.random() >= _STALE_SHARE:
            amounts[lot] += rng.choice(_RAISES)
        offers.append(Offer(due_s, why, lot, rng.randrange(options.bidders), amounts[lot]))
    return tuple(offers)


def _calls(offers: Sequence[Offer], rng: random.Random) -> tuple[Call, ...]:
    """Every bid is sent once; some twice in one breath, some again because no patience was left."""
    calls = []
    for ref, offer in enumerate(offers):
        calls.append(Call(offer.due_s, ref, 0))
        chance = rng.random()
        if chance < _TWICE_SHARE:
            calls.append(Call(offer.due_s + rng.uniform(0, _TWICE_S), ref, 1))
        elif chance < _TWICE_SHARE + _AGAIN_SHARE:
            calls.append(Call(offer.due_s + rng.uniform(*_AGAIN_S), ref, 1))
    return tuple(sorted(calls))
