"""Settlement: premiums by bands and the account of a sold lot, worked out by hand."""

import pytest
from immutables import Map
from msgspec.structs import replace

from lots.ledger import Deposit
from lots.phases import Phase
from lots.settlement import Statement, premium, statement
from lots.state import Lot
from tests.lots.saleroom import Saleroom, listing

FLAT = [(0, 2_500)]
HOUSE = [(0, 2_600), (100_000_000, 2_000), (600_000_000, 1_450)]
"""26 % up to one million, 20 % from there to six millions, 14.5 % above (in cents)."""


@pytest.mark.parametrize(
    ("price", "bands", "expected"),
    [
        (100_000, [], 0),
        (0, FLAT, 0),
        (100_000, FLAT, 25_000),
        (100_000, [(0, 0)], 0),
        (100_000, [(0, 10_000)], 100_000),
        # 1 and 2 cents at 25 %: a quarter is nothing, a half is one
        (1, FLAT, 0),
        (2, FLAT, 1),
        (3, FLAT, 1),
        (5, FLAT, 1),
        (6, FLAT, 2),
        # the edge of a band, a cent below it and a cent above it
        (100_000_000, HOUSE, 26_000_000),
        (99_999_999, HOUSE, 26_000_000),  # 25,999,999.74
        (100_000_001, HOUSE, 26_000_000),  # 26,000,000.20
        (100_000_003, HOUSE, 26_000_001),  # 26,000,000.60
        # 26 % of 1,000,000.00 + 20 % of 5,000,000.00 + 14.5 % of 1,500,000.00
        (750_000_000, HOUSE, 26_000_000 + 100_000_000 + 21_750_000),
        # bands are added before they are rounded: 0.3 + 0.3 is 1, not 0
        (2, [(0, 3_000), (1, 3_000)], 1),
        (2**53 - 1, [(0, 1)], 900_719_925_474),  # 900,719,925,474.0991
    ],
)
def test_a_premium_is_the_sum_of_its_bands_rounded_half_up_once(
    price: int, bands: list[tuple[int, int]], expected: int
) -> None:
    assert premium(price, bands) == expected


def test_a_premium_never_falls_as_the_price_rises() -> None:
    premiums = [premium(price, [(0, 3_333), (100, 1_111), (200, 7)]) for price in range(400)]
    assert premiums == sorted(premiums)


def sold(hammer_price: int, **deposit: int) -> Lot:
    """A lot that was knocked down to ann, who has paid this deposit."""
    lot = Saleroom(listing(premium=[[0, 2_500]], deposit=10_000)).lots["A"]
    return replace(
        lot,
        phase=Phase.SOLD,
        hammer_price=hammer_price,
        leader=100,
        leader_bidder="ann",
        ledger=Map({"ann": Deposit(**deposit), "bob": Deposit(received=10_000, held=10_000)}),
    )


@pytest.mark.parametrize(
    ("lot", "expected"),
    [
        # hammer, premium, held, applied, due, refund
        (sold(50_000), (50_000, 12_500, 0, 0, 62_500, 0)),
        (sold(50_000, received=10_000, held=10_000), (50_000, 12_500, 10_000, 0, 62_500, 0)),
        (sold(50_000, received=10_000, applied=10_000), (50_000, 12_500, 0, 10_000, 52_500, 0)),
        (sold(8_000, received=10_000, applied=10_000), (8_000, 2_000, 0, 10_000, 0, 0)),
        (sold(7_999, received=10_000, applied=10_000), (7_999, 2_000, 0, 10_000, 0, 1)),
        (sold(100, received=10_000, applied=10_000), (100, 25, 0, 10_000, 0, 9_875)),
        (sold(50_000, received=10_000, forfeited=10_000), (50_000, 12_500, 0, 0, 62_500, 0)),
    ],
)
def test_the_balance_is_the_price_and_the_premium_less_the_deposit_applied(lot: Lot, expected: tuple[int, ...]) -> None:
    assert statement(lot) == Statement(*expected)


def test_a_lot_that_is_not_sold_has_no_account() -> None:
    lot = sold(100)
    for phase in set(Phase) - {Phase.SOLD}:
        assert statement(replace(lot, phase=phase)) is None


def test_a_buyer_without_a_deposit_pays_all() -> None:
    lot = replace(sold(100), ledger=Map())
    assert statement(lot) == Statement(100, 25, 0, 0, 125, 0)
