"""The ratios of the bids bench: against the median limit, and against one round trip to the store."""

import pytest

from bench.bids import BidsReport
from bench.closing import judged
from bench.latency import Latency
from bench.machine import Machine
from bench.pace import Options
from bench.round_trip import RoundTrip
from bench.store_limit import StoreLimit
from bench.tally import Report


def surge(accepted_per_s: float, latency: Latency | None = None) -> Report:
    return Report(url="", run="r", options=Options(), accepted_per_s=accepted_per_s, latency=latency)


def report(closes: list[tuple[int, int]], latency: Latency | None = None) -> BidsReport:
    return BidsReport(
        machine=Machine("p", 1, "s", "3", "ext4"),
        limit=[StoreLimit(rate, "redis-benchmark", "always", "7.0") for rate in (200_000.0, 40_000.0, 160_000.0)],
        hot=surge(40_000.0),
        many=surge(32_000.0),
        trip=RoundTrip(100, 250.0, 500.0),
        paced=surge(2_000.0, latency),
        closing=judged(2, 0, closes),
    )


def test_ratios_are_taken_against_the_median_limit_and_one_round_trip() -> None:
    figures = report([(0, 10), (0, 20)], Latency(9, 0.75, 2.5, 3.0, 4.0)).figures()
    assert (figures["bids.hot_ratio"], figures["bids.many_ratio"]) == (0.25, 0.2)
    assert (figures["latency.p50_ratio"], figures["latency.p99_ratio"]) == (3.0, 10.0)
    assert (figures["closing.lots"], figures["closing.within_500ms"]) == (2.0, 1.0)


@pytest.mark.parametrize("latency", [None, Latency(0, 0.0, 0.0, 0.0, 0.0)])
def test_without_an_answer_there_is_no_latency(latency: Latency | None) -> None:
    told = report([(0, 10), (0, 20)], latency)
    assert "latency.p50_ratio" not in told.figures()
    assert "ratio: none, as no bid was answered" in told.lines()


@pytest.mark.parametrize(
    ("closes", "failures"),
    [
        ([(0, 10), (0, 20)], []),
        ([(-1, 10), (0, 20)], ["1 lots closed before their time"]),
        ([(0, 10)], ["1 lots were not announced as closed"]),
    ],
)
def test_a_close_too_early_or_never_is_a_broken_promise(closes: list[tuple[int, int]], failures: list[str]) -> None:
    assert report(closes).failures == failures
