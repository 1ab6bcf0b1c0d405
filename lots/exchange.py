"""STORED FORMAT: logs and catalogue hold these names and fields. Add with defaults; never rename or remove.

Exchange rates: what the house says one currency is worth in others, as its admin sends them.

It refuses to know lots and what the rates are used for: never for a bid. Invariant: rates that were checked (`check`)
are above zero, and exact: they stay the decimal text that was sent. A rate is units of its currency for one unit of
`base`; the instant is microseconds since the epoch.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from lots.terms import Currency

Rate = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?\Z",
        description="a decimal above 0, at most 12 digits before and 12 behind the point",
    ),
]


class ExchangeRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of each currency is worth one unit of `base`."""

    base: Currency
    rates: Annotated[Mapping[Currency, Rate], Meta(max_length=300)]

    def check(self) -> None:
        """See that the rates can be counted with.

        Raises:
            ValueError: they cannot; the sentence says which.
        """
        if self.base in self.rates:
            raise ValueError(f"{self.base} is the base: it has no rate of its own")
        for currency, rate in self.rates.items():
            if not Decimal(rate):
                raise ValueError(f"the rate of {currency} is 0; nothing is worth nothing")


class PostedRates(NamedTuple):
    """Rates, and since when they count."""

    rates: ExchangeRates
    at: int
