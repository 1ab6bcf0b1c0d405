"""Quantiles as they are printed."""

import pytest

from bench.latency import Latency, latency


def test_no_sample_gives_zeros_and_says_so() -> None:
    assert latency([]) == Latency(0, 0.0, 0.0, 0.0, 0.0)
    assert latency([]).sentence() == "no samples"


def test_one_sample_is_every_quantile() -> None:
    assert latency([0.002]) == Latency(1, 2.0, 2.0, 2.0, 2.0)


def test_quantiles_of_a_ramp() -> None:
    ramp = [n / 1000 for n in range(1, 10_001)]
    found = latency(ramp)
    assert (found.count, found.max_ms) == (10_000, 10_000.0)
    assert [found.p50_ms, found.p99_ms, found.p999_ms] == pytest.approx([5000.5, 9900.01, 9990.001])


def test_a_small_sample_does_not_pretend_to_a_p999() -> None:
    assert latency([0.001] * 50 + [0.009]).p999_ms == 9.0
