"""The picture of a curve, by matplotlib.

Refuses to know what was measured. Invariants: the axis across is logarithmic, as places are spread over decades; every
point is marked; the law is dashed, so that nobody takes it for a measurement.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.scale.curve import Curve

_INCHES = (9.0, 4.2)
_COLOURS = ("#1f4e79", "#c0504d", "#7f7f7f")
_MARKS = ("o", "s", "^")


def picture(curve: Curve) -> Figure:
    """Draw a curve that has points."""
    drawing = Figure(figsize=_INCHES, layout="constrained")
    axes = drawing.add_subplot()
    for column, colour, mark in zip(curve.drawn, _COLOURS, _MARKS, strict=False):
        axes.plot(curve.places(), curve.heights(column), color=colour, marker=mark, label=curve.columns[column])
    if law := _beside_the_points(curve):
        axes.plot(*zip(*law, strict=True), color="#555", linestyle="--", linewidth=1, label="the law in words below")
    _scale(axes, curve)
    axes.set_title(curve.title, loc="left")
    axes.set_xlabel(curve.across)
    axes.set_ylabel(curve.up)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    return drawing


def _beside_the_points(curve: Curve) -> list[tuple[float, float]]:
    """The law without what is far below every point: near nought a line falls through any logarithmic axis."""
    lowest = min(min(curve.heights(column)) for column in curve.drawn)
    return [(at, height) for at, height in curve.law if height > lowest / 2]


def _scale(axes: Axes, curve: Curve) -> None:
    said = FuncFormatter(lambda value, _at: f"{value:,g}")
    axes.set_xscale("log")
    axes.set_xticks(curve.places(), [f"{at:,.0f}" for at in curve.places()])
    axes.xaxis.set_minor_formatter(NullFormatter())
    if curve.log_up:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(said)
