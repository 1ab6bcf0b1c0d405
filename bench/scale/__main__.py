"""`python -m bench.scale [CURVE]...`: draws curves by themselves, for whoever works on one of them.

Refuses to know how anything is measured. Exit status: 0 drawn, 1 a promise did not hold.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.scale.curves import CURVES, scale


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CURVE]...", help=", ".join(CURVES))] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Up to the largest numbers.")] = False,
    seed: int = 1,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the plots to this file.")] = None,
) -> None:
    """Draw the curves of how a house scales."""
    if unknown := set(names or ()) - set(CURVES):
        raise typer.BadParameter(f"there is no curve {', '.join(sorted(unknown))}; there are {', '.join(CURVES)}")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as shown:
        task = shown.add_task("starting a house", total=1.0)
        report = scale(
            full=full,
            seed=seed,
            progress=lambda done, total, stage: shown.update(task, completed=done, total=total, description=stage),
            only=names or tuple(CURVES),
        )
    print("\n".join([report.machine.sentence(), *report.lines(), f"drawn in {report.seconds:.0f} s"]))
    if json is not None:
        json.write_bytes(orjson.dumps(msgspec.to_builtins(report), option=orjson.OPT_INDENT_2) + b"\n")
    if html is not None:
        from bench.page import Page  # noqa: PLC0415  brings matplotlib along, which is slow to come

        page = Page("How a house scales")
        page.text(report.machine.sentence())
        report.show(page)
        page.write(html)
    if report.failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
