"""Importing a sale: all of it or nothing, whatever dies at whatever step, and all objections at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgpack
import msgspec
import pytest

from clock.instants import SECOND_US, SystemClock
from engine.actor import Answer
from engine.catalogue import read_catalogue
from engine.errors import JournalAway, LogDamaged
from engine.house import House
from engine.imports import Import, listed_record, pack_lots, part_record, void_record
from engine.journal import Batch, Claim, Journal, Page, Record, RefusalNote, Result, Taken, Top
from engine.limits import EngineLimits
from engine.listing_desk import Obstacle
from engine.memory_journal import MemoryJournal, Shelf
from lots.listing import Listing, Sale, Stagger
from lots.phases import Phase
from lots.refusals import Code, Refused
from tests.engine.opened_house import OpenedHouse, after, events_of, offered, open_house, opened
from tests.engine.stores import RedisStore
from tests.engine.troubled_journal import TroubledJournal, troubled
from tests.engine.virtual_time import BEGIN, LoopClock, a_moment, in_virtual_time
from tests.lots.saleroom import listing, soft

SALE = Sale(sale="S", title="Estate of a watchmaker", stagger=Stagger(every_s=60))
LINKED: dict[str, Any] = {"group": "G", "soft_close": soft(30, 30, scope="group")}
SMALL_PARTS = EngineLimits(import_part_bytes=400)
"""So that a handful of lots is more than one part."""


def lots_of_the_sale() -> list[Listing]:
    """Four lots: two alone, one that joins a group of the house, one in a group of its own."""
    return [
        offered("A", closes=100),
        offered("B", opens=50, closes=160, reserve=500),
        offered("C", closes=220, **LINKED),
        offered("D", closes=280, group="H"),
    ]


def outcome(answer: Answer | list[Obstacle]) -> str:
    """`imported`, `again`, or the code of a refusal."""
    if isinstance(answer, list):
        return f"{len(answer)} objections"
    if isinstance(answer, Refused):
        return answer.code
    return "again" if answer.repeat else "imported"


def objections(answer: Answer | list[Obstacle]) -> list[tuple[str | None, str]]:
    """The lots that were objected to, with the codes."""
    assert isinstance(answer, list), answer
    return [(lot, refused.code) for lot, refused in answer]


async def imported(house: OpenedHouse, lots: Sequence[Listing], sale: Sale = SALE) -> None:
    """Import a sale; it must be accepted."""
    assert outcome(await house.house.listings.import_sale(sale, lots)) == "imported"


async def listed_once(journal: Journal, lots: Sequence[Listing], at: int | None = None) -> None:
    """See that each lot is in its log as it was imported, once, and as of when."""
    for lot in lots:
        first, *rest = await events_of(journal, lot.lot, lot.group)
        assert (type(first).__name__, getattr(first, "listing", None)) == ("LotListed", lot)
        assert "LotListed" not in [type(event).__name__ for event in rest]
        assert at is None or first.at == at


# All of it ------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_sale_is_imported_with_its_lots_and_the_same_again_is_harmless() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    lots = lots_of_the_sale()
    async with opened(journal, clock, offered("X", **LINKED), limits=SMALL_PARTS) as house:
        await imported(house, lots)
        assert house.house.sales["S"] == SALE
        assert house.house.lots_of("S") == ["X", "A", "B", "C", "D"]
        assert [house.lot(lot).phase for lot in "ABCD"] == [Phase.OPEN, Phase.UPCOMING, Phase.OPEN, Phase.OPEN]
        assert (house.house.lots_of_group("G"), house.house.lots_of_group("H")) == (["X", "C"], ["D"])
        await listed_once(journal, lots, at=clock.now())
        for lot in "ACD":
            await house.accepted(house.bid(100, lot=lot))
        before = list(shelf.catalogue)
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == "again"
        assert shelf.catalogue == before
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.house.sales["S"] == SALE
    assert [restarted.lot(lot).price for lot in "ABCD"] == [100, None, 100, 100]
    assert outcome(await restarted.house.listings.import_sale(SALE, lots)) == "again"
    await restarted.end()


@in_virtual_time
async def test_what_is_listed_already_as_it_is_comes_along() -> None:
    journal, clock = troubled()
    a, b, *more = lots_of_the_sale()
    async with opened(journal, clock, a) as house:
        await imported(house, [a, b])
        await imported(house, [a, b, *more])
        assert house.witness.said("A") == ["lot_listed", "lot_opened"]
        assert house.house.lots_of("S") == list("ABCD")


@in_virtual_time
async def test_a_sale_without_lots_is_a_sale() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock) as house:
        await imported(house, [])
        assert outcome(await house.house.listings.import_sale(SALE, [])) == "again"
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.house.sales == {"S": SALE}
    await restarted.end()


@in_virtual_time
async def test_a_large_sale_is_imported_portion_by_portion_while_bids_go_on() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    lots = [offered(f"L{n}", group=f"G{n % 7}" if n % 3 else None) for n in range(1_100)]
    async with opened(journal, clock, offered("X")) as house:
        journal.delay_s = 0.001
        importing = asyncio.create_task(house.house.listings.import_sale(SALE, lots))
        bids: list[str] = []
        while not importing.done():
            bids.append(house.bid(100 + 10 * len(bids), f"b{len(bids) % 2}", "X"))
            await asyncio.sleep(0.005)
        assert outcome(importing.result()) == "imported"
        assert [await house.accepted(bid) for bid in bids]
        assert house.house.lots_of("S")[1:] == [lot.lot for lot in lots]
        parts = [record for record in map(msgpack.unpackb, shelf.catalogue) if "part" in record]
        assert [record["last"] for record in parts] == [False] * (len(parts) - 1) + [True]
        assert len(parts) > 1
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.house.lots_of("S") == ["X", *(lot.lot for lot in lots)]
    await restarted.end()


@in_virtual_time
async def test_a_lot_that_was_in_its_log_but_not_in_the_catalogue_is_put_right_by_an_import() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    lots = lots_of_the_sale()
    async with opened(journal, clock) as house:
        journal.lose_records = 1
        assert outcome(await house.house.listings.list_lot(lots[0])) == Code.UNAVAILABLE
        await imported(house, lots)
        await house.accepted(house.bid(100))
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.lot("A").price == 100
    await restarted.end()


# Or nothing -----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_all_objections_are_told_at_once_and_nothing_is_written() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    known = [offered("A"), offered("X", group="G")]
    async with opened(journal, clock, *known) as house:
        await house.house.registers.list_sale(SALE)
        before = (list(shelf.catalogue), set(shelf.logs), dict(shelf.epochs))
        lots = [
            offered("A"),
            msgspec.structs.replace(offered("A"), title="something else"),
            offered("B"),
            offered("C", opens=-20, closes=-10),
            offered("X", group="H"),
            offered("D", group="A"),
            offered("G"),
            offered("E", group="B"),
            offered("F", group="K"),
            offered("K"),
        ]
        answer = await house.house.listings.import_sale(Sale(sale="S", title="another"), lots)
        assert objections(answer) == [
            (None, Code.CONFLICT),
            ("A", Code.CONFLICT),
            ("C", Code.MALFORMED),
            ("X", Code.CONFLICT),
            ("D", Code.MALFORMED),
            ("G", Code.CONFLICT),
            ("E", Code.MALFORMED),
            ("F", Code.MALFORMED),
        ]
        assert (list(shelf.catalogue), set(shelf.logs), dict(shelf.epochs)) == before
        assert list(house.house.lots) == ["A", "X"]
        assert house.house.sales["S"] == SALE
        await house.list(offered("B"), offered("C"))


@in_virtual_time
async def test_a_lot_listed_as_something_else_is_an_objection() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A")) as house:
        other = msgspec.structs.replace(offered("A"), title="something else")
        assert objections(await house.house.listings.import_sale(SALE, [offered("B"), other])) == [("A", Code.CONFLICT)]
        assert list(house.house.lots) == ["A"]


@in_virtual_time
async def test_nothing_is_imported_into_a_house_that_is_out_of_service() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        await house.house.stop()
        assert objections(await house.house.listings.import_sale(SALE, lots_of_the_sale())) == [
            (None, Code.UNAVAILABLE)
        ]


# A journal that dies --------------------------------------------------------------------------------------------------


class DyingJournal:
    """Passes a number of calls on, and dies with the next one, before it arrives or before its reply does.

    Attributes:
        calls_left: How many calls it lives.
        is_dead: Whether it has died.
    """

    def __init__(self, inner: Journal, calls_left: int, *, delivers_the_last: bool) -> None:
        self._inner = inner
        self._delivers_the_last = delivers_the_last
        self.calls_left = calls_left
        self.is_dead = False

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        if self._passes():
            taken = await self._inner.take_over(claims)
            self._reply()
            return taken
        raise JournalAway("the store is dead")

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        if self._passes():
            results = await self._inner.append(batches, refusals)
            self._reply()
            return results
        raise JournalAway("the store is dead")

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        if not self._passes():
            raise JournalAway("the store is dead")
        await self._inner.enter_in_catalogue(records)
        self._reply()

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        self._be_alive()
        return await self._inner.read(lot, group, after_n, limit, after=after)

    async def read_many(self, claims: Sequence[Claim]) -> AsyncIterator[Page]:
        self._be_alive()
        async for page in self._inner.read_many(claims):
            yield page

    async def catalogue(self) -> list[bytes]:
        self._be_alive()
        return await self._inner.catalogue()

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        self._be_alive()
        return await self._inner.refusals(lot, group)

    async def now(self) -> int:
        self._be_alive()
        return await self._inner.now()

    async def check(self) -> list[str]:
        self._be_alive()
        return await self._inner.check()

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _be_alive(self) -> None:
        if self.is_dead:
            raise JournalAway("the store is dead")

    def _passes(self) -> bool:
        """Whether a call that changes something arrives."""
        self._be_alive()
        self.calls_left -= 1
        self.is_dead = self.calls_left < 0
        return not self.is_dead or self._delivers_the_last

    def _reply(self) -> None:
        self._be_alive()


async def import_and_die(shelf: Shelf, calls: int, *, delivers_the_last: bool) -> tuple[str, bool]:
    """Import into a house whose journal dies after so many calls; what the client heard, and whether it died."""
    clock = LoopClock()
    async with opened(MemoryJournal(clock, shelf), clock, offered("X", **LINKED)):
        pass
    dying = DyingJournal(MemoryJournal(clock, shelf), 100, delivers_the_last=delivers_the_last)
    house = await open_house(dying, clock, SMALL_PARTS)
    await a_moment()
    dying.calls_left = calls
    importing = asyncio.create_task(house.house.listings.import_sale(SALE, lots_of_the_sale()))
    await asyncio.wait([importing], timeout=60)
    heard = outcome(importing.result()) if importing.done() else "nothing"
    importing.cancel()
    await house.end()
    return heard, dying.is_dead


async def all_or_nothing(shelf: Shelf) -> str:
    """Start again on what is there, and say which of the two it is; then import (again)."""
    clock = LoopClock()
    journal = MemoryJournal(clock, shelf)
    house = await open_house(journal, clock)
    there = [lot for lot in "ABCD" if lot in house.house.lots]
    assert there in ([], list("ABCD"))
    assert ("A" in house.house.lots) == (house.house.sales["S"] == SALE)
    if there:
        await listed_once(journal, lots_of_the_sale(), at=BEGIN + 1_000)
        await house.accepted(house.bid(100, lot="C"))
    answer = await house.house.listings.import_sale(SALE, lots_of_the_sale())
    assert outcome(answer) == ("again" if there else "imported")
    await listed_once(journal, lots_of_the_sale())
    assert house.house.troubles() == []
    await house.end()
    await nothing_is_left_to_do(shelf)
    return "all" if there else "nothing"


async def nothing_is_left_to_do(shelf: Shelf) -> None:
    """One start more finds every lot in its log, and has nothing to write into the catalogue."""
    clock, before = LoopClock(), list(shelf.catalogue)
    house = await open_house(MemoryJournal(clock, shelf), clock)
    await a_moment()
    assert set(house.house.lots) == set("XABCD")
    assert shelf.catalogue == before
    await house.end()


@pytest.mark.parametrize("delivers_the_last", [False, True])
def test_whatever_call_the_journal_dies_with_all_lots_are_there_afterwards_or_none(*, delivers_the_last: bool) -> None:
    found: list[tuple[str, str]] = []
    died = True
    while died:

        @in_virtual_time
        async def run() -> None:
            nonlocal died
            shelf = Shelf()
            heard, died = await import_and_die(shelf, len(found), delivers_the_last=delivers_the_last)
            found.append((heard, await all_or_nothing(shelf)))

        run()
    outcomes = [there for _, there in found]
    # Once it has happened it stays: first nothing, then all, and the client never hears of more than there is.
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {"nothing", "all"}
    assert ("imported", "nothing") not in found
    assert found[-1] == ("imported", "all")
    assert {heard for heard, _ in found[:-1]} <= {Code.UNAVAILABLE, "nothing", "imported"}
    assert len(found) >= 8  # four parts, a take-over, an append, the note that it is done


@in_virtual_time
async def test_whatever_call_a_recovery_dies_with_the_next_one_ends_it() -> None:
    for calls in range(20):
        for delivers_the_last in (False, True):
            shelf = Shelf()
            await import_and_die(shelf, 4, delivers_the_last=False)  # whole, and nothing listed yet
            clock = LoopClock()
            dying = DyingJournal(MemoryJournal(clock, shelf), calls, delivers_the_last=delivers_the_last)
            try:
                house = await open_house(dying, clock)
                await asyncio.sleep(20)
                await house.end()
            except JournalAway:
                pass
            assert await whole_at_last(shelf) == list("ABCD")
            if not dying.is_dead:
                return
    raise AssertionError("a recovery never ends")


async def whole_at_last(shelf: Shelf) -> list[str]:
    clock = LoopClock()
    house = await open_house(MemoryJournal(clock, shelf), clock)
    there = house.house.lots_of("S")[1:]
    await house.end()
    return sorted(there)


@pytest.mark.parametrize("delivers_the_last", [False, True])
@pytest.mark.parametrize("calls", range(9))
def test_a_store_that_comes_back_finds_the_house_ready_to_finish(calls: int, *, delivers_the_last: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        clock = LoopClock()
        shelf = Shelf()
        dying = DyingJournal(MemoryJournal(clock, shelf), 100, delivers_the_last=delivers_the_last)
        async with opened(dying, clock, offered("X", **LINKED), limits=SMALL_PARTS) as house:
            await a_moment()
            dying.calls_left = calls
            importing = asyncio.create_task(house.house.listings.import_sale(SALE, lots_of_the_sale()))
            await asyncio.sleep(20)
            heard = outcome(importing.result()) if importing.done() else "nothing"
            dying.is_dead, dying.calls_left = False, 10**6
            await asyncio.sleep(10)
            there = [lot for lot in "ABCD" if lot in house.house.lots]
            assert there in ([], list("ABCD"))
            assert importing.done()
            assert (heard, there) != ("imported", [])
            answer = outcome(await house.house.listings.import_sale(SALE, lots_of_the_sale()))
            assert answer == ("again" if there else "imported")
            await listed_once(dying, lots_of_the_sale())
            for lot in "ACD":
                await house.accepted(house.bid(100, lot=lot))
        await nothing_is_left_to_do(shelf)

    run()


# A fate that is unknown -----------------------------------------------------------------------------------------------


class LateJournal(TroubledJournal):
    """Lets one entry into the catalogue arrive only when told to, though its writer has given it up.

    Attributes:
        entries_left: So many entries arrive at once; the next one is late, the ones after it are not.
    """

    entries_left = 10**6
    _late: Sequence[bytes] = ()

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        """Enter records, or keep them back."""
        self.entries_left -= 1
        if self.entries_left == -1:
            self._late = records
            raise JournalAway("the reply was lost, the call is still under way")
        await super().enter_in_catalogue(records)

    async def arrive(self) -> None:
        """Let the late entry arrive."""
        await self.inner.enter_in_catalogue(self._late)


@in_virtual_time
async def test_a_last_part_that_arrives_after_all_was_settled_has_never_happened() -> None:
    shelf, clock = Shelf(), LoopClock()
    journal = LateJournal(MemoryJournal(clock, shelf))
    lots = lots_of_the_sale()
    async with opened(journal, clock, offered("X", **LINKED), limits=SMALL_PARTS) as house:
        journal.entries_left = 3  # of four parts
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == Code.UNAVAILABLE
        other = msgspec.structs.replace(lots[0], title="something else")
        await house.list(other)  # its name is free again
        await journal.arrive()
        assert objections(await house.house.listings.import_sale(SALE, lots)) == [("A", Code.CONFLICT)]
    restarted = await open_house(troubled(shelf)[0], clock)
    assert sorted(restarted.house.lots) == ["A", "X"]
    assert restarted.lot("A").listing == other
    await restarted.end()


@in_virtual_time
async def test_a_last_part_of_which_only_the_reply_was_lost_keeps_its_names() -> None:
    journal, clock = LateJournal(MemoryJournal(LoopClock())), LoopClock()
    lots = lots_of_the_sale()
    async with opened(journal, clock, offered("X", **LINKED), limits=SMALL_PARTS) as house:
        journal.entries_left = 3
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == Code.UNAVAILABLE
        await journal.arrive()
        other = msgspec.structs.replace(lots[0], title="something else")
        assert outcome(await house.house.listings.list_lot(other)) == Code.UNAVAILABLE
        await asyncio.sleep(1)
        assert outcome(await house.house.listings.list_lot(other)) == Code.CONFLICT
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == "again"
        assert outcome(await house.house.registers.list_sale(Sale(sale="S", title="another"))) == Code.CONFLICT


# Others at the same time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head_start_ms", range(0, 40, 2))
def test_an_import_and_a_listing_of_the_same_name_never_leave_half_an_import(head_start_ms: int) -> None:
    @in_virtual_time
    async def run() -> None:
        shelf = Shelf()
        journal, clock = troubled(shelf)
        async with opened(journal, clock, limits=SMALL_PARTS) as house:
            journal.delay_s = 0.005
            lots = lots_of_the_sale()
            other = msgspec.structs.replace(lots[3], title="something else")
            importing = asyncio.create_task(house.house.listings.import_sale(SALE, lots))
            await asyncio.sleep(head_start_ms / 1_000)
            listed = outcome(await house.house.listings.list_lot(other))
            answer = await importing
            there = sorted(house.house.lots)
            if listed == "imported":  # the word for what was accepted
                assert objections(answer) in ([("D", Code.CONFLICT)], [("D", Code.UNAVAILABLE)])
                assert (there, house.lot("D").listing) == (["D"], other)
            else:
                assert (outcome(answer), there) == ("imported", list("ABCD"))
                assert listed in (Code.UNAVAILABLE, Code.CONFLICT)

    run()


@in_virtual_time
async def test_a_listing_that_is_under_way_is_waited_for() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.delay_s = 0.01
        lots = lots_of_the_sale()
        listing = asyncio.create_task(house.house.listings.list_lot(lots[3]))
        await asyncio.sleep(0.001)
        assert objections(await house.house.listings.import_sale(SALE, lots)) == [("D", Code.UNAVAILABLE)]
        await listing
        await imported(house, lots)


@in_virtual_time
async def test_the_same_import_twice_at_the_same_moment_is_one() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock, limits=SMALL_PARTS) as house:
        journal.delay_s = 0.005
        both = await asyncio.gather(*(house.house.listings.import_sale(SALE, lots_of_the_sale()) for _ in range(2)))
        assert sorted(map(outcome, both)) == ["again", "imported"]
        assert sum("part" in record for record in map(msgpack.unpackb, shelf.catalogue)) == 4


# Late -----------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_lots_whose_end_has_passed_before_they_were_listed_are_extended_as_after_an_outage() -> None:
    shelf = Shelf()
    await import_and_die(shelf, 4, delivers_the_last=False)  # whole at BEGIN + 1 ms, and nothing listed yet
    await asyncio.sleep(240)
    clock = LoopClock()
    house = await open_house(MemoryJournal(clock, shelf), clock)
    began = clock.now()
    assert began > after(220)
    await a_moment()
    # A, B and C were to end at 100, 160 and 220 s; the first of them now ends in a minute, the others as far behind it.
    for lot, distance_s in (("A", 0), ("B", 60), ("C", 120)):
        standing = house.lot(lot)
        assert (standing.phase, standing.listing.terms.closes_at) == (Phase.OPEN, after(100 + distance_s))
        assert standing.closes_at == began + (60 + distance_s) * SECOND_US
        assert [event["cause"] for event in _extensions(house, lot)] == ["outage"]
    assert house.lot("D").closes_at == after(280)
    await house.accepted(house.bid(100, lot="A"))
    await house.end()


@in_virtual_time
async def test_lots_that_wait_for_the_store_past_their_end_are_extended_when_it_is_back() -> None:
    clock = LoopClock()
    dying = DyingJournal(MemoryJournal(clock), 100, delivers_the_last=False)
    lots = [offered("A", closes=5), offered("B", closes=6), offered("C", closes=300)]
    async with opened(dying, clock) as house:
        await a_moment()
        dying.calls_left = 1  # the only part
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == Code.UNAVAILABLE
        await asyncio.sleep(30)
        dying.is_dead, dying.calls_left = False, 10**6
        await asyncio.sleep(2)
        ends = [house.lot(lot).closes_at for lot in "ABC"]
        assert ends[0] is not None
        assert after(90) < ends[0] < after(100)
        assert ends[1:] == [ends[0] + SECOND_US, after(300)]
        await house.accepted(house.bid(100, lot="A"))


def _extensions(house: OpenedHouse, lot: str) -> list[dict[str, str]]:
    return [event.public for event in house.witness.events[lot] if event.public["ev"] == "lot_extended"]


# On a real Redis ------------------------------------------------------------------------------------------------------


async def test_an_import_is_found_again_in_redis_and_a_crash_in_it_heals(redis_store: RedisStore) -> None:
    clock = SystemClock()
    now = clock.now()
    ends = {"opens_at": now - SECOND_US, "closes_at": now + 3_600 * SECOND_US}
    lots = [listing("A", **ends), listing("B", **ends, group="G"), listing("C", **ends, group="G")]
    journal = DyingJournal(redis_store.open(), 10**6, delivers_the_last=False)
    async with asyncio.timeout(20), opened(journal, clock, limits=SMALL_PARTS) as house:
        await imported(house, lots)
        journal.calls_left = 2  # of the next three lots: two parts; the last one is lost
        more = [listing(lot, **ends) for lot in "DEF"]
        sale = Sale(sale="T", title="Another")
        more = [msgspec.structs.replace(lot, sale="T") for lot in more]
        assert outcome(await house.house.listings.import_sale(sale, more)) == Code.UNAVAILABLE
    await journal.aclose()
    restored = redis_store.open()
    async with asyncio.timeout(20), opened(restored, clock) as house:
        assert (house.house.lots_of("S"), house.house.lots_of("T")) == (list("ABC"), [])
        assert outcome(await house.house.listings.import_sale(SALE, lots)) == "again"
        await imported(house, more, sale)
        await house.accepted(house.bid(100, lot="F"))
    await restored.aclose()


# What is stored -------------------------------------------------------------------------------------------------------


def parts_of(*lots: Listing, name: str = "i1", bytes_max: int = 1) -> list[bytes]:
    """The records of an import."""
    being_written = Import(name, at=BEGIN, sale=SALE)
    parts = list(pack_lots(lots, bytes_max))
    records = []
    for part in parts:
        records.append(part_record(being_written, part, last=part is parts[-1]))
        being_written.parts += 1
    return records


def test_the_stored_format_of_the_records() -> None:
    first, last = map(msgpack.unpackb, parts_of(offered("A"), offered("B", group="G")))
    assert {name: first[name] for name in ("import", "part", "last", "at")} == {
        "import": "i1",
        "part": 0,
        "last": False,
        "at": BEGIN,
    }
    assert first["sale"]["stagger"] == {"every_s": 60.0, "batch": 1}
    (lot, group, packed) = last["lots"][0]
    assert (lot, group, last["part"], last["last"], set(last)) == (
        "B",
        "G",
        1,
        True,
        {"import", "part", "lots", "last"},
    )
    assert msgpack.unpackb(packed)["terms"]["raise"] == "at_least"
    assert msgpack.unpackb(void_record("i1")) == {"import": "i1", "void": True}
    assert msgpack.unpackb(listed_record("i1")) == {"import": "i1", "listed": True}


def test_an_import_has_happened_with_its_last_part_and_not_before() -> None:
    parts = parts_of(*lots_of_the_sale())
    assert len(parts) == 4
    for n in range(4):
        catalogue = read_catalogue(parts[:n])
        assert (catalogue.sales, catalogue.lots, catalogue.unlisted()) == ({}, {}, [])
    catalogue = read_catalogue(parts)
    assert catalogue.sales == {"S": SALE}
    assert catalogue.lots == {"A": "A", "B": "B", "C": "G", "D": "H"}
    (unlisted,) = catalogue.unlisted()
    assert list(unlisted.listings()) == lots_of_the_sale()
    assert read_catalogue([*parts, listed_record("i1")]).unlisted() == []


def test_of_a_last_part_and_a_void_the_first_counts() -> None:
    *parts, last = parts_of(*lots_of_the_sale())
    assert read_catalogue([*parts, void_record("i1"), last]).sales == {}
    assert read_catalogue([*parts, last, void_record("i1")]).sales == {"S": SALE}
    assert read_catalogue([void_record("i1"), *parts, last]).sales == {}


def test_two_imports_may_lie_among_each_other() -> None:
    one, other = parts_of(offered("A"), offered("B")), parts_of(offered("C"), offered("D"), name="i2")
    catalogue = read_catalogue([one[0], other[0], other[1]])
    assert list(catalogue.lots) == ["C", "D"]


def test_a_part_that_is_missing_is_damage() -> None:
    parts = parts_of(*lots_of_the_sale())
    for records in (parts[1:], [parts[0], *parts[2:]], [*parts, parts[-1]]):
        with pytest.raises(LogDamaged, match="not ours"):
            read_catalogue(records)


@in_virtual_time
async def test_an_imported_lot_whose_log_has_vanished_is_damage() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock) as house:
        await imported(house, lots_of_the_sale())
    del shelf.logs["A", "A"]
    with pytest.raises(LogDamaged, match="Lot A is in the catalogue"):
        await House(troubled(shelf)[0], clock).start()
