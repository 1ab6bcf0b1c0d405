"""STORED FORMAT: an operator's order stands in the log, by name and fields, while it waits for a second operator.

Orders: what may be asked of a lot, in the imperative.

It refuses to know who may give an order (the gateway does) and what follows (`decisions`). An order carries all that
its decision needs from outside: who gives it, and the chance from which a paddle is drawn. Its instant is an argument
of the decision.
Amounts are integer minor units, instants microseconds. `ref` is the giver's own id for this attempt.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from lots.listing import Listing

FLOOR = "@floor"
"""Who bids in the room; no bidder's id can begin like this."""


class Attendance(NamedTuple):
    """How many admitted bidders were connected, and how many had lost their connection within the last minute."""

    connected: int
    lost: int


# Of bidders -----------------------------------------------------------------------------------------------------------


class Bid(Struct, frozen=True, gc=False):
    """Offer exactly this amount; `attendance` where the bid itself may be the hammer."""

    lot: str
    bidder: str
    ref: str
    amount: int
    confirm: bool = False
    chance: int = 0
    attendance: Attendance | None = None


class MaxBid(Struct, frozen=True, gc=False):
    """Let the house bid for the bidder up to a ceiling of this amount."""

    lot: str
    bidder: str
    ref: str
    amount: int
    confirm: bool = False
    chance: int = 0


class Register(Struct, frozen=True, kw_only=True):
    """Ask to be admitted, and accept the statements of eligibility word by word."""

    lot: str
    bidder: str
    ref: str
    accepts: tuple[str, ...]
    chance: int = 0


class Join(Struct, frozen=True, kw_only=True):
    """Confirm taking part in the timed phase."""

    lot: str
    bidder: str
    ref: str


# Of the house ---------------------------------------------------------------------------------------------------------


class ListLot(Struct, frozen=True):
    """Offer a lot; some may be barred from it, such as the defaulter on the lot before."""

    listing: Listing
    barred: tuple[str, ...] = ()

    @property
    def lot(self) -> str:
        """The id of the lot to be listed."""
        return self.listing.lot


class Ring(Struct, frozen=True):
    """A deadline of the lot has come, or may have: do what it is time for.

    `attendance` is how many of its bidders were there; None where nobody counts them.
    """

    lot: str
    attendance: Attendance | None = None


class OpenAccounts(Struct, frozen=True):
    """Let somebody read who bought a lot that has ended, or its whole record; that it was read is kept."""

    lot: str
    by: str


class ExtendForOutage(Struct, frozen=True):
    """Move the end of a lot that could not be bid on because of a fault to `closes_at`."""

    lot: str
    closes_at: int


# Of operators ---------------------------------------------------------------------------------------------------------


class Clerk(Struct, frozen=True, kw_only=True):
    """What all orders of an operator have in common; `seen` is the lot's seq that he went by, if he says so."""

    lot: str
    by: str
    ref: str
    reason: str = ""
    seen: int | None = None


class Open(Clerk, frozen=True, kw_only=True):
    """Open an upcoming lot before its time; a saleroom lot opens by no other way."""


class Pause(Clerk, frozen=True, kw_only=True):
    """Stop taking bids; the lot has no end until it is resumed."""


class Suspend(Clerk, frozen=True, kw_only=True):
    """Stop taking bids because of a fault or a risk, for a reason that is published."""


class Resume(Clerk, frozen=True, kw_only=True):
    """Take bids again, with the time that was left."""


class Extend(Clerk, frozen=True, kw_only=True):
    """Move the end of an open lot to a later instant."""

    closes_at: int


class FairWarning(Clerk, frozen=True, kw_only=True):
    """Say that the hammer is about to fall."""


class Hammer(Clerk, frozen=True, kw_only=True):
    """Knock the lot down to its leader, now."""

    attendance: Attendance | None = None


class Pass(Clerk, frozen=True, kw_only=True):
    """End the lot unsold."""

    attendance: Attendance | None = None


class Withdraw(Clerk, frozen=True, kw_only=True):
    """Take a lot out of the sale."""


class Reopen(Clerk, frozen=True, kw_only=True):
    """Take bids again on a lot that was sold or passed, until `closes_at` (a saleroom lot has none)."""

    closes_at: int | None = None


class VoidBid(Clerk, frozen=True, kw_only=True):
    """Let the bid of this seq not count; price and leader follow from the bids that stand."""

    seq: int


class Undo(Clerk, frozen=True, kw_only=True):
    """Let the latest bid that stands not count."""


class FloorBid(Clerk, frozen=True, kw_only=True):
    """Bid for somebody in the room; `hand` tells one of them from another."""

    amount: int
    hand: str = ""
    chance: int = 0


class SetStep(Clerk, frozen=True, kw_only=True):
    """Ask another step than the ladder's for the next bid."""

    step: int


class Notice(Clerk, frozen=True, kw_only=True):
    """Say something to everyone who watches the lot."""

    text: str


class Admit(Clerk, frozen=True, kw_only=True):
    """Let a bidder bid; `rank` makes him a priority purchaser, 1 the highest."""

    bidder: str
    rank: int | None = None
    chance: int = 0


class Decline(Clerk, frozen=True, kw_only=True):
    """Do not let a bidder who has registered bid; what he paid goes back."""

    bidder: str


class Bar(Clerk, frozen=True, kw_only=True):
    """Keep a bidder from bidding on this lot."""

    bidder: str


class ConfirmDeposit(Clerk, frozen=True, kw_only=True):
    """Say that a bidder's deposit has come in by this payment."""

    bidder: str
    amount: int
    payment: str
    currency: str | None = None
    chance: int = 0


class Release(Clerk, frozen=True, kw_only=True):
    """Give a bidder's deposit back, before the clock does."""

    bidder: str


class Consent(Clerk, frozen=True, kw_only=True):
    """Sell a lot that passed below its reserve to the best bidder, on the seller's word."""


class Settle(Clerk, frozen=True, kw_only=True):
    """Say that the buyer has paid."""


class Default(Clerk, frozen=True, kw_only=True):
    """Say that the buyer will not pay: his deposit is forfeited, and he is barred from the re-auction."""


class Allocate(Clerk, frozen=True, kw_only=True):
    """Share a forfeited deposit out: the costs of the auction, the shortfall of the resale, then debts."""

    costs: int
    shortfall: int


class Reoffer(Clerk, frozen=True, kw_only=True):
    """Offer the lot again as another one; `kind` is reoffer, reauction or sell_off."""

    kind: str
    listing: Listing


class Countersign(Clerk, frozen=True, kw_only=True):
    """Carry out what another operator has ordered under `of_ref`, as the second of two."""

    of_by: str
    of_ref: str
    attendance: Attendance | None = None
    chance: int = 0


ClerkOrder: TypeAlias = (
    Open
    | Pause
    | Suspend
    | Resume
    | Extend
    | FairWarning
    | Hammer
    | Pass
    | Withdraw
    | Reopen
    | VoidBid
    | Undo
    | FloorBid
    | SetStep
    | Notice
    | Admit
    | Decline
    | Bar
    | ConfirmDeposit
    | Release
    | Consent
    | Settle
    | Default
    | Allocate
    | Reoffer
    | Countersign
)
Offer: TypeAlias = Bid | MaxBid
Order: TypeAlias = Offer | Register | Join | ListLot | ClerkOrder | Ring | ExtendForOutage | OpenAccounts

OPS: Mapping[str, type[Clerk]] = {
    "open": Open,
    "pause": Pause,
    "suspend": Suspend,
    "resume": Resume,
    "extend": Extend,
    "fair_warning": FairWarning,
    "hammer": Hammer,
    "pass": Pass,
    "withdraw": Withdraw,
    "reopen": Reopen,
    "void_bid": VoidBid,
    "undo": Undo,
    "floor_bid": FloorBid,
    "step": SetStep,
    "notice": Notice,
    "admit": Admit,
    "decline": Decline,
    "bar": Bar,
    "deposit": ConfirmDeposit,
    "release": Release,
    "consent": Consent,
    "settle": Settle,
    "default": Default,
    "allocate": Allocate,
    "reoffer": Reoffer,
    "countersign": Countersign,
}
"""Operators' orders by their names; a re-auction and a sell-off are kinds of `reoffer`."""

_OP_OF = {kind: op for op, kind in OPS.items()}

REOFFERS = ("reoffer", "reauction", "sell_off")


def op_of(order: Clerk) -> str:
    """Return the name of an operator's order."""
    return order.kind if isinstance(order, Reoffer) else _OP_OF[type(order)]
