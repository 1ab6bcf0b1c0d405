"""The live view of a storm: every figure of a glance stands on a line of its own beside its name."""

import io

from rich.console import Console

from bench.latency import Latency
from bench.storms.live_view import Glance, drawn, live_view, unwatched

GLANCE = Glance(
    stage="the storm rages",
    elapsed_s=5.3,
    planned_s=8.0,
    sent=1_564,
    accepted=1_366,
    refused=21,
    lately=Latency(9, 1.4, 10.2, 12.0, 15.8),
    lots_open=8,
    lots_closed=12,
    lines_open=70,
    lines=72,
)


def lines(glance: Glance) -> list[str]:
    console = Console(file=io.StringIO(), width=110, record=True)
    console.print(drawn(glance))
    return console.export_text().splitlines()


def test_the_counts_are_not_hidden_behind_the_bar() -> None:
    (bids,) = (line for line in lines(GLANCE) if line.startswith("bids"))
    assert bids.split() == ["bids", "1,564", "sent", "1,366", "accepted", "21", "refused"]


def test_what_was_not_timed_yet_has_no_latency_and_faults_are_counted() -> None:
    shown = {line.split("  ")[0]: line for line in lines(GLANCE)}
    assert shown["latency so far"].split()[-1] == "-"
    assert "p99 10.2 ms" in shown["latency just now"]
    assert "none" in shown["faults"]


def test_where_there_is_no_terminal_nothing_is_drawn() -> None:
    with live_view(Console(file=io.StringIO())) as watch:
        assert watch is unwatched
