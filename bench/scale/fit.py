"""Fits: the law that points follow, by least squares, and the words for it.

Refuses to know what was measured. Invariants: a law is only claimed for three points or more; how well it holds (R²,
the share of the spread that it explains) is always told beside it; a power law is a straight line between the
logarithms, and its R² is that of the logarithms. Source of the arithmetic: `statistics.linear_regression`.
"""

import math
from collections.abc import Sequence
from statistics import fmean, linear_regression

import msgspec

POINTS_MIN = 3
"""Through two points any law goes."""
R2_MIN = 0.5


class Line(msgspec.Struct, frozen=True, tag="line"):
    """y = start + slope * x."""

    start: float
    slope: float
    r2: float

    def at(self, x: float) -> float:
        """The law's y at `x`."""
        return self.start + self.slope * x


class Power(msgspec.Struct, frozen=True, tag="power"):
    """y = factor * x ** exponent."""

    factor: float
    exponent: float
    r2: float

    def at(self, x: float) -> float:
        """The law's y at `x`."""
        return float(self.factor * x**self.exponent)


Fit = Line | Power


def line(xs: Sequence[float], ys: Sequence[float]) -> Line | None:
    """The straight line through points; None for fewer than three places to stand on."""
    if len(set(xs)) < POINTS_MIN:
        return None
    slope, start = linear_regression(xs, ys)
    return Line(start, slope, _r2([start + slope * x for x in xs], ys))


def power(xs: Sequence[float], ys: Sequence[float]) -> Power | None:
    """The power law through points; None for fewer than three, or where a logarithm does not exist."""
    if min((*xs, *ys), default=0.0) <= 0:
        return None
    found = line([math.log(x) for x in xs], [math.log(y) for y in ys])
    return None if found is None else Power(math.exp(found.start), found.slope, found.r2)


def _r2(fitted: Sequence[float], ys: Sequence[float]) -> float:
    mean = fmean(ys)
    spread = sum((y - mean) ** 2 for y in ys)
    missed = sum((y - law) ** 2 for y, law in zip(ys, fitted, strict=True))
    return 1.0 - missed / spread if spread else 1.0


def steps_between(low: float, high: float, steps: int = 60) -> list[float]:
    """Places to draw a law at, evenly spaced on a logarithmic axis."""
    return [low * (high / low) ** (n / steps) for n in range(steps + 1)]


def drawable(fit: Fit, places: Sequence[float]) -> list[tuple[float, float]]:
    """A law from the first place to the last, where it is above nought, for a logarithmic axis."""
    return [(at, fit.at(at)) for at in steps_between(places[0], places[-1]) if fit.at(at) > 0]


def spread(ys: Sequence[float]) -> float:
    """How far the highest is above the lowest, as a share of the lowest."""
    return max(ys) / min(ys) - 1.0


def flatness(ys: Sequence[float]) -> str:
    """The same in words."""
    return f"flat within {spread(ys):.0%}"


def holds(fit: Fit) -> bool:
    """Whether a law is worth being told: it explains more than half of the spread."""
    return fit.r2 > R2_MIN


def certainty(fit: Fit) -> str:
    """How well a law holds, in words; never rounded up to a certainty that is not there."""
    return f"R² {math.floor(max(fit.r2, 0.0) * 100) / 100:.2f}"


def figure(value: float) -> str:
    """A number as one says it: three digits that count, thousands apart."""
    if value == 0:
        return "0"
    decimals = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}"
