"""The recovery bench: reading logs and metrics, telling what changed, and one short real run."""

from datetime import datetime

import pytest

from bench.recovery import differences, recovery
from bench.restart import loading, parts, recovery_seconds
from bench.server import HouseNotReadyError
from bench.stock import Standing

REDIS_LOG = """
7:C 24 Nov 2026 20:00:00.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
7:M 24 Nov 2026 20:00:01.000 * The server is now ready to accept connections at redis.sock
9:C 24 Nov 2026 21:00:00.250 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
9:M 24 Nov 2026 21:00:02.750 * DB loaded from append only file: 2.4 seconds
9:M 24 Nov 2026 21:00:02.751 * The server is now ready to accept connections at redis.sock
"""


def test_the_last_start_in_a_log_counts() -> None:
    started, loaded = loading(REDIS_LOG)
    assert loaded - started == pytest.approx(2.501, abs=1e-4)
    assert datetime.fromtimestamp(started).hour == 21  # noqa: DTZ006  Redis writes local time


def test_the_time_of_a_recovery_is_read_from_the_metrics() -> None:
    page = "# TYPE knockdown_recovery_seconds gauge\nknockdown_recovery_seconds 1.25\nknockdown_ready 1.0\n"
    assert recovery_seconds(page) == 1.25
    with pytest.raises(HouseNotReadyError):
        recovery_seconds("knockdown_recovery_seconds_more 9.0\nknockdown_ready 1.0\n")


def test_the_parts_of_a_recovery_are_read_from_what_the_house_says() -> None:
    said = "2 lots, 9 entries read in 1.50 s (catalogue 0.10, logs 1.20, take-over 0.20).\n"
    assert parts(said) == {"catalogue": 0.1, "logs": 1.2, "take-over": 0.2}
    assert parts("2 lots, 9 entries read in 1.50 s.\n") == {}


@pytest.mark.parametrize(
    "after",
    [{}, {"a": Standing(3, "ff", 100)}, {"a": Standing(2, "00", 100)}, {"a": Standing(2, "ff", None)}],
)
def test_a_lot_that_stands_otherwise_than_before_is_a_failure(after: dict[str, Standing]) -> None:
    before = {"a": Standing(2, "ff", 100)}
    assert differences(before, before) == []
    (sentence,) = differences(before, after)
    assert "a was" in sentence
    assert differences(before, after, but="a") == []


def test_a_short_run_brings_every_lot_back_as_it_was() -> None:
    report = recovery(events=500, lots=20)
    assert report.failures == []
    assert report.events >= 500
    assert report.ready.recovery_s > 0
    assert report.first_bid.whole_s > report.first_bid.recovery_s
    assert {name.partition(".")[0] for name in report.figures()} == {"recovery"}
