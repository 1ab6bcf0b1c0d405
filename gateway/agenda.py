"""The agenda: all lots of the house in the order in which they close, and how many of each sale are in which phase.

It is kept up to date by commits, so that neither a page of lots nor the operations ever sort the whole house; each
consignor's lots have an agenda of their own besides. It refuses to know bids and prices.

Invariants: a lot stands in it once. A lot that loses its end (paused, withdrawn) keeps the last place it had, and
places move later, so that who reads page after page misses no lot; only where the first bid starts a countdown a place
moves ahead. Places are microseconds, then ids.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lots.phases import Phase
from lots.state import Lot


class Place(NamedTuple):
    """Where a lot stands: by its end, and among those that end together by its id."""

    closes_at: int
    lot: str


FIRST = Place(-1, "")


class Agenda:
    """The lots in the order of their ends."""

    def __init__(self, lots: Iterable[Lot] = ()) -> None:
        self._places: dict[str, Place] = {}
        self._phases: dict[str, Phase] = {}
        self._counts: dict[str, Counter[Phase]] = {}
        self._totals: Counter[Phase] = Counter()
        for lot in lots:
            self._places[lot.lot] = Place(_end(lot), lot.lot)
            self._count(lot)
        self._order = sorted(self._places.values())

    def note(self, lot: Lot) -> None:
        """Take in how a lot stands now."""
        self._count(lot)
        place, end = self._places.get(lot.lot), _end(lot)
        if place is not None:
            if end == place.closes_at or (end < place.closes_at and not lot.counting):
                return
            del self._order[bisect_left(self._order, place)]
        place = self._places[lot.lot] = Place(end, lot.lot)
        insort(self._order, place)

    def after(self, place: Place, limit: int) -> list[Place]:
        """Return at most `limit` places behind this one, in order."""
        start = bisect_right(self._order, place)
        return self._order[start : start + limit]

    def counts(self, sale: str) -> dict[str, int]:
        """Return how many lots of a sale are in which phase."""
        return _all_phases(self._counts.get(sale, Counter()))

    def totals(self) -> dict[str, int]:
        """Return how many lots of the house are in which phase."""
        return _all_phases(self._totals)

    def _count(self, lot: Lot) -> None:
        before = self._phases.get(lot.lot)
        if before is lot.phase:
            return
        self._phases[lot.lot] = lot.phase
        for counter in (self._totals, self._counts.setdefault(lot.sale, Counter())):
            counter[lot.phase] += 1
            if before is not None:
                counter[before] -= 1


class HouseAgenda(Agenda):
    """The lots of a whole house, and besides those of each consignor."""

    def __init__(self, lots: Iterable[Lot] = ()) -> None:
        lots = tuple(lots)
        super().__init__(lots)
        theirs: dict[str, list[Lot]] = {}
        for lot in lots:
            if lot.listing.org is not None:
                theirs.setdefault(lot.listing.org, []).append(lot)
        self._of_org = {org: Agenda(some) for org, some in theirs.items()}

    def note(self, lot: Lot) -> None:
        """Take in how a lot stands now."""
        super().note(lot)
        org = lot.listing.org
        if org is not None:
            if org not in self._of_org:
                self._of_org[org] = Agenda()
            self._of_org[org].note(lot)

    def of(self, org: str) -> Agenda:
        """Return the lots that this consignor runs."""
        return self._of_org.get(org) or Agenda()


def _end(lot: Lot) -> int:
    end = lot.scheduled_close_at if lot.closes_at is None else lot.closes_at
    return lot.terms.opens_at if end is None else end


def _all_phases(counter: Counter[Phase]) -> dict[str, int]:
    return {phase.value: counter[phase] for phase in Phase}
