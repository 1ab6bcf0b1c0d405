"""What the fan-out peers cost beside the house and a bare loop: the figures, the table and the plot.

Refuses to know how anything is measured. Invariants: a cost is CPU of all a peer's processes, less their idle time, by
what was delivered; its ratio is to the raw loop right before and after it; who is left out or failed stands in the
table with the reason, and not among the figures. Microseconds.
"""

from typing import TYPE_CHECKING

import msgspec

from bench.fanout_report import FanoutReport
from bench.machine import Machine
from bench.page import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOUSE = "knockdown"
_HOUSE_DOES = "a bid in: rules, idempotency, an fsynced stream, two hash chains; numbered, gap-free, resumable"
_STORE_BESIDE = "{:.2f} us more in its store, which keeps the bids and carries no frame"
_HEAD = ("", "us per frame", "ratio", "delivered", "what it does")
_TITLE = "Fan-out peers: CPU per delivered frame by the raw loop's"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant. Without a cost it was not measured, and `why` says the reason."""

    name: str
    title: str
    does: str
    expected: int = 0
    delivered: int = 0
    us_per_frame: float | None = None
    ratio: float | None = None
    ratio_without_deciding: float | None = None
    raw_us_per_frame: float | None = None
    skipped: str = ""
    failed: str = ""

    @property
    def failure(self) -> str:
        """What did not hold, in a sentence; empty when all is well or when the peer is not installed."""
        if self.failed:
            return f"{self.title}: {self.failed}"
        if self.delivered != self.expected:
            return f"{self.title}: {self.delivered:,} of {self.expected:,} frames were delivered"
        return ""

    def cells(self) -> tuple[str, str, str, str, str]:
        """The row of the table."""
        if self.us_per_frame is None or self.ratio is None:
            why = f"skipped: {self.skipped}" if self.skipped else f"failed: {self.failed}"
            return (self.title, "", "", "", why)
        ratio = f"{self.ratio:.2f}"
        if self.ratio_without_deciding is not None:
            ratio += f" ({self.ratio_without_deciding:.2f} without deciding)"
        return (self.title, f"{self.us_per_frame:.2f}", ratio, f"{self.delivered:,}", self.does)


class FanoutPeersReport(msgspec.Struct, kw_only=True):
    """The house and its peers, in the order in which they ran."""

    machine: Machine
    watchers: int
    rate: float
    seconds: float
    frame_bytes: int
    rows: list[Row]

    @property
    def failures(self) -> list[str]:
        """Who lost frames, and who did not run to the end."""
        return [row.failure for row in self.rows if row.failure]

    def lines(self) -> list[str]:
        """The report for a terminal."""
        table = [_HEAD, *(row.cells() for row in self.rows)]
        widths = [max(len(cells[column]) for cells in table) for column in range(4)]
        aligned = [
            "  ".join([f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]) for cells in table
        ]
        return [
            self._sentence(),
            *(f"{start}  {cells[4]}".rstrip() for start, cells in zip(aligned, table, strict=True)),
            *self.failures,
        ]

    def figures(self) -> dict[str, float]:
        """Cost and ratio of each who was measured."""
        figures: dict[str, float] = {}
        for row in self.rows:
            if row.us_per_frame is not None and row.ratio is not None:
                figures[f"peers.fanout.{row.name}.ratio"] = row.ratio
                figures[f"peers.fanout.{row.name}.us_per_frame"] = row.us_per_frame
            if row.ratio_without_deciding is not None:
                figures[f"peers.fanout.{row.name}.ratio_without_deciding"] = row.ratio_without_deciding
        return figures

    def show(self, page: Page) -> None:
        """Add this report to a page."""
        page.heading("Fan-out: the house and its peers")
        page.text(self._sentence(), *self.failures)
        page.table(_HEAD, [row.cells() for row in self.rows])
        measured = [row for row in self.rows if row.ratio is not None]
        if measured:
            caption = ", ".join(f"{row.title} {row.ratio:.2f}" for row in measured)
            page.plot(_bars(measured), f"{_TITLE} (1 is a bare loop of send() in C): {caption}.")

    def _sentence(self) -> str:
        return (
            f"{self.watchers:,} watchers, {self.rate:g} events a second for {self.seconds:g} s,"
            f" frames of {self.frame_bytes} bytes; CPU of all processes that carry frames, less idle; ratio to a raw"
            " loop of send() in C, before and after each"
        )


def house_row(found: FanoutReport) -> Row:
    """The house among its peers. Its store stands beside: it keeps the bids, and no frame goes through it."""
    limit = sum(found.raw_us_per_frame) / len(found.raw_us_per_frame)
    return Row(
        name=HOUSE,
        title=HOUSE,
        does=f"{_HOUSE_DOES}; {_STORE_BESIDE.format(found.store_us_per_frame)}",
        expected=found.expected,
        delivered=found.delivered,
        us_per_frame=found.house_us_per_frame,
        ratio=found.ratio,
        ratio_without_deciding=found.ratio_without_deciding,
        raw_us_per_frame=round(limit, 3),
    )


def _bars(rows: list[Row]) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415  half a second that only a plot is worth

    from bench.drawing import bars  # noqa: PLC0415  the same

    heights = sorted(((row.title, row.ratio or 0.0) for row in rows), key=lambda bar: bar[1])
    figure = Figure(figsize=(9, 0.5 * len(heights) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars(axes, heights, "{:.2f}", ours=HOUSE)
    axes.axvline(1.0, color="#333", linestyle="--", linewidth=1)
    axes.set_xlabel("CPU per delivered frame, by that of a bare loop of send() in C")
    return figure
