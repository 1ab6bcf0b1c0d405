"""Money as people read it: minor units in the currency's own digits, with its code.

It refuses to know what an amount is for. Invariant: no amount is rounded or cut; a currency without minor units shows
none. Amounts are integer minor units. Source: ISO 4217, by the tables of Unicode CLDR.
"""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision


@lru_cache(maxsize=8_192)
def money(amount: int, currency: str) -> str:
    """Return minor units as an amount of the currency, with its code and its own digits: `JPY 1,850`, `EUR 18.50`."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return str(format_currency(value, currency, "¤¤ #,##0.00", locale="en"))
