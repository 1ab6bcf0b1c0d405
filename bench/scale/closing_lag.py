"""How late closes are announced, by the number of lots that end at the same instant.

A fresh house for each number; every lot has a bid and a watcher. Refuses to know how the house closes. Invariant: a lot
that closes before its time, or is never announced, is a failure. Milliseconds after the end.
"""

import uvloop

from bench.closing import ClosingReport, closing
from bench.scale.curve import Curve, Scope
from bench.scale.fit import Line, Power, certainty, drawable, figure, line, power
from bench.server import house

FULL = (1, 100, 1_000, 5_000, 10_000, 20_000)
SHORT = (1, 1_000)


def closing_lag(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    for lots in FULL if scope.full else SHORT:
        scope.note(f"{lots:,} lots ending together")
        with curve.trying(lots), house() as running:
            add(curve, uvloop.run(closing(running, lots)))
    say(curve)
    return curve


def blank() -> Curve:
    """The curve without points."""
    return Curve(
        name="closing_lag",
        title="Lots that end together: announced after the end",
        across="lots",
        up="ms",
        columns={
            "p99_ms": "announced p99 ms",
            "p50_ms": "announced p50 ms",
            "decided_p99_ms": "decided p99 ms",
            "within_500ms": "share within 500 ms",
            "early": "early",
        },
        drawn=("p99_ms", "p50_ms", "decided_p99_ms"),
    )


def add(curve: Curve, report: ClosingReport) -> None:
    """Add the point of one number of lots."""
    if report.early:
        curve.failures.append(f"{report.early:,} of {report.lots:,} lots closed before their time")
    if open_still := report.lots - report.closed:
        curve.failures.append(f"{open_still:,} of {report.lots:,} lots were not announced as closed")
    curve.add(
        report.lots,
        p99_ms=report.announced.p99_ms,
        p50_ms=report.announced.p50_ms,
        decided_p99_ms=report.decided.p99_ms,
        within_500ms=report.within_500ms,
        early=report.early,
    )


def say(curve: Curve) -> None:
    """Put the law into words."""
    straight, bent = (law(curve.places(), curve.heights("p99_ms")) for law in (line, power))
    if isinstance(straight, Line) and isinstance(bent, Power):
        curve.words.append(
            f"Each further 1,000 lots add {figure(straight.slope * 1_000)} ms to the p99, {certainty(straight)}; "
            f"as a power law, ten times the lots take {figure(10**bent.exponent)} times as long, {certainty(bent)}."
        )
        curve.law = drawable(straight if straight.r2 >= bent.r2 else bent, curve.places())
    prompt = [point.at for point in curve.points if point.figures["within_500ms"] >= 0.99]
    if prompt:
        curve.words.append(f"With up to {max(prompt):,} lots 99 of 100 are announced within 500 ms of the end.")
    if curve.points and not any(curve.heights("early")):
        curve.words.append("None closed before its time.")
