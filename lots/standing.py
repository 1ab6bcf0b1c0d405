"""Standing: who leads at which price, among offers that raise an open price.

One function tells how an offer changes that (`stand`); another folds all offers that still count anew, for when a bid
is voided (`restood`). It refuses to know instants, ends and refusals: whoever asks has taken the offer.

Invariants: the higher offer leads, of equal ones the one that outranks, then the earlier; the leader's ceiling answers
one step above what it has beaten, and never beyond itself. Amounts are integer minor units.
Source: rules.md, sections 1 and 3.
"""

from collections.abc import Collection
from typing import TypeAlias

from msgspec.structs import replace

from lots.fold import offers_of
from lots.state import Kept, Lot, Reserve

Stand: TypeAlias = tuple[int, int, bool]
"""How a lot stands with an offer: its price, how far the leader's ceiling goes, and whether the offer leads."""


def stand(lot: Lot, bidder: str, amount: int, *, plain: bool) -> Stand | None:
    """Return how the lot stands with this offer of exactly an amount (`plain`), or of a ceiling.

    None: the leader has raised his ceiling, which moves nothing that anyone may see.
    """
    leader = lot.leader_bidder
    led = leader == bidder
    if led and not plain and not _lifts_to_reserve(lot, amount):
        return None
    if led or leader is None or amount > lot.ceiling or _beats_an_equal(lot, bidder, leader, amount):
        price = amount if plain else _price_for_ceiling(lot, bidder, amount)
        ceiling = max(amount, lot.ceiling)
        return _lifted(lot, price, ceiling), ceiling, True
    price = min(lot.ceiling, _answer(lot, bidder, leader, amount))
    return _lifted(lot, price, lot.ceiling), lot.ceiling, False


def _beats_an_equal(lot: Lot, bidder: str, leader: str, amount: int) -> bool:
    return bool(lot.ranks) and amount == lot.ceiling and lot.outranks(bidder, leader)


def _answer(lot: Lot, bidder: str, leader: str, amount: int) -> int:
    """Return what the leader's ceiling answers: a step more, or as much where he goes before the other at a tie."""
    if lot.ranks and lot.outranks(leader, bidder):
        return amount
    return lot.ladder.above(amount)


def _price_for_ceiling(lot: Lot, bidder: str, amount: int) -> int:
    """Return the price at which a ceiling takes the lead (rules.md, section 3), before any lift to a reserve."""
    leader = lot.leader_bidder
    if lot.price is None or leader is None:
        return lot.terms.start_price
    if leader == bidder:
        return lot.price
    if lot.ranks and lot.outranks(bidder, leader):
        return lot.ceiling
    return min(amount, max(lot.least(), lot.ladder.above(lot.ceiling)))


def _lifts_to_reserve(lot: Lot, ceiling: int) -> bool:
    reserve = lot.terms.reserve
    return reserve is not None and lot.price is not None and lot.price < reserve <= ceiling


def _lifted(lot: Lot, price: int, ceiling: int) -> int:
    """Lift the price to a hidden reserve the leader's ceiling covers: he would pay it, the seller would sell."""
    reserve = lot.terms.reserve
    return reserve if reserve is not None and price < reserve <= ceiling else price


def reserve_at(lot: Lot, price: int | None) -> str:
    """Return the public standing of the reserve at this price."""
    if lot.terms.reserve is None:
        return Reserve.NONE
    return Reserve.MET if price is not None and price >= lot.terms.reserve else Reserve.NOT_MET


def restood(lot: Lot, fallen: Collection[str]) -> Lot:
    """Return the lot with price and leader as its standing offers make them, without those under the keys `fallen`."""
    bare = replace(
        lot, price=None, ask=None, leader=None, leader_bidder=None, ceiling=0, bids=0, next_step=None, warned=False
    )
    for key, kept in offers_of(lot):
        if not kept.voided and key not in fallen:
            bare = _with_offer(bare, kept)
    return replace(bare, reserve=reserve_at(bare, bare.price))


def _with_offer(lot: Lot, kept: Kept) -> Lot:
    paddle, amount = kept.accepted.paddle, kept.body
    if paddle is None or not isinstance(amount, int):
        raise AssertionError(f"lot {lot.lot} keeps an offer without paddle or amount")
    bidder, bought_at = lot.bidders[paddle], lot.terms.buy_now if kept.bought else None
    if bought_at is None:
        stood = stand(replace(lot, next_step=kept.step), bidder, amount, plain=kept.op != "max_bid")
    else:
        stood = (bought_at, bought_at, True)
    if stood is None:
        return replace(lot, ceiling=max(lot.ceiling, amount), bids=lot.bids + (kept.placed > 0))
    price, ceiling, leads = stood
    leader = {"leader": paddle, "leader_bidder": bidder} if leads else {}
    return replace(lot, price=price, ceiling=ceiling, bids=lot.bids + (kept.placed > 0), **leader)
