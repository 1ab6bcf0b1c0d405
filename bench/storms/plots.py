"""The plots of a storm: latency over time, percentile curves, rates and lots, batch sizes, closing lag.

Refuses to know how anything was measured. Invariants: instants are seconds since the start, waves are shown as broken
lines, and each plot has its words. Spans in milliseconds.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Drawn,
    drawing,
    key,
    logarithmic,
    named,
    percentile_curves,
    visible_ms,
)
from bench.page import Page
from bench.storms.report import StormReport

_US_PER_MS = 1_000.0


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


def rates(report: StormReport) -> Figure:
    """Bids a second, and the lots that are open."""
    figure, axes = _over_time(report, "bids a second")
    at = [moment.at_s for moment in report.moments]
    axes.plot(at, [moment.sent_per_s for moment in report.moments], color=GREY, label="sent")
    axes.plot(at, [moment.accepted_per_s for moment in report.moments], color=BLUE, label="accepted")
    axes.set_ylim(bottom=0)
    lots = axes.twinx()
    lots.step(at, [moment.lots_open for moment in report.moments], color=GREEN, where="post", label="lots open")
    lots.step(at, [moment.lines_open for moment in report.moments], color=ORANGE, where="post", label="lines open")
    lots.set_ylabel("lots, lines")
    lots.set_ylim(bottom=0)
    key(axes, lots)
    return figure


def latency_over_time(report: StormReport) -> Figure:
    """Quantiles of each interval."""
    figure, axes = _over_time(report, "ms")
    shown = [moment for moment in report.moments if moment.answered.count]
    at = [moment.at_s for moment in shown]
    axes.plot(at, visible_ms(moment.answered.max_ms for moment in shown), color=RED, lw=0.9, label="greatest")
    axes.plot(at, visible_ms(moment.answered.p99_ms for moment in shown), color=ORANGE, label="p99")
    axes.plot(at, visible_ms(moment.answered.p50_ms for moment in shown), color=BLUE, label="p50")
    late = visible_ms(moment.lateness_max_ms for moment in shown)
    axes.plot(at, late, color=GREY, lw=0.9, ls=":", label="our own lateness, greatest")
    logarithmic(axes)
    key(axes)
    return figure


def percentiles(report: StormReport) -> Figure:
    """Percentile curves of the answers, and of our own lateness."""
    return percentile_curves(
        Drawn(report.curve, BLUE, "answers"),
        Drawn(report.curve_over_breaks, ORANGE, "answers to bids whose line we broke ourselves"),
        Drawn(report.curve_lateness, GREY, "our own lateness in sending, part of both"),
    )


def batches(report: StormReport) -> Figure:
    """Sizes of batches over time."""
    figure, axes = _over_time(report, "orders in one append")
    at = [moment.at_s for moment in report.house]
    for name, colour in (("max", RED), ("p99", ORANGE), ("p50", BLUE)):
        sizes = [moment.batch_orders[name] for moment in report.house]
        axes.step(at, sizes, color=colour, where="post", label={"max": "greatest"}.get(name, name))
    axes.set_ylim(bottom=0)
    key(axes)
    return figure


def appends(report: StormReport) -> Figure:
    """How long an append takes, and how late the house's loop is."""
    figure, axes = _over_time(report, "ms")
    at = [moment.at_s for moment in report.house]
    append = [(m.append_us["p99"] / _US_PER_MS, m.append_us["p50"] / _US_PER_MS) for m in report.house]
    axes.plot(at, visible_ms(p99 for p99, _ in append), color=ORANGE, label="append, p99")
    axes.plot(at, visible_ms(p50 for _, p50 in append), color=BLUE, label="append, p50")
    lag = visible_ms(m.loop_lag_us["p99"] / _US_PER_MS for m in report.house)
    axes.plot(at, lag, color=GREY, ls=":", label="loop, p99")
    logarithmic(axes)
    key(axes)
    return figure


def closing_lag(report: StormReport) -> Figure:
    """Each lot's close, and how late it was."""
    figure, axes = _over_time(report, "ms after the end")
    heard = [(close.ended_s, close.heard_ms) for close in report.ended.closes if close.heard_ms is not None]
    decided = [(close.ended_s, close.decided_ms) for close in report.ended.closes]
    for closes, colour, label in ((heard, ORANGE, "heard"), (decided, BLUE, "decided")):
        lags = visible_ms(lag_ms for _, lag_ms in closes)
        axes.scatter([ended_s for ended_s, _ in closes], lags, s=14, color=colour, label=label)
    logarithmic(axes)
    key(axes)
    return figure


def _over_time(report: StormReport, unit: str) -> tuple[Figure, Axes]:
    figure, axes = drawing()
    for wave in report.waves_s:
        axes.axvline(wave, color=GREY, lw=0.8, ls="--", alpha=0.7)
    named(axes, "seconds", unit)
    axes.set_xlim(0, max([report.seconds, *(moment.at_s for moment in report.moments[-1:])]))
    return figure, axes
