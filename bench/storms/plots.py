"""The plots of a storm: latency over time, percentile curves, rates and lots, batch sizes, closing lag.

Refuses to know how anything was measured. Invariants: spans are drawn in milliseconds on a logarithmic scale, since a
storm's run over four orders of magnitude; instants are seconds since the start; waves are shown as broken lines; each
plot has its words. Colours are told apart also by those who see few (Okabe and Ito).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.latency import CurvePoint
from bench.page import Page
from bench.storms.report import StormReport
from bench.tally import Report

_BLUE, _ORANGE, _GREEN, _RED, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#777777"
_WIDE = (10.0, 4.2)
_LEAST_MS = 0.01
_US_PER_MS = 1_000.0
_NINES = (0, 50, 75, 90, 99, 99.9, 99.99, 99.999)


def show_storm(report: StormReport, page: Page) -> None:
    """Put a storm on a page."""
    page.heading("What was found")
    page.text(*report.lines())
    page.heading("Figures")
    page.table(("figure", "value"), [(name, value) for name, value in report.figures().items()])
    page.heading("Course of the storm")
    if report.moments:
        page.plot(
            rates(report), "Bids sent and accepted a second, and lots that have not closed; broken lines are waves."
        )
        page.plot(latency_over_time(report), "Time from the instant a bid was due to its answer, per half second.")
    page.heading("Percentiles")
    page.plot(
        percentiles(report),
        "Share of bids answered within a time, finer towards the slowest: low far to the right is good.",
    )
    if report.house:
        page.heading("The house, by its own figures")
        page.plot(batches(report), "Orders in one append, over the house's latest 1,024 appends, once a second.")
        page.plot(appends(report), "Time of one append, and lateness of the house's event loop.")
    if report.ended.closes:
        page.heading("Closing")
        page.plot(closing_lag(report), "How long after its end a lot was decided, and when anyone first heard of it.")


def show_flood(report: Report, page: Page) -> None:
    """Put a flood on a page."""
    page.heading("What was found")
    page.text(*report.lines())
    if report.curve:
        figure, axes = _drawing()
        _curve(axes, report.curve, _BLUE, "answers")
        _finish_curves(axes, [report.curve])
        page.plot(figure, "Share of bids answered within a time, finer towards the slowest.")


def rates(report: StormReport) -> Figure:
    """Bids a second, and the lots that are open."""
    figure, axes = _over_time(report, "bids a second")
    at = [moment.at_s for moment in report.moments]
    axes.plot(at, [moment.sent_per_s for moment in report.moments], color=_GREY, label="sent")
    axes.plot(at, [moment.accepted_per_s for moment in report.moments], color=_BLUE, label="accepted")
    axes.set_ylim(bottom=0)
    lots = axes.twinx()
    lots.step(at, [moment.lots_open for moment in report.moments], color=_GREEN, where="post", label="lots open")
    lots.step(at, [moment.lines_open for moment in report.moments], color=_ORANGE, where="post", label="lines open")
    lots.set_ylabel("lots, lines")
    lots.set_ylim(bottom=0)
    handles, labels = (one + other for one, other in zip(_legend(axes), _legend(lots), strict=True))
    _key(axes, handles, labels)
    return figure


def latency_over_time(report: StormReport) -> Figure:
    """Quantiles of each interval."""
    figure, axes = _over_time(report, "ms")
    shown = [moment for moment in report.moments if moment.answered.count]
    at = [moment.at_s for moment in shown]
    axes.plot(at, _ms(moment.answered.max_ms for moment in shown), color=_RED, lw=0.9, label="greatest")
    axes.plot(at, _ms(moment.answered.p99_ms for moment in shown), color=_ORANGE, label="p99")
    axes.plot(at, _ms(moment.answered.p50_ms for moment in shown), color=_BLUE, label="p50")
    late = _ms(moment.lateness_max_ms for moment in shown)
    axes.plot(at, late, color=_GREY, lw=0.9, ls=":", label="our own lateness, greatest")
    _logarithmic(axes)
    _key(axes, *_legend(axes))
    return figure


def percentiles(report: StormReport) -> Figure:
    """Percentile curves as HdrHistogram draws them."""
    figure, axes = _drawing()
    _curve(axes, report.curve, _BLUE, "answers")
    _curve(axes, report.curve_over_breaks, _ORANGE, "answers to bids whose line we broke ourselves")
    _curve(axes, report.curve_lateness, _GREY, "our own lateness in sending, part of both")
    _finish_curves(axes, [report.curve, report.curve_over_breaks, report.curve_lateness])
    return figure


def _finish_curves(axes: Axes, curves: Sequence[Sequence[CurvePoint]]) -> None:
    axes.set_xscale("log")
    furthest = max((_nines(curve[-1].percentile) for curve in curves if curve), default=10.0)
    ticks = [tick for tick in _NINES if _nines(tick) <= furthest * 1.5]
    axes.set_xticks([_nines(tick) for tick in ticks], [f"{tick:g} %" for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    _named(axes, "percentile", "ms")
    _logarithmic(axes)
    _key(axes, *_legend(axes))


def batches(report: StormReport) -> Figure:
    """Sizes of batches over time."""
    figure, axes = _over_time(report, "orders in one append")
    at = [moment.at_s for moment in report.house]
    for name, colour in (("max", _RED), ("p99", _ORANGE), ("p50", _BLUE)):
        sizes = [moment.batch_orders[name] for moment in report.house]
        axes.step(at, sizes, color=colour, where="post", label={"max": "greatest"}.get(name, name))
    axes.set_ylim(bottom=0)
    _key(axes, *_legend(axes))
    return figure


def appends(report: StormReport) -> Figure:
    """How long an append takes, and how late the house's loop is."""
    figure, axes = _over_time(report, "ms")
    at = [moment.at_s for moment in report.house]
    axes.plot(at, _ms(m.append_us["p99"] / _US_PER_MS for m in report.house), color=_ORANGE, label="append, p99")
    axes.plot(at, _ms(m.append_us["p50"] / _US_PER_MS for m in report.house), color=_BLUE, label="append, p50")
    axes.plot(at, _ms(m.loop_lag_us["p99"] / _US_PER_MS for m in report.house), color=_GREY, ls=":", label="loop, p99")
    _logarithmic(axes)
    _key(axes, *_legend(axes))
    return figure


def closing_lag(report: StormReport) -> Figure:
    """Each lot's close, and how late it was."""
    figure, axes = _over_time(report, "ms after the end")
    heard = [close for close in report.ended.closes if close.heard_ms is not None]
    axes.scatter(
        [close.ended_s for close in heard],
        _ms(close.heard_ms or 0.0 for close in heard),
        s=14,
        color=_ORANGE,
        label="heard",
    )
    closes = report.ended.closes
    axes.scatter(
        [close.ended_s for close in closes],
        _ms(close.decided_ms for close in closes),
        s=14,
        color=_BLUE,
        label="decided",
    )
    _logarithmic(axes)
    _key(axes, *_legend(axes))
    return figure


def _drawing() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_WIDE, layout="constrained")
    return figure, figure.subplots()


def _over_time(report: StormReport, unit: str) -> tuple[Figure, Axes]:
    figure, axes = _drawing()
    for wave in report.waves_s:
        axes.axvline(wave, color=_GREY, lw=0.8, ls="--", alpha=0.7)
    _named(axes, "seconds", unit)
    axes.set_xlim(0, max([report.seconds, *(moment.at_s for moment in report.moments[-1:])]))
    return figure, axes


def _named(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="major", alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _curve(axes: Axes, curve: Sequence[CurvePoint], colour: str, label: str) -> None:
    if curve:
        axes.plot([_nines(p.percentile) for p in curve], _ms(p.ms for p in curve), color=colour, label=label)


def _nines(percentile: float) -> float:
    """1 at 0 %, 10 at 90 %, 100 at 99 %."""
    return 100.0 / (100.0 - percentile)


def _ms(values: Iterable[float]) -> list[float]:
    """Milliseconds that a logarithmic scale can show."""
    return [max(value, _LEAST_MS) for value in values]


_Legend = tuple[list[Any], list[Any]]


def _legend(axes: Axes) -> _Legend:
    handles, labels = axes.get_legend_handles_labels()
    return handles, labels


def _key(axes: Axes, handles: list[Any], labels: list[Any]) -> None:
    if handles:
        above = (0.0, 1.01)
        axes.legend(
            handles, labels, frameon=False, loc="lower left", bbox_to_anchor=above, ncols=len(labels), fontsize=9
        )
