"""Indicative prices: what a lot's public amounts come to in another currency, by the rates that the house has posted.

For the eye only: bids are in the lot's own currency. It refuses to know where rates come from, and anything of a lot
that its snapshot does not show.

Invariants: exact up to the one rounding, half up to the other currency's minor unit; no floats; an amount beyond what
every JSON reader holds exactly is not shown. Amounts are minor units, in each currency's own digits; a rate is units of
the other currency for one unit of the lot's. Source: protocol.md, "HTTP".
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from babel.numbers import get_currency_precision

from gateway.frames import Message
from gateway.problems import malformed
from lots.exchange import PostedRates
from lots.money import AMOUNT_MAX
from lots.state import Lot

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RATE_DIGITS: Final = Context(prec=12, rounding=ROUND_HALF_UP)
"""A rate across the base may have no end; so many of its digits are shown. Amounts go by all of it."""


class Indicator:
    """Shows amounts in one other currency.

    Args:
        currency: As it was asked for.
        posted: The rates that count; None: none were posted.

    Raises:
        ProblemError: There is no such currency among them.
    """

    def __init__(self, currency: str, posted: PostedRates | None) -> None:
        if not _CURRENCY.fullmatch(currency):
            raise malformed("indicative must be the three letters of a currency.")
        if posted is None:
            raise malformed("This house has posted no rates.")
        self._currency = currency
        self._posted = posted
        worth = self._worth(currency)
        if worth is None:
            known = ", ".join(sorted((posted.rates.base, *posted.rates.rates)))
            raise malformed(f"This house has no rate for {currency}; it has {known}.")
        self._rate_of_base = worth

    def _worth(self, currency: str) -> Fraction | None:
        """Return how much of a currency one unit of the base is worth; None without a rate."""
        base, rates = self._posted.rates.base, self._posted.rates.rates
        return Fraction(rates[currency]) if currency in rates else Fraction(1) if currency == base else None

    def shown(self, lot: Lot) -> Message | None:
        """Return the amounts of a lot; None when there is no rate for its currency."""
        own = self._worth(lot.terms.currency)
        if own is None:
            return None
        rate = self._rate_of_base / own
        minor = rate * Fraction(10) ** (_digits(self._currency) - _digits(lot.terms.currency))
        return {
            "currency": self._currency,
            "price": converted(lot.price, minor),
            "ask": converted(lot.ask, minor),
            "start_price": converted(lot.terms.start_price, minor),
            "hammer_price": converted(lot.hammer_price, minor),
            "rate": decimal_text(rate),
            "at": self._posted.at,
        }


def converted(amount: int | None, minor: Fraction) -> int | None:
    """Return an amount in minor units of the other currency, of which `minor` are one of its own; half goes up."""
    if amount is None:
        return None
    found = (2 * amount * minor.numerator + minor.denominator) // (2 * minor.denominator)
    return found if found <= AMOUNT_MAX else None


def decimal_text(rate: Fraction) -> str:
    """Return a rate as decimal text, rounded where it has more digits than are shown."""
    quotient = _RATE_DIGITS.divide(Decimal(rate.numerator), Decimal(rate.denominator))
    return f"{quotient.normalize(_RATE_DIGITS):f}"


def _digits(currency: str) -> int:
    digits: int = get_currency_precision(currency)
    return digits
