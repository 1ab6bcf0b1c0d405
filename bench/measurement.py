"""What every part of the bench hands over when it is done, whatever it measured.

Refuses to know any part. A figure has a name with dots in it, the part's first (`fanout.ratio`), and is a plain number;
its unit is in its name unless it is a ratio or a count. `failures` are sentences about promises that did not hold,
`skipped` says of a peer by its name why it was left out. Invariant: a report that lacks either has none.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from bench.page import Page
from bench.surge import Progress

__all__ = ["Measure", "Measurement", "Progress", "details", "failures", "skipped"]


class Measurement(Protocol):
    """A report."""

    def lines(self) -> list[str]:
        """The report for a terminal."""

    def figures(self) -> dict[str, float]:
        """The figures by their names."""

    def show(self, page: Page) -> None:
        """The report as sections of a page."""


Measure = Callable[[Progress], Measurement]
"""Measures, and tells how far it is."""


def failures(report: Measurement) -> list[str]:
    """The promises that did not hold; a report that can find none has none."""
    return list(getattr(report, "failures", ()))


def skipped(report: Measurement) -> dict[str, str]:
    """Why something was left out, by its name; a report that leaves nothing out has none."""
    return dict(getattr(report, "skipped", {}))


def details(report: Measurement) -> dict[str, Any]:
    """All that a report knows, for a file."""
    known: dict[str, Any] = msgspec.to_builtins(report) if isinstance(report, msgspec.Struct) else {}
    return known | {"figures": report.figures()}
