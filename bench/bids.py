"""`python -m bench bids`: durable accepted bids per second over WebSockets, beside what the same Redis takes by itself.

(a) one hot lot, (b) fifty lots, both at full throttle; around them the limit, `XADD` of 200 bytes on the same Redis
with the same fsync; (c) 2,000 bids a second open-loop with watchers on the `live` feed, and around them single fsynced
round trips to the same store; (d) many lots that end at the same instant. Refuses to know how the house works.
Invariants: every acceptance counted was checked against the record afterwards; the generator says how busy it was; the
limit is the median of its measurements, so that one disturbed by something else neither flatters nor spoils the ratio.
Rates per second, latencies in milliseconds.
"""

from statistics import median

import msgspec
import uvloop

from bench.closing import ClosingReport, closing
from bench.machine import Machine, machine
from bench.page import Page
from bench.round_trip import RoundTrip, round_trip, round_trips
from bench.server import House, house
from bench.store_limit import StoreLimit, store_limit
from bench.surge import Options, Progress, Report, nothing_shown, surge

MANY_LOTS = 50
PACED_RATE = 2_000.0
PACED_WATCHERS = 200
CLOSING_LOTS = 10_000
_US_PER_MS = 1_000.0


class BidsReport(msgspec.Struct, kw_only=True):
    """All that `bids` measures."""

    machine: Machine
    limit: list[StoreLimit]
    hot: Report
    many: Report
    trip: RoundTrip
    paced: Report
    closing: ClosingReport

    @property
    def failures(self) -> list[str]:
        """What did not hold; a slow run is no failure, a broken promise is."""
        early = [f"{self.closing.early} lots closed before their time"] if self.closing.early else []
        open_still = self.closing.lots - self.closing.closed
        late = [f"{open_still} lots were not announced as closed"] if open_still else []
        return [*self.hot.failures, *self.many.failures, *self.paced.failures, *early, *late]

    @property
    def limit_per_s(self) -> float:
        """What the store takes by itself."""
        return median(limit.xadds_per_s for limit in self.limit)

    def figures(self) -> dict[str, float]:
        """The figures by their names."""
        return {
            "bids.hot_per_s": self.hot.accepted_per_s,
            "bids.many_per_s": self.many.accepted_per_s,
            "bids.limit_per_s": self.limit_per_s,
            "bids.hot_ratio": self.hot.accepted_per_s / self.limit_per_s,
            "bids.many_ratio": self.many.accepted_per_s / self.limit_per_s,
            **self._latencies(),
            "closing.lots": float(self.closing.lots),
            "closing.early": float(self.closing.early),
            "closing.within_500ms": self.closing.within_500ms,
            "closing.p99_ms": self.closing.announced.p99_ms,
        }

    def lines(self) -> list[str]:
        """The report for a terminal."""
        figures, first = self.figures(), self.limit[0]
        limits = " and ".join(f"{limit.xadds_per_s:,.0f}" for limit in self.limit)
        return [
            "one hot lot",
            *_indented(self.hot.lines()),
            f"{MANY_LOTS} lots",
            *_indented(self.many.lines()),
            f"limit: {limits} XADD of 200 bytes a second, before, between and after, on the same store",
            f"  ({first.measured_by}, -c 4 -P 100; Redis {first.redis_version}, appendfsync {first.appendfsync})",
            f"ratio: hot lot {figures['bids.hot_ratio']:.2f}, {MANY_LOTS} lots {figures['bids.many_ratio']:.2f}",
            f"{PACED_RATE:,.0f} bids a second, {PACED_WATCHERS} watchers on live",
            *_indented(self.paced.lines()),
            f"limit: {self.trip.sentence()}",
            *self._latency_ratio(figures),
            *self.closing.lines(),
        ]

    def show(self, page: Page) -> None:
        """The report as a section of a page."""
        page.heading("Bids, latency and closing")
        page.table(("figure", "value"), list(self.figures().items()))
        page.text(*self.lines())

    def _latencies(self) -> dict[str, float]:
        """The open loop's, and how many single round trips they are; none when no bid was answered."""
        figures = {"latency.round_trip_us": self.trip.median_us}
        found = self.paced.latency
        if found is None or not found.count:
            return figures
        return figures | {
            "latency.p50_ms": found.p50_ms,
            "latency.p99_ms": found.p99_ms,
            "latency.p50_ratio": found.p50_ms * _US_PER_MS / self.trip.median_us,
            "latency.p99_ratio": found.p99_ms * _US_PER_MS / self.trip.median_us,
        }

    def _latency_ratio(self, figures: dict[str, float]) -> list[str]:
        if "latency.p50_ratio" not in figures:
            return ["ratio: none, as no bid was answered"]
        return [f"ratio: p50 {figures['latency.p50_ratio']:.1f}, p99 {figures['latency.p99_ratio']:.1f} round trips"]


def bids(
    *, seconds: float = 10.0, seed: int = 1, lots: int = CLOSING_LOTS, progress: Progress = nothing_shown
) -> BidsReport:
    """Measure it all; `lots` end together.

    Raises:
        HouseNotReadyError, StoreLimitError, DeskError, LineError, NotInTimeError: it could not be measured.
    """
    with house() as running:
        limit = [_limit(running, progress)]
        hot = _surge(running, Options(lots=1, seconds=seconds, seed=seed), progress)
        limit.append(_limit(running, progress))
        many = _surge(running, Options(lots=MANY_LOTS, seconds=seconds, seed=seed), progress)
        limit.append(_limit(running, progress))
    with house() as running:
        progress(0, 1, "single round trips to the store")
        before = round_trips(running.store_socket)
        paced = _surge(running, _paced_options(seconds, seed), progress)
        trip = round_trip([*before, *round_trips(running.store_socket)])
    with house() as running:
        progress(0, 1, f"{lots:,} lots ending together")
        closes = uvloop.run(closing(running, lots))
    return BidsReport(machine=machine(), limit=limit, hot=hot, many=many, trip=trip, paced=paced, closing=closes)


def _limit(running: House, progress: Progress) -> StoreLimit:
    progress(0, 1, "the store's own limit")
    return store_limit(running.store_socket)


def _paced_options(seconds: float, seed: int) -> Options:
    return Options(lots=1, rate=PACED_RATE, watchers=PACED_WATCHERS, feed="live", seconds=seconds, seed=seed)


def _surge(running: House, options: Options, progress: Progress) -> Report:
    return uvloop.run(surge(running.url, running.sign, options, progress))


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
