"""Figures: what the engine measures of itself, for operators and for `/metrics`.

It refuses to know who reads them. Keeping them costs a few counters per batch, not per bid.
Units are in the names: microseconds, orders, lots. Quantiles are over the latest observations only.
"""

from collections import Counter, deque
from collections.abc import Iterable

_LATEST = 1_024


class Spread:
    """Observations of one kind: how many, their sum, and the latest ones."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self._latest: deque[int] = deque(maxlen=_LATEST)

    def observe(self, value: int) -> None:
        """Take one more observation."""
        self.count += 1
        self.total += value
        self._latest.append(value)

    def quantiles(self, shares: Iterable[float]) -> list[int]:
        """Return the latest observations' quantiles at `shares` (0 to 1); zeros when there is none."""
        ordered = sorted(self._latest)
        if not ordered:
            return [0 for _ in shares]
        return [ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in shares]


class Figures:
    """All figures of one engine."""

    def __init__(self) -> None:
        self.append_us = Spread()
        self.batch_orders = Spread()
        self.loop_lag_us = Spread()
        self.closing_lag_us = Spread()
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.outages = 0
        self.recovered_entries = 0
        self.recovery_us = 0
        self.recovery_parts_us: dict[str, int] = {}
