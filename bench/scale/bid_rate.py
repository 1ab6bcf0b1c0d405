"""Accepted durable bids a second at full throttle, from one hot lot to a thousand.

A surge for each number of lots, each checked against the record; before and after them what the store takes by itself.
Refuses to know how the house batches. Invariant: the limit and the bids are of the same store in the same run. Rates
per second, shares of one core.
"""

import uvloop

from bench.pace import Options
from bench.scale.curve import Curve, Scope
from bench.scale.fit import certainty, figure, flatness, power, spread
from bench.server import House, house
from bench.store_limit import StoreLimit, store_limit
from bench.surge import surge
from bench.tally import Report

FULL = (1, 10, 100, 1_000)
SHORT = (1, 100)
FLAT_MAX = 0.3
"""Rates that differ by less are called flat: so much do they move from run to run."""


def bid_rate(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    wanted = FULL if scope.full else SHORT
    with curve.trying(*wanted), house() as running:
        reports, limits = _measure(curve, scope, running, wanted)
        add(curve, reports, [limit.xadds_per_s for limit in limits])
        say(curve, limits)
    return curve


def blank() -> Curve:
    """The curve without points."""
    return Curve(
        name="bid_rate",
        title="Durable bids a second at full throttle",
        across="lots",
        up="accepted bids/s",
        columns={
            "accepted_per_s": "accepted/s",
            "ratio": "of the store's own XADDs",
            "house_busy": "house busy",
            "store_busy": "store busy",
            "generator_busy": "generator busy",
        },
        drawn=("accepted_per_s",),
        log_up=False,
    )


def _measure(
    curve: Curve, scope: Scope, running: House, wanted: tuple[int, ...]
) -> tuple[dict[int, Report], list[StoreLimit]]:
    xadds = 400_000 if scope.full else 60_000
    limits, reports = [store_limit(running.store_socket, xadds)], {}
    for lots in wanted:
        scope.note(f"bids on {lots:,} lots")
        with curve.trying(lots):
            options = Options(lots=lots, seconds=6.0 if scope.full else 1.0, seed=scope.seed)
            reports[lots] = uvloop.run(surge(running.url, running.sign, options))
    limits.append(store_limit(running.store_socket, xadds))
    return reports, limits


def add(curve: Curve, reports: dict[int, Report], xadds_per_s: list[float]) -> None:
    """Add the points, each beside the mean of the limits."""
    limit = sum(xadds_per_s) / len(xadds_per_s)
    for lots, report in reports.items():
        curve.failures += [f"bids on {lots:,} lots: {failure}" for failure in report.failures]
        curve.add(
            lots,
            accepted_per_s=report.accepted_per_s,
            ratio=report.accepted_per_s / limit,
            house_busy=report.house_busy or 0.0,
            store_busy=report.store_busy or 0.0,
            generator_busy=report.generator_busy,
        )


def say(curve: Curve, limits: list[StoreLimit]) -> None:
    """Put the law into words."""
    told = " and ".join(figure(limit.xadds_per_s) for limit in limits)
    curve.words.append(f"The store by itself takes {told} XADDs of 200 bytes a second, before and after.")
    if len(curve.points) < 2:
        return
    rates = curve.heights("accepted_per_s")
    first, last = curve.points[0].at, curve.points[-1].at
    law = power(curve.places(), rates)
    if spread(rates) <= FLAT_MAX or law is None:
        curve.words.append(f"From {first:,} to {last:,} lots the rate is {flatness(rates)}.")
        return
    curve.words.append(
        f"Ten times the lots take {figure(10**law.exponent)} times the bids a second, {certainty(law)}; "
        f"from {first:,} to {last:,} lots the highest rate is {spread(rates):.0%} above the lowest."
    )
