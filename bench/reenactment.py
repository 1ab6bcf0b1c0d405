"""A sale held again in virtual time, from the stamps and the outages that the house has recorded.

Where the bids alone decided, this is `lots.simulation` itself. It knows nothing of outages, which keep a lot open past
its end; a closing group that had one is decided here order by order, with the ends that the log tells. Refuses to
know sockets, and where the stamps come from. Invariants: orders are carried out by stamp, those with the same one in
the order in which they are given; a bid's stamp alone says whether it is in time, so nothing needs to ring before the
last. Amounts are integer minor units, instants microseconds.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from lots.decision import Outcome
from lots.decisions import decide
from lots.fold import evolve
from lots.listing import Listing
from lots.orders import ExtendForOutage, ListLot, Order, Ring
from lots.refusals import Refused
from lots.simulation import Dated, Result, Simulation, result_of
from lots.state import Accepted, Lot

Told: TypeAlias = Accepted | Refused


class Extended(NamedTuple):
    """An end moved because of an outage, as the log has it."""

    at: int
    lot: str
    closes_at: int


def reenact(
    listings: Sequence[Listing], offers: Sequence[Dated], outages: Iterable[Extended]
) -> tuple[dict[str, Result], list[Told]]:
    """Hold a sale again.

    Args:
        listings: The lots as the house was given them.
        offers: The offers with the stamps that the house gave.
        outages: The ends that it moved because of an outage.

    Returns:
        How each lot comes out, and what each offer is told, in the order of `offers`.
    """
    of = {listing.lot: listing.group for listing in listings}
    moved: dict[str, list[Extended]] = {}
    for extended in outages:
        moved.setdefault(of[extended.lot], []).append(extended)
    simulation = Simulation(listing for listing in listings if listing.group not in moved)
    interrupted = {
        group: _Interrupted([listing for listing in listings if listing.group == group], extensions)
        for group, extensions in moved.items()
    }
    told: dict[int, Told] = {}
    for number in sorted(range(len(offers)), key=lambda number: offers[number].at):
        held = interrupted.get(of[offers[number].order.lot], simulation)
        told[number] = held.offer(offers[number])
    results = {result.lot: result for result in simulation.finish()}
    for group in interrupted.values():
        results |= {result.lot: result for result in group.finish()}
    return results, [told[number] for number in range(len(offers))]


class _Interrupted:
    """A closing group that was open through an outage."""

    def __init__(self, listings: Sequence[Listing], outages: Iterable[Extended]) -> None:
        self._lots: dict[str, Lot] = {}
        self._refused: dict[str, int] = {}
        for listing in listings:
            self._carry_out(ListLot(listing), 0)
        opening = [(listing.terms.opens_at, Ring(listing.lot)) for listing in listings]
        moving = [(one.at, ExtendForOutage(one.lot, one.closes_at)) for one in outages]
        self._due: list[tuple[int, Order]] = sorted([*opening, *moving], key=lambda due: due[0], reverse=True)

    def offer(self, dated: Dated) -> Told:
        self._until(dated.at)
        outcome = self._carry_out(dated.order, dated.at)
        if outcome is None:
            raise AssertionError("an offer is always answered")
        if isinstance(outcome, Refused):
            self._refused[dated.order.lot] = self._refused.get(dated.order.lot, 0) + 1
        return outcome

    def finish(self) -> Iterable[Result]:
        self._until(None)
        for lot in list(self._lots.values()):
            if lot.deadline is not None:
                self._carry_out(Ring(lot.lot), lot.deadline)
        return [result_of(lot, self._refused.get(lot.lot, 0)) for lot in self._lots.values()]

    def _until(self, at: int | None) -> None:
        while self._due and (at is None or self._due[-1][0] <= at):
            due_at, order = self._due.pop()
            self._carry_out(order, due_at)

    def _carry_out(self, order: Order, at: int) -> Outcome:
        decision = decide(self._lots, order, at)
        for event in decision.events:
            self._lots[event.lot] = evolve(self._lots.get(event.lot), event)
        return decision.outcome
