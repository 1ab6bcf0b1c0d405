"""A surge finds what a house lost, and a house that keeps its promises passes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from bench.feeds import Told
from bench.gallery import Gallery
from bench.load import Address, NotLoopbackError
from bench.pace import Options
from bench.server import House, house
from bench.surge import Floor, nothing_shown, surge
from bench.tally import Report

HERE = Address("127.0.0.1", 1)


class Record:
    """A desk that only reads a record given ahead."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self._events = events

    def events(self, _lot: str) -> Iterator[dict[str, Any]]:
        yield from self._events


def placed(seq: int, paddle: int) -> dict[str, Any]:
    return {"ev": "bid_placed", "seq": seq, "head": f"h{seq}", "paddle": paddle}


def floor(options: Options) -> Floor:
    return Floor(HERE, lambda _role, _sub: "", options, Report(url="", run="r", options=options), nothing_shown)


@pytest.mark.parametrize(
    ("recorded", "missing"),
    [
        ([placed(3, 7), placed(4, 8)], 0),
        ([placed(3, 7)], 1),
        ([placed(3, 7), placed(4, 7)], 1),
        ([], 2),
        ([placed(3, 7), placed(4, 8), placed(5, 9)], 0),
    ],
)
def test_an_acceptance_that_is_not_in_the_record_is_missing(recorded: list[dict[str, Any]], missing: int) -> None:
    saleroom = floor(Options())
    (lot,) = saleroom.lots
    saleroom._receipts.booked[lot] = {3: 7, 4: 8}
    saleroom._check_lot(Record(*recorded), lot)  # type: ignore[arg-type]  # of a desk it only reads events
    assert (saleroom.report.missing, saleroom.report.recorded) == (missing, len(recorded))


@pytest.mark.parametrize(
    ("heard", "failures"),
    [
        ([Told("lot", "a", 1, "h1"), Told("bid_placed", "a", 2, "h2")], []),
        ([Told("lot", "a", 1, "h1")], ["1 full feeds do not end where the record ends"]),
        ([Told("lot", "a", 0, "h0"), Told("bid_placed", "a", 2, "h2")], ["1 gaps in the watchers' feeds"]),
        (
            [Told("lot", "a", 1, "h1"), Told("bid_placed", "a", 2, "x")],
            ["1 full feeds do not end where the record ends"],
        ),
    ],
)
def test_a_full_feed_must_be_gap_free_and_end_where_the_record_ends(heard: list[Told], failures: list[str]) -> None:
    gallery = Gallery(HERE, Options(watchers=1, feed="full"), ["a"])
    gallery.record["a"] = (2, "h2")
    for told in heard:
        gallery._feeds[0].hear(told)
    report = Report(url="", run="r", options=Options())
    gallery.tell(report)
    assert report.failures == failures


def test_a_report_with_a_failure_exits_1_and_says_it(tmp_path: Path) -> None:
    report = Report(url="u", run="r", options=Options(), sent=5, refused={"below_ask": 5})
    assert report.exit_status == 0
    report.failures.append("2 accepted bids are not in the record")
    assert report.exit_status == 1
    assert "FAILED: 2 accepted bids are not in the record" in report.lines()
    report.write(tmp_path / "r.json")
    assert orjson.loads((tmp_path / "r.json").read_bytes())["refused"] == {"below_ask": 5}


async def test_a_surge_at_another_machine_is_refused() -> None:
    with pytest.raises(NotLoopbackError):
        await surge("http://192.0.2.1:8000", lambda _role, _sub: "", Options())


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with house() as started:
        yield started


@pytest.mark.parametrize(
    "options",
    [
        Options(rate=300.0, seconds=0.5, lots=3, bidders=5, watchers=6, seed=1),
        Options(seconds=0.5, lots=2, bidders=3, watchers=2, seed=2, flight=256),
    ],
)
async def test_a_house_that_keeps_its_promises_passes(running: House, options: Options) -> None:
    report = await surge(running.url, running.sign, options)
    assert report.failures == []
    assert report.accepted == report.recorded > 0
    # Of bids that are sent when they are due, on lines of their own, one may overtake another on a busy machine.
    overtaken = report.refused.get("below_ask", 0) if options.rate is not None else 0
    assert report.accepted + overtaken == report.sent
    assert report.watchers["gaps"] == 0
    assert msgspec.to_builtins(report)["latency"]["count"] == report.sent


async def test_a_house_with_a_limit_on_bids_refuses_what_is_above_it() -> None:
    with house(rate="5") as limited:
        report = await surge(limited.url, limited.sign, Options(rate=200.0, seconds=0.5, bidders=1))
    assert report.failures == []
    assert report.refused["rate_limited"] > 0
    assert report.accepted + report.refused["rate_limited"] == report.sent
