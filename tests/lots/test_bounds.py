"""Bounds of a listing: a slip is refused before it is sold. Source: Fa Shi [2016] 18 (rules.md, section 1)."""

from typing import Any

import pytest

from clock.instants import SECOND_US
from lots.money import AMOUNT_MAX, is_share
from lots.terms import DAY_S
from tests.lots.saleroom import OPENS_AT, listing
from tests.lots.tables import played

COURT: dict[str, Any] = {
    "start_percent_of_appraisal_min": 70,
    "deposit_percent_min": 5,
    "deposit_percent_max": 20,
    "open_s_min": DAY_S,
}
GOOD: dict[str, Any] = {
    "bounds": COURT,
    "appraisal": 1_000,
    "start_price": 700,
    "deposit": 70,
    "closes_at": OPENS_AT + DAY_S * SECOND_US,
}


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"start_price": 5_000, "deposit": 250},
        {"deposit": 35},
        {"deposit": 140},
        {"appraisal": 1_000, "start_price": 700},
        {"closes_at": OPENS_AT + DAY_S * SECOND_US + 1},
    ],
)
def test_a_listing_that_keeps_to_its_bounds_is_taken(terms: dict[str, Any]) -> None:
    assert listing(**{**GOOD, **terms}).terms.bounds is not None


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"appraisal": None}, "an appraisal is needed"),
        ({"start_price": 699}, "at least 70 % of the appraisal"),
        ({"appraisal": 1_001}, "at least 70 % of the appraisal"),
        ({"deposit": 34}, "at least 5 % of start_price"),
        ({"deposit": 0}, "at least 5 % of start_price"),
        ({"deposit": 141}, "at most 20 % of start_price"),
        ({"start_price": 701, "deposit": 35}, "at least 5 % of start_price"),
        ({"closes_at": OPENS_AT + DAY_S * SECOND_US - 1}, "at least 86400 s"),
    ],
)
def test_one_that_does_not_is_an_error_that_names_the_bound(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listing(**{**GOOD, **terms})


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({"start_percent_of_appraisal_min": 101}, "start_percent_of_appraisal_min"),
        ({"deposit_percent_max": -1}, "deposit_percent_max"),
        ({"deposit_percent_max": 7.5}, "deposit_percent_max"),
        ({"reoffer_drop_percent_max": 101}, "reoffer_drop_percent_max"),
        ({"open_s_min": -1}, "open_s_min"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_bounds_themselves_are_checked(bounds: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listing(bounds=bounds)


def test_bounds_that_say_nothing_bind_nothing() -> None:
    assert listing(bounds={}).terms.bounds is not None


@pytest.mark.parametrize(
    ("amount", "percent", "of", "expected"),
    [
        (70, 70, 100, True),
        (69, 70, 100, False),
        (71, 70, 101, True),
        (70, 70, 101, False),
        (0, 0, 5, True),
        (0, 70, 0, True),
        (AMOUNT_MAX, 100, AMOUNT_MAX, True),
        (AMOUNT_MAX - 1, 100, AMOUNT_MAX, False),
    ],
)
def test_shares_are_exact(amount: int, percent: int, of: int, *, expected: bool) -> None:
    assert is_share(amount, percent, of) is expected


def test_the_hammer_waits_for_the_least_time_that_a_lot_must_be_open() -> None:
    played(
        """
        100         ann   bid 100    ->  100 ann
        699.999999  clerk hammer     ->  too_early  phase=open
        700         clerk hammer     ->  done  phase=sold
        """,
        listing(bounds={"open_s_min": 600}, opens_at=OPENS_AT + 100 * SECOND_US),
    )


def test_it_counts_from_when_the_lot_was_really_opened() -> None:
    played(
        """
        -50     clerk open       ->  done
        1       ann   bid 100    ->  100 ann
        549     clerk hammer     ->  too_early
        549.9   clerk pass       ->  done  phase=passed
        """,
        listing(bounds={"open_s_min": 600}),
    )
