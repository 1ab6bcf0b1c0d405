"""Settlement: what the buyer of a sold lot owes, and what of it is paid.

Pure arithmetic on integers; it refuses to know who pays whom, and how amounts are shown.
Invariants: a premium is rounded once, half up, after its bands were added; neither what is due nor what is to be paid
back is ever negative, and at most one of the two is anything. Amounts are integer minor units of the lot's currency,
shares of the price are basis points.
Sources: Fa Shi [2016] 18, articles 23 and 24 (rules.md, section 1), for the deposit; rules.md, section 5.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lots.ledger import NOTHING
from lots.phases import Phase
from lots.state import Lot

_WHOLE = 10_000
"""Basis points in one."""


class Statement(NamedTuple):
    """The account of a sold lot with its buyer.

    Attributes:
        hammer_price: What it was knocked down for.
        premium: The buyer's premium on top.
        deposit_held: What of his deposit is not counted towards it yet.
        deposit_applied: What of his deposit counts towards it.
        balance_due: What he still owes.
        refund_due: What he has paid too much: more of his deposit was applied than the lot costs.
    """

    hammer_price: int
    premium: int
    deposit_held: int
    deposit_applied: int
    balance_due: int
    refund_due: int


def premium(hammer_price: int, bands: Sequence[tuple[int, int]]) -> int:
    """Return the buyer's premium: each band's share of that part of the price which lies in the band.

    Args:
        hammer_price: The price.
        bands: `(from_price, basis_points)`, rising; the last band has no upper end.
    """
    tops = [*(start for start, _ in bands[1:]), hammer_price]
    parts = (share * max(0, min(hammer_price, top) - start) for (start, share), top in zip(bands, tops, strict=False))
    return (sum(parts) + _WHOLE // 2) // _WHOLE


def statement(lot: Lot) -> Statement | None:
    """Return the account of a lot with its buyer; None unless it is sold."""
    if lot.phase is not Phase.SOLD or lot.hammer_price is None:
        return None
    deposit = lot.ledger.get(lot.leader_bidder or "", NOTHING)
    added = premium(lot.hammer_price, lot.terms.premium)
    balance = lot.hammer_price + added - deposit.applied
    return Statement(
        hammer_price=lot.hammer_price,
        premium=added,
        deposit_held=deposit.held,
        deposit_applied=deposit.applied,
        balance_due=max(0, balance),
        refund_due=max(0, -balance),
    )
