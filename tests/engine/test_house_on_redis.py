"""The house over a real Redis: what is promised with the memory journal holds where it counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clock.instants import SECOND_US, Clock, SystemClock
from engine.errors import Fenced
from engine.journal import Verdict
from engine.limits import EngineLimits
from engine.redis_journal import log_key
from lots.listing import Listing
from lots.refusals import Code
from tests.engine.opened_house import OpenedHouse, events_of, open_house, opened
from tests.engine.stores import RedisStore
from tests.engine.troubled_journal import TroubledJournal
from tests.lots.saleroom import listing, soft

CLOCK = SystemClock()
QUICK = EngineLimits(probe_us=5_000, tick_us=2_000, heal_pause_us=1_000)


class Later:
    """The machine's clock two hours from now."""

    def now(self) -> int:
        return CLOCK.now() + 7_200 * SECOND_US


def offered(lot: str = "A", closes: float = 3600, **terms: object) -> Listing:
    """A lot that is open now, by the machine's own clock."""
    now = CLOCK.now()
    return listing(lot, opens_at=now - SECOND_US, closes_at=now + round(closes * SECOND_US), **terms)


@pytest.fixture
async def journal(redis_store: RedisStore) -> AsyncIterator[TroubledJournal]:
    journal = TroubledJournal(redis_store.open())
    async with asyncio.timeout(20):
        yield journal
    await journal.aclose()


@asynccontextmanager
async def reopened(store: RedisStore, clock: Clock = CLOCK) -> AsyncIterator[OpenedHouse]:
    """Another process on the same store, both by the same clock."""
    journal = TroubledJournal(store.open(), clock)
    house = await open_house(journal, clock, QUICK)
    try:
        yield house
    finally:
        await house.end()
        await journal.aclose()


@pytest.mark.parametrize("in_the_log", [True, False])
async def test_a_lost_reply_is_answered_from_what_the_log_says(journal: TroubledJournal, in_the_log: bool) -> None:
    async with opened(journal, CLOCK, offered(), limits=QUICK) as house:
        journal.lose_calls, journal.lose_replies = (0, 1) if in_the_log else (1, 0)
        first, low, raised = house.bid(100, "ann"), house.bid(90, "bob"), house.max_bid(500, "ann")
        assert not (await house.accepted(first)).repeat
        assert await house.refused(low) == Code.BELOW_ASK
        await house.accepted(raised)
        assert len([event for event in await events_of(journal) if hasattr(event, "ceiling")]) == 1
        assert house.lot().ceiling == 500


async def test_a_restart_finds_everything(journal: TroubledJournal, redis_store: RedisStore) -> None:
    linked: dict[str, Any] = {"group": "G", "soft_close": soft(5, 5, scope="group")}
    lots = [offered("A", reserve=300), offered("B", **linked), offered("C", **linked)]
    async with opened(journal, CLOCK, *lots, limits=QUICK) as house:
        for step in range(20):
            house.bid(100 + 10 * step, f"b{step % 3}", "ABC"[step % 3])
        await house.accepted(house.max_bid(1000, "ann", "C"))
    async with reopened(redis_store) as other:
        for lot, standing in house.house.lots.items():
            assert other.house.lots[lot].head == standing.head
            assert other.lot(lot) == standing.state
            said = [(one.seq, one.packed, one.head) for one in house.witness.events[lot]]
            assert [(one.seq, one.packed, one.head) for one in await other.house.events(lot, 0, 100)] == said
        again = await other.accepted(other.max_bid(1000, "ann", "C", ref="r21"))
        assert again.repeat


async def test_an_end_that_passed_while_no_process_ran_is_moved(
    journal: TroubledJournal, redis_store: RedisStore
) -> None:
    async with opened(journal, CLOCK, offered("A", closes=3600), offered("B", closes=3601), limits=QUICK) as house:
        await house.accepted(house.bid(100))
        distance = house.lot("B").ending.closes_at - house.lot("A").ending.closes_at
    async with reopened(redis_store, Later()) as other:
        said = {lot: await other.witness.names(lot, "lot_extended") for lot in "AB"}
        assert {said[lot]["cause"] for lot in "AB"} == {"outage"}
        assert said["B"]["closes_at"] - said["A"]["closes_at"] == distance
        assert said["A"]["closes_at"] - said["A"]["at"] <= 60 * SECOND_US
        await other.accepted(other.bid(110, "bob"))


async def test_who_was_taken_over_steps_down(journal: TroubledJournal, redis_store: RedisStore) -> None:
    async with opened(journal, CLOCK, offered(), limits=QUICK) as old, reopened(redis_store) as new:
        late = old.bid(100)
        with pytest.raises(Fenced):
            await old.running
        assert old.answer(late) is None
        await old.house.stop()
        assert old.answer(late) == Code.UNAVAILABLE
        await new.accepted(new.bid(100, "bob"))
        assert not new.running.done()


async def test_a_redis_that_was_killed_under_the_bids_loses_none_that_was_acknowledged(
    journal: TroubledJournal, redis_store: RedisStore
) -> None:
    async with opened(journal, CLOCK, offered(), limits=QUICK) as house:
        names = [house.bid(100 + 10 * step, f"b{step % 2}") for step in range(40)]
        await house.accepted(names[0])
        names += [house.bid(500 + 10 * step, f"b{step % 2}") for step in range(40)]
        redis_store.kill()
        names += [house.bid(900 + 10 * step, f"b{step % 2}") for step in range(40)]
        await asyncio.to_thread(redis_store.start)
        assert [await house.accepted(name) for name in names]
        refs = [getattr(event, "ref", "") for event in await events_of(journal)]
        assert [ref for ref in refs if ref] == names


async def test_a_log_that_somebody_damaged_stops_its_group_alone(
    journal: TroubledJournal, redis_store: RedisStore
) -> None:
    async with opened(journal, CLOCK, offered("A"), offered("B"), limits=QUICK) as house:
        with redis_store.open_redis() as client:
            client.delete(log_key("A", "A"))
            client.lpush(log_key("A", "A"), "what is this")
        stuck, well = house.bid(100, lot="A"), house.bid(100, lot="B")
        await house.accepted(well)
        await house.accepted(house.bid(110, "bob", "B"))
        assert house.answer(stuck) is None
        assert not house.running.done()


async def test_refusals_are_kept_beside_the_log(journal: TroubledJournal) -> None:
    async with opened(journal, CLOCK, offered(), limits=QUICK) as house:
        assert await house.refused(house.bid(50)) == Code.BELOW_START
        await house.house.stop()
        (record,) = await journal.refusals("A", "A")
        assert b"below_start" in record


async def test_a_group_that_the_store_does_not_write_heals(journal: TroubledJournal) -> None:
    async with opened(journal, CLOCK, offered("A"), offered("B"), limits=QUICK) as house:
        journal.verdicts["A"] = Verdict.FAILED
        stuck = house.bid(100, lot="A")
        await house.accepted(house.bid(100, lot="B"))
        assert house.answer(stuck) is None
        journal.verdicts.clear()
        await house.accepted(stuck)
