"""What if: one sale with the same offers under two rule sheets, lot by lot and in all.

It refuses to know files, tables and plots. A difference is what the other sheet gives less what the one gives.
Invariants: both sheets get the same offers in the same order, and the offers are read once; a lot that was not sold
brings nothing, whatever was bid for it; amounts of different currencies are never added.
Amounts are integer minor units of the lot's currency, spans microseconds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lots.files import write_results
from lots.listing import Listing
from lots.phases import Phase
from lots.refusals import Code, Refused
from lots.simulation import Dated, Result, Simulation


class Trial:
    """A sale on trial under one rule sheet."""

    def __init__(self, sheet: str, listings: Sequence[Listing]) -> None:
        """List the lots under the terms of `sheet`.

        Raises:
            ValueError: a lot is listed twice.
        """
        self.sheet = sheet
        self.listings = listings
        self.refusals: Counter[Code] = Counter()
        self._simulation = Simulation(listings)

    def offer(self, dated: Dated) -> None:
        """Carry one offer out, and count why it was refused if it was."""
        outcome = self._simulation.offer(dated)
        if isinstance(outcome, Refused):
            self.refusals[outcome.code] += 1

    def finish(self) -> list["Ended"]:
        """Let all lots close, and tell how each came out and when, in the order of listing."""
        return [Ended(result, self._ended_at(result)) for result in self._simulation.finish()]

    def _ended_at(self, result: Result) -> int:
        """The end that the lot had, or the hammer where it fell before that, or without one."""
        fell_at = self._simulation.lot(result.lot).last_at
        return fell_at if result.closes_at is None else min(fell_at, result.closes_at)


class Ended(NamedTuple):
    """How a lot came out, and the instant at which it took no more bids."""

    result: Result
    at: int


def proceeds(result: Result) -> int:
    """Return what the lot brings: its price if it was sold, else nothing."""
    return (result.price or 0) if result.phase == Phase.SOLD else 0


class Pair(NamedTuple):
    """One lot under the one sheet and under the other."""

    lot: str
    currency: str
    scheduled_close_at: int | None
    one: Result
    other: Result
    ends_at: tuple[int, int]

    @property
    def raised(self) -> int:
        """How much more the lot brings under the other sheet."""
        return proceeds(self.other) - proceeds(self.one)

    @property
    def later_us(self) -> int:
        """How much later it ends under the other sheet."""
        one, other = self.ends_at
        return other - one

    @property
    def overruns_us(self) -> tuple[int | None, int | None]:
        """How long after its scheduled end it ends under each; negative when before it; None when it has none."""
        one, other = (None if self.scheduled_close_at is None else at - self.scheduled_close_at for at in self.ends_at)
        return one, other

    @property
    def is_won_by_another(self) -> bool:
        """Whether it goes to another bidder, or to one under one sheet only."""
        return _winner(self.one) != _winner(self.other)

    @property
    def is_alike(self) -> bool:
        """Whether all comes out the same."""
        return self.one == self.other and not self.later_us


def _winner(result: Result) -> str | None:
    return result.leader if result.phase == Phase.SOLD else None


class Totals(NamedTuple):
    """A whole sale under one sheet.

    Attributes:
        sheet: The sheet, as it is to be called.
        sold: How many lots were sold.
        proceeds: The sum of their prices, by currency; each currency of the sale is there.
        bids: Accepted bids.
        extended: How many lots were extended at least once.
        overrun_median_us: How long after their scheduled ends the lots ended in the median; None when they have none.
        overrun_max_us: The same for the lot that was longest over its time.
        refusals: How many offers were refused, by code, the most frequent first.
    """

    sheet: str
    sold: int
    proceeds: Mapping[str, int]
    bids: int
    extended: int
    overrun_median_us: int | None
    overrun_max_us: int | None
    refusals: Mapping[Code, int]

    @property
    def refused(self) -> int:
        """How many offers were refused in all."""
        return sum(self.refusals.values())


class WhatIf(NamedTuple):
    """The same sale under the one sheet and under the other."""

    offers: int
    pairs: Sequence[Pair]
    one: Totals
    other: Totals

    @property
    def different(self) -> list[Pair]:
        """The lots that do not come out the same."""
        return [pair for pair in self.pairs if not pair.is_alike]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Return the rows of `R.csv` with the sheet's name before them, the two of a lot below each other."""
        ones, others = write_results(pair.one for pair in self.pairs), write_results(pair.other for pair in self.pairs)
        yield "sheet", *next(ones)
        next(others)
        for one, other in zip(ones, others, strict=True):
            yield self.one.sheet, *one
            yield self.other.sheet, *other


def hold(one: Trial, other: Trial, offers: Iterable[Dated]) -> WhatIf:
    """Hold the sale under both sheets at once: every offer goes to the one and then to the other.

    Raises:
        KeyError: an offer is for a lot that was not listed.
    """
    count = 0
    for count, dated in enumerate(offers, start=1):  # noqa: B007  the last number is how many there were
        one.offer(dated)
        other.offer(dated)
    lots = zip(one.listings, other.listings, one.finish(), other.finish(), strict=True)
    pairs = [_pair(*lot) for lot in lots]
    return WhatIf(count, pairs, _totals(one, pairs, 0), _totals(other, pairs, 1))


def _pair(listing: Listing, listing_there: Listing, one: Ended, other: Ended) -> Pair:
    terms, there = listing.terms, listing_there.terms
    # Where one sheet knows no fixed end, the other's schedule is the one to be late against.
    scheduled = there.closes_at if terms.closes_at is None else terms.closes_at
    return Pair(one.result.lot, terms.currency, scheduled, one.result, other.result, (one.at, other.at))


def _totals(trial: Trial, pairs: Sequence[Pair], side: int) -> Totals:
    results = [(pair.one, pair.other)[side] for pair in pairs]
    overruns = sorted(overrun for pair in pairs if (overrun := pair.overruns_us[side]) is not None)
    brought: Counter[str] = Counter()
    for pair, result in zip(pairs, results, strict=True):
        brought[pair.currency] += proceeds(result)
    return Totals(
        sheet=trial.sheet,
        sold=sum(result.phase == Phase.SOLD for result in results),
        proceeds=dict(brought),
        bids=sum(result.bids for result in results),
        extended=sum(result.extensions > 0 for result in results),
        overrun_median_us=_median(overruns),
        overrun_max_us=max(overruns, default=None),
        refusals=dict(trial.refusals.most_common()),
    )


def _median(ordered: Sequence[int]) -> int | None:
    """Return the middle one, or the whole microsecond below the middle of two."""
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2
