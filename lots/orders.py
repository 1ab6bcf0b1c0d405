"""Orders: what may be asked of a lot, in the imperative.

It refuses to know who may give an order (the gateway does) and what follows (`decisions`). An order carries all that
its decision needs from outside: who gives it, and the chance from which a paddle is drawn. Its instant is an argument
of the decision.
Amounts are integer minor units, instants microseconds. `ref` is the giver's own id for this attempt.
"""

from typing import TypeAlias

from msgspec import Struct

from lots.listing import Listing


class Bid(Struct, frozen=True, gc=False):
    """Offer exactly this amount."""

    lot: str
    bidder: str
    ref: str
    amount: int
    confirm: bool = False
    chance: int = 0


class MaxBid(Struct, frozen=True, gc=False):
    """Let the house bid for the bidder up to a ceiling of this amount."""

    lot: str
    bidder: str
    ref: str
    amount: int
    confirm: bool = False
    chance: int = 0


class ListLot(Struct, frozen=True):
    """Offer a lot."""

    listing: Listing

    @property
    def lot(self) -> str:
        """The id of the lot to be listed."""
        return self.listing.lot


class Clerk(Struct, frozen=True, kw_only=True):
    """What all orders of an operator have in common."""

    lot: str
    by: str
    ref: str
    reason: str = ""


class Open(Clerk, frozen=True, kw_only=True):
    """Open an upcoming lot before its time."""


class Pause(Clerk, frozen=True, kw_only=True):
    """Stop taking bids; the lot has no end until it is resumed."""


class Resume(Clerk, frozen=True, kw_only=True):
    """Take bids again, with the time that was left."""


class Extend(Clerk, frozen=True, kw_only=True):
    """Move the end of an open lot to a later instant."""

    closes_at: int


class Withdraw(Clerk, frozen=True, kw_only=True):
    """Take a lot out of the sale."""


class Notice(Clerk, frozen=True, kw_only=True):
    """Say something to everyone who watches the lot."""

    text: str


class Admit(Clerk, frozen=True, kw_only=True):
    """Let a bidder bid, and draw his paddle."""

    bidder: str
    chance: int = 0


class Bar(Clerk, frozen=True, kw_only=True):
    """Keep a bidder from bidding on this lot."""

    bidder: str


class Ring(Struct, frozen=True):
    """A deadline of the lot has come, or may have: open it or close it if it is time."""

    lot: str


class ExtendForOutage(Struct, frozen=True):
    """Move the end of a lot that could not be bid on because of a fault to `closes_at`."""

    lot: str
    closes_at: int


ClerkOrder: TypeAlias = Open | Pause | Resume | Extend | Withdraw | Notice | Admit | Bar
Offer: TypeAlias = Bid | MaxBid
Order: TypeAlias = Offer | ListLot | ClerkOrder | Ring | ExtendForOutage
