"""The peers side by side: knockdown among what others would take, in one table and one plot.

Refuses to know how a peer was measured; it sees the figures of a run. Invariants: a peer that lacks a figure has a gap
there, never a nought; those of fan-out stand in the order of what a frame costs them, those of bidding of how many bids
they take. A frame's cost is in multiples of a raw send() loop in C, CPU of a bid in microseconds.
"""

import re
from collections.abc import Callable, Mapping

import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.drawing import bars
from bench.evidence.goals import BIDDING_PEERS, FANOUT_PEERS
from bench.page import Page

HEAD = ("peer", "CPU per frame, times the C loop", "accepted bids/s", "store µs/bid", "server µs/bid")
_COLUMNS = (
    ("ratio", "{:.2f}"),
    ("accepted_per_s", "{:,.0f}"),
    ("store_us_per_bid", "{:.1f}"),
    ("server_us_per_bid", "{:.1f}"),
)
_OURS = "knockdown"
_NAMED = re.compile(r"peers\.(fanout|bids)\.(\w+)\.(\w+)")
_SIZE_IN = (11.0, 4.5)
_CAPTION = (
    "Left: CPU per delivered frame in multiples of a raw send() loop in C, less is better. "
    "Right: durable accepted bids a second, more is better."
)


class Row(msgspec.Struct, frozen=True):
    """One peer at one job, with what was measured of it."""

    name: str
    title: str
    figures: dict[str, float]

    def cells(self) -> list[str]:
        """The row of the table."""
        found = [written.format(self.figures[key]) if key in self.figures else "" for key, written in _COLUMNS]
        return [self.title, *found]


def rows(figures: Mapping[str, float]) -> list[Row]:
    """The table: fan-out from the cheapest, then bidding from the fastest."""
    return [*standing(figures, "fanout"), *standing(figures, "bids")]


def standing(figures: Mapping[str, float], job: str) -> list[Row]:
    """The peers of one job, `fanout` or `bids`, the best first."""
    by_name: dict[str, dict[str, float]] = {}
    for figure, value in figures.items():
        named = _NAMED.fullmatch(figure)
        if named is not None and named[1] == job:
            by_name.setdefault(named[2], {})[named[3]] = value
    titles = {name: title.replace("`", "") for name, title in {**FANOUT_PEERS, **BIDDING_PEERS}.items()}
    return sorted((Row(name, titles.get(name, name), found) for name, found in by_name.items()), key=_BEST_FIRST[job])


_BEST_FIRST: dict[str, Callable[[Row], float]] = {
    "fanout": lambda row: row.figures.get("ratio", float("inf")),
    "bids": lambda row: -row.figures.get("accepted_per_s", 0.0),
}


def show(figures: Mapping[str, float], page: Page) -> None:
    """The table and the plot as a section of a page."""
    page.heading("The peers side by side")
    page.table(HEAD, [row.cells() for row in rows(figures)])
    page.plot(plot(figures), _CAPTION)


def plot(figures: Mapping[str, float]) -> Figure:
    """Both jobs beside each other, ours in another colour."""
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, standing(figures, "fanout"), "ratio", "{:,.2f}", HEAD[1])
    _bars(right, standing(figures, "bids"), "accepted_per_s", "{:,.0f}", HEAD[2])
    return figure


def _bars(axes: Axes, peers: list[Row], key: str, written: str, title: str) -> None:
    bars(axes, [(row.title, row.figures[key]) for row in peers if key in row.figures], written, ours=_OURS)
    axes.set_title(title)
