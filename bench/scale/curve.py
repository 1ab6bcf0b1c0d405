"""A curve: points, what could not be measured and why, the law in words.

Refuses to know what is measured, and how it is drawn. Invariants: the first column is what the curve is about; a point
that was meant to be measured is either there or named with a reason; a slow house is no failure, a broken promise is.
Units stand in the columns' words.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from bench.cannot import CANNOT
from bench.scale.fit import figure

FILES_TO_SPARE = 200
"""Of the open files a process may have: those that are no watchers."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """How much is to be measured."""

    full: bool
    seed: int
    note: Callable[[str], None]
    """Told what is being measured."""


class Point(msgspec.Struct, frozen=True):
    """What was measured at one place; `figures` by column."""

    at: int
    figures: dict[str, float]


class Missing(msgspec.Struct, frozen=True):
    """A place that could not be measured."""

    at: int
    reason: str


class Curve(msgspec.Struct, kw_only=True):
    """One curve of the report."""

    name: str
    title: str
    across: str
    """What grows: the word for the places, such as `watchers`."""
    up: str
    """What is drawn, with its unit."""
    columns: dict[str, str]
    """The words for each figure of a point."""
    drawn: tuple[str, ...]
    """The columns that are drawn."""
    log_up: bool = True
    points: list[Point] = msgspec.field(default_factory=list)
    missing: list[Missing] = msgspec.field(default_factory=list)
    law: list[tuple[float, float]] = msgspec.field(default_factory=list)
    """The fit as places and heights, to be drawn beside the points; empty where there is none."""
    words: list[str] = msgspec.field(default_factory=list)
    failures: list[str] = msgspec.field(default_factory=list)

    def places(self) -> list[float]:
        """Where the points are."""
        return [float(point.at) for point in self.points]

    def heights(self, column: str) -> list[float]:
        """The figures of one column, point by point."""
        return [point.figures[column] for point in self.points]

    def add(self, at: int, **figures: float) -> None:
        """Add a point."""
        self.points.append(Point(at, {name: rounded(value) for name, value in figures.items()}))

    def miss(self, at: int, reason: str) -> None:
        """Name a point that there is not; the first reason counts."""
        if at not in [point.at for point in self.points] and at not in [gap.at for gap in self.missing]:
            self.missing.append(Missing(at, reason))

    @contextmanager
    def trying(self, *places: int) -> Iterator[None]:
        """Measure at these places; those not reached when something is not there are missing for that reason."""
        try:
            yield
        except CANNOT as why:
            for at in places:
                self.miss(at, str(why) or type(why).__name__)

    def lines(self) -> list[str]:
        """The curve for a terminal."""
        return [
            self.title,
            *(f"  {self._said(point)}" for point in self.points),
            *(f"  {gap}" for gap in self.gaps()),
            *(f"  {sentence}" for sentence in self.words),
            *(f"  FAILED: {failure}" for failure in self.failures),
        ]

    def _said(self, point: Point) -> str:
        figures = ", ".join(f"{words} {figure(point.figures[name])}" for name, words in self.columns.items())
        return f"{counted(point.at, self.across)}: {figures}"

    def gaps(self) -> list[str]:
        """What could not be measured, in sentences."""
        return [f"{counted(gap.at, self.across)}: not measured: {gap.reason}" for gap in self.missing]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The points as a head and rows of words."""
        rows = [[f"{point.at:,}", *(figure(point.figures[name]) for name in self.columns)] for point in self.points]
        return [self.across, *self.columns.values()], rows

    def figures(self) -> dict[str, float]:
        """Every figure by name: the first column under the place alone, all of them with their own names."""
        main = next(iter(self.columns))
        found: dict[str, float] = {}
        for point in self.points:
            found[f"scale.{self.name}.{point.at}"] = point.figures[main]
            found |= {f"scale.{self.name}.{point.at}.{name}": value for name, value in point.figures.items()}
        return found


def counted(count: int, what: str) -> str:
    """A number of things, in words."""
    return f"{count:,} {what.removesuffix('s') if count == 1 else what}"


def rounded(value: float) -> float:
    """A figure as it is kept: no finer than anything here can be measured."""
    return round(value, 4)


def seats(wanted: int, open_files: int) -> int:
    """How many watchers there is room for."""
    return max(min(wanted, open_files - FILES_TO_SPARE), 0)


def within_seats(curve: Curve, wanted: tuple[int, ...], open_files: int) -> list[int]:
    """The places that this machine has the files for; the first that it has not is moved to the most it has."""
    room = seats(max(wanted), open_files)
    for at in wanted:
        if at > room:
            curve.miss(at, f"{open_files:,} open files leave room for {room:,} watchers, which are measured instead")
    fitting = [at for at in wanted if at <= room]
    return fitting if len(fitting) == len(wanted) or room in {0, *fitting} else [*fitting, room]
