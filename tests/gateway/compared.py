"""A comparison worked out by hand, for what draws it: a soft close with a reserve against a hard one with none.

Lot A goes to ann for 200 under the one sheet, to bob for 110 under the other; lot B is sold under the other only; lot C
has no bids. Instants are seconds after the opening.
"""

from typing import Any

from lots.listing import Listing
from lots.orders import Bid
from lots.simulation import Dated
from lots.what_if import Trial, WhatIf, hold
from tests.lots.saleroom import instant, listing, soft

WINDOW_S = 60


def bid(seconds: str, lot: str, bidder: str, amount: int) -> Dated:
    """Return a plain bid at that instant."""
    return Dated(instant(seconds), Bid(lot, bidder, f"{bidder}-{seconds}", amount))


def compared(one: str = "soft", other: str = "hard", currencies: str = "EUR JPY EUR") -> WhatIf:
    """Return the comparison, with the sheets and the currencies of the three lots called as wanted."""
    offers = [
        bid("10", "A", "ann", 100),
        bid("3590", "A", "bob", 110),
        bid("3620", "A", "ann", 200),
        bid("3640", "A", "bob", 205),
        bid("20", "B", "eve", 300),
    ]
    rules = soft(WINDOW_S, WINDOW_S)
    return hold(Trial(one, _lots(currencies, soft_close=rules, reserve=500)), Trial(other, _lots(currencies)), offers)


def _lots(currencies: str, **terms: Any) -> list[Listing]:  # noqa: ANN401  terms as a client may send them
    a, b, c = currencies.split()
    return [
        listing("A", currency=a, **{**terms, "reserve": None}),
        listing("B", currency=b, **terms),
        listing("C", currency=c, **terms),
    ]
