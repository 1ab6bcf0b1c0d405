"""A sale in virtual time: the rules alone, over listings and offers that are given.

The same `decide` and `evolve` as in the engine, with the clock's deadlines, and neither a loop nor a store between
them: what comes out is what the rules say, to compare a live sale with, or to ask what another rule would have done.
It refuses to know files and progress bars. Instants are microseconds, amounts integer minor units.

A file of bids has no registrations, no payments and no clerk. So everyone is admitted and joins (`open_to_all`); a
saleroom lot opens at its `opens_at`, and the hammer falls with its last bid; where a lot takes no ceilings, one counts
as a bid of that amount.
Invariants: within a closing group time never runs back (an offer dated before the one ahead of it counts as
made at the same instant); every deadline at or before an offer's instant rings before it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from clock.deadlines import Deadlines
from lots.decision import Outcome
from lots.decisions import decide
from lots.fold import evolve
from lots.formats import Format
from lots.listing import Listing
from lots.orders import Bid, Hammer, ListLot, Offer, Open, Order, Pass, Ring
from lots.phases import Phase
from lots.refusals import Refused
from lots.state import Accepted, Lot, Reserve
from lots.terms import Terms


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
    saleroom_lots: list[str] = field(default_factory=list)
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

    def open_salerooms(self, at: int) -> None:
        """Open the saleroom lots that are due, as their clerk would."""
        for lot in self.saleroom_lots:
            if self.lots[lot].phase is Phase.UPCOMING and self.lots[lot].terms.opens_at <= at:
                self.carry_out(Open(lot=lot, by=_CLERK, ref="open"), self.lots[lot].terms.opens_at)

    def let_hammers_fall(self) -> None:
        """End the saleroom lots, as their clerk would once nobody bids any more."""
        self.open_salerooms(_FOREVER)
        for lot in self.saleroom_lots:
            sells = self.lots[lot].leader is not None and self.lots[lot].reserve != Reserve.NOT_MET
            self.carry_out((Hammer if sells else Pass)(lot=lot, by=_CLERK, ref="end"), self.at)


_CLERK = "@clerk"
_FOREVER = 2**63


def open_to_all(listing: Listing) -> Listing:
    """Return the lot as one that anybody may bid on, and that one operator runs."""
    terms = listing.terms
    two_phase = None if terms.two_phase is None else replace(terms.two_phase, confirm_s=None)
    simple = replace(
        terms,
        deposit=0,
        registration=None,
        priority=False,
        four_eyes=(),
        suspend_lost_percent=None,
        bounds=None,
        two_phase=two_phase,
    )
    return replace(listing, terms=simple)


def as_taken(order: Offer, terms: Terms) -> Offer:
    """Return a ceiling as a bid of its amount where these terms take no ceilings, or not from all who may bid."""
    ceiling = None if terms.two_phase is None else terms.two_phase.ceiling
    takes = terms.proxy and terms.format.is_ascending and ceiling is None
    if takes or isinstance(order, Bid):
        return order
    return Bid(order.lot, order.bidder, order.ref, order.amount, order.confirm, order.chance)


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
        group.carry_out(ListLot(open_to_all(listing)), 0)
        if listing.terms.format is Format.SALEROOM:
            group.saleroom_lots.append(listing.lot)

    def offer(self, dated: Dated) -> Accepted | Refused:
        """Carry one offer out, after all deadlines that come before it.

        Raises:
            KeyError: no such lot was listed.
        """
        group = self._of[dated.order.lot]
        group.ring_until(max(dated.at, group.at))
        group.open_salerooms(max(dated.at, group.at))
        outcome = group.carry_out(as_taken(dated.order, group.lots[dated.order.lot].terms), dated.at)
        if outcome is None:
            raise AssertionError("an offer is always answered")
        self._refused[dated.order.lot] += isinstance(outcome, Refused)
        return outcome

    def finish(self) -> Iterator[Result]:
        """Let all lots close, and tell how each came out, in the order of listing."""
        for group in self._groups.values():
            group.ring_until(None)
            group.let_hammers_fall()
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
