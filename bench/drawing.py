"""How figures of a run are drawn: colours, axes, a key above them, bars, percentile curves as HdrHistogram has them.

Refuses to know what was measured. Invariants: spans are drawn in milliseconds on a logarithmic scale, since a run's go
over four orders of magnitude; colours are told apart also by those who see few (Okabe and Ito). Percentiles in percent.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.latency import CurvePoint

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#777777"
_WIDE = (10.0, 4.2)
_LEAST_MS = 0.01
_NINES = (0, 50, 75, 90, 99, 99.9, 99.99, 99.999)
_ABOVE = (0.0, 1.01)


class Drawn(NamedTuple):
    """A percentile curve, its colour, and what the key says of it."""

    curve: Sequence[CurvePoint]
    colour: str
    label: str


def drawing() -> tuple[Figure, Axes]:
    """An empty plot."""
    figure = Figure(figsize=_WIDE, layout="constrained")
    return figure, figure.subplots()


def named(axes: Axes, across: str, up: str) -> None:
    """Say what the axes are, and take away what nobody reads."""
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="major", alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def logarithmic(axes: Axes) -> None:
    """Make the scale upwards logarithmic, with plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def key(axes: Axes, *besides: Axes) -> None:
    """Put the key above the plot; of axes that share it, all labels together."""
    handles, labels = axes.get_legend_handles_labels()
    for other in besides:
        more_handles, more_labels = other.get_legend_handles_labels()
        handles, labels = handles + more_handles, labels + more_labels
    if handles:
        axes.legend(
            handles, labels, frameon=False, loc="lower left", bbox_to_anchor=_ABOVE, ncols=len(labels), fontsize=9
        )


def visible_ms(spans_ms: Iterable[float]) -> list[float]:
    """Milliseconds that a logarithmic scale can show."""
    return [max(span_ms, _LEAST_MS) for span_ms in spans_ms]


def bars(axes: Axes, heights: Sequence[tuple[str, float]], written: str, ours: str) -> None:
    """Lying bars with their names and their figures, from the top in the order given, ours in another colour."""
    colours = [ORANGE if name == ours else BLUE for name, _ in heights]
    drawn = axes.barh([name for name, _ in heights], [height for _, height in heights], color=colours)
    axes.bar_label(drawn, fmt=written, padding=3)
    axes.margins(x=0.15)
    axes.invert_yaxis()


def percentile_curves(*curves: Drawn) -> Figure:
    """Curves beside each other, finer towards the slowest; those without points are left out."""
    figure, axes = drawing()
    shown = [drawn for drawn in curves if drawn.curve]
    for drawn in shown:
        at, spans = [_nines(p.percentile) for p in drawn.curve], visible_ms(p.ms for p in drawn.curve)
        axes.plot(at, spans, color=drawn.colour, label=drawn.label)
    _scale(axes, max((_nines(drawn.curve[-1].percentile) for drawn in shown), default=10.0))
    named(axes, "percentile", "ms")
    logarithmic(axes)
    key(axes)
    return figure


def _scale(axes: Axes, furthest: float) -> None:
    ticks = [tick for tick in _NINES if _nines(tick) <= furthest * 1.5]
    axes.set_xscale("log")
    axes.set_xticks([_nines(tick) for tick in ticks], [f"{tick:g} %" for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _nines(percentile: float) -> float:
    """1 at 0 %, 10 at 90 %, 100 at 99 %."""
    return 100.0 / (100.0 - percentile)
