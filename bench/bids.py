"""`python -m bench bids`: durable accepted bids per second over WebSockets, beside what the same Redis takes by itself.

(a) one hot lot, (b) fifty lots, both at full throttle; around them the limit, `XADD` of 200 bytes on the same Redis
with the same fsync; (c) 1,000 bids a second open-loop with watchers on the `live` feed; (d) 1,000 lots that end at the
same instant. Refuses to know how the house works. Invariants: every acceptance counted was checked against the record
afterwards; the generator says how busy it was. Rates per second, latencies in milliseconds.
"""

import msgspec
import uvloop

from bench.closing import ClosingReport, closing
from bench.machine import Machine, machine
from bench.server import House, house
from bench.store_limit import StoreLimit, store_limit
from bench.surge import Options, Progress, Report, nothing_shown, surge

MANY_LOTS = 50
PACED_RATE = 1_000.0
PACED_WATCHERS = 200
CLOSING_LOTS = 1_000


class BidsReport(msgspec.Struct, kw_only=True):
    """All that `bids` measures."""

    machine: Machine
    limit: list[StoreLimit]
    hot: Report
    many: Report
    paced: Report
    closing: ClosingReport
    hot_ratio: float = 0.0
    many_ratio: float = 0.0

    @property
    def failures(self) -> list[str]:
        """What did not hold; a slow run is no failure, a broken promise is."""
        early = [f"{self.closing.early} lots closed before their time"] if self.closing.early else []
        open_still = self.closing.lots - self.closing.closed
        late = [f"{open_still} lots were not announced as closed"] if open_still else []
        return [*self.hot.failures, *self.many.failures, *self.paced.failures, *early, *late]

    def lines(self) -> list[str]:
        """The report for a terminal."""
        first = self.limit[0]
        limits = " and ".join(f"{limit.xadds_per_s:,.0f}" for limit in self.limit)
        return [
            "one hot lot",
            *_indented(self.hot.lines()),
            f"{MANY_LOTS} lots",
            *_indented(self.many.lines()),
            f"limit: {limits} XADD of 200 bytes a second, before and after, on the same store",
            f"  ({first.measured_by}, -c 4 -P 100; Redis {first.redis_version}, appendfsync {first.appendfsync})",
            f"ratio: hot lot {self.hot_ratio:.2f}, {MANY_LOTS} lots {self.many_ratio:.2f}",
            f"{PACED_RATE:,.0f} bids a second, {PACED_WATCHERS} watchers on live",
            *_indented(self.paced.lines()),
            *self.closing.lines(),
        ]


def bids(*, seconds: float = 10.0, seed: int = 1, progress: Progress = nothing_shown) -> BidsReport:
    """Measure it all. Raises HouseNotReadyError, StoreLimitError, DeskError, LineError, NotInTimeError."""
    with house() as running:
        progress(0, 1, "the store's own limit")
        before = store_limit(running.store_socket)
        hot = _surge(running, Options(lots=1, seconds=seconds, seed=seed), progress)
        many = _surge(running, Options(lots=MANY_LOTS, seconds=seconds, seed=seed), progress)
        progress(0, 1, "the store's own limit")
        after = store_limit(running.store_socket)
    with house() as running:
        paced = _surge(running, _paced_options(seconds, seed), progress)
    with house() as running:
        progress(0, 1, f"{CLOSING_LOTS:,} lots ending together")
        closes = uvloop.run(closing(running, CLOSING_LOTS))
    return _compared(
        BidsReport(machine=machine(), limit=[before, after], hot=hot, many=many, paced=paced, closing=closes)
    )


def _paced_options(seconds: float, seed: int) -> Options:
    return Options(lots=1, rate=PACED_RATE, watchers=PACED_WATCHERS, feed="live", seconds=seconds, seed=seed)


def _surge(running: House, options: Options, progress: Progress) -> Report:
    return uvloop.run(surge(running.url, running.sign, options, progress))


def _compared(report: BidsReport) -> BidsReport:
    limit = sum(limit.xadds_per_s for limit in report.limit) / len(report.limit)
    report.hot_ratio = round(report.hot.accepted_per_s / limit, 3)
    report.many_ratio = round(report.many.accepted_per_s / limit, 3)
    return report


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
