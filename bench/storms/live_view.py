"""The storm as it rages, in the terminal: rates, latencies so far, lots, lines, faults.

Refuses to know where the figures come from. Invariant: it draws what it is given, when it is given it, and nothing is
drawn where there is no terminal. Milliseconds, rates per second.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.latency import Latency


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """How the storm stands at a moment."""

    stage: str
    elapsed_s: float
    planned_s: float
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    waiting: int = 0
    sent_per_s: float = 0.0
    accepted_per_s: float = 0.0
    latency: Latency | None = None
    lately: Latency = Latency(0, 0.0, 0.0, 0.0, 0.0)
    lateness_max_ms: float = 0.0
    lots_open: int = 0
    lots_closed: int = 0
    lines_open: int = 0
    lines: int = 0
    faults: int = 0


Watch = Callable[[Glance], None]


def unwatched(glance: Glance) -> None:
    """The view of someone who does not look."""


@contextmanager
def live_view(console: Console) -> Iterator[Watch]:
    """Show the storm for the length of a `with`; give what takes the next glance."""
    if not console.is_terminal:
        yield unwatched
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda glance: live.update(drawn(glance), refresh=True)


def drawn(glance: Glance) -> RenderableType:
    """One glance as a table under a bar."""
    done = min(max(glance.elapsed_s, 0.0), glance.planned_s)
    head = Text.assemble((glance.stage, "bold"), f"  {done:,.1f} of {glance.planned_s:,.0f} s")
    bar = Table.grid()  # by itself a bar ends without a line break
    bar.add_row(ProgressBar(total=glance.planned_s, completed=done, width=60))
    rows = Table.grid(padding=(0, 3))
    for name, *values in _rows(glance):
        rows.add_row(Text(name, style="dim"), *values)
    return Group(head, bar, rows)


def _rows(glance: Glance) -> Iterator[tuple[str, str, str, str]]:
    yield "bids", f"{glance.sent:,} sent", f"{glance.accepted:,} accepted", f"{glance.refused:,} refused"
    yield (
        "now",
        f"{glance.sent_per_s:,.0f} sent/s",
        f"{glance.accepted_per_s:,.0f} accepted/s",
        f"{glance.waiting:,} waiting",
    )
    yield "latency so far", *_spans(glance.latency)
    yield "latency just now", *_spans(glance.lately)
    yield "we ourselves", f"at most {glance.lateness_max_ms:.1f} ms late", "", ""
    yield "lots", f"{glance.lots_open:,} open", f"{glance.lots_closed:,} closed", ""
    yield "lines", f"{glance.lines_open:,} of {glance.lines:,} open", "", ""
    faults = f"[bold red]{glance.faults:,}[/]" if glance.faults else "none"
    yield "faults", faults, "", ""


def _spans(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None or not latency.count:
        return "-", "", ""
    return f"p50 {latency.p50_ms:.1f} ms", f"p99 {latency.p99_ms:.1f} ms", f"max {latency.max_ms:.1f} ms"
