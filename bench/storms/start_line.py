"""The instant from which a storm counts, on both clocks: the one that measures and the one the house stamps by.

Refuses to know what starts. Invariant: both are read at one moment, so that a due time and an end mean the same.
Seconds since the start are negative before it; `time.perf_counter` in seconds, the wall in microseconds.
"""

import time

from bench.latency import US_PER_S


class StartLine:
    """A start that lies ahead until it is known."""

    def __init__(self) -> None:
        self._counter = float("inf")
        self._wall_us = 0

    def start_in(self, seconds: float) -> None:
        """Fix the start."""
        self._counter = time.perf_counter() + seconds
        self._wall_us = time.time_ns() // 1_000 + round(seconds * US_PER_S)

    def elapsed(self) -> float:
        """Seconds since the start; minus infinity while it is not fixed."""
        return time.perf_counter() - self._counter

    def counter_at(self, after_s: float) -> float:
        """What `time.perf_counter` shows so long after the start."""
        return self._counter + after_s

    def wall_us(self, after_s: float) -> int:
        """What the wall's clock shows so long after the start."""
        return self._wall_us + round(after_s * US_PER_S)

    def since(self, wall_us: int) -> float:
        """How many seconds after the start the wall's clock shows this."""
        return (wall_us - self._wall_us) / US_PER_S
