"""Views: how a lot is shown, to everyone and to one of its bidders (protocol.md, "Server to client").

It refuses to show what is private: a ceiling or a sealed bid to its bidder only, a hidden reserve by its standing.
Amounts are integer minor units, instants microseconds.
"""

from functools import lru_cache
from typing import Any

from lots.listing import Listing
from lots.state import Lot

Message = dict[str, Any]


@lru_cache(maxsize=4096)
def _offered(listing: Listing) -> Message:
    shown = listing.public()
    del shown["lot"]
    return shown


def snapshot(lot: Lot, head: str, now: int, you: Message | None = None, *, reset: bool = False) -> Message:
    """Return the `lot` message: all that a watcher needs to follow the events after it."""
    return {
        "ev": "lot",
        "lot": lot.lot,
        "seq": lot.seq,
        "head": head,
        "now": now,
        **_offered(lot.listing),
        **_standing(lot),
        "scheduled_close_at": lot.scheduled_close_at,
        "reset": reset,
        "you": you,
    }


def live(lot: Lot, now: int) -> Message:
    """Return the `state` message of the conflated feed."""
    return {"ev": "state", "lot": lot.lot, "seq": lot.seq, "now": now, **_standing(lot)}


def _standing(lot: Lot) -> Message:
    return {
        "phase": lot.phase,
        "price": lot.price,
        "ask": lot.ask,
        "leader": lot.leader,
        "bids": lot.bids,
        "closes_at": lot.closes_at,
        "extensions": lot.extensions,
        "reserve": lot.reserve,
        "hammer_price": lot.hammer_price,
        "notice": lot.notice,
        "warned": lot.warned,
        "stage": lot.stage,
        "lowers_at": lot.lowers_at,
        "resume_by": lot.resume_by,
        "provisional": lot.provisional,
        "settlement": lot.settlement,
        "successor": lot.successor,
    }


def you(lot: Lot, bidder: str) -> Message:
    """Return the `you` message: how this bidder stands, for his eyes only."""
    leads = lot.leader_bidder == bidder
    unseen = lot.sealed.get(bidder)
    return {
        "ev": "you",
        "lot": lot.lot,
        "paddle": lot.paddles.get(bidder),
        "admitted": bidder in lot.paddles and bidder not in lot.barred,
        "leading": leads,
        "max": unseen.amount if unseen is not None else lot.ceiling if leads else None,
    }
