"""What a run leaves behind for people: tables on a terminal, one page, and one file of all that was found.

Refuses to know the parts and how goals are judged. Invariants: on the page the goals come first, then every part in its
order, one that could not be measured with its reason; a run of some parts is held against their goals only.
"""

from collections.abc import Iterator
from pathlib import Path

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from bench.evidence import standings
from bench.evidence.full_run import Outcome, Run
from bench.evidence.goals import GOALS, Goal, Verdict
from bench.evidence.record import Record, as_data
from bench.giving import TITLE
from bench.measurement import details
from bench.page import Page

_HEAD = ("", "goal", "figure", "beside it, in the same run", "")
_COLOURS = {"reached": "green", "not reached": "red", "not measured": "yellow"}


def tell(run: Run, console: Console) -> None:
    """Print the lines of each part, the peers side by side, the goals, and what did not hold."""
    for outcome in run.outcomes:
        console.print(f"\n{outcome.part.name} ({outcome.took_s:.0f} s)", style="bold", markup=False)
        for line in _lines(outcome):
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if rows := standings.rows(run.figures):
        console.print(_table(standings.HEAD, [(row.cells(), "") for row in rows]))
    console.print(_table(_HEAD, [(_cells(goal, verdict), _COLOURS[verdict.outcome]) for goal, verdict in judged(run)]))
    for failure in run.failures:
        console.print(f"FAILED: {failure}", style="red", markup=False)


def judged(run: Run) -> Iterator[tuple[Goal, Verdict]]:
    """The goals that are set for the parts of this run, with what came of them."""
    beginnings = tuple(f"{beginning}." for outcome in run.outcomes for beginning in outcome.part.figures)
    for goal, verdict in zip(GOALS, run.verdicts, strict=True):
        if goal.figure.startswith(beginnings):
            yield goal, verdict


def page(run: Run, kept: Record) -> Page:
    """The page of a run."""
    made = Page(TITLE)
    made.text(f"{kept.origin()}.", _versions(kept))
    made.heading("Goals")
    made.table(_HEAD, [_cells(goal, verdict) for goal, verdict in judged(run)])
    made.text(*(f"Failed: {failure}" for failure in run.failures))
    if standings.rows(run.figures):
        standings.show(run.figures, made)
    for outcome in run.outcomes:
        _show(outcome, made)
    return made


def write_details(run: Run, kept: Record, path: Path) -> None:
    """Write the record, and all that each part found. Raises OSError."""
    parts = {outcome.part.name: details(outcome.report) for outcome in run.outcomes if outcome.report is not None}
    path.write_bytes(orjson.dumps(as_data(kept) | {"parts": parts}, option=orjson.OPT_INDENT_2) + b"\n")


def _lines(outcome: Outcome) -> list[str]:
    return [f"not measured: {outcome.reason}"] if outcome.report is None else outcome.report.lines()


def _show(outcome: Outcome, made: Page) -> None:
    if outcome.report is not None:
        outcome.report.show(made)
        return
    made.heading(outcome.part.name)
    made.text(f"Not measured: {outcome.reason}.")


def _table(head: tuple[str, ...], rows: list[tuple[list[str], str]]) -> Table:
    table = Table(*head, box=box.SIMPLE_HEAD)
    for cells, colour in rows:
        table.add_row(*cells, style=colour)
    return table


def _cells(goal: Goal, verdict: Verdict) -> list[str]:
    figure = "" if verdict.value is None else goal.value(verdict.value)
    beside = verdict.reason or verdict.beside
    return [goal.subject, verdict.goal.replace("`", ""), figure, beside.replace("`", ""), verdict.outcome]


def _versions(kept: Record) -> str:
    return "Versions: " + ", ".join(f"{name} {version}" for name, version in kept.machine.versions.items()) + "."
