"""What a storm found: the figures of a surge, and beyond them what a sale's shape adds; for terminal, file and page.

Refuses to know how it was found out, and how a plot is drawn. Invariant: with any failure the exit status is 1.
Latencies in milliseconds, instants in seconds since the start of the storm, shares of one core, rates per second.
"""

from collections.abc import Iterator

import msgspec

from bench.latency import CurvePoint, Latency
from bench.page import Page
from bench.storms.faults import Fault
from bench.storms.house_figures import HouseMoment
from bench.tally import Report


class Moment(msgspec.Struct, frozen=True):
    """One interval of the storm; its latencies are of the answers that came in it."""

    at_s: float
    sent_per_s: float
    accepted_per_s: float
    answered: Latency
    lateness_max_ms: float
    lots_open: int
    lines_open: int


class Close(msgspec.Struct, frozen=True):
    """One lot's close: its end, and how much later it was decided and first heard of."""

    ended_s: float
    decided_ms: float
    heard_ms: float | None


class Ended(msgspec.Struct, kw_only=True):
    """What became of the lots. `outlasted`: their end was moved beyond the storm, as after an outage."""

    closed: int = 0
    extended: int = 0
    outlasted: int = 0
    decided: Latency = msgspec.field(default_factory=lambda: Latency(0, 0.0, 0.0, 0.0, 0.0))
    announced: Latency = msgspec.field(default_factory=lambda: Latency(0, 0.0, 0.0, 0.0, 0.0))
    closes: list[Close] = msgspec.field(default_factory=list)


class StormReport(Report, kw_only=True):
    """What a storm found.

    `latency` is of the bids whose line we left alone, `over_breaks` of those whose line we broke meanwhile; both count
    from the instant a bid was due. `planned` and `mishaps` say what was done to the house, `faults` what it broke.
    """

    planned: dict[str, int] = msgspec.field(default_factory=dict)
    mishaps: dict[str, int] = msgspec.field(default_factory=dict)
    repeats: int = 0
    resent: int = 0
    lines_lost: int = 0
    rebuked: int = 0
    waves_s: list[float] = msgspec.field(default_factory=list)
    over_breaks: Latency | None = None
    curve_over_breaks: list[CurvePoint] = msgspec.field(default_factory=list)
    curve_lateness: list[CurvePoint] = msgspec.field(default_factory=list)
    ended: Ended = msgspec.field(default_factory=Ended)
    moments: list[Moment] = msgspec.field(default_factory=list)
    house: list[HouseMoment] = msgspec.field(default_factory=list)
    faults: list[Fault] = msgspec.field(default_factory=list)
    fault_counts: dict[str, int] = msgspec.field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """The few numbers that others compare and keep."""
        measured = self.latency
        return {
            "storm.p50_ms": measured.p50_ms if measured is not None else 0.0,
            "storm.p99_ms": measured.p99_ms if measured is not None else 0.0,
            "storm.accepted_per_s": self.accepted_per_s,
            "storm.faults": float(sum(self.fault_counts.values())),
        }

    def show(self, page: Page) -> None:
        """Put the report on a page, plots and all."""
        from bench.storms.plots import show_storm  # noqa: PLC0415  only who wants a picture waits for what draws it

        show_storm(self, page)

    def _bids(self) -> Iterator[str]:
        yield from super()._bids()
        yield "planned: " + ", ".join(f"{why} {count:,}" for why, count in self.planned.items())
        yield "mishaps of our own: " + (", ".join(f"{kind} {n:,}" for kind, n in self.mishaps.items()) or "none")
        yield (
            f"sent again after a lost line {self.resent:,}, answered as repeats {self.repeats:,}, "
            f"lines lost unplanned {self.lines_lost:,}"
        )
        if self.over_breaks is not None:
            yield f"answer to bids whose line we broke: {self.over_breaks.sentence()}"
        yield from self._ends()
        yield self._checked()

    def _ends(self) -> Iterator[str]:
        ended = self.ended
        moved = f"; {ended.outlasted:,} outlast the storm, their ends having been moved" if ended.outlasted else ""
        yield f"closed {ended.closed:,} of {self.options.lots:,} lots, {ended.extended:,} of them extended{moved}"
        if ended.closed:
            yield f"hammer after the end: {ended.decided.sentence()}"
            yield f"first heard of after the end: {ended.announced.sentence()}"

    def _checked(self) -> str:
        return (
            f"checked: {self.accepted:,} acceptances, {self.recorded:,} bids in the logs, every full feed's numbers "
            f"and heads; {sum(self.fault_counts.values()):,} faults"
        )
