"""Latency against load: an open loop at rising rates on one hot lot, until the house is saturated.

A house for all rates, and a surge for each, with watchers on the `live` feed; before them the unit, one fsynced XADD
there and back. Refuses to know how the house batches. Invariants: a bid's latency counts from the instant it was meant
to be sent, so a stall is not hidden by sending less; the rate at which the house is saturated is the last one measured,
and it stands in the curve. Latencies in milliseconds and in round trips, rates per second.
"""

import uvloop

from bench.latency import Latency, latency
from bench.pace import Options
from bench.round_trip import round_trips
from bench.scale.curve import Curve, Scope
from bench.scale.fit import figure
from bench.server import House, house
from bench.surge import surge
from bench.tally import Report

FULL = (500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 40_000)
SHORT = (500, 2_000, 5_000)
P99_MAX_MS = 500.0
BEHIND_MAX = 0.05
_TRIPS = 500
_BIDDERS = 256
"""So many that none has two bids on the way: of two on one line the second would overtake others' bids."""


def load_latency(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    wanted = FULL if scope.full else SHORT
    with curve.trying(*wanted), house() as running:
        unit = latency(round_trips(running.store_socket, _TRIPS))
        _climb(curve, scope, running, unit, wanted)
        say(curve, unit)
    return curve


def blank() -> Curve:
    """The curve without points."""
    return Curve(
        name="load_latency",
        title="From the intended send time to the acknowledgement",
        across="bids/s offered",
        up="ms",
        columns={
            "p99_round_trips": "p99 in round trips of the store",
            "p50_round_trips": "p50 in round trips",
            "p50_ms": "p50 ms",
            "p99_ms": "p99 ms",
            "accepted_per_s": "accepted/s",
            "late_p99_ms": "generator late p99 ms",
            "generator_busy": "generator busy",
            "house_busy": "house busy",
            "store_busy": "store busy",
        },
        drawn=("p50_ms", "p99_ms"),
    )


def _climb(curve: Curve, scope: Scope, running: House, unit: Latency, wanted: tuple[int, ...]) -> None:
    stopped = ""
    for rate in wanted:
        if stopped:
            curve.miss(rate, stopped)
            continue
        scope.note(f"{rate:,} bids a second")
        with curve.trying(rate):
            report = uvloop.run(surge(running.url, running.sign, _options(scope, rate)))
            add(curve, rate, report, unit)
            if why := saturated(report, rate):
                stopped = f"saturated at {rate:,} a second: {why}"


def _options(scope: Scope, rate: int) -> Options:
    return Options(
        rate=float(rate),
        seconds=5.0 if scope.full else 1.0,
        bidders=_BIDDERS,
        watchers=200 if scope.full else 50,
        feed="live",
        seed=scope.seed,
    )


def saturated(report: Report, rate: float) -> str:
    """Why a rate is more than the house takes; empty if it is not."""
    if report.latency is None or not report.latency.count:
        return "not one bid was answered"
    if report.latency.p99_ms > P99_MAX_MS:
        return f"p99 {figure(report.latency.p99_ms)} ms"
    if report.accepted_per_s < (1 - BEHIND_MAX) * rate:
        return f"{figure(report.accepted_per_s)} accepted of {rate:,.0f}"
    return ""


def add(curve: Curve, rate: int, report: Report, unit: Latency) -> None:
    """Add the point of one rate."""
    curve.failures += [f"{rate:,} bids a second: {failure}" for failure in report.failures]
    if report.latency is None:
        return
    curve.add(
        rate,
        p99_round_trips=report.latency.p99_ms / unit.p50_ms,
        p50_round_trips=report.latency.p50_ms / unit.p50_ms,
        p50_ms=report.latency.p50_ms,
        p99_ms=report.latency.p99_ms,
        accepted_per_s=report.accepted_per_s,
        late_p99_ms=report.lateness.p99_ms if report.lateness else 0.0,
        generator_busy=report.generator_busy,
        house_busy=report.house_busy or 0.0,
        store_busy=report.store_busy or 0.0,
    )


def say(curve: Curve, unit: Latency) -> None:
    """Tell how far it goes well, and where it ends."""
    curve.words.append(f"One fsynced XADD there and back: p50 {unit.p50_ms:.2f} ms, p99 {unit.p99_ms:.2f} ms.")
    if not curve.points:
        return
    # The last point is beyond what the house takes, if it was saturated there.
    taken = curve.points[:-1] if curve.missing and len(curve.points) > 1 else curve.points
    for point in [taken[0], taken[-1]][: len(taken)]:
        curve.words.append(
            f"At {point.at:,} bids a second p50 is {figure(point.figures['p50_round_trips'])} "
            f"and p99 {figure(point.figures['p99_round_trips'])} round trips."
        )
    curve.words += [f"The house is {gap.reason}." for gap in curve.missing[:1] if gap.reason.startswith("saturated")]
