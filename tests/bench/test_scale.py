"""The curves of scale: what they say of their points, what of those that there are not, and one small real one."""

from pathlib import Path

import pytest

from bench.closing import judged
from bench.latency import Latency
from bench.machine import machine
from bench.pace import Options
from bench.page import Page
from bench.restart import Start
from bench.scale import bid_rate, closing_lag, event_recovery, frame_cost, load_latency, lot_memory, watcher_memory
from bench.scale.curve import Curve, Scope, counted, seats, within_seats
from bench.scale.curves import CURVES, ScaleReport, scale
from bench.scale.frame_cost import Spent, rate_for
from bench.server import HouseNotReadyError
from bench.store_limit import StoreLimit
from bench.tally import Report

ENDS_AT = 1_700_000_000_000_000
UNIT = Latency(500, 0.2, 0.4, 0.5, 0.6)


def curve(**points: float) -> Curve:
    """A curve with heights by place (`_10=2.0`)."""
    drawn = Curve(name="c", title="A curve", across="lots", up="ms", columns={"high": "ms high"}, drawn=("high",))
    for place, height in points.items():
        drawn.add(int(place[1:]), high=height)
    return drawn


def no_house_today() -> None:
    raise HouseNotReadyError("no house today")


def surged(rate: float, accepted_per_s: float, p99_ms: float) -> Report:
    latency = Latency(10, 1.0, p99_ms, p99_ms, p99_ms)
    return Report(url="", run="r", options=Options(rate=rate), accepted_per_s=accepted_per_s, latency=latency)


def restarted(whole_s: float, recovery_s: float) -> Start:
    return Start(whole_s=whole_s, process_s=0.0, redis_s=0.0, recovery_s=recovery_s, doors_s=0.0, parts_s={})


# What every curve has in common ---------------------------------------------------------------------------------------


def test_the_first_column_stands_under_the_place_alone() -> None:
    assert curve(_10=2.0, _1000000=3.5).figures() == {
        "scale.c.10": 2.0,
        "scale.c.10.high": 2.0,
        "scale.c.1000000": 3.5,
        "scale.c.1000000.high": 3.5,
    }


def test_what_fails_is_named_where_it_was_meant_to_be_and_the_rest_stands() -> None:
    drawn = curve(_1=1.0)
    with drawn.trying(1, 10, 100):
        drawn.add(10, high=2.0)
        no_house_today()
    assert [gap.at for gap in drawn.missing] == [100]
    assert drawn.gaps() == ["100 lots: not measured: no house today"]


def test_a_mistake_of_ours_is_no_reason() -> None:
    with pytest.raises(ZeroDivisionError), curve().trying(1):
        _ = 1 / 0


def test_a_failure_of_one_curve_is_one_of_the_report() -> None:
    broken = curve(_1=1.0)
    broken.failures.append("a promise did not hold")
    report = ScaleReport(machine=machine(), full=False, seed=1, seconds=1.0, curves=[curve(_1=1.0), broken])
    assert report.failures == ["c: a promise did not hold"]
    assert "  FAILED: a promise did not hold" in report.lines()
    assert "  1 lot: ms high 1.00" in report.lines()


@pytest.mark.parametrize(
    ("open_files", "wanted", "measured", "missing"),
    [
        (30_000, (10, 20_000), [10, 20_000], []),
        (20_000, (10, 20_000), [10, 19_800], [20_000]),
        (1_024, (10, 1_000, 5_000, 20_000), [10, 824], [1_000, 5_000, 20_000]),
        (300, (100, 1_000), [100], [1_000]),
        (150, (10, 1_000), [], [10, 1_000]),
    ],
)
def test_open_files_cut_the_curve(
    open_files: int, wanted: tuple[int, ...], measured: list[int], missing: list[int]
) -> None:
    drawn = curve()
    assert within_seats(drawn, wanted, open_files) == measured
    assert [gap.at for gap in drawn.missing] == missing
    assert all(at <= seats(at, open_files) for at in measured)


@pytest.mark.parametrize(("count", "said"), [(1, "1 lot"), (2, "2 lots"), (10_000, "10,000 lots")])
def test_one_is_not_many(count: int, said: str) -> None:
    assert counted(count, "lots") == said


def test_a_page_has_the_plot_its_law_and_the_points(tmp_path: Path) -> None:
    drawn = curve(_1=1.0, _10=2.0)
    drawn.words.append("Ten times the lots, twice as high.")
    drawn.law = [(1.0, 1.0), (10.0, 2.0)]
    drawn.miss(100, "no <room>")
    page, empty = Page("Scale"), curve()
    empty.miss(1, "no gcc")
    ScaleReport(machine=machine(), full=False, seed=1, seconds=1.0, curves=[drawn, empty]).show(page)
    page.write(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.count("<svg") == 1
    assert "<figcaption>Ten times the lots, twice as high.</figcaption>" in text
    assert "100 lots: not measured: no &lt;room&gt;" in text
    assert "1 lot: not measured: no gcc" in text


# Each curve -----------------------------------------------------------------------------------------------------------


def test_more_watchers_get_fewer_events() -> None:
    assert [rate_for(count) for count in (1, 100, 1_000, 20_000, 1_000_000)] == [200.0, 200.0, 40.0, 2.0, 1.0]


def test_the_cost_of_a_frame_is_without_what_the_house_spends_idle() -> None:
    drawn = frame_cost.blank()
    spent = Spent(cpu_s=1.1, wall_s=10.0, events=100, frames=100_000, bytes=1)
    frame_cost.add(drawn, 1_000, spent, idle=0.01, alone_s=0.002, raw_us=5.0)
    figures = drawn.points[0].figures
    assert figures["house_us"] == pytest.approx(10.0)
    assert (figures["ratio"], figures["fanning_ratio"]) == pytest.approx((2.0, 1.6))
    assert (figures["event_ms"], figures["delivered"]) == pytest.approx((10.0, 1.0))


def test_an_event_that_reached_nobody_is_no_point() -> None:
    drawn = frame_cost.blank()
    frame_cost.add(drawn, 10, Spent(1.0, 1.0, 5, 0, 0), idle=0.0, alone_s=0.0, raw_us=5.0)
    assert drawn.points == []
    assert drawn.gaps() == ["10 watchers: not measured: not one event reached the watchers"]


def test_the_cost_of_watchers_is_told_by_the_thousand() -> None:
    drawn = frame_cost.blank()
    for count in (100, 1_000, 10_000):
        spent = Spent((0.0002 + count * 7.1e-6) * 100, 10.0, 100, 100 * count, 1)
        frame_cost.add(drawn, count, spent, idle=0.0, alone_s=0.0002, raw_us=5.0)
    frame_cost.say(drawn, 0.0002)
    assert drawn.words[0] == "An event that nobody watches costs 0.200 ms of CPU."
    assert drawn.words[1].startswith("Each further 1,000 watchers cost 7.10 ms of CPU per event, R² ")
    assert drawn.law[0] == pytest.approx((100.0, 9.1), rel=1e-3)


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ([20_000.0, 21_000.0, 20_500.0], "From 1 to 100 lots the rate is flat within 5%."),
        ([40_000.0, 20_000.0, 10_000.0], "Ten times the lots take 0.500 times the bids a second, R² "),
    ],
)
def test_the_rate_over_lots_is_flat_or_follows_a_power(rates: list[float], said: str) -> None:
    drawn = bid_rate.blank()
    reports = dict(zip((1, 10, 100), (surged(0, rate, 1.0) for rate in rates), strict=True))
    bid_rate.add(drawn, reports, [100_000.0, 300_000.0])
    bid_rate.say(drawn, [StoreLimit(100_000.0, "x", "always", "7"), StoreLimit(300_000.0, "x", "always", "7")])
    assert drawn.points[0].figures["ratio"] == pytest.approx(rates[0] / 200_000)
    assert drawn.words[1].startswith(said)


@pytest.mark.parametrize(
    ("accepted_per_s", "p99_ms", "why"),
    [
        (950.0, 500.0, ""),
        (949.0, 1.0, "949 accepted of 1,000"),
        (1_000.0, 501.0, "p99 501 ms"),
    ],
)
def test_a_house_is_saturated_by_latency_or_by_falling_behind(accepted_per_s: float, p99_ms: float, why: str) -> None:
    assert load_latency.saturated(surged(1_000.0, accepted_per_s, p99_ms), 1_000.0) == why


def test_a_rate_without_an_answer_is_too_much() -> None:
    assert load_latency.saturated(Report(url="", run="r", options=Options()), 1.0) == "not one bid was answered"


def test_latency_is_told_in_round_trips_of_the_store() -> None:
    drawn = load_latency.blank()
    load_latency.add(drawn, 500, surged(500.0, 500.0, 3.0), UNIT)
    figures = drawn.points[0].figures
    assert (figures["p50_round_trips"], figures["p99_round_trips"]) == pytest.approx((5.0, 15.0))


def test_memory_is_told_by_each_and_in_all() -> None:
    for drawn, each in ((watcher_memory.blank(), "watcher"), (lot_memory.blank(), "lot")):
        for count in (100, 1_000, 2_000):
            watcher_memory.add(drawn, count, count * 4_096)
        watcher_memory.say(drawn, each)
        assert drawn.heights("kib_each") == [4.0, 4.0, 4.0]
        assert drawn.words[0].startswith(f"Each further {each} takes 4.00 KiB, R² ")


def test_recovery_is_told_by_the_houses_figure_and_by_the_whole_time() -> None:
    drawn = event_recovery.blank("r", "Recovery", "events")
    for count, noise_s in ((1_000, 0.3), (2_000, 0.0), (3_000, 0.3)):
        event_recovery.add(drawn, count, restarted(1.0 + noise_s, count / 50_000))
    event_recovery.say(drawn, 0.8)
    assert drawn.heights("read_per_s") == pytest.approx([50_000.0] * 3)
    assert drawn.words[1].startswith("Each further 1,000 events add 20.0 ms of reading, R² ")
    assert drawn.words[2] == "What more events add to the whole time is less than the noise, R² 0.00."
    assert drawn.law == []


def test_a_lot_that_closes_early_or_never_is_a_failure() -> None:
    drawn = closing_lag.blank()
    closing_lag.add(drawn, judged(3, ENDS_AT, [(ENDS_AT - 1, ENDS_AT + 1), (ENDS_AT, ENDS_AT + 1)]))
    assert drawn.failures == ["1 of 3 lots closed before their time", "1 of 3 lots were not announced as closed"]
    closing_lag.say(drawn)
    assert "None closed before its time." not in drawn.words


def test_how_many_lots_close_promptly_is_said() -> None:
    drawn = closing_lag.blank()
    for lots, lag_us in ((1, 1_000), (10, 400_000), (100, 600_000)):
        closing_lag.add(drawn, judged(lots, ENDS_AT, [(ENDS_AT, ENDS_AT + lag_us)] * lots))
    closing_lag.say(drawn)
    assert "With up to 10 lots 99 of 100 are announced within 500 ms of the end." in drawn.words
    assert drawn.words[-1] == "None closed before its time."


# Really drawn ---------------------------------------------------------------------------------------------------------


def test_a_small_curve_of_a_real_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_recovery, "SHORT", (50,))
    stages: list[str] = []
    report = scale(full=False, only=("event_recovery",), progress=lambda _done, _of, stage: stages.append(stage))
    (drawn,) = report.curves
    assert (report.failures, drawn.missing, drawn.places()) == ([], [], [50.0])
    assert all(point.figures["ready_s"] > point.figures["recovery_s"] > 0 for point in drawn.points)
    assert stages == ["event_recovery", "a log of 50 events"]


def test_every_curve_has_its_name_and_its_columns() -> None:
    assert set(CURVES) >= {"frame_cost", "bid_rate", "load_latency", "closing_lag"}
    for blank in (frame_cost.blank, bid_rate.blank, load_latency.blank, watcher_memory.blank, closing_lag.blank):
        drawn = blank()
        assert drawn.name in CURVES
        assert set(drawn.drawn) <= set(drawn.columns)


def test_a_curve_without_gcc_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    drawn = watcher_memory.watcher_memory(Scope(full=False, seed=1, note=lambda _stage: None))
    assert drawn.points == []
    assert {gap.at for gap in drawn.missing} >= set(watcher_memory.SHORT)
