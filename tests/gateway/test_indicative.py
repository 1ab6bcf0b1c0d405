"""Amounts in another currency: exact, rounded once, in each currency's own digits."""

from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.indicative import Indicator, converted, decimal_text
from gateway.problems import ProblemError
from lots.exchange import ExchangeRates, PostedRates
from lots.money import AMOUNT_MAX
from lots.refusals import Code
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front

RATES = ExchangeRates(base="EUR", rates={"USD": "1.0832", "JPY": "163.25", "KWD": "0.3321", "CHF": "3"})


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """A house with rates, and lots in euros, yen, and a currency that has no rate."""
    async with open_front() as front:
        await front.house.registers.post_rates(RATES)
        for currency in ("JPY", "NOK"):
            await front.list(f"in-{currency}", currency=currency, start_price=1_000)
        yield front


@pytest.mark.parametrize(
    ("amount", "own", "other", "expected"),
    [
        (100, "EUR", "USD", 108),  # 1.0832
        (10_000, "EUR", "USD", 10_832),
        (100, "EUR", "EUR", 100),
        (100, "EUR", "JPY", 163),  # 163.25 yen have no cents
        (1, "EUR", "JPY", 2),  # 1.6325
        (1_000, "JPY", "EUR", 613),  # 6.1256
        (1_000, "JPY", "USD", 664),  # 6.6352
        (1_000, "KWD", "EUR", 301),  # 1.000 dinar, 3.0111
        (301, "EUR", "KWD", 1_000),  # 0.999621 dinars
        (0, "EUR", "USD", 0),
        (1, "CHF", "EUR", 0),  # 0.33 cents
        (2, "CHF", "EUR", 1),  # 0.67 cents
    ],
)
async def test_amounts_keep_their_value_in_other_digits(amount: int, own: str, other: str, expected: int) -> None:
    async with open_front("A") as front:
        await front.list("L", currency=own, start_price=amount)
        shown = Indicator(other, PostedRates(RATES, 7)).shown(front.house.lots["L"].state)
    assert shown is not None
    assert (shown["currency"], shown["start_price"], shown["at"]) == (other, expected, 7)


@pytest.mark.parametrize(
    ("amount", "minor", "expected"),
    [
        (None, "1", None),
        (1, "0.5", 1),  # half goes up
        (1, "0.4999999999", 0),
        (3, "0.5", 2),
        (5, "0.1", 1),
        (1, "1/3", 0),
        (2, "1/3", 1),
        (AMOUNT_MAX, "1", AMOUNT_MAX),
        (AMOUNT_MAX, "1000000000000", None),  # no JSON reader would hold it exactly
    ],
)
def test_half_goes_up_once(amount: int | None, minor: str, expected: int | None) -> None:
    assert converted(amount, Fraction(minor)) == expected


@given(
    amount=st.integers(0, AMOUNT_MAX),
    rate=st.decimals("0.000000000001", "999999999999", places=12, allow_nan=False, allow_infinity=False),
)
def test_it_rounds_as_decimals_do(amount: int, rate: Decimal) -> None:
    with localcontext(prec=60):
        expected = int((amount * rate).to_integral_value(ROUND_HALF_UP))
    assert converted(amount, Fraction(rate)) == (expected if expected <= AMOUNT_MAX else None)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        ("1.0832", "1.0832"),
        ("1", "1"),
        ("163.10", "163.1"),
        ("100", "100"),
        ("1/3", "0.333333333333"),
        ("2/3", "0.666666666667"),
        ("1/1000000000000", "0.000000000001"),
        ("999999999999000000000000", "999999999999000000000000"),
    ],
)
def test_a_rate_is_shown_as_decimal_text(rate: str, text: str) -> None:
    assert decimal_text(Fraction(rate)) == text


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDX", "NOK", "U S", "ÜSD", "USD,EUR", "x" * 9_999])
def test_a_currency_without_a_rate_is_unknown(currency: str) -> None:
    with pytest.raises(ProblemError) as raised:
        Indicator(currency, PostedRates(RATES, 7))
    assert (raised.value.status, raised.value.code) == (400, Code.MALFORMED)
    assert len(raised.value.detail) < 100


# Over HTTP ------------------------------------------------------------------------------------------------------------


async def test_a_lot_is_shown_in_another_currency_where_that_is_asked_for(front: Front) -> None:
    async with front.http() as http:
        await http.post("/v1/lots/A/bids", headers=bearer(), json={"amount": 1_990, "ref": "r1"})
        plain = (await http.get("/v1/lots/A")).json()
        shown = (await http.get("/v1/lots/A?indicative=USD")).json()
        assert "indicative" not in plain
        assert shown.pop("indicative") == {
            "currency": "USD",
            "price": 2_156,  # 21.55568
            "ask": 2_166,  # 21.664
            "start_price": 108,
            "hammer_price": None,
            "rate": "1.0832",
            "at": NOW,
        }
        assert shown == plain


async def test_on_a_page_a_lot_whose_currency_has_no_rate_is_shown_without(front: Front) -> None:
    async with front.http() as http:
        lots = (await http.get("/v1/lots?indicative=JPY")).json()["lots"]
        found = {lot["lot"]: lot["indicative"] and lot["indicative"]["start_price"] for lot in lots}
        assert found == {"A": 163, "B": 163, "in-JPY": 1_000, "in-NOK": None}


@pytest.mark.parametrize("path", ["/v1/lots", "/v1/lots/A"])
@pytest.mark.parametrize(
    ("query", "says"), [("NOK", "no rate for NOK"), ("usd", "three letters"), ("", "three letters")]
)
async def test_an_unknown_currency_is_a_problem(front: Front, path: str, query: str, says: str) -> None:
    async with front.http() as http:
        problem = is_problem(await http.get(f"{path}?indicative={query}"), 400, Code.MALFORMED)
        assert says in problem["detail"]
        is_problem(await http.get(f"{path}?indicative=USD&indicative=USD"), 400, Code.MALFORMED)


async def test_without_rates_nothing_can_be_shown_in_another_currency() -> None:
    async with open_front() as front, front.http() as http:
        problem: Message = is_problem(await http.get("/v1/lots/A?indicative=EUR"), 400, Code.MALFORMED)
        assert "no rates" in problem["detail"]


async def test_the_latest_rates_count(front: Front) -> None:
    await front.house.registers.post_rates(ExchangeRates(base="USD", rates={"EUR": "0.5"}))
    async with front.http() as http:
        shown = (await http.get("/v1/lots/A?indicative=USD")).json()["indicative"]
        assert (shown["start_price"], shown["rate"]) == (200, "2")
