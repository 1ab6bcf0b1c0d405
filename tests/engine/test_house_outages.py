"""Outages: what happens to orders and ends while the store, the process or the clock cannot be relied on."""

import asyncio
from typing import Any

import pytest

from clock.instants import SECOND_US
from engine.journal import Verdict
from engine.memory_journal import Shelf
from lots.orders import Notice, Pause
from lots.phases import Phase
from lots.refusals import Code
from tests.engine.opened_house import OpenedHouse, after, events_of, offered, open_house, opened
from tests.engine.troubled_journal import TroubledJournal, troubled
from tests.engine.virtual_time import a_moment, in_virtual_time, stop_the_process
from tests.lots.saleroom import soft

UNAVAILABLE = Code.UNAVAILABLE


async def until(seconds: float) -> None:
    """Let time pass until so many seconds after the beginning."""
    await asyncio.sleep(seconds - asyncio.get_running_loop().time())


async def away(journal: TroubledJournal, since: float, until_s: float) -> None:
    """Have the store away for a while."""
    await until(since)
    journal.away = True
    await until(until_s)
    journal.away = False


def end_after(house: OpenedHouse, lot: str = "A") -> float:
    """A lot's end in seconds after the beginning."""
    closes_at = house.lot(lot).closes_at
    assert closes_at is not None
    return (closes_at - after(0)) / SECOND_US


def causes(house: OpenedHouse, lot: str = "A") -> list[str]:
    """Why a lot was extended, each time."""
    return [said.public["cause"] for said in house.witness.events[lot] if said.public["ev"] == "lot_extended"]


# Orders while the store is away ---------------------------------------------------------------------------------------


@in_virtual_time
async def test_orders_wait_for_a_store_that_comes_back_in_time_and_keep_their_stamps() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        await until(10)
        journal.away = True
        under_way = house.bid(100)
        await until(12)
        waiting = house.bid(110, "bob")
        await until(14)
        assert (house.answer(under_way), house.answer(waiting)) == (None, None)
        journal.away = False
        await until(14.5)
        assert (await house.accepted(under_way)).at == after(10)
        assert (await house.accepted(waiting)).at == after(12)
        assert house.witness.statuses == []


@in_virtual_time
async def test_after_five_seconds_waiting_and_new_orders_are_unavailable_and_watchers_are_told() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        await until(10)
        journal.lose_calls, sent = 1, house.bid(100)
        await a_moment()
        journal.away = True
        await until(12)
        waiting = house.bid(110, "bob")
        await until(14.9)
        assert house.answer(waiting) is None
        await until(15.5)
        assert house.answer(waiting) == UNAVAILABLE
        assert house.answer(house.bid(120, "cid")) == UNAVAILABLE
        assert house.witness.statuses == ["away"]
        assert house.house.troubles() != []
        journal.away = False
        await until(16)
        assert house.witness.statuses == ["away", "back"]
        assert house.house.troubles() == []
        assert house.answer(sent) == "accepted"
        await house.accepted(house.bid(130, "dan"))
        assert house.house.figures.refused[UNAVAILABLE] == 2


@in_virtual_time
async def test_what_may_be_stored_already_is_never_called_unavailable() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        await until(10)
        journal.replying.clear()
        in_the_log = house.bid(100)
        refused_in_it = house.bid(100, "bob")
        await a_moment()
        journal.away = True
        journal.replying.set()
        await until(30)
        assert house.answer(in_the_log) is None
        assert house.answer(refused_in_it) == UNAVAILABLE
        journal.away = False
        await until(31)
        assert (await house.accepted(in_the_log)).at == after(10)


@in_virtual_time
async def test_an_order_that_was_never_sent_is_refused_even_if_the_store_goes_away_around_it() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=5)) as house:
        await until(6)
        await house.end()
        restarted = await open_house(journal, clock)
        journal.unclaimable.add("A")
        order = restarted.submit(Notice(lot="A", by="clerk", ref="n1", text="sold below estimate"))
        await a_moment()
        await until(13)
        assert restarted.answer(order) == UNAVAILABLE
        await restarted.end()


# Ends while the store is away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "added"),
    [
        ({}, 60),
        ({"soft_close": soft(30, 10)}, 60),
        ({"soft_close": soft(90, 10)}, 90),
        ({"soft_close": soft(90, 10, max_extensions=0, hard_end_s=5)}, 90),
    ],
)
@in_virtual_time
async def test_a_lot_that_would_have_ended_while_the_store_was_away_is_extended(
    terms: dict[str, Any], added: float
) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20, **terms)) as house:
        await away(journal, 18, 22)
        await until(23)
        assert causes(house) == ["outage"]
        assert 22 + added <= end_after(house) <= 22.5 + added
        await until(22.6 + added)
        assert house.lot().phase is Phase.PASSED
        assert house.witness.events["A"][-1].public["at"] == house.lot().closes_at


@in_virtual_time
async def test_an_outage_counts_for_no_limit_of_extensions_and_moves_the_hard_end() -> None:
    journal, clock = troubled()
    terms = offered(closes=20, soft_close=soft(30, 30, max_extensions=1, hard_end_s=40))
    async with opened(journal, clock, terms) as house:
        await away(journal, 18, 22)
        await until(60)
        end = end_after(house)
        house.bid(100)
        await a_moment()
        assert end_after(house) == 90.0
        await until(85)
        house.bid(110, "bob")
        await a_moment()
        assert (end_after(house), causes(house)) == (90.0, ["outage", "bid"])
        assert house.lot().hard_end_at == after(40 + end)
        assert house.lot().extensions == 2


@in_virtual_time
async def test_staggered_lots_keep_their_distances_over_an_outage() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(f"L{n}", closes=20 + n) for n in range(6))) as house:
        await away(journal, 20.5, 24.5)
        await until(26)
        assert house.lot("L0").phase is Phase.PASSED
        ends = [end_after(house, f"L{n}") for n in range(1, 5)]
        assert 84.5 <= ends[0] <= 85
        assert [round(end - ends[0], 6) for end in ends] == [0, 1, 2, 3]
        assert house.lot("L5").phase is Phase.PASSED


@in_virtual_time
async def test_a_short_absence_delays_the_hammer_and_moves_nothing() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await away(journal, 19.7, 20.1)
        await until(22)
        assert house.witness.said()[-1] == "lot_passed"


@in_virtual_time
async def test_the_end_moves_also_after_an_absence_beyond_all_patience() -> None:
    journal, clock = troubled()
    lots = [offered("A", closes=20), offered("B", opens=25, closes=500), offered("C", opens=25, closes=30)]
    async with opened(journal, clock, *lots) as house:
        await away(journal, 18, 100)
        await until(101)
        assert causes(house, "A") == causes(house, "C") == ["outage"]
        assert round(end_after(house, "C") - end_after(house, "A"), 6) == 10
        assert (house.lot("B").phase, end_after(house, "B")) == (Phase.OPEN, 500.0)
        await until(501)
        assert [house.lot(lot).phase for lot in "ABC"] == [Phase.PASSED] * 3


@in_virtual_time
async def test_a_ring_that_waited_when_the_store_went_away_is_not_forgotten() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=20), offered("B")) as house:
        await until(19.9)
        journal.replying.clear()
        house.bid(100, lot="B")
        await until(20.05)  # the lot's end has come, its ring waits for the round under way
        journal.away = True
        journal.replying.set()
        await until(40)
        journal.away = False
        await until(41)
        await until(200)
        assert house.lot("A").phase is Phase.PASSED


@in_virtual_time
async def test_a_lot_whose_opening_and_end_both_passed_is_opened_and_extended() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(opens=20, closes=21)) as house:
        await until(19)
        journal.away = True
        await until(19.5)
        too_early = house.bid(100)
        await until(20.5)
        in_time = house.bid(100, "bob")
        await until(21.5)
        after_the_end = house.bid(110, "cid")
        await until(22)
        journal.away = False
        await until(23)
        assert [house.answer(name) for name in (too_early, in_time, after_the_end)] == [
            Code.LOT_NOT_OPEN,
            "accepted",
            "accepted",
        ]
        assert house.witness.said()[1:3] == ["lot_opened", "lot_extended"]
        assert 82 <= end_after(house) <= 82.5
        stamps = [event.at for event in await events_of(journal)]
        assert stamps == sorted(stamps)


@in_virtual_time
async def test_bids_that_came_in_time_are_decided_under_the_old_end() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await until(18)
        journal.away = True
        await until(19.9)
        in_time = house.bid(100)
        await until(21)
        meanwhile = house.bid(110, "bob")
        await until(22)
        journal.away = False
        await until(23)
        assert (house.answer(in_time), house.answer(meanwhile)) == ("accepted", "accepted")
        assert house.witness.said()[-5:] == [
            "bidder_admitted",
            "bid_placed",
            "lot_extended",
            "bidder_admitted",
            "bid_placed",
        ]


@in_virtual_time
async def test_an_end_that_a_lost_batch_had_moved_is_the_one_that_counts() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20, soft_close=soft(5, 120))) as house:
        await until(19.5)
        journal.replying.clear()
        bid = house.bid(100)  # moves the end to 139.5, in the log
        await a_moment()
        journal.away = True
        journal.replying.set()
        await until(23)
        journal.away = False
        await until(25)
        assert house.answer(bid) == "accepted"
        assert (causes(house), end_after(house)) == (["bid"], 139.5)


@in_virtual_time
async def test_an_end_that_a_lost_batch_had_moved_into_the_absence_is_moved_on() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20, soft_close=soft(1, 1))) as house:
        await until(19.5)
        journal.replying.clear()
        house.bid(100)  # moves the end to 20.5, in the log
        await until(20.2)  # beside it the store still answers questions
        journal.away = True
        journal.replying.set()
        await until(23)
        journal.away = False
        await until(25)
        assert causes(house) == ["bid", "outage"]
        assert 83 <= end_after(house) <= 83.5


@in_virtual_time
async def test_a_hammer_that_was_lost_in_a_long_absence_does_not_fall_after_it() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20.3)) as house:
        await until(20.1)
        journal.away = True
        journal.arriving.clear()  # the ring goes into an append that never arrives
        await until(20.31)
        assert journal.under_way == 1
        await until(25)
        journal.arriving.set()
        await until(26)
        journal.away = False
        await until(27)
        assert causes(house) == ["outage"]
        assert 86 <= end_after(house) <= 86.5


@in_virtual_time
async def test_a_hammer_that_is_under_way_until_after_the_absence_does_not_fall_before_the_end_is_moved() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=20.3), offered("B")) as house:
        await until(20.1)
        journal.away = True
        journal.arriving.clear()
        await until(22.1)
        journal.away = False  # questions are answered again; the append with the hammer still waits for its reply
        await until(23)
        house.bid(100, lot="B")
        await until(24)
        journal.lose_calls = 1
        journal.arriving.set()
        await until(27)
        assert causes(house) == ["outage"]
        assert 82 <= end_after(house) <= 86


@in_virtual_time
async def test_nothing_closes_while_a_store_has_been_silent_for_more_than_a_second() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await until(18)
        journal.delay_s = 4.5
        await until(20.5)
        assert journal.under_way == 0
        await until(23)
        journal.delay_s = 0
        await until(30)
        assert causes(house) == ["outage"]


@in_virtual_time
async def test_a_linked_group_is_extended_lot_by_lot() -> None:
    journal, clock = troubled()
    linked: dict[str, Any] = {"group": "G", "soft_close": soft(5, 5, scope="group")}
    lots = [offered("A", closes=20, **linked), offered("B", closes=20, **linked), offered("C", closes=21, **linked)]
    async with opened(journal, clock, *lots) as house:
        await away(journal, 18, 22)
        await until(24)
        ends = [end_after(house, lot) for lot in "ABC"]
        assert ends[0] == ends[1] == ends[2] - 1
        assert [causes(house, lot) for lot in "ABC"] == [["outage"]] * 3


@in_virtual_time
async def test_a_paused_lot_has_no_end_that_could_pass() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await house.accepted(house.submit(Pause(lot="A", by="clerk", ref="p", reason="a question")))
        await away(journal, 18, 22)
        await until(23)
        assert (house.lot().phase, causes(house)) == (Phase.PAUSED, [])


@in_virtual_time
async def test_a_store_that_will_not_write_is_an_outage_too_and_distances_are_kept() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(f"L{n}", closes=20 + n) for n in range(3))) as house:
        await until(18)
        groups = ["L0", "L1", "L2"]
        journal.verdicts = dict.fromkeys(groups, Verdict.FAILED)  # a full disk: the store answers, and writes nothing
        journal.unclaimable.update(groups)
        for lot in groups:
            house.bid(100, lot=lot)
        await until(25)
        journal.verdicts.clear()
        journal.unclaimable.clear()
        await until(27)
        ends = [end_after(house, lot) for lot in groups]
        assert 85 <= ends[0] <= 85.5
        assert [end - ends[0] for end in ends] == [0, 1, 2]
        assert house.lot("L0").bids == 1


@in_virtual_time
async def test_one_group_that_could_not_be_written_is_extended_alone() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=20), offered("B", closes=20)) as house:
        await until(18)
        journal.verdicts["A"] = Verdict.FAILED
        journal.unclaimable.add("A")
        house.bid(100)
        await until(22)
        journal.verdicts.clear()
        journal.unclaimable.clear()
        await until(24)
        assert (causes(house, "A"), house.lot("B").phase) == (["outage"], Phase.PASSED)


# The store that cannot keep its promise -------------------------------------------------------------------------------


@in_virtual_time
async def test_a_store_that_can_no_longer_keep_its_promise_stops_everything_until_it_can() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await until(12)
        journal.refused = "appendfsync is everysec"
        await until(16)
        assert house.answer(house.bid(100)) == UNAVAILABLE
        assert house.house.troubles() == ["appendfsync is everysec"]
        await until(22)
        assert house.lot().phase is Phase.OPEN
        journal.refused = None
        await until(27)
        assert house.house.troubles() == []
        assert causes(house) == ["outage"]
        await house.accepted(house.bid(100))


# At start -------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_at_start_every_open_lot_whose_end_has_passed_is_extended() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    lots = [
        offered("A", closes=20),
        offered("B", closes=25, soft_close=soft(100, 10)),
        offered("C", opens=21, closes=22),
        offered("D", closes=500),
        offered("E", closes=5),
    ]
    async with opened(journal, clock, *lots):
        await until(10)
    await until(30.2)
    house = await open_house(TroubledJournal(journal.inner, clock), clock)
    await until(31)
    assert [house.lot(lot).phase for lot in "ABCDE"] == [Phase.OPEN] * 4 + [Phase.PASSED]
    assert [round(end_after(house, lot), 6) for lot in "ABCD"] == [90.2, 135.2, 92.2, 500]
    assert [causes(house, lot) for lot in "ABCDE"] == [["outage"]] * 3 + [[], []]
    assert house.witness.said("C") == ["lot_listed", "lot_opened", "lot_extended"]
    await until(600)
    assert {house.lot(lot).phase for lot in "ABCDE"} == {Phase.PASSED}
    await house.end()


@in_virtual_time
async def test_a_slow_start_is_no_outage_of_its_own() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=100)):
        pass
    journal.delay_s = 0.9
    house = await open_house(journal, clock)
    journal.delay_s = 0
    await asyncio.sleep(1)
    assert house.house.figures.outages == 0
    await house.end()


# The process ----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_process_that_did_not_run_across_an_end_has_had_an_outage() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=20), offered("B", closes=24)) as house:
        await until(19)
        stop_the_process(3)
        meanwhile = house.bid(100)
        await until(23)
        assert causes(house, "A") == ["outage"]
        assert end_after(house, "A") == 82.0
        assert house.answer(meanwhile) == "accepted"
        assert house.house.figures.outages == 1
        assert (causes(house, "B"), end_after(house, "B")) == ([], 24.0)


@in_virtual_time
async def test_a_loop_that_was_busy_with_our_own_work_is_no_outage() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        worked = [0]
        house.house._watch._cpu_us = lambda: worked[0]
        await until(19)
        stop_the_process(3)
        worked[0] += 2 * SECOND_US
        await until(23)
        assert (house.house.figures.outages, causes(house)) == (0, [])
        assert house.lot().phase is Phase.PASSED


@in_virtual_time
async def test_a_process_that_stops_while_the_store_is_away_has_one_outage() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=20), offered("B", closes=30)) as house:
        await until(18)
        journal.away = True
        await until(19)
        stop_the_process(6)
        await until(28)
        journal.away = False
        await until(29)
        assert house.house.figures.outages == 1
        assert (causes(house, "A"), causes(house, "B")) == (["outage"], [])
        assert 88 <= end_after(house, "A") <= 88.5


# The clock ------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_while_the_clock_is_wrong_nothing_opens_or_closes_and_bids_are_unavailable() -> None:
    journal, clock = troubled()
    lots = [offered("A", closes=20), offered("B", opens=20, closes=100), offered("C", closes=200)]
    async with opened(journal, clock, *lots) as house:
        await until(15)
        clock.error_us = 8 * SECOND_US  # 23 by its own reckoning: before anybody looks, the lots must not close
        await until(18)
        assert [house.lot(lot).phase for lot in "ABC"] == [Phase.OPEN, Phase.UPCOMING, Phase.OPEN]
        assert house.answer(house.bid(100)) == UNAVAILABLE
        assert len(house.house.troubles()) == 1
        await until(30)
        clock.error_us = 0  # it stands still until the store's time has come up
        await until(36)
        assert len(house.house.troubles()) == 1
        await until(38)
        assert house.house.troubles() == []
        assert causes(house, "A") == ["outage"]
        assert end_after(house, "A") >= 83
        assert house.lot("B").phase is Phase.OPEN
        await house.accepted(house.bid(100))


@in_virtual_time
async def test_a_clock_that_stood_still_across_an_end_has_had_an_outage() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=20)) as house:
        await until(19)
        clock.stands_at = clock.now()
        await until(29)
        assert house.answer(house.bid(100)) == UNAVAILABLE
        assert house.lot().phase is Phase.OPEN
        clock.stands_at = None
        await until(31)
        assert causes(house) == ["outage"]
        assert 89 <= end_after(house) <= 90


@in_virtual_time
async def test_a_clock_behind_the_logs_takes_no_bids() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered()):
        await until(100)
    other, late_clock = troubled(shelf)
    other.clock = late_clock  # a store moved to a machine whose clock is as wrong as ours
    late_clock.error_us = -200 * SECOND_US
    house = await open_house(other, late_clock)
    assert house.answer(house.bid(100)) == UNAVAILABLE
    assert "behind the logs" in house.house.troubles()[0]
    late_clock.error_us = 0
    await until(101)
    await house.accepted(house.bid(100))
    await house.end()


@in_virtual_time
async def test_a_slow_answer_about_the_time_is_no_wrong_clock() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        await until(10)
        journal.delay_s = 2.5  # the answer is 2.5 s old when it comes
        await until(20)
        journal.delay_s = 0
        await until(24)
        assert house.house.troubles() == []
        assert not any("clock" in trouble for trouble in house.witness.statuses)
