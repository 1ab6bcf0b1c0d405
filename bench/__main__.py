"""`python -m bench fanout` and `python -m bench bids`: each starts what it needs, prints figure, limit and ratio.

Refuses to know how anything is measured. Exit status: 0 measured, 1 a promise did not hold, 2 it could not be measured.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import bids as bids_bench
from bench import fanout as fanout_bench
from bench.closing import NotInTimeError
from bench.compile_c import CompilerMissingError
from bench.desk import DeskError
from bench.server import HouseNotReadyError
from bench.store_limit import StoreLimitError
from bench.surge import Progress as Shown

app = typer.Typer(
    add_completion=False, help="Benchmarks of a knockdown house, each beside the limit it is held against."
)

_CANNOT = (
    HouseNotReadyError,
    CompilerMissingError,
    StoreLimitError,
    DeskError,
    NotInTimeError,
    fanout_bench.ChildSilentError,
    OSError,
)
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]


@app.command()
def fanout(
    watchers: Annotated[int, typer.Option(min=1)] = 1_000,
    rate: Annotated[float, typer.Option(min=0.1, help="Events a second.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=0.1)] = 10.0,
    idle: Annotated[int, typer.Option(min=0, help="Idle watchers whose memory is measured.")] = 10_000,
    json: Json = None,
) -> None:
    """CPU per delivered frame against a raw loop of send(), and memory per idle watcher."""
    with _or_say_why():
        report = fanout_bench.fanout(watchers=watchers, rate=rate, seconds=seconds, idle=idle)
    _give([report.machine.sentence(), *report.lines()], report, json)


@app.command()
def bids(
    seconds: Annotated[float, typer.Option(min=0.5, help="Of each run.")] = 10.0,
    seed: int = 1,
    json: Json = None,
) -> None:
    """Durable accepted bids a second against the same Redis by itself; latencies; 1,000 lots closing together."""
    with _or_say_why(), _bar() as shown:
        report = bids_bench.bids(seconds=seconds, seed=seed, progress=shown)
    _give([report.machine.sentence(), *report.lines()], report, json)
    if report.failures:
        raise typer.Exit(1)


@contextmanager
def _or_say_why() -> Iterator[None]:
    try:
        yield
    except _CANNOT as why:
        print(f"could not measure: {why}", file=sys.stderr)
        raise typer.Exit(2) from why


@contextmanager
def _bar() -> Iterator[Shown]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("starting a house", total=1.0)
        yield lambda done, total, stage: progress.update(task, completed=done, total=total, description=stage)


def _give(lines: list[str], report: msgspec.Struct, json: Path | None) -> None:
    print("\n".join(lines))
    if json is not None:
        json.write_bytes(orjson.dumps(msgspec.to_builtins(report), option=orjson.OPT_INDENT_2) + b"\n")
        print(f"figures in {json}")


if __name__ == "__main__":
    app()
