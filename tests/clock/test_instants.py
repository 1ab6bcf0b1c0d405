"""Instants and clocks: nothing runs back, and text means one instant."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clock.instants import SECOND_US, ManualClock, SystemClock, format_instant, parse_instant, seconds_to_us

LAST = 2**53 - 1
"""The latest instant that the protocol allows."""


@settings(max_examples=300, deadline=None, derandomize=False, print_blob=True)
@given(st.integers(0, LAST))
def test_an_instant_survives_being_written_and_read(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


@settings(max_examples=100, deadline=None, derandomize=False, print_blob=True)
@given(st.integers(0, LAST), st.integers(-14 * 60, 14 * 60))
def test_the_same_instant_may_be_written_in_any_zone(instant: int, minutes: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_instant(there.isoformat()) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01.000001Z", 1_000_001),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2025-11-21T02:00:00.000000Z", 1_763_690_400_000_000),
        ("2025-11-21T10:00:00+08:00", 1_763_690_400_000_000),
    ],
)
def test_text_is_read_to_the_microsecond(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2025-11-21",
        "2025-11-21T02:00:00",
        "2025-13-21T02:00:00Z",
        "2025-02-29T02:00:00Z",
        "2025-11-21T25:00:00Z",
        "1763690400",
        "\u0662\u0660\u0662\u0665-11-21T02:00:00Z",
        "10000-01-01T00:00:00Z",
        " 2025-11-21T02:00:00Z",
    ],
)
def test_what_is_no_instant_or_names_no_zone_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


def test_instants_are_written_in_utc_with_all_digits() -> None:
    assert format_instant(1_763_690_400_000_001) == "2025-11-21T02:00:00.000001Z"
    assert format_instant(0) == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("seconds", "span"), [(0, 0), (120, 120_000_000), (0.1, 100_000), (0.000001, 1), (1.5, 1_500_000)]
)
def test_seconds_become_whole_microseconds(seconds: float, span: int) -> None:
    assert seconds_to_us(seconds) == span


def test_the_system_clock_never_runs_back(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = iter([5_000_000_999, 5_000_001_000, 4_000_000_000, 4_999_999_999, 5_000_002_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(wall))
    clock = SystemClock()
    assert [clock.now() for _ in range(5)] == [5_000_000, 5_000_001, 5_000_001, 5_000_001, 5_000_002]


def test_the_system_clock_tells_the_machines_time_in_microseconds() -> None:
    before = time.time_ns() // 1_000
    told = SystemClock().now()
    assert before <= told <= time.time_ns() // 1_000


def test_a_manual_clock_moves_when_it_is_told_and_never_back() -> None:
    clock = ManualClock(10)
    assert clock.now() == 10
    clock.advance(SECOND_US)
    assert clock.now() == 1_000_010
    clock.set(5)
    clock.advance(-3)
    assert clock.now() == 1_000_010
    clock.set(1_000_011)
    assert clock.now() == 1_000_011
