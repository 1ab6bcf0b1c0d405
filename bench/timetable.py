"""The timetable of a replay: where an instant of the files falls in the house, and the listings moved there.

It refuses to know connections and clocks; the caller says when the replay starts. Invariants: the origin of the files
falls on the start, and all spans (windows, extensions, hard ends) shrink by the same speed; whatever is dated before
the origin may be submitted at once, because its lots are open from the listing on and no window has begun.
Instants are microseconds since the epoch. Source: protocol.md, "Command line".
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from msgspec.structs import replace

from clock.instants import SECOND_US, seconds_to_us
from lots.listing import Listing
from lots.simulation import Dated
from lots.terms import SoftCloseTerms, Terms

ID_LEN_MAX = 64


class Chain(NamedTuple):
    """The offers of one lot in file order: what goes out at once, and what waits for its time."""

    early: tuple[Dated, ...]
    timed: tuple[Dated, ...]


class Timetable(NamedTuple):
    """Files to house and back. `origin_us` is an instant of the files, `start_us` the same in the house."""

    origin_us: int
    start_us: int
    speed: float

    def to_house(self, at: int) -> int:
        """Return when something dated `at` in the files is due in the house."""
        return self.start_us + round((at - self.origin_us) / self.speed)

    def to_file(self, at: int) -> int:
        """Return which instant of the files an instant of the house stands for."""
        return self.origin_us + round((at - self.start_us) * self.speed)

    def listing(self, listing: Listing, run: str, now_us: int) -> Listing:
        """Return a listing as the house gets it in this run, at `now_us`."""
        terms = listing.terms
        opens_at = self.to_house(terms.opens_at)
        if terms.opens_at < self.origin_us:
            opens_at = max(0, min(opens_at, now_us))
        scaled = replace(
            terms,
            opens_at=opens_at,
            closes_at=max(self.to_house(terms.end), opens_at + 1),
            group=None if terms.group is None else _within(f"{run}_", terms.group),
            soft_close=None if terms.soft_close is None else self._soft_close(terms.soft_close),
        )
        return replace(listing, lot=lot_id(listing.lot, run), sale=run, terms=scaled)

    def _soft_close(self, terms: SoftCloseTerms) -> SoftCloseTerms:
        return replace(
            terms,
            window_s=self._span(terms.window_s),
            extension_s=self._span(terms.extension_s),
            hard_end_s=None if terms.hard_end_s is None else self._span(terms.hard_end_s),
        )

    def _span(self, seconds: float) -> float:
        return round(seconds_to_us(seconds) / self.speed) / SECOND_US


def lot_id(lot: str, run: str) -> str:
    """Return the id of a lot in this run; that of a group has another mark after the run, so that they never meet."""
    return _within(f"{run}-", lot)


def _within(prefix: str, name: str) -> str:
    """Prefix a name; where that is too long for an id, the name's digest stands in."""
    prefixed = prefix + name
    return prefixed if len(prefixed) <= ID_LEN_MAX else prefix + sha256(name.encode()).hexdigest()[:32]


def origin(listings: Iterable[Listing], lead_us: int) -> int:
    """Return the instant of the files from which on offers wait for their time.

    `lead_us` before the first close, or further ahead where a window is longer: no offer that may move an end is early.
    """
    terms = [listing.terms for listing in listings]
    return min(one.end for one in terms) - max(lead_us, *(_window_us(one) for one in terms))


def _window_us(terms: Terms) -> int:
    return 0 if terms.soft_close is None else seconds_to_us(terms.soft_close.window_s)


def chains(lots: Iterable[str], offers: Sequence[Dated], origin_us: int) -> dict[str, Chain]:
    """Sort offers by lot, in file order; from the first that has to wait on, all of a lot wait."""
    rows: dict[str, list[Dated]] = {lot: [] for lot in lots}
    for dated in offers:
        rows[dated.order.lot].append(dated)
    return {lot: _chain(row, origin_us) for lot, row in rows.items()}


def _chain(row: Sequence[Dated], origin_us: int) -> Chain:
    first_timed = next((n for n, dated in enumerate(row) if dated.at >= origin_us), len(row))
    return Chain(tuple(row[:first_timed]), tuple(row[first_timed:]))
