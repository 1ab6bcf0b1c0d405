"""`python -m bench COMMAND`: each part starts what it needs, and prints figure, limit and ratio.

`short` and `full` run several parts and hold their figures against the goals. Refuses to know how anything is measured.
Exit status: 0 measured, 1 a promise did not hold, 2 it could not be measured; a goal that was not reached is no error.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.cannot import CANNOT
from bench.evidence import parts, readme, record, telling
from bench.evidence.full_run import run
from bench.giving import bar, give
from bench.machine import machine
from bench.measurement import Measure, failures
from bench.server import ROOT

app = typer.Typer(
    add_completion=False, help="Benchmarks of a knockdown house, each beside the limit it is held against."
)

REPORTS = ROOT / "reports"
_FILE_WIDTH = 160
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page to this file.")]
Seconds = Annotated[float, typer.Option(min=0.5, help="Of each run.")]
Watchers = Annotated[int, typer.Option(min=1)]
Rate = Annotated[float, typer.Option(min=0.1, help="Events a second.")]


@app.command()
def fanout(
    watchers: Watchers = 1_000,
    rate: Rate = 50.0,
    seconds: Annotated[float, typer.Option(min=0.1)] = 10.0,
    idle: Annotated[int, typer.Option(min=0, help="Idle watchers whose memory is measured.")] = parts.IDLE_WATCHERS,
    json: Json = None,
    html: Html = None,
) -> None:
    """CPU per delivered frame against a raw loop of send(), and memory per idle watcher."""
    _one(lambda shown: parts.fanout(shown, watchers=watchers, rate=rate, seconds=seconds, idle=idle), json, html)


@app.command()
def bids(
    seconds: Seconds = 10.0,
    seed: int = parts.SEED,
    lots: Annotated[int, typer.Option(min=1, help="Lots that end together.")] = parts.CLOSING_LOTS,
    json: Json = None,
    html: Html = None,
) -> None:
    """Durable accepted bids a second against the same Redis by itself; latencies; many lots closing together."""
    _one(lambda shown: parts.bids(shown, seconds=seconds, seed=seed, lots=lots), json, html)


@app.command()
def peers(seconds: Seconds = parts.PEER_SECONDS, seed: int = parts.SEED, json: Json = None, html: Html = None) -> None:
    """Fan-out and bids beside what others would take, in one table and one plot."""
    _several(parts.peers(seed, seconds), "python -m bench peers", json, html)


@app.command()
def scale(
    full: Annotated[bool, typer.Option(help="All points of each curve, not a few.")] = False,
    seed: int = parts.SEED,
    json: Json = None,
    html: Html = None,
) -> None:
    """How costs, rates, latencies, memory and recovery grow."""
    _one(lambda shown: parts.scale(shown, full=full, seed=seed), json, html)


@app.command()
def recovery(
    events: Annotated[int, typer.Option(min=1)] = parts.RECOVERED_EVENTS,
    lots: Annotated[int, typer.Option(min=1)] = parts.RECOVERED_LOTS,
    json: Json = None,
    html: Html = None,
) -> None:
    """Events read back a second, and the first bid after a restart."""
    _one(lambda shown: parts.recovery(shown, events=events, lots=lots), json, html)


@app.command()
def short(seed: int = parts.SEED, json: Json = None, html: Html = None) -> None:
    """Fan-out, bids, latency and a small closing, in under three minutes."""
    _several(parts.short(seed), "python -m bench short", json, html)


@app.command()
def full(
    seed: int = parts.SEED,
    into_readme: Annotated[
        bool, typer.Option("--readme", help="Write bench/figures.json and the README's table as well.")
    ] = False,
) -> None:
    """Everything, in 20 to 25 minutes: the table of goals, reports/bench.html and reports/bench.json."""
    REPORTS.mkdir(exist_ok=True)
    command = "python -m bench full" + (" --readme" if into_readme else "")
    _several(parts.full(seed), command, REPORTS / "bench.json", REPORTS / "bench.html", into_readme=into_readme)


@app.command()
def goals() -> None:
    """The table of goals as bench/figures.json has it, judged again and written into the README."""
    kept = record.judged_again(record.read())
    record.write(kept)
    readme.write(kept)
    print("written into bench/figures.json and README.md")


def _one(measure: Measure, json: Path | None, html: Path | None) -> None:
    """Measure one part and give it out."""
    try:
        with bar() as shown:
            report = measure(shown)
    except CANNOT as why:
        print(f"could not measure: {why}", file=sys.stderr)
        raise typer.Exit(2) from why
    give(report, json, html)
    if failures(report):
        raise typer.Exit(1)


def _several(
    chosen: Sequence[parts.Part],
    command: str,
    json: Path | None,
    html: Path | None,
    *,
    into_readme: bool = False,
) -> None:
    """Measure several parts to the end, hold them against the goals, and give them out."""
    before = machine()
    print(before.sentence())
    with bar() as shown:
        came = run(chosen, shown)
    kept = record.record(came, before, command)
    telling.tell(came, _console())
    if json is not None:
        telling.write_details(came, kept, json)
        print(f"figures in {json}")
    if html is not None:
        telling.page(came, kept).write(html)
        print(f"page in {html}")
    if into_readme:
        record.write(kept)
        readme.write(kept)
        print("written into bench/figures.json and README.md")
    raise typer.Exit(came.exit_status)


def _console() -> Console:
    """The terminal, or a file wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


if __name__ == "__main__":
    app()
