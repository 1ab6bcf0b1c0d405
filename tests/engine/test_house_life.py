"""A house's life: starting on what the journal holds, being taken over, and stopping."""

import asyncio

import msgpack
import pytest

from engine.actor import Answer
from engine.errors import Fenced, JournalAway, LogDamaged, StoreRefused
from engine.house import House
from engine.journal import Entry, Marker
from engine.memory_journal import MemoryJournal, Shelf
from lots.listing import Sale
from lots.orders import Admit, Bar, Bid, Extend, Notice, Open, Pause, Resume, Withdraw
from lots.phases import Phase
from lots.refusals import Code
from tests.engine.opened_house import OpenedHouse, offered, open_house, opened
from tests.engine.troubled_journal import entries_of, troubled
from tests.engine.virtual_time import a_moment, in_virtual_time
from tests.lots.saleroom import soft


async def a_busy_sale(house: OpenedHouse) -> None:
    """Have everything happen that can be in a log."""
    linked = {"group": "G", "soft_close": soft(5, 5, scope="group")}
    await house.house.registers.list_sale(Sale(sale="S", title="Estate"))
    await house.list(offered("A", closes=20, reserve=500), offered("B", opens=5, closes=20, deposit=10))
    await house.list(*(offered(lot, closes=20, **linked) for lot in "CD"), offered("E", opens=300, closes=400))  # type: ignore[arg-type]
    house.max_bid(300, "ann", "A")
    house.bid(150, "bob", "A")
    house.max_bid(600, "ann", "A")
    house.submit(Admit(lot="B", by="clerk", ref="1", bidder="cid", chance=5))
    house.submit(Open(lot="B", by="clerk", ref="2"))
    house.submit(Bar(lot="B", by="clerk", ref="3", bidder="bob"))
    house.bid(100, "cid", "B")
    house.submit(Notice(lot="B", by="clerk", ref="4", text="a crack"))
    house.submit(Pause(lot="B", by="clerk", ref="5", reason="a question"))
    await a_moment()
    house.submit(Resume(lot="B", by="clerk", ref="6"))
    house.submit(Extend(lot="B", by="clerk", ref="7", closes_at=house.house.clock.now() + 500_000_000))
    await asyncio.sleep(17)
    house.bid(100, "ann", "C")
    await asyncio.sleep(4)
    house.submit(Withdraw(lot="E", by="clerk", ref="8", reason="not ours"))
    await a_moment()


def same(house: OpenedHouse, other: OpenedHouse) -> None:
    """Two houses must know the same of everything."""
    assert other.house.sales == house.house.sales
    assert {sale: other.house.lots_of(sale) for sale in other.house.sales} == {
        sale: house.house.lots_of(sale) for sale in house.house.sales
    }
    assert set(other.house.lots) == set(house.house.lots)
    for lot, standing in house.house.lots.items():
        assert other.house.lots[lot].head == standing.head
        assert other.lot(lot) == standing.state, lot


@in_virtual_time
async def test_recovery_gives_the_live_state_and_heads() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock) as house:
        await a_busy_sale(house)
        assert {house.lot(lot).phase for lot in "ABCDE"} == {Phase.OPEN, Phase.SOLD, Phase.WITHDRAWN}
    restarted = await open_house(troubled(shelf)[0], clock)
    same(house, restarted)
    for lot in "ABCDE":
        said = [one.packed for one in house.witness.events[lot]]
        assert [one.packed for one in restarted.witness.events[lot]] == said
        assert restarted.witness.touched[lot] == set(restarted.lot(lot).paddles)
    assert restarted.house.figures.recovered_entries == sum(
        len(entries_of(log)) for (_, lot), log in shelf.logs.items() if lot in "ABCDE"
    )
    await restarted.end()


@in_virtual_time
async def test_after_a_restart_a_retry_gets_its_first_answer() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered()) as house:
        first = await house.accepted(house.bid(100, ref="1"))
        await house.accepted(house.bid(110, "bob"))
    restarted = await open_house(troubled(shelf)[0], clock)
    again = await restarted.accepted(restarted.bid(100, ref="1"))
    assert (again.seq, again.at, again.paddle, again.price) == (first.seq, first.at, first.paddle, first.price)
    assert again.repeat
    assert await restarted.refused(restarted.submit(Bid("A", "ann", "1", 120), "another body")) == Code.REF_REUSED
    await restarted.end()


@in_virtual_time
async def test_closed_lots_are_not_taken_over_until_something_must_be_written() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered("A", closes=5), offered("B")) as house:
        await house.accepted(house.bid(100))
        await asyncio.sleep(6)
    restarted = await open_house(troubled(shelf)[0], clock)
    assert [type(log[-1]) for log in shelf.logs.values()] == [Entry, Marker]
    assert await restarted.refused(restarted.bid(110, "bob")) == Code.TOO_LATE
    assert isinstance(shelf.logs["A", "A"][-1], Entry)
    answer = await restarted.accepted(restarted.submit(Notice(lot="A", by="clerk", ref="n", text="collect by Friday")))
    assert not answer.repeat
    assert [type(record) for record in shelf.logs["A", "A"][-2:]] == [Marker, Entry]
    assert restarted.lot().notice == "collect by Friday"
    await restarted.end()


@in_virtual_time
async def test_a_start_hands_on_the_latest_events_only() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered()) as house:
        for step in range(10):
            await house.accepted(house.bid(100 + 10 * step, f"b{step % 2}"))
    restarted = await open_house(troubled(shelf)[0], clock, events_kept=3)
    assert [one.seq for one in restarted.witness.events["A"]] == [12, 13, 14]
    await restarted.end()


# A start that fails ---------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_house_does_not_start_on_a_damaged_log_or_a_store_it_cannot_trust() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered()) as house:
        await house.accepted(house.bid(100))
    journal.away = True
    with pytest.raises(JournalAway):
        await open_house(journal, clock)
    journal.away, journal.refused = False, "the store forgets"
    with pytest.raises(StoreRefused):
        await open_house(journal, clock)
    log = shelf.logs["A", "A"]
    kept = log[2]
    log[2] = Entry(1, 2, b"\x80", b"", bytes(16), bytes(32))
    with pytest.raises(LogDamaged, match="lot A"):
        await open_house(MemoryJournal(clock, shelf), clock)
    log[2] = kept
    shelf.catalogue.append(msgpack.packb({"lot": "Z", "group": "Z"}))
    with pytest.raises(LogDamaged, match="Z"):
        await open_house(MemoryJournal(clock, shelf), clock)


# Another owner --------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_who_was_taken_over_acknowledges_nothing_more_and_steps_down() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered("A"), offered("B")) as old:
        await old.accepted(old.bid(100))
        new = await open_house(troubled(shelf)[0], clock)
        late, other = old.bid(110, "bob"), old.bid(100, lot="B")
        await a_moment()
        with pytest.raises(Fenced):
            old.running.result()
        assert (old.answer(late), old.answer(other)) == (None, None)
        assert old.house.troubles() != []
        assert old.answer(old.bid(120, "cid")) == Code.UNAVAILABLE
        before = len(journal.appended)
        await old.house.stop()
        assert (old.answer(late), old.answer(other)) == (Code.UNAVAILABLE, Code.UNAVAILABLE)
        assert len(journal.appended) == before
        await new.accepted(new.bid(110, "bob"))
        await asyncio.sleep(10)
        assert not new.running.done()
        await new.end()


@in_virtual_time
async def test_who_was_away_does_not_take_back_what_another_has_taken_over() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered()) as old:
        journal.away = True
        lost = old.bid(100)
        await asyncio.sleep(2)
        new = await open_house(troubled(shelf)[0], clock)
        journal.away = False
        await asyncio.sleep(1)
        with pytest.raises(Fenced):
            old.running.result()
        assert old.answer(lost) is None
        await new.accepted(new.bid(100, "bob"))
        assert not new.running.done()
        await new.end()


@in_virtual_time
async def test_listing_into_a_group_that_was_taken_over_steps_down_too() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered("A", group="G")) as old:
        new = await open_house(troubled(shelf)[0], clock)
        answer: Answer = await old.house.listings.list_lot(offered("B", group="G"))
        await a_moment()
        assert getattr(answer, "code", None) == Code.UNAVAILABLE
        with pytest.raises(Fenced):
            old.running.result()
        await new.accepted(new.bid(100))
        await new.end()


@in_virtual_time
async def test_take_overs_of_our_own_whose_replies_were_lost_are_no_other_owner() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        for _ in range(5):
            journal.lose_replies, journal.lose_claims = 2, 3
            await house.accepted(house.bid(house.lot().ask or 100, f"b{house.lot().bids % 2}"))
        assert not house.running.done()
        assert house.lot().bids == 5


@in_virtual_time
async def test_an_error_that_nobody_expects_ends_the_house_with_it() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        house.house.publish = lambda _commit: 1 / 0  # type: ignore[assignment]
        house.bid(100)
        await a_moment()
        with pytest.raises(ZeroDivisionError):
            house.running.result()
        assert house.house.troubles() != []


# Stopping -------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_stop_stores_and_answers_what_waits_and_takes_nothing_more() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, offered(closes=5)) as house:
        journal.delay_s = 0.3
        under_way = house.bid(100)
        await asyncio.sleep(0.1)
        waiting, low = house.bid(110, "bob"), house.bid(90, "cid")
        stopping = asyncio.create_task(house.house.stop())
        await a_moment()
        assert house.answer(house.bid(120, "dan")) == Code.UNAVAILABLE
        await stopping
        assert [house.answer(name) for name in (under_way, waiting, low)] == ["accepted", "accepted", Code.BELOW_ASK]
        assert len(await journal.refusals("A", "A")) == 1
        assert house.witness.statuses == []
        await asyncio.sleep(10)
        assert house.lot().phase is Phase.OPEN
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.lot().bids == 2
    await restarted.end()


@in_virtual_time
async def test_a_stop_without_the_store_refuses_what_is_certain_not_to_be_stored() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered()) as house:
        journal.away = True
        sent = house.bid(100)
        await a_moment()
        waiting = house.bid(110, "bob")
        await house.house.stop()
        assert (house.answer(sent), house.answer(waiting)) == (None, Code.UNAVAILABLE)


@in_virtual_time
async def test_a_stop_while_the_clock_is_wrong_decides_nothing() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(closes=30)) as house:
        await asyncio.sleep(1)
        journal.arriving.clear()
        house.bid(100)
        await asyncio.sleep(0.1)
        waiting = house.bid(110, "bob")
        clock.error_us = 20_000_000
        await asyncio.sleep(0.9)
        journal.arriving.set()
        await house.house.stop()
        assert house.answer(waiting) == Code.UNAVAILABLE


@in_virtual_time
async def test_a_house_that_was_never_started_can_be_stopped() -> None:
    journal, clock = troubled()
    await House(journal, clock).stop()
