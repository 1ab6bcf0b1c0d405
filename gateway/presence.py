"""Presence: which bidders are there, and which have gone within the last minute.

A bidder is there while any WebSocket speaks in his name. What is counted here goes on record at the close of a lot, so
that it can be seen whether a fault kept bidders out. It refuses to know sockets, lots, and what follows from the
counts.

Invariants: coming and going cost the same however many are there; whoever comes back is not gone; nobody is both.
Instants and spans are microseconds. Source: rules.md, section 6 ("after a partial outage, who could not bid?").
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from clock.instants import SECOND_US, Clock
from lots.orders import Attendance

LOST_US: Final = 60 * SECOND_US


class Presence:
    """Counts who is there.

    Args:
        clock: Says when somebody has gone.
        lost_us: So long he counts as lost.
    """

    def __init__(self, clock: Clock, lost_us: int = LOST_US) -> None:
        self._clock = clock
        self._lost_us = lost_us
        self._wires: dict[str, int] = {}
        self._gone_at: OrderedDict[str, int] = OrderedDict()

    def comes(self, bidder: str) -> None:
        """Note one more connection in this name."""
        self._wires[bidder] = self._wires.get(bidder, 0) + 1
        self._gone_at.pop(bidder, None)

    def goes(self, bidder: str) -> None:
        """Note one connection less; with his last he is lost."""
        left = self._wires[bidder] - 1
        if left:
            self._wires[bidder] = left
            return
        del self._wires[bidder]
        now = self._clock.now()
        self._forget(now)
        self._gone_at[bidder] = now

    def attendance(self, bidders: Collection[str]) -> Attendance:
        """Return how many of these are there, and how many are lost."""
        self._forget(self._clock.now())
        return Attendance(_in_both(self._wires, bidders), _in_both(self._gone_at, bidders))

    def _forget(self, now: int) -> None:
        """Drop those who went too long ago to count; they stand in the order in which they went."""
        while self._gone_at:
            bidder, gone_at = next(iter(self._gone_at.items()))
            if now - gone_at <= self._lost_us:
                return
            del self._gone_at[bidder]


def _in_both(some: Collection[str], others: Collection[str]) -> int:
    """Return how many names stand in both, looking through the fewer."""
    fewer, more = (some, others) if len(some) <= len(others) else (others, some)
    return sum(name in more for name in fewer)
