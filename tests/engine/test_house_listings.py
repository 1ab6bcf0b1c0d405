"""Listing sales and lots: the same again is harmless, anything else under the same name is a conflict."""

import asyncio

import msgspec
import pytest

from engine.actor import Answer
from engine.memory_journal import Shelf
from lots.exchange import ExchangeRates, PostedRates
from lots.listing import Consignor, Listing, Sale, Stagger
from lots.phases import Phase
from lots.refusals import Code, Refused
from lots.state import Accepted
from tests.engine.opened_house import after, offered, open_house, opened
from tests.engine.troubled_journal import troubled
from tests.engine.virtual_time import a_moment, in_virtual_time

SALE = Sale(sale="S", title="Estate of a watchmaker")
COURT = Consignor(consignor="K", name="District court", kind="court")
RATES = ExchangeRates(base="EUR", rates={"USD": "1.0832"})


def outcome(answer: Answer) -> str:
    """`listed`, `again`, or the code of a refusal."""
    if isinstance(answer, Refused):
        return answer.code
    return "again" if answer.repeat else "listed"


def retitled(listing: Listing) -> Listing:
    return msgspec.structs.replace(listing, title="something else")


# Sales ----------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_same_sale_again_is_harmless_and_another_under_its_id_is_a_conflict() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        answers = [await house.house.registers.list_sale(sale) for sale in (SALE, SALE, Sale(sale="S", title="other"))]
        assert list(map(outcome, answers)) == ["listed", "again", Code.CONFLICT]
        assert house.house.sales["S"] == SALE
        assert len(await journal.catalogue()) == 1


@in_virtual_time
async def test_two_sales_under_one_id_at_the_same_moment_do_not_both_get_it() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.delay_s = 0.01
        both = await asyncio.gather(
            *(house.house.registers.list_sale(Sale(sale="S", title=title)) for title in ("one", "two"))
        )
        assert list(map(outcome, both)) == ["listed", Code.CONFLICT]
        assert house.house.sales["S"].title == "one"


@in_virtual_time
async def test_a_sale_that_could_not_be_stored_is_not_listed() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.lose_records = 1
        assert outcome(await house.house.registers.list_sale(SALE)) == Code.UNAVAILABLE
        assert "S" not in house.house.sales
        assert outcome(await house.house.registers.list_sale(SALE)) == "listed"


@in_virtual_time
async def test_a_sale_that_lots_name_before_it_is_listed_has_its_id_for_a_title() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A")) as house:
        assert house.house.sales["S"].title == "S"
        assert outcome(await house.house.registers.list_sale(SALE)) == "listed"
        assert house.house.sales["S"].title == SALE.title
        assert house.house.lots_of("S") == ["A"]
        assert house.house.lots_of("T") == []


# Consignors and rates -------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_same_consignor_again_is_harmless_and_another_under_its_id_is_a_conflict() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        others = (COURT, COURT, Consignor(consignor="K", name="A bank", kind="bank"))
        registers = house.house.registers
        assert [outcome(await registers.take_on(one)) for one in others] == [
            "listed",
            "again",
            Code.CONFLICT,
        ]
        assert house.house.registers.consignors == {"K": COURT}
        assert len(await journal.catalogue()) == 1


@in_virtual_time
async def test_two_consignors_under_one_id_at_the_same_moment_do_not_both_get_it() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.delay_s = 0.01
        named = (Consignor(consignor="K", name=name, kind="company") for name in ("one", "two"))
        both = await asyncio.gather(*map(house.house.registers.take_on, named))
        assert list(map(outcome, both)) == ["listed", Code.CONFLICT]
        assert house.house.registers.consignors["K"].name == "one"


@in_virtual_time
async def test_what_could_not_be_stored_is_neither_taken_on_nor_posted() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.lose_records = 2
        assert outcome(await house.house.registers.take_on(COURT)) == Code.UNAVAILABLE
        assert outcome(await house.house.registers.post_rates(RATES)) == Code.UNAVAILABLE
        assert (house.house.registers.consignors, house.house.registers.rates) == ({}, None)
        assert outcome(await house.house.registers.take_on(COURT)) == "listed"
        assert outcome(await house.house.registers.post_rates(RATES)) == "listed"


@in_virtual_time
async def test_posting_the_rates_that_count_again_changes_nothing() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        other = ExchangeRates(base="EUR", rates={"USD": "2"})
        assert [outcome(await house.house.registers.post_rates(one)) for one in (RATES, RATES, other, RATES)] == [
            "listed",
            "again",
            "listed",
            "listed",
        ]
        assert len(await journal.catalogue()) == 3


@in_virtual_time
async def test_consignors_sales_and_rates_are_there_after_a_restart() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    staggered = Sale(sale="S", title="One by one", org="K", stagger=Stagger(every_s=15, batch=2))
    async with opened(journal, clock) as house:
        for answer in (
            await house.house.registers.take_on(COURT),
            await house.house.registers.list_sale(staggered),
            await house.house.registers.post_rates(ExchangeRates(base="USD", rates={})),
            await house.house.registers.post_rates(RATES),
        ):
            assert outcome(answer) == "listed"
        posted = house.house.registers.rates
    assert posted is not None
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.house.registers.consignors == {"K": COURT}
    assert restarted.house.sales == {"S": staggered}
    assert restarted.house.registers.rates == posted == PostedRates(RATES, posted.at)
    assert outcome(await restarted.house.registers.take_on(COURT)) == "again"
    assert outcome(await restarted.house.registers.list_sale(staggered)) == "again"
    await restarted.end()


# Lots -----------------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_same_lot_again_is_harmless_and_another_under_its_id_is_a_conflict() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        lot = offered("A", opens=10)
        answers = [await house.house.listings.list_lot(listing) for listing in (lot, lot, retitled(lot))]
        assert list(map(outcome, answers)) == ["listed", "again", Code.CONFLICT]
        assert house.lot().listing == lot
        assert house.witness.said() == ["lot_listed"]


@in_virtual_time
async def test_a_lot_listed_twice_at_the_same_moment_is_listed_once() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.delay_s = 0.01
        both = await asyncio.gather(house.house.listings.list_lot(offered()), house.house.listings.list_lot(offered()))
        assert sorted(map(outcome, both)) == ["again", "listed"]
        assert house.witness.said() == ["lot_listed", "lot_opened"]


@pytest.mark.parametrize(
    ("listed", "then", "expected"),
    [
        (offered("A", group="G"), offered("B", group="G"), "listed"),
        (offered("A", group="G"), offered("A", group="H"), Code.CONFLICT),
        (offered("A", group="G"), offered("A"), Code.CONFLICT),
        (offered("A"), offered("A", group="G"), Code.CONFLICT),
        (offered("A"), offered("B", group="A"), Code.MALFORMED),
        (offered("A", group="G"), offered("G"), Code.CONFLICT),
        (offered("A", group="G"), offered("G", group="H"), Code.CONFLICT),
        (offered("A"), offered("B", opens=-20, closes=-10), Code.MALFORMED),
    ],
)
@in_virtual_time
async def test_groups_are_fixed_for_ever_and_are_no_lots(listed: Listing, then: Listing, expected: str) -> None:
    journal, clock = troubled()
    async with opened(journal, clock, listed) as house:
        assert outcome(await house.house.listings.list_lot(then)) == expected
        assert len(house.house.lots) == 1 + (expected == "listed")


@in_virtual_time
async def test_a_lot_that_was_refused_leaves_its_name_free() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        assert (
            outcome(await house.house.listings.list_lot(offered("A", opens=-20, closes=-10, group="G")))
            == Code.MALFORMED
        )
        assert outcome(await house.house.listings.list_lot(offered("A"))) == "listed"


@in_virtual_time
async def test_a_lot_may_join_a_group_while_bids_are_under_way() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", group="G")) as house:
        journal.delay_s = 0.005
        names = []
        listing = asyncio.create_task(house.house.listings.list_lot(offered("B", group="G")))
        for step in range(20):
            names.append(house.bid(100 + 10 * step, f"b{step % 2}"))
            await asyncio.sleep(0.001)
        assert outcome(await listing) == "listed"
        await house.accepted(house.bid(100, lot="B"))
        await asyncio.sleep(0.05)
        assert [house.answer(name) for name in names] == ["accepted"] * 20


@in_virtual_time
async def test_a_lot_opens_at_its_time_whoever_asks() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered(opens=10)) as house:
        assert await house.refused(house.bid(100)) == Code.LOT_NOT_OPEN
        await asyncio.sleep(10.01)
        assert house.lot().phase is Phase.OPEN
        assert house.witness.events["A"][-1].public["at"] == after(10)


# Between the log and the catalogue ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_lot_in_its_log_but_not_in_the_catalogue_takes_no_bids_until_it_is_listed_again() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        journal.lose_records = 1
        assert outcome(await house.house.listings.list_lot(offered())) == Code.UNAVAILABLE
        assert house.witness.said() == ["lot_listed", "lot_opened"]
        assert house.answer(house.bid(100)) == Code.UNAVAILABLE  # after a restart nobody would know of it
        assert outcome(await house.house.listings.list_lot(offered())) == "again"
        await house.accepted(house.bid(100))


@in_virtual_time
async def test_a_crash_between_log_and_catalogue_heals_by_listing_again() -> None:
    shelf = Shelf()
    journal, clock = troubled(shelf)
    async with opened(journal, clock) as house:
        journal.lose_records = 1
        assert outcome(await house.house.listings.list_lot(offered())) == Code.UNAVAILABLE
        head = house.house.lots["A"].head
    restarted = await open_house(troubled(shelf)[0], clock)
    assert restarted.house.lots == {}
    assert outcome(await restarted.house.listings.list_lot(retitled(offered()))) == Code.CONFLICT
    assert outcome(await restarted.house.listings.list_lot(offered())) == "again"
    assert restarted.house.lots["A"].head == head
    await restarted.accepted(restarted.bid(100))
    await restarted.end()
    third = await open_house(troubled(shelf)[0], clock)
    assert third.lot().price == 100
    await third.end()


@in_virtual_time
async def test_a_listing_whose_reply_was_lost_is_listed_once() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        await a_moment()
        journal.lose_replies = 1
        answer = await house.house.listings.list_lot(offered())
        assert isinstance(answer, Accepted)
        assert (outcome(answer), answer.seq) == ("listed", 1)
        assert house.witness.said() == ["lot_listed", "lot_opened"]


@in_virtual_time
async def test_a_lot_that_cannot_be_taken_over_can_be_listed_later() -> None:
    journal, clock = troubled()
    async with opened(journal, clock, offered("A", group="G")) as house:
        journal.away = True
        assert outcome(await house.house.listings.list_lot(offered("B", group="G"))) == Code.UNAVAILABLE
        journal.away = False
        await asyncio.sleep(10)
        await house.accepted(house.bid(100, lot="A"))
        assert outcome(await house.house.listings.list_lot(offered("B", group="G"))) == "listed"


@in_virtual_time
async def test_nothing_is_listed_in_a_house_that_is_out_of_service() -> None:
    journal, clock = troubled()
    async with opened(journal, clock) as house:
        await house.house.stop()
        assert outcome(await house.house.listings.list_lot(offered())) == Code.UNAVAILABLE
