"""Money: what an amount is, as every message and every stored event has it.

It refuses to know currencies. Amounts are integer minor units of the lot's currency; shares are basis points, so that
nothing is ever multiplied by a float. Source: protocol.md, "Conventions".
"""

from typing import Annotated

from msgspec import Meta

AMOUNT_MAX = 2**53 - 1
"""The largest amount: the last integer that every JSON reader holds exactly."""

Amount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="integer minor units of the lot's currency")]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000, description="hundredths of a per cent")]
Percent = Annotated[int, Meta(ge=0, le=100)]

HUNDRED_PERCENT = 100


def is_share(amount: int, percent: int, of: int) -> bool:
    """Whether `amount` is at least `percent` of `of`; exact."""
    return amount * HUNDRED_PERCENT >= of * percent
