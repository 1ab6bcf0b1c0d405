"""`python -m bench.scale [CURVE]...`: draws curves by themselves, for whoever works on one of them.

Refuses to know how anything is measured. Exit status: 0 drawn, 1 a promise did not hold.
"""

from pathlib import Path
from typing import Annotated

import typer

from bench.giving import bar, give
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
    with bar() as shown:
        report = scale(full=full, seed=seed, progress=shown, only=names or tuple(CURVES))
    give(report, json, html)
    if report.failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
