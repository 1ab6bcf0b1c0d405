"""What a surge found: figures for a terminal and for a file, and the sentences of what did not hold.

Refuses to know how it was found out. Invariant: with any failure the exit status is 1.
Latencies in milliseconds, shares of one core, rates per second.
"""

from collections.abc import Iterator

import msgspec

from bench.findings import Findings
from bench.latency import CurvePoint, Latency
from bench.pace import Options
from bench.page import Page


class Report(Findings, kw_only=True):
    """What a surge found. `failures` are sentences; with any of them the exit status is 1."""

    url: str
    run: str
    options: Options
    seconds: float = 0.0
    sent: int = 0
    accepted: int = 0
    accepted_per_s: float = 0.0
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    unanswered: int = 0
    missing: int = 0
    acknowledged_twice: int = 0
    recorded: int = 0
    made_late: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    bytes_per_s: float = 0.0
    latency: Latency | None = None
    lateness: Latency | None = None
    watchers: dict[str, int] = msgspec.field(default_factory=dict)
    generator_busy: float = 0.0
    house_busy: float | None = None
    store_busy: float | None = None
    curve: list[CurvePoint] = msgspec.field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for a terminal."""
        return [*self._bids(), *self._costs(), *super().lines()]

    def show(self, page: Page) -> None:
        """Put the report on a page: the figures, and the percentile curve."""
        from bench.drawing import BLUE, Drawn, percentile_curves  # noqa: PLC0415  brings matplotlib, which takes time

        page.heading("What was found")
        page.text(*self.lines())
        if self.curve:
            curve = percentile_curves(Drawn(self.curve, BLUE, "answers"))
            page.plot(curve, "Share of bids answered within a time, finer towards the slowest.")

    def _bids(self) -> Iterator[str]:
        refused = ", ".join(f"{code} {count:,}" for code, count in sorted(self.refused.items())) or "none"
        how = "full throttle" if self.options.rate is None else f"open loop, {self.options.rate:,.0f} bids/s"
        yield f"run {self.run}, seed {self.options.seed}: {how}"
        yield f"{self.options.lots:,} lots, {self.options.bidders:,} bidders, {self.options.watchers:,} watchers"
        yield f"accepted {self.accepted:,} of {self.sent:,} bids, {self.accepted_per_s:,.0f} a second"
        yield f"refused: {refused}; unanswered {self.unanswered:,}; missing in the record {self.missing:,}"
        if self.latency is not None:
            since = "handing the window over" if self.options.rate is None else "the intended send time"
            yield f"answer after {since}: {self.latency.sentence()}"
        if self.lateness is not None:
            yield f"the generator's own lateness, included above: {self.lateness.sentence()}"
        if self.watchers:
            yield "watchers: " + ", ".join(f"{name} {count:,}" for name, count in self.watchers.items())

    def _costs(self) -> Iterator[str]:
        parts = [f"generator {self.generator_busy:.0%} of a core"]
        if self.house_busy is not None:
            parts.append(f"house {self.house_busy:.0%}")
        if self.store_busy is not None:
            parts.append(f"store {self.store_busy:.0%}")
        yield "busy: " + ", ".join(parts) + f"; {self.bytes_per_s / 1e6:.1f} MB/s both ways"
        if self.made_late:
            yield f"{self.made_late:,} windows were made during the run, the rest ahead of it"
