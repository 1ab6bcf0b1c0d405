"""The crowd over real sockets against a scripted house: it bids, follows, survives lost lines, and goes home."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bench import crowd
from bench.crowd import run_crowd
from bench.sample_sale import sample_sale
from clock.instants import SECOND_US, SystemClock
from lots.listing import Listing
from lots.phases import ENDED
from tests.bench.scripted_house import open_doors


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let everybody come and act at once: what is tested is not how long people think."""
    monkeypatch.setattr(crowd, "_ARRIVE_WITHIN_S", 0)
    monkeypatch.setattr(crowd, "BIDDERS", 10)
    monkeypatch.setattr(crowd, "SPECTATORS", 4)
    monkeypatch.setattr(crowd, "worth", lambda _seed, _lot, bidder, start: start * (20 + int(bidder[-1])) // 10)
    monkeypatch.setattr("bench.pursuit.REACTION_S", dict.fromkeys(crowd.STYLES, (0.001, 0.01)))
    return iter(())


def sign(role: str, sub: str) -> str:
    return sub if role == "bidder" else role


def lots(number: int) -> list[Listing]:
    """Lots that are to end soon enough for everybody to bid, and not before the test is over."""
    now = SystemClock().now()
    bodies = sample_sale(now - 90 * SECOND_US, first_close_s=120, gap_s=0)[1][:number]
    return [msgspec.convert(body, Listing) for body in bodies]


async def test_bidders_bid_and_spectators_find_no_fault_and_all_leave_when_told_to() -> None:
    stop = asyncio.Event()
    async with open_doors() as house:
        for listing in lots(6):
            house.list(listing)
        running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, stop))
        await house.until(lambda: house.bids() >= 20)
        stop.set()
        tally = await running
        assert tally.accepted >= 10
        assert tally.events > 0
        assert tally.faults == []
        assert {name for name in house.greeted if name.startswith("bidder")} == {f"bidder-{n:02}" for n in range(10)}
        assert house.greeted[""] == 4
        assert house.greeted["operator"] == 1


async def test_an_answer_lost_with_its_line_is_asked_for_again_under_the_same_ref() -> None:
    stop = asyncio.Event()
    async with open_doors() as house:
        house.lose_answers = 3
        for listing in lots(6):
            house.list(listing)
        running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, stop))
        await house.until(lambda: house.offers.total() - len(house.offers) >= 3)
        stop.set()
        assert (await running).faults == []
        refs = [kept.accepted.ref for lot in house.lots.values() for kept in lot.refs.values()]
        assert len(refs) == len(set(refs))


async def test_after_a_restart_of_the_house_spectators_resume_their_feeds_where_they_broke() -> None:
    stop = asyncio.Event()
    async with open_doors() as house:
        for listing in lots(6):
            house.list(listing)

        def resumed() -> list[dict[str, Any]]:
            return [watch for watch in house.watched if "after" in watch]

        running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, stop))
        await house.until(lambda: house.bids() >= 10)
        await house.cut(1012)
        await house.until(lambda: len(resumed()) >= 4 and house.bids() >= 15)
        stop.set()
        assert (await running).faults == []
        assert all(house.events[watch["lot"]][watch["after"] - 1]["head"] == watch["head"] for watch in resumed())


async def test_bidders_who_come_again_know_where_they_lead_and_use_no_ref_twice() -> None:
    async with open_doors() as house:
        for listing in lots(6):
            house.list(listing)
        for bids in (10, 20):
            stop = asyncio.Event()
            running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, stop))
            await house.until(lambda bids=bids: house.bids() >= bids)  # type: ignore[misc]
            stop.set()
            await running
        assert {"already_leading", "below_ceiling"}.isdisjoint(house.refused)
        assert house.offers.total() == len(house.offers)


async def test_the_crowd_goes_home_when_the_last_lot_has_ended() -> None:
    async with open_doors() as house:
        for listing in lots(2):
            house.list(listing)
        running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, asyncio.Event()))
        await house.until(lambda: house.bids() >= 5)
        house.end()
        tally = await running
        assert all(lot.phase in ENDED for lot in house.lots.values())
        assert sum(tally.ended.values()) == 2


async def test_a_guest_who_is_turned_away_is_told_of() -> None:
    stop = asyncio.Event()

    async with open_doors(lambda connection, _request: connection.respond(403, "no")) as house:
        running = asyncio.create_task(run_crowd(house.url, sign, "sample", 1, stop))
        await asyncio.sleep(0.3)
        stop.set()
        faults = (await running).faults
    assert faults
    assert all("403" in fault for fault in faults)
