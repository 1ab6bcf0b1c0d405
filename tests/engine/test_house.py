"""The path of a bid: what leaves the house, when, and in which order; and what a lost reply does to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgpack
import pytest

from clock.instants import SECOND_US
from engine.journal import Verdict
from engine.limits import EngineLimits
from lots.decision import Decision
from lots.decisions import decide
from lots.orders import Bid, Notice, Order, Ring
from lots.phases import Phase
from lots.refusals import Code
from lots.state import Lot
from tests.engine.opened_house import after, events_of, offered, opened
from tests.engine.troubled_journal import entries_of, troubled
from tests.engine.virtual_time import a_moment, in_virtual_time
from tests.lots.saleroom import soft

# Order ----------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_all_answers_of_a_round_go_out_before_its_events() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        before = len(house.witness.heard)
        house.bid(100, "ann", "A", ref="1")
        house.bid(100, "bob", "B", ref="2")
        house.bid(110, "bob", "A", ref="3")
        await a_moment()
        heard = house.witness.heard[before:]
        assert [kind for kind, *_ in heard] == ["answer"] * 3 + ["event"] * 6
        assert [name for kind, name, _ in heard if kind == "answer"] == ["1", "3", "2"]


@in_virtual_time
async def test_nothing_leaves_before_the_append_returns() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        before = len(house.witness.heard)
        journal.replying.clear()
        winner, too_low = house.bid(200, "ann"), house.bid(150, "bob")
        await a_moment()
        assert [event.at for event in await events_of(journal)][-1] == after(0)  # it is in the store
        late = house.bid(120, "cid")
        await a_moment()
        assert house.witness.heard[before:] == []
        assert house.lot().price is None
        journal.replying.set()
        await a_moment()
        assert (house.answer(winner), house.answer(too_low), house.answer(late)) == (
            "accepted",
            Code.BELOW_ASK,
            Code.BELOW_ASK,
        )
        assert house.lot().price == 200


@in_virtual_time
async def test_a_refusal_that_follows_from_what_is_stored_waits_for_no_store() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        await house.accepted(house.bid(200))
        journal.arriving.clear()
        low = house.bid(150, "bob")
        await a_moment()
        assert house.answer(low) == Code.BELOW_ASK
        journal.arriving.set()


@in_virtual_time
async def test_batches_form_by_themselves_while_an_append_is_under_way() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, *(offered(lot) for lot in "ABC")) as house:
        await a_moment()
        journal.appended.clear()
        journal.delay_s = 0.010
        for step in range(10):
            for lot in "ABC":
                house.bid(100 + 10 * step, f"b{step % 2}", lot)
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.030)
        assert house.lot("A").bids == house.lot("B").bids == house.lot("C").bids == 10
        assert [len(call) for call in journal.appended] == [3, 3]


@in_virtual_time
async def test_a_group_has_one_append_on_its_way_at_a_time() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A")) as house:
        journal.delay_s = 0.010
        for step in range(20):
            house.bid(100 + 10 * step, f"b{step % 2}")
            await a_moment()
            assert journal.under_way <= 1
        await asyncio.sleep(0.02)
        assert house.lot().bids == 20


@in_virtual_time
async def test_no_round_takes_on_more_than_its_limit_and_none_is_forgotten() -> None:
    journal, clock = troubled()
    limits = EngineLimits(batch_orders_max=2, round_orders_max=4)
    lots = [f"L{number}" for number in range(6)]
    async with opened(journal, clock, *map(offered, lots), limits=limits) as house:
        await a_moment()
        journal.appended.clear()
        for lot in lots:
            house.bid(100, "ann", lot)
            house.bid(110, "bob", lot)
        await a_moment()
        assert {house.lot(lot).bids for lot in lots} == {2}
        assert [len(call) for call in journal.appended] == [2, 2, 2]


@in_virtual_time
async def test_a_long_inbox_of_refusals_does_not_keep_the_loop() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(), limits=EngineLimits(batch_orders_max=8)) as house:
        await house.accepted(house.bid(500, "ann"))
        passes = 0
        names = [house.bid(100, "bob") for _ in range(160)]
        while house.answer(names[-1]) is None:
            await asyncio.sleep(0)
            passes += 1
        assert passes >= 160 / 8


# Lost replies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_the_log", [True, False])
@in_virtual_time
async def test_after_a_lost_reply_every_order_is_answered_once_as_at_first(in_the_log: bool) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_calls, journal.lose_replies = (0, 1) if in_the_log else (1, 0)
        first, low, second = house.bid(100, "ann"), house.bid(100, "bob"), house.bid(110, "bob")
        await a_moment()
        assert [house.answer(name) for name in (first, low, second)] == ["accepted", Code.BELOW_ASK, "accepted"]
        answers = [await house.witness.answer(name) for name in (first, low, second)]
        assert {answer.at for answer in answers} == {after(0)}
        assert (await house.accepted(second)).seq == 6
        assert [type(event).__name__ for event in await events_of(journal)].count("BidPlaced") == 2


@pytest.mark.parametrize("in_the_log", [True, False])
@in_virtual_time
async def test_a_retry_is_told_that_it_is_one_also_in_the_batch_that_was_lost(in_the_log: bool) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_calls, journal.lose_replies = (0, 1) if in_the_log else (1, 0)
        house.bid(100, "ann", ref="1")
        house.submit(house_order := _bid("ann", "1", 100), "again")
        await a_moment()
        house.submit(house_order, "much later")
        await a_moment()
        assert (house.answer("1"), house.answer("again"), house.answer("much later")) == (
            "accepted",
            "repeat",
            "repeat",
        )
        first, retry = await house.accepted("1"), await house.accepted("much later")
        assert (first.seq, first.at, first.paddle, first.price) == (retry.seq, retry.at, retry.paddle, retry.price)


@in_virtual_time
async def test_replies_lost_again_and_again_change_no_answer() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_replies, journal.lose_claims = 3, 2
        raised, bid = house.max_bid(300, "ann"), house.bid(150, "bob")
        private = house.max_bid(400, "ann")
        await asyncio.sleep(0.9)
        assert [house.answer(name) for name in (raised, bid, private)] == ["accepted"] * 3
        assert (await house.accepted(private)).at == after(0)
        assert (house.lot().ceiling, house.lot().price) == (400, 160)
        assert not house.running.done()


@in_virtual_time
async def test_an_operators_order_in_a_lost_batch_is_carried_out_once() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_replies = 1
        house.submit(Notice(lot="A", by="clerk", ref="n1", text="the frame is damaged"))
        await a_moment()
        assert house.answer("n1") == "accepted"
        assert house.witness.said().count("notice_posted") == 1


@in_virtual_time
async def test_a_hammer_whose_reply_was_lost_falls_once() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10)) as house:
        await house.accepted(house.bid(100))
        await asyncio.sleep(9)
        journal.lose_calls = 1
        await asyncio.sleep(2)
        assert house.witness.said()[-2:] == ["bid_placed", "lot_sold"]
        assert house.witness.events["A"][-1].public["at"] == after(10)


@in_virtual_time
async def test_heads_after_a_lost_reply_are_those_of_the_log() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_replies = 1
        await house.accepted(house.bid(100))
        await house.accepted(house.bid(110, "bob"))
        await events_of(journal)  # both chains are sound
        entries = entries_of(await journal.read("A", "A"))
        assert house.house.lots["A"].head == entries[-1].head
        assert [said.head for said in house.witness.events["A"]] == [entry.head for entry in entries if entry.public]


# One group's trouble --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.VERSION, Verdict.FAILED])
@in_virtual_time
async def test_a_group_that_is_not_written_leaves_the_others_alone_and_heals(verdict: Verdict) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        journal.verdicts["A"] = verdict
        ill, well = house.bid(100, lot="A"), house.bid(100, lot="B")
        await asyncio.sleep(0.5)
        assert (house.answer(ill), house.answer(well)) == (None, "accepted")
        assert house.house.troubles() == []
        del journal.verdicts["A"]
        await asyncio.sleep(0.2)
        assert house.answer(ill) == "accepted"
        assert (await house.accepted(ill)).at == after(0)


@in_virtual_time
async def test_a_group_that_cannot_be_taken_over_refuses_after_five_seconds_and_heals() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        journal.verdicts["A"] = Verdict.VERSION
        journal.unclaimable.add("A")
        stuck = house.bid(100, lot="A")
        await asyncio.sleep(4.9)
        assert house.answer(stuck) is None
        await asyncio.sleep(0.6)
        assert house.answer(stuck) == Code.UNAVAILABLE
        at_once = house.bid(100, lot="A")
        assert house.answer(at_once) == Code.UNAVAILABLE
        assert house.witness.statuses == []
        journal.verdicts.clear()
        journal.unclaimable.clear()
        await asyncio.sleep(0.2)
        await house.accepted(house.bid(100, lot="A"))


@in_virtual_time
async def test_attempts_to_heal_are_spaced_however_busy_the_others_are() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        journal.unclaimable.add("A")
        journal.verdicts["A"] = Verdict.VERSION
        house.bid(100, lot="A")
        await a_moment()
        journal.claimed.clear()
        for step in range(100):
            house.bid(100 + 10 * step, f"b{step % 2}", "B")
            await asyncio.sleep(0.010)
        assert house.lot("B").bids == 100
        assert 9 <= len(journal.claimed) <= 11


@in_virtual_time
async def test_a_broken_invariant_stops_its_group_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A"), offered("B")) as house:
        _break_bids_of("evil", monkeypatch)
        names = [house.bid(100, "ann", "A"), house.bid(100, "evil", "A"), house.bid(120, "bob", "A")]
        well = house.bid(100, "bob", "B")
        await a_moment()
        assert [house.answer(name) for name in names] == [Code.UNAVAILABLE] * 3
        assert house.answer(well) == "accepted"
        assert house.answer(house.bid(200, "ann", "A")) == Code.UNAVAILABLE
        assert len(house.house.troubles()) == 1
        await asyncio.sleep(3700)
        assert (house.lot("A").phase, house.lot("B").phase) == (Phase.OPEN, Phase.SOLD)


@in_virtual_time
async def test_a_stopped_group_is_not_extended_after_an_outage_either(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", closes=10)) as house:
        _break_bids_of("evil", monkeypatch)
        house.bid(100, "evil", "A")
        await asyncio.sleep(9)
        journal.away = True
        await asyncio.sleep(3)
        journal.away = False
        await asyncio.sleep(3)
        assert house.witness.said() == ["lot_listed", "lot_opened"]


# Limits ---------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_full_inbox_refuses_bids_but_never_a_ring() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10), limits=EngineLimits(inbox_len_max=3)) as house:
        await asyncio.sleep(9.9)
        journal.arriving.clear()
        house.bid(100)
        await a_moment()
        names = [house.bid(110 + 10 * step, f"b{step}") for step in range(4)]
        await a_moment()
        assert [house.answer(name) for name in names] == [None, None, None, Code.OVERLOADED]
        await asyncio.sleep(0.2)
        journal.arriving.set()
        await a_moment()
        assert house.lot().phase is Phase.SOLD
        assert house.lot().hammer_price == 130


@in_virtual_time
async def test_refusals_by_rule_are_kept_and_those_by_limit_are_not() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(), limits=EngineLimits(inbox_len_max=2)) as house:
        await house.accepted(house.bid(200))
        low = house.bid(150, "bob")
        await a_moment()
        assert house.answer(low) == Code.BELOW_ASK
        journal.arriving.clear()
        for amount in (300, 310, 320, 330):
            house.bid(amount, "bob")
            await a_moment()
        journal.arriving.set()
        await a_moment()
        kept = [msgpack.unpackb(record)["code"] for record in await journal.refusals("A", "A")]
        assert kept == [Code.BELOW_ASK, Code.ALREADY_LEADING, Code.ALREADY_LEADING]
        assert house.house.figures.refused == {Code.BELOW_ASK: 1, Code.ALREADY_LEADING: 2, Code.OVERLOADED: 1}
        assert house.house.figures.refused[Code.BELOW_ASK] == 1


@in_virtual_time
async def test_refusals_are_on_record_though_no_bid_follows_and_a_reply_is_lost() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.lose_calls = 1
        low = house.bid(50, "bob")
        await asyncio.sleep(1)
        assert house.answer(low) == Code.BELOW_START
        assert len(await journal.refusals("A", "A")) == 1


@in_virtual_time
async def test_an_unknown_lot_is_refused_at_once() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        assert house.answer(house.bid(100, lot="Z")) == Code.UNKNOWN_LOT


# The hammer -----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_stamp_alone_says_whether_a_bid_is_in_time() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10)) as house:
        await asyncio.sleep(9.9)
        journal.arriving.clear()
        in_time = house.bid(100)
        await asyncio.sleep(0.05)
        also_in_time = house.bid(110, "bob")
        await asyncio.sleep(0.05)
        too_late = house.bid(120, "cid")
        journal.arriving.set()
        await a_moment()
        assert [house.answer(name) for name in (in_time, also_in_time, too_late)] == [
            "accepted",
            "accepted",
            Code.TOO_LATE,
        ]
        assert (house.lot().phase, house.lot().hammer_price) == (Phase.SOLD, 110)


@in_virtual_time
async def test_a_bid_in_the_window_makes_the_ring_that_waits_stale() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10, soft_close=soft(5, 5))) as house:
        await asyncio.sleep(9.5)
        journal.arriving.clear()
        house.bid(100)
        await asyncio.sleep(0.6)
        journal.arriving.set()
        await a_moment()
        assert house.lot().phase is Phase.OPEN
        await asyncio.sleep(4.3)
        assert house.lot().phase is Phase.OPEN
        await asyncio.sleep(0.2)
        assert house.witness.events["A"][-1].public["at"] == after(14.5)


@in_virtual_time
async def test_an_early_ring_decides_to_nothing() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10)) as house:
        house.house.submit(Ring("A"), lambda _: None)
        await a_moment()
        assert house.lot().phase is Phase.OPEN


@in_virtual_time
async def test_a_thousand_lots_that_end_at_one_instant_close_then_in_few_calls() -> None:
    journal, clock = troubled()
    lots = [f"L{number}" for number in range(1000)]
    async with opened(journal, clock, *(offered(lot, closes=10) for lot in lots)) as house:
        house.bid(100, lot="L7")
        await asyncio.sleep(9.999)
        journal.appended.clear()
        await asyncio.sleep(0.002)
        assert {house.lot(lot).phase for lot in lots} == {Phase.SOLD, Phase.PASSED}
        assert {house.witness.events[lot][-1].public["at"] for lot in lots} == {after(10)}
        assert len(journal.appended) <= 4


@in_virtual_time
async def test_a_bid_extends_both_of_two_linked_lots_that_end_at_once() -> None:
    journal, clock = troubled()
    linked: dict[str, Any] = {"group": "G", "soft_close": soft(5, 5, scope="group")}
    async with opened(journal, clock, *(offered(lot, closes=10, **linked) for lot in "AB")) as house:
        await asyncio.sleep(9.9)
        journal.arriving.clear()
        house.bid(100, lot="A")
        await asyncio.sleep(0.2)
        journal.arriving.set()
        await a_moment()
        assert (house.lot("A").closes_at, house.lot("B").closes_at) == (after(14.9), after(14.9))
        assert house.witness.events["B"][-1].public["cause"] == "group"
        await asyncio.sleep(5)
        assert (house.lot("A").phase, house.lot("B").phase) == (Phase.SOLD, Phase.PASSED)


@in_virtual_time
async def test_the_lateness_of_the_loop_is_stored_with_a_bid() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        house.house._watch.lag_us = 1_234
        await house.accepted(house.bid(100))
        entry = (await journal.read("A", "A"))[-1]
        assert b"lag_us\xcd\x04\xd2" in getattr(entry, "private", b"")


# Looking --------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_history_passes_over_what_is_private_and_every_take_over() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        for step in range(6):
            journal.lose_replies = journal.lose_claims = step % 3
            house.max_bid(500 + 10 * step, "ann")
            house.bid(150 + 20 * step, "bob")
            await asyncio.sleep(0.5)
        said = [(one.seq, one.packed, one.head) for one in house.witness.events["A"]]
        for after_seq in range(len(said) + 1):
            for limit in (1, 2, 3, 1000):
                found = await house.house.events("A", after_seq, limit)
                assert [(one.seq, one.packed, one.head) for one in found] == said[after_seq : after_seq + limit]
        assert await house.house.events("A", 10_000, 3) == []


@in_virtual_time
async def test_the_history_of_an_unknown_lot_is_a_key_error() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        with pytest.raises(KeyError):
            await house.house.events("Z", 0, 10)


@in_virtual_time
async def test_figures_count_what_was_decided() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=10)) as house:
        journal.delay_s = 0.002
        house.bid(100)
        house.bid(90, "bob")
        await asyncio.sleep(11)
        figures = house.house.figures
        assert figures.refused == {Code.BELOW_ASK: 1}
        assert figures.append_us.quantiles([0.5]) == [2_000]
        assert figures.closing_lag_us.count == 1
        assert figures.closing_lag_us.quantiles([1.0])[0] < SECOND_US / 100
        assert (house.house.waiting(), house.house.waiting_for("A")) == (0, 0)


def _bid(bidder: str, ref: str, amount: int) -> Bid:
    return Bid("A", bidder, ref, amount)


def _break_bids_of(bidder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the decision on this bidder's orders break an invariant."""

    def breaking(lots: Mapping[str, Lot], order: Order, at: int) -> Decision:
        if getattr(order, "bidder", None) == bidder:
            raise AssertionError("as the test wants")
        return decide(lots, order, at)

    monkeypatch.setattr("engine.actor.decide", breaking)
