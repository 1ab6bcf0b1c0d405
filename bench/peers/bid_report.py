"""What the bidding peers came to: a table for a terminal, figures for the goals, a section for the page.

Refuses to know how it was measured. Invariants: the house's figures are the means of its runs; how many times a peer's
bids the house took is told from the two house runs beside that peer's own; what a peer leaves out stands beside its
figures; a peer that was skipped is absent from the figures and named in the lines. CPU in microseconds per accepted
bid, load in shares of one core, rates per second.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import msgspec

from bench.page import Page

if TYPE_CHECKING:  # matplotlib takes its time to come up
    from matplotlib.figure import Figure

HOUSE = "knockdown"
HOUSE_TITLE = "knockdown"
_HOUSE_LEAVES_OUT = "nothing: all rules, idempotency and both hash chains are on; nobody watches"
_HEAD = (
    "server",
    "accepted/s",
    "knockdown takes",
    "server us/bid",
    "store us/bid",
    "generator load",
    "refused",
)


class Run(msgspec.Struct, kw_only=True):
    """What one run on one hot lot came to; `stored` events stood in the store afterwards."""

    accepted_per_s: float
    server_us_per_bid: float
    store_us_per_bid: float
    generator_busy: float
    refused: int
    stored: int


class PeerRun(Run, kw_only=True):
    """A peer's run; what it leaves out of what the house does is a phrase."""

    name: str
    title: str
    leaves_out: str


class BiddingPeersReport(msgspec.Struct, kw_only=True):
    """House and peers. House run n and n + 1 stand beside peer n. `skipped` is the reason by name."""

    seconds: float
    house: list[Run] = msgspec.field(default_factory=list)
    peers: list[PeerRun] = msgspec.field(default_factory=list)
    skipped: dict[str, str] = msgspec.field(default_factory=dict)
    failures: list[str] = msgspec.field(default_factory=list)

    def house_mean(self) -> Run:
        """The house over all its runs."""
        return _mean(self.house)

    def times(self, number: int) -> float:
        """How many times the bids of peer `number` the house took, by the runs beside it; 0 if that took none."""
        per_s = self.peers[number].accepted_per_s
        return round(_mean(self.house[number : number + 2]).accepted_per_s / per_s, 2) if per_s else 0.0

    def figures(self) -> dict[str, float]:
        """The figures by their keys."""
        found = _keyed(HOUSE, self.house_mean()) if self.house else {}
        for number, peer in enumerate(self.peers):
            found |= _keyed(peer.name, peer)
            found[f"peers.bids.{peer.name}.knockdown_times"] = self.times(number)
        return found

    def lines(self) -> list[str]:
        """The report for a terminal."""
        return [
            f"durable accepted bids on one hot lot, {self.seconds:g} s each, the house between the peers",
            *_aligned([_HEAD, *(tuple(map(_shown, row)) for row in self._rows())]),
            self._noise(),
            *(f"leaves out {what}: {', '.join(titles)}" for what, titles in self._omissions().items()),
            *(f"skipped {name}: {reason}" for name, reason in self.skipped.items()),
            *(f"FAILED: {failure}" for failure in self.failures),
        ]

    def show(self, page: Page) -> None:
        """Write a section of the page."""
        page.heading("Bidding: durable accepted bids on one hot lot")
        page.text(
            "One process each, every acceptance on disk before it is answered, the same generator in a closed loop. "
            f"{self._noise()} CPU is of the server and of its store, per accepted bid."
        )
        page.table(_HEAD, list(self._rows()))
        page.plot(self._plot(), self._caption())
        omissions = [(", ".join(titles), what) for what, titles in self._omissions().items()]
        page.table(("server", "leaves out"), [(HOUSE_TITLE, _HOUSE_LEAVES_OUT), *omissions])
        page.text(*(f"Skipped {name}: {reason}" for name, reason in self.skipped.items()))
        page.text(*(f"Failed: {failure}" for failure in self.failures))

    def _rows(self) -> Iterator[tuple[str | float, ...]]:
        if self.house:
            yield (HOUSE_TITLE, *_cells(self.house_mean(), ""))
        for number, peer in enumerate(self.peers):
            yield (peer.title, *_cells(peer, f"{self.times(number):.2f} times"))

    def _noise(self) -> str:
        rates = ", ".join(f"{run.accepted_per_s:,.0f}" for run in self.house)
        return f"The house's runs, in order: {rates} a second; its row is their mean."

    def _omissions(self) -> dict[str, list[str]]:
        """Who leaves it out, by what is left out."""
        found: dict[str, list[str]] = {}
        for peer in self.peers:
            found.setdefault(peer.leaves_out, []).append(peer.title)
        return found

    def _bars(self) -> list[tuple[str, float]]:
        house = [(HOUSE_TITLE, self.house_mean().accepted_per_s)] if self.house else []
        return [*house, *((peer.title, peer.accepted_per_s) for peer in self.peers)]

    def _caption(self) -> str:
        told = "; ".join(f"{title} {per_s:,.0f}" for title, per_s in self._bars())
        return f"Accepted bids a second on one hot lot, each on disk: {told}."

    def _plot(self) -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415  it takes its time to come up

        from bench.drawing import bars  # noqa: PLC0415  the same

        heights = self._bars()
        figure = Figure(figsize=(8, 0.6 + 0.5 * len(heights)), layout="constrained")
        axes = figure.subplots()
        bars(axes, heights, "{:,.0f}", ours=HOUSE_TITLE)
        axes.set_xlabel("durable accepted bids a second")
        return figure


def _mean(runs: Sequence[Run]) -> Run:
    return Run(
        accepted_per_s=round(fmean(run.accepted_per_s for run in runs), 1),
        server_us_per_bid=round(fmean(run.server_us_per_bid for run in runs), 2),
        store_us_per_bid=round(fmean(run.store_us_per_bid for run in runs), 2),
        generator_busy=round(fmean(run.generator_busy for run in runs), 3),
        refused=sum(run.refused for run in runs),
        stored=sum(run.stored for run in runs),
    )


def _keyed(name: str, run: Run) -> dict[str, float]:
    return {
        f"peers.bids.{name}.accepted_per_s": run.accepted_per_s,
        f"peers.bids.{name}.server_us_per_bid": run.server_us_per_bid,
        f"peers.bids.{name}.store_us_per_bid": run.store_us_per_bid,
    }


def _cells(run: Run, times: str) -> tuple[str | float, ...]:
    load = f"{run.generator_busy:.0%}"
    return round(run.accepted_per_s), times, run.server_us_per_bid, run.store_us_per_bid, load, run.refused


def _shown(cell: str | float) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
