"""Buckets: how much is let through, and what is kept of it."""

from hypothesis import given
from hypothesis import strategies as st

from clock.instants import SECOND_US
from gateway.rates import Pace, Rates

T0 = 1_700_000_000 * SECOND_US


def test_a_burst_is_let_through_and_no_more() -> None:
    rates = Rates(Pace(20, 40))
    assert sum(rates.take("alice", T0) for _ in range(100)) == 40


def test_a_bucket_fills_at_its_rate() -> None:
    rates = Rates(Pace(20, 40))
    while rates.take("alice", T0):
        pass
    assert not rates.take("alice", T0 + SECOND_US // 20 - 1)
    assert rates.take("alice", T0 + SECOND_US // 20)
    assert not rates.take("alice", T0 + SECOND_US // 20)


def test_accounts_have_buckets_of_their_own() -> None:
    rates = Rates(Pace(1, 1))
    assert rates.take("alice", T0)
    assert not rates.take("alice", T0)
    assert rates.take("bob", T0)


def test_a_rate_of_zero_is_no_limit() -> None:
    rates = Rates(Pace(0, 1))
    assert all(rates.take("alice", T0) for _ in range(1_000))


def test_full_buckets_are_forgotten() -> None:
    rates = Rates(Pace(1, 1))
    for n in range(10_000):
        rates.take(f"bidder-{n}", T0 + n * SECOND_US)
    assert len(rates._full_at) <= 1_025


@given(
    st.floats(0.5, 1_000),
    st.integers(1, 100),
    st.lists(st.integers(0, 2 * SECOND_US), min_size=1, max_size=300),
)
def test_no_span_lets_more_through_than_burst_and_rate_allow(rate: float, burst: int, waits: list[int]) -> None:
    pace, full_at, now, passed = Pace(rate, burst), 0, T0, 0
    for wait in waits:
        now += wait
        taken = pace.taken(full_at, now)
        if taken is not None:
            full_at, passed = taken, passed + 1
    assert passed <= burst + (now - T0) / round(SECOND_US / rate) + 1
