"""Latencies: kept in a histogram of constant size, and the few numbers by which a distribution is told.

Refuses to know what was timed. Invariants: a run of an hour takes no more memory than one of a second; a figure is
never off by more than a thousandth of itself, the greatest value is exact, and nothing is told that is finer than the
sample: with fewer than a thousand values the p99.9 is the greatest. Recorded in microseconds from one to an hour (more
counts as an hour), given in seconds, told in milliseconds. Source: HdrHistogram.
"""

from collections.abc import Iterable

import msgspec
from hdrh.histogram import HdrHistogram

MS_PER_S = 1_000.0
US_PER_S = 1_000_000.0
_US_PER_MS = 1_000.0
_LONGEST_US = 3_600_000_000
_DIGITS = 3
_HALVINGS_MAX = 24


class Latency(msgspec.Struct, frozen=True):
    """A distribution in milliseconds; all zero when `count` is 0."""

    count: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    p90_ms: float = 0.0

    def sentence(self) -> str:
        """The figures in one line, for a terminal."""
        if not self.count:
            return "no samples"
        return (
            f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, p99.9 {self.p999_ms:.2f} ms, max {self.max_ms:.2f} ms"
        )


class CurvePoint(msgspec.Struct, frozen=True):
    """A point of the percentile curve: so many percent of the values were at most so many milliseconds."""

    percentile: float
    ms: float


class Timings:
    """A histogram of spans of time."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)

    def __len__(self) -> int:
        return int(self._histogram.total_count)

    def record(self, seconds: float) -> None:
        """Take one more span; one below zero, as two clocks may give it, counts as none."""
        self._histogram.record_value(min(max(round(seconds * US_PER_S), 0), _LONGEST_US))

    def forget(self) -> None:
        """Start anew."""
        self._histogram.reset()

    def latency(self) -> Latency:
        """The few numbers."""
        if not len(self):
            return Latency(0, 0.0, 0.0, 0.0, 0.0)
        return Latency(
            len(self), self._ms(50), self._ms(99), self._ms(99.9), self._histogram.max_value / _US_PER_MS, self._ms(90)
        )

    def taken(self) -> Latency:
        """The few numbers since they were last taken; then start anew."""
        found = self.latency()
        self.forget()
        return found

    def curve(self) -> list[CurvePoint]:
        """The percentile curve, finer by halves towards the greatest value, as far as the sample reaches."""
        points: list[CurvePoint] = []
        for halving in range(_HALVINGS_MAX):
            for part in (0.0, 0.25, 0.5, 0.75):
                percentile = 100.0 * (1.0 - (1.0 - part / 2) / 2**halving)
                if len(self) * (1.0 - percentile / 100.0) < 1.0:
                    return points
                points.append(CurvePoint(round(percentile, 6), self._ms(percentile)))
        return points

    def _ms(self, percentile: float) -> float:
        histogram = self._histogram
        value = histogram.get_value_at_percentile(percentile) if percentile else histogram.get_min_value()
        return float(min(value, self._histogram.max_value)) / _US_PER_MS


def latency(seconds: Iterable[float]) -> Latency:
    """The few numbers of a sample given in seconds."""
    timings = Timings()
    for one in seconds:
        timings.record(one)
    return timings.latency()
