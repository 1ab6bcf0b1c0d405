"""The sample sale is what a newcomer sees first: it must be complete, listable, and done in about five minutes."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from babel.numbers import get_currency_precision

from bench.sample_sale import PREVIEW_S, sample_sale
from clock.instants import SECOND_US
from lots.listing import Listing, Sale

NOW = 1_700_000_000_000_000


@pytest.fixture(name="lots")
def _lots() -> list[dict[str, Any]]:
    return sample_sale(NOW)[1]


def test_every_body_is_a_listing_that_the_house_takes(lots: list[dict[str, Any]]) -> None:
    sale = msgspec.convert(sample_sale(NOW)[0], Sale)
    for body in lots:
        listing = msgspec.convert(body, Listing)
        listing.check()
        assert listing.sale == sale.sale


def test_it_is_held_by_the_clocks_of_its_place() -> None:
    assert sample_sale(NOW)[0]["zone"] == "Asia/Shanghai"


def test_72_lots_of_seven_categories_and_property_in_eight_countries(lots: list[dict[str, Any]]) -> None:
    assert len(lots) == len({lot["lot"] for lot in lots}) == len({lot["title"] for lot in lots}) == 72
    categories = Counter(lot["category"] for lot in lots)
    assert set(categories) == {
        "foreclosed home", "financial claim", "machinery", "forest land", "jade", "painting", "property",
    }  # fmt: skip
    assert min(categories.values()) >= 8
    assert len({lot["country"] for lot in lots if lot["category"] == "property"}) == 8


def test_every_country_sells_in_its_own_currency(lots: list[dict[str, Any]]) -> None:
    currencies = {(lot["country"], lot["terms"]["currency"]) for lot in lots}
    assert currencies == {
        ("CN", "CNY"), ("DE", "EUR"), ("US", "USD"), ("JP", "JPY"),
        ("GB", "GBP"), ("CA", "CAD"), ("AU", "AUD"), ("AE", "AED"),
    }  # fmt: skip


def test_prices_are_whole_units_of_the_currency_and_steps_fit_them(lots: list[dict[str, Any]]) -> None:
    for terms in (lot["terms"] for lot in lots):
        unit = 10 ** get_currency_precision(terms["currency"])
        start = terms["start_price"]
        step = next(step for first, step in reversed(terms["ladder"]) if first <= start)
        assert start % unit == step % unit == 0
        assert 0.004 <= step / start <= 0.12


def test_a_court_lot_is_raised_by_whole_steps(lots: list[dict[str, Any]]) -> None:
    homes = [lot["terms"] for lot in lots if lot["category"] == "foreclosed home"]
    assert {terms["raise"] for terms in homes} == {"multiple"}
    assert all(len(terms["ladder"]) == 1 for terms in homes)


def test_some_reserves_are_hidden_above_the_start_price(lots: list[dict[str, Any]]) -> None:
    hidden = [lot["terms"] for lot in lots if lot["terms"]["reserve"] is not None]
    assert 8 <= len(hidden) <= 20
    assert all(terms["reserve"] > terms["start_price"] for terms in hidden)


def test_ends_are_staggered_and_the_last_is_within_five_minutes(lots: list[dict[str, Any]]) -> None:
    ends = [lot["terms"]["closes_at"] - NOW for lot in lots]
    assert ends == [(20 + 4 * n) * SECOND_US for n in range(72)]
    assert ends[-1] <= 310 * SECOND_US


def test_no_lot_opens_before_the_sale_begins_or_long_before_its_end(lots: list[dict[str, Any]]) -> None:
    for terms in (lot["terms"] for lot in lots):
        assert terms["opens_at"] >= NOW
        assert terms["closes_at"] - terms["opens_at"] <= PREVIEW_S * SECOND_US
    assert lots[0]["terms"]["opens_at"] == NOW


def test_linked_lots_stand_side_by_side_in_a_group_of_their_sale() -> None:
    sale, lots = sample_sale(NOW, sale="june")
    linked = [n for n, lot in enumerate(lots) if lot["terms"]["group"] is not None]
    assert len(linked) == 3
    assert linked == list(range(linked[0], linked[0] + 3))
    assert {lots[n]["terms"]["group"] for n in linked} == {"june-vane"}
    assert all(lot["lot"].startswith(f"{sale['sale']}-") for lot in lots)


def test_the_same_seed_gives_the_same_sale_and_another_seed_another_order() -> None:
    assert sample_sale(NOW, seed=7) == sample_sale(NOW, seed=7)
    titles = {seed: [lot["title"] for lot in sample_sale(NOW, seed=seed)[1]] for seed in (7, 8)}
    assert titles[7] != titles[8]
    assert sorted(titles[7]) == sorted(titles[8])
