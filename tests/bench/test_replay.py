"""A replay refuses what cannot be replayed, and holds a real house to the rules."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from bench.load import NotLoopbackError
from bench.replay import NothingToReplayError, Options, Report, replay
from bench.server import House, house
from lots.files import read_bids, read_lots, read_terms
from lots.listing import Listing
from lots.simulation import Dated

TERMS = """
{"ladder": [[0, 100], [1001, 300]],
 "soft_close": {"window_s": 120, "extension_s": 120}}
"""
GOLDEN = Path(__file__).parents[1] / "golden"
LINKED = ("soft_close.scope=group", "group=debtor")
LOTS = """lot,title,currency,start_price,opens_at,closes_at
a,Lathe,CAD,100,2025-11-08T22:00:00Z,2025-11-21T02:00:00Z
b,Press,CAD,100,2025-11-08T22:00:00Z,2025-11-21T02:05:00Z
c,Crane,CAD,500,2025-11-21T01:55:00Z,2025-11-21T02:06:00Z
d,Shelf,CAD,100,2025-11-08T22:00:00Z,2025-11-21T02:01:00Z
"""
BIDS = """lot,at,bidder,amount,max
a,2025-11-09T10:00:00Z,ann,,2000
a,2025-11-10T10:00:00Z,Bob Ångström,1500,
b,2025-11-10T11:00:00Z,ann,100,
a,2025-11-11T10:00:00Z,ann,,3000
c,2025-11-21T01:50:30Z,cid,900,
a,2025-11-21T01:59:30Z,Bob Ångström,,4000
c,2025-11-21T02:00:00Z,cid,900,
a,2025-11-21T02:01:00Z,cid,3500,
b,2025-11-21T02:04:00Z,cid,150,
b,2025-11-21T02:04:10Z,cid,,900
a,2025-11-21T02:10:00Z,ann,,9000
"""


def sale(*settings: str) -> tuple[list[Listing], list[Dated]]:
    terms = read_terms("terms.json", TERMS, settings)
    listings = list(read_lots("lots.csv", LOTS.splitlines(), terms))
    return listings, list(read_bids("bids.csv", BIDS.splitlines(), [listing.lot for listing in listings]))


def golden() -> tuple[list[Listing], list[Dated]]:
    """The small sale with offers to the microsecond: it cannot be submitted as written, but must be decided by rule."""
    terms = read_terms("terms.json", (GOLDEN / "terms.json").read_text())
    listings = list(read_lots("lots.csv", (GOLDEN / "lots.csv").read_text().splitlines(), terms))
    lots = [listing.lot for listing in listings]
    return listings, list(read_bids("bids.csv", (GOLDEN / "bids.csv").read_text().splitlines(), lots))


def no_token(role: str, sub: str) -> str:
    raise AssertionError(f"{sub} asked for a token as {role}")


@pytest.mark.parametrize("url", ["http://example.com:8000", "http://192.168.0.7:8000", "8000"])
async def test_only_this_machine_is_ever_aimed_at(url: str) -> None:
    with pytest.raises(NotLoopbackError):
        await replay(url, no_token, *sale(), Options())


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
async def test_a_speed_that_leads_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(NothingToReplayError):
        await replay("http://127.0.0.1:1", no_token, *sale(), Options(speed=speed))


async def test_a_sale_without_lots_is_refused() -> None:
    with pytest.raises(NothingToReplayError):
        await replay("http://127.0.0.1:1", no_token, [], [], Options())


def test_a_report_with_failures_is_an_exit_status_of_one(tmp_path: Path) -> None:
    report = Report(url="http://127.0.0.1:1", run="r1", options=Options())
    assert report.exit_status == 0
    report.failures = [f"lot {number}: it is still open" for number in range(20)]
    assert report.exit_status == 1
    assert report.lines()[-1] == "and 8 failures more; --report holds them all"
    report.write(tmp_path / "R.json")
    assert orjson.loads((tmp_path / "R.json").read_bytes())["failures"] == report.failures


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    """A real house, with the limit on bids that it has by default."""
    with house(rate="20") as running:
        yield running


@pytest.mark.parametrize("settings", [(), LINKED], ids=["each lot by itself", "all lots linked"])
async def test_a_replay_comes_out_as_the_rules_have_it(running: House, settings: tuple[str, ...]) -> None:
    """Twenty minutes of bidding in two seconds, with watchers of both formats, from the listing and from a snapshot."""
    stages = set()
    report = await replay(
        running.url,
        running.sign,
        *sale(*settings),
        Options(speed=600, watchers=4),
        lambda _done, _total, stage: stages.add(stage),
    )
    assert report.failures == []
    assert (report.lots, report.offers, report.early, report.on_stamps) == (4, 11, 4, 4)
    assert report.watchers["begun anew"] == 0
    assert {"early offers", "bidding", "comparing"} <= stages


async def test_a_sale_on_a_knifes_edge_is_decided_by_the_stamps(running: House) -> None:
    report = await replay(running.url, running.sign, *golden(), Options(speed=1000))
    assert report.failures == []
    assert report.on_stamps == report.lots == len(report.by_lot) > 0
    assert "vase" in report.on_an_edge
