"""A sale in virtual time: the rules alone, over listings and offers that are given.

The same `decide` and `evolve` as in the engine, with the clock's deadlines, and neither a loop nor a store between
them: what comes out is what the rules say, to compare a live sale with, or to ask what another rule would have done.
It refuses to know files and progress bars. Instants are microseconds, amounts integer minor units.

Invariants: within a closing group time never runs back (an offer dated before the one ahead of it counts as
made at the same instant); every deadline at or before an offer's instant rings before it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from clock.deadlines import Deadlines
from lots.decisions import Outcome, decide
from lots.listing import Listing
from lots.orders import ListLot, Offer, Order, Ring
from lots.refusals import Refused
from lots.state import Accepted, Lot, evolve


class Dated(NamedTuple):
    """An offer and the instant of its arrival."""

    at: int
    order: Offer


class Result(NamedTuple):
    """How a lot came out, with the bidder's name instead of a paddle."""

    lot: str
    phase: str
    price: int | None
    leader: str | None
    closes_at: int | None
    bids: int
    extensions: int
    refused: int


@dataclass
class _Group:
    lots: dict[str, Lot] = field(default_factory=dict)
    deadlines: Deadlines = field(default_factory=Deadlines)
    at: int = 0

    def carry_out(self, order: Order, at: int) -> Outcome:
        self.at = max(self.at, at)
        decision = decide(self.lots, order, self.at)
        for event in decision.events:
            lot = self.lots[event.lot] = evolve(self.lots.get(event.lot), event)
            if lot.deadline is None:
                self.deadlines.drop(lot.lot)
            else:
                self.deadlines.set(lot.lot, lot.deadline)
        return decision.outcome

    def ring_until(self, at: int | None) -> None:
        """Ring every deadline up to `at` in its turn; None: all that are left."""
        while (due := self.deadlines.next()) is not None and (at is None or due <= at):
            for lot in self.deadlines.take_due(due):
                self.carry_out(Ring(lot), due)


class Simulation:
    """A house in virtual time."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        """List every lot just before it opens.

        Raises:
            ValueError: a lot is listed twice.
        """
        self._groups: dict[str, _Group] = {}
        self._of: dict[str, _Group] = {}
        self._refused: dict[str, int] = {}
        for listing in listings:
            self._list(listing)

    def _list(self, listing: Listing) -> None:
        if listing.lot in self._of:
            raise ValueError(f"lot {listing.lot!r} is listed twice")
        group = self._groups.setdefault(listing.group, _Group())
        self._of[listing.lot] = group
        self._refused[listing.lot] = 0
        group.carry_out(ListLot(listing), 0)

    def offer(self, dated: Dated) -> Accepted | Refused:
        """Carry one offer out, after all deadlines that come before it.

        Raises:
            KeyError: no such lot was listed.
        """
        group = self._of[dated.order.lot]
        group.ring_until(max(dated.at, group.at))
        outcome = group.carry_out(dated.order, dated.at)
        if outcome is None:
            raise AssertionError("an offer is always answered")
        self._refused[dated.order.lot] += isinstance(outcome, Refused)
        return outcome

    def finish(self) -> Iterator[Result]:
        """Let all lots close, and tell how each came out, in the order of listing."""
        for group in self._groups.values():
            group.ring_until(None)
        for lot, group in self._of.items():
            yield result_of(group.lots[lot], self._refused[lot])

    def lot(self, lot: str) -> Lot:
        """Return how a lot stands now."""
        return self._of[lot].lots[lot]


def result_of(lot: Lot, refused: int) -> Result:
    """Return how a lot came out, of whose offers so many were refused."""
    return Result(
        lot=lot.lot,
        phase=lot.phase,
        price=lot.price,
        leader=lot.leader_bidder,
        closes_at=lot.closes_at,
        bids=lot.bids,
        extensions=lot.extensions,
        refused=refused,
    )
