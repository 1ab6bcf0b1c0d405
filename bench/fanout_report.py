"""What the fan-out bench found: the figures, their arithmetic, and how they are told.

Refuses to know how anything is measured. Invariants: cost is CPU without idle time, by what was delivered, never by
what was due; what was not delivered is a failure (more may come: how many watch is told now and then). Microseconds,
bytes, shares of one core.
"""

from typing import NamedTuple

import msgspec

from bench.drain import RawCost
from bench.evidence.goals import bound
from bench.live_cost import LiveCost
from bench.machine import Machine, machine
from bench.one_lot import Spent
from bench.pace import Options
from bench.page import Page

_US = 1_000_000
_KIB = 1_024


class Baseline(NamedTuple):
    """What the house spends, in cores, on nothing at all, and on bids that nobody watches; its store on nothing."""

    idle: float
    deciding: float
    store_idle: float = 0.0


class Flight(NamedTuple):
    """What was measured while the events flew."""

    wall_s: float
    cpu: Spent
    frames: int
    expected: int
    crowd_cpu_s: float


class FullFeed(NamedTuple):
    """All that was measured on the full feed."""

    frame_bytes: float
    baseline: Baseline
    flight: Flight
    burst: Flight
    raw: list[RawCost]


class FanoutReport(msgspec.Struct, kw_only=True):
    """What fan-out costs, and what a bare loop costs."""

    machine: Machine
    watchers: int
    rate: float
    seconds: float
    frame_bytes: float
    expected: int
    delivered: int
    house_us_per_frame: float
    deciding_us_per_frame: float
    store_us_per_frame: float
    house_busy: float
    idle_busy: float
    crowd_busy: float
    raw_us_per_frame: list[float]
    raw_short: int
    ratio: float
    ratio_without_deciding: float
    burst_len: int
    burst_expected: int
    burst_delivered: int
    burst_us_per_event: float
    burst_ratio: float
    idle_watchers: int = 0
    idle_bytes_per_watcher: float = 0.0
    live: LiveCost | None = None

    @property
    def failures(self) -> list[str]:
        """What did not hold; a slow house is no failure, a lost frame is."""
        told = (("", self.delivered, self.expected), (" in bursts", self.burst_delivered, self.burst_expected))
        return [f"{due - came:,} of {due:,} frames{how} were not delivered" for how, came, due in told if came < due]

    def lines(self) -> list[str]:
        """The report for a terminal."""
        raw = " and ".join(f"{cost:.2f}" for cost in self.raw_us_per_frame)
        deciding, store = f"{self.deciding_us_per_frame:.2f}", f"{self.store_us_per_frame:.2f}"
        burst = f"bursts of {self.burst_len}: {self.burst_us_per_event:.2f} us per delivered event"
        return [
            f"one lot, {self.watchers:,} watchers on full, {self.rate:g} events a second for {self.seconds:g} s",
            f"delivered {self.delivered:,} of {self.expected:,} frames of {self.frame_bytes:.0f} bytes",
            f"house: {self.house_us_per_frame:.2f} us of CPU per delivered frame",
            f"  ({deciding} of it to decide and store the bids, watched or not; {store} more in the store itself)",
            f"  ({self.house_busy:.0%} of a core, {self.idle_busy:.1%} idle taken off; drain {self.crowd_busy:.0%})",
            f"limit: {raw} us per frame (raw loop of send() in C, before and after; {self.raw_short} not taken)",
            f"ratio: {self.ratio:.2f}; {self.ratio_without_deciding:.2f} without deciding and storing the bids",
            f"{burst}, deciding included; ratio {self.burst_ratio:.2f}",
            *self._further_lines(),
            *self.failures,
        ]

    def _further_lines(self) -> list[str]:
        lines = [] if self.live is None else self.live.lines()
        if self.idle_watchers:
            lines.append(f"{self.idle_watchers:,} idle watchers: {self.idle_bytes_per_watcher / _KIB:.1f} KiB each")
        return lines

    def figures(self) -> dict[str, float]:
        """What goals are set for; what was not measured is not there."""
        figures = {
            "fanout.ratio": self.ratio,
            "fanout.ratio_without_deciding": self.ratio_without_deciding,
            "fanout.burst_ratio": self.burst_ratio,
            "fanout.raw_us": sum(self.raw_us_per_frame) / len(self.raw_us_per_frame),
        }
        if self.idle_watchers:
            figures["fanout.idle_watchers"] = float(self.idle_watchers)
            figures["fanout.idle_bytes"] = self.idle_bytes_per_watcher
        if self.live is not None:
            figures["fanout.live_cost_ratio"] = self.live.ratio
        return figures

    def show(self, page: Page) -> None:
        """Add this report to a page."""
        page.heading("Fan-out beside a bare loop of send() in C")
        page.text(*self.lines())
        page.table(("figure", "measured", "goal"), self._rows())

    def _rows(self) -> list[tuple[str, str | float, str]]:
        rows: list[tuple[str, str | float, str]] = [
            ("CPU per frame, by the raw loop's", self.ratio, _at_most("fanout.ratio")),
            ("the same without deciding and storing the bids", self.ratio_without_deciding, ""),
            (f"CPU per event in bursts of {self.burst_len}", self.burst_ratio, _at_most("fanout.burst_ratio")),
        ]
        if self.live is not None:
            goal = _at_most("fanout.live_cost_ratio")
            rows.append(("CPU per state on live, stormy by quiet", self.live.ratio, goal))
        if self.idle_watchers:
            size = f"{self.idle_bytes_per_watcher / _KIB:.1f} KiB"
            rows.append(("memory of an idle watcher", size, f"at most {bound('fanout.idle_bytes') / _KIB:g} KiB"))
        return rows


def _at_most(figure: str) -> str:
    return f"at most {bound(figure):g}"


def report(options: Options, burst_len: int, full: FullFeed) -> FanoutReport:
    """The figures of what was measured on the full feed."""
    baseline, flight, raw = full.baseline, full.flight, full.raw
    cost, burst = (per_frame_us(one, one.cpu.house, baseline.idle) for one in (flight, full.burst))
    deciding = baseline.deciding * flight.wall_s / max(flight.frames, 1) * _US
    limit = sum(run.us_per_frame for run in raw) / len(raw)
    return FanoutReport(
        machine=machine(),
        watchers=options.watchers,
        rate=options.rate or 0.0,
        seconds=options.seconds,
        frame_bytes=round(full.frame_bytes, 1),
        expected=flight.expected,
        delivered=flight.frames,
        house_us_per_frame=round(cost, 3),
        deciding_us_per_frame=round(deciding, 3),
        store_us_per_frame=round(per_frame_us(flight, flight.cpu.store, baseline.store_idle), 3),
        house_busy=round(flight.cpu.house / flight.wall_s, 4),
        idle_busy=round(baseline.idle, 4),
        crowd_busy=round(flight.crowd_cpu_s / flight.wall_s, 4),
        raw_us_per_frame=[round(run.us_per_frame, 3) for run in raw],
        raw_short=sum(run.short for run in raw),
        ratio=round(cost / limit, 3),
        ratio_without_deciding=round((cost - deciding) / limit, 3),
        burst_len=burst_len,
        burst_expected=full.burst.expected,
        burst_delivered=full.burst.frames,
        burst_us_per_event=round(burst, 3),
        burst_ratio=round(burst / limit, 3),
    )


def per_frame_us(flight: Flight, cpu_s: float, idle: float) -> float:
    """CPU per delivered frame, less what the same time costs in idleness."""
    return (cpu_s - idle * flight.wall_s) / max(flight.frames, 1) * _US
