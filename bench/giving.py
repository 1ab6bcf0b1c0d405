"""How one measurement is given out: a bar while it is made, then its lines, a file of figures, a page.

Refuses to know what was measured. Invariant: the machine stands before the figures, wherever they are given.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from bench.machine import machine
from bench.measurement import Measurement, Progress, details
from bench.page import Page

TITLE = "knockdown: the bench"


@contextmanager
def bar() -> Iterator[Progress]:
    """Show a bar for the length of a `with`; give what tells how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, transient=True) as shown:
        task = shown.add_task("starting a house", total=1.0)
        yield lambda done, total, stage: shown.update(task, completed=done, total=total, description=stage)


def give(report: Measurement, json: Path | None, html: Path | None) -> None:
    """Print a report, and write it into the files that are wanted. Raises OSError."""
    here = machine()
    print("\n".join([here.sentence(), *report.lines()]))
    if json is not None:
        json.write_bytes(orjson.dumps(details(report), option=orjson.OPT_INDENT_2) + b"\n")
        print(f"figures in {json}")
    if html is not None:
        page = Page(TITLE)
        page.text(f"{here.date}, {here.sentence()}.")
        report.show(page)
        page.write(html)
        print(f"page in {html}")
