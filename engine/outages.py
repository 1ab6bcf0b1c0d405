"""Outages: when nobody could bid, and to when the lots that would have closed meanwhile are moved.

It refuses to know who noticed the silence, and to decide anything: it works instants out, the actors get
them with an order. Lateness from our own work is no outage, a store that did not answer is.

Invariants: no end moves back; lots keep their distances from the first of them, so that a staggered sale stays
staggered. Times are microseconds. Source: design.md, "Time".
"""

from collections.abc import Collection
from typing import NamedTuple

from lots.phases import Phase
from lots.state import Lot


class Outage(NamedTuple):
    """A span in which the house could not take bids."""

    since: int
    back_at: int


class Silence:
    """Listens for a sign of life, and calls a long silence an outage."""

    def __init__(self, now: int, outage_us: int) -> None:
        self._outage_us = outage_us
        self.heard_at = now

    def heard(self, now: int) -> Outage | None:
        """Note a sign of life at `now`; return the outage that it ends, if it was one."""
        since, self.heard_at = self.heard_at, now
        return Outage(since, now) if now - since > self._outage_us else None


def hit(lot: Lot, outage: Outage) -> bool:
    """Whether the lot would have closed while nobody could bid."""
    if lot.phase not in (Phase.OPEN, Phase.UPCOMING) or lot.closes_at is None:
        return False
    return outage.since < lot.closes_at <= outage.back_at


def new_ends(lots: Collection[Lot], back_at: int, notice_us: int) -> dict[str, int]:
    """Return the new end of each lot that was hit: back + max(window, notice) + its old distance from the first."""
    first = min((lot.ending.closes_at for lot in lots), default=0)
    return {lot.lot: back_at + max(_window_us(lot), notice_us) + lot.ending.closes_at - first for lot in lots}


def _window_us(lot: Lot) -> int:
    return 0 if lot.soft_close is None else lot.soft_close.window_us
