"""Quantiles of latencies: the few numbers by which a distribution is told.

Refuses to know what was timed. A figure it gives is never finer than its sample: with fewer than a thousand values the
p99.9 is the greatest. Input in seconds, output in milliseconds; quantiles by `statistics.quantiles`, inclusive method.
"""

from collections.abc import Sequence
from statistics import quantiles

import msgspec

MS_PER_S = 1_000.0


class Latency(msgspec.Struct, frozen=True):
    """A distribution in milliseconds; all zero when `count` is 0."""

    count: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    def sentence(self) -> str:
        """The figures in one line, for a terminal."""
        if not self.count:
            return "no samples"
        return (
            f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, p99.9 {self.p999_ms:.2f} ms, max {self.max_ms:.2f} ms"
        )


def latency(seconds: Sequence[float]) -> Latency:
    """Quantiles of a sample given in seconds."""
    if not seconds:
        return Latency(0, 0.0, 0.0, 0.0, 0.0)
    if len(seconds) == 1:
        only = _ms(seconds[0])
        return Latency(1, only, only, only, only)
    cuts = quantiles(seconds, n=1000, method="inclusive")
    greatest = max(seconds)
    p999 = cuts[998] if len(seconds) >= 1_000 else greatest
    return Latency(len(seconds), _ms(cuts[499]), _ms(cuts[989]), _ms(p999), _ms(greatest))


def _ms(seconds: float) -> float:
    return round(seconds * MS_PER_S, 3)
