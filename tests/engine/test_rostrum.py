"""The rostrum: rounds, overlapping appends, and how they end."""

import asyncio

import pytest

from engine.errors import Fenced
from engine.journal import Claim
from engine.limits import EngineLimits
from engine.memory_journal import MemoryJournal
from lots.refusals import Code
from tests.engine.opened_house import offered, opened
from tests.engine.troubled_journal import troubled
from tests.engine.virtual_time import a_moment, in_virtual_time


@in_virtual_time
async def test_while_one_append_is_on_its_way_other_groups_are_drafted_and_sent() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(lot) for lot in "ABC")) as house:
        journal.delay_s = 0.010
        most = 0
        for lot in "ABC":
            house.bid(100, lot=lot)
            await a_moment()
            most = max(most, journal.under_way)
        assert most == 2
        await asyncio.sleep(0.030)
        assert [house.lot(lot).bids for lot in "ABC"] == [1, 1, 1]


@in_virtual_time
async def test_a_hot_group_does_not_keep_the_others_waiting() -> None:
    journal, clock = troubled()
    limits = EngineLimits(batch_orders_max=4, round_orders_max=4)
    async with opened(journal, clock, offered("hot"), offered("cold"), limits=limits) as house:
        journal.delay_s = 0.001
        hot = [house.bid(100 + 10 * step, f"b{step % 2}", "hot") for step in range(200)]
        cold = house.bid(100, lot="cold")
        await asyncio.sleep(0.010)
        assert house.answer(cold) == "accepted"
        assert house.answer(hot[-1]) is None
        await asyncio.sleep(0.2)
        assert house.answer(hot[-1]) == "accepted"


@in_virtual_time
async def test_of_one_call_what_is_stored_is_acknowledged_though_another_group_was_taken_over() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        await MemoryJournal(clock, journal.inner.shelf).take_over([Claim("A", ("A",))])  # type: ignore[attr-defined]
        taken, ours = house.bid(100, lot="A"), house.bid(100, lot="B")
        await a_moment()
        assert (house.answer(taken), house.answer(ours)) == (None, "accepted")
        with pytest.raises(Fenced):
            house.running.result()


@in_virtual_time
async def test_stepping_down_with_another_append_on_its_way_still_lets_the_house_stop() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(lot) for lot in "ABC")) as house:
        await MemoryJournal(clock, journal.inner.shelf).take_over([Claim("A", ("A",))])  # type: ignore[attr-defined]
        journal.delay_s = 0.010
        taken = house.bid(100, lot="A")
        await asyncio.sleep(0.005)
        under_way, low = house.bid(200, lot="B"), house.bid(150, "bob", "B")
        await asyncio.sleep(0.004)
        waiting = house.bid(100, lot="C")
        await asyncio.sleep(0.002)
        async with asyncio.timeout(1):
            await house.house.stop()
        assert house.answer(taken) == house.answer(low) == house.answer(waiting) == Code.UNAVAILABLE
        assert house.answer(under_way) is None  # it may be stored


@in_virtual_time
async def test_a_stop_waits_for_every_append_on_its_way() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(lot) for lot in "ABC")) as house:
        journal.delay_s = 0.010
        names = []
        for lot in "ABC":
            names.append(house.bid(100, lot=lot))
            await a_moment()
        await house.house.stop()
        assert [house.answer(name) for name in names] == ["accepted"] * 3
