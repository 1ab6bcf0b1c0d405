"""Quantiles as they are printed."""

from itertools import pairwise

import pytest

from bench.latency import Latency, Timings, latency


def timings(*seconds: float) -> Timings:
    kept = Timings()
    for one in seconds:
        kept.record(one)
    return kept


def test_no_sample_gives_zeros_and_says_so() -> None:
    assert latency([]) == Latency(0, 0.0, 0.0, 0.0, 0.0)
    assert latency([]).sentence() == "no samples"
    assert timings().curve() == []


def test_one_sample_is_every_quantile() -> None:
    assert latency([0.002]) == Latency(1, 2.0, 2.0, 2.0, 2.0, 2.0)


def test_quantiles_of_a_ramp_are_right_to_a_thousandth() -> None:
    found = latency(n / 1000 for n in range(1, 10_001))
    assert (found.count, found.max_ms) == (10_000, 10_000.0)
    shown = [found.p50_ms, found.p90_ms, found.p99_ms, found.p999_ms]
    assert shown == pytest.approx([5_000, 9_000, 9_900, 9_990], rel=0.001)


def test_a_small_sample_does_not_pretend_to_a_p999() -> None:
    assert latency([0.001] * 50 + [0.009]).p999_ms == 9.0


def test_no_time_and_more_than_an_hour_are_counted_too() -> None:
    found = latency([-0.001, 0.0, 5_000.0])
    assert (found.count, found.p50_ms, found.max_ms) == (3, 0.0, 3_600_000.0)


def test_the_curve_rises_and_ends_where_the_sample_does() -> None:
    curve = timings(*(n / 1000 for n in range(1, 101))).curve()
    assert [point.percentile for point in curve][:3] == [0.0, 12.5, 25.0]
    assert all(earlier.percentile < later.percentile for earlier, later in pairwise(curve))
    assert all(earlier.ms <= later.ms for earlier, later in pairwise(curve))
    assert 98.0 < curve[-1].percentile <= 99.0


def test_a_histogram_can_start_anew() -> None:
    kept = timings(0.5)
    kept.forget()
    kept.record(0.001)
    assert kept.latency() == Latency(1, 1.0, 1.0, 1.0, 1.0, 1.0)
