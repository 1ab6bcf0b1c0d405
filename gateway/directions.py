"""Directions: what operators may order of a lot, one frozen struct per `order`.

It refuses to know who may order what, and what an order leads to. Its names are those of `lots.orders.OPS`, its fields
those of the orders there, except where a person counts otherwise: an end may be named by the seconds up to it, and a
lot that is offered again by what is different from the lot before.

Invariants: those of `messages`: nothing is converted, unknown fields are refused, text is bounded. Amounts are minor
units, instants microseconds, spans seconds. Source: running-sales.md, "Orders".
"""

from typing import Annotated, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.messages import Seq
from lots.formats import Span
from lots.money import Amount
from lots.terms import Id, Instant

YEAR_S: Final = 31_622_400

Reason = Annotated[str, Meta(max_length=1_000, description="for everyone to read")]
NeededReason = Annotated[str, Meta(min_length=1, max_length=1_000, description="for everyone to read")]
SpokenText = Annotated[str, Meta(min_length=1, max_length=2_000)]
Hand = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,64}\Z", description="tells one hand in the room from another")]
Rank = Annotated[int, Meta(ge=1, le=1_000, description="of a priority purchaser; 1 is the highest")]
ByThen = Annotated[float, Meta(gt=0, le=YEAR_S, description="seconds; decimals are allowed")]
Giver = Annotated[str, Meta(pattern=r"^@?[A-Za-z0-9._-]{1,64}\Z", description="an operator, or @payments")]
AtLeastOne = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Clerk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="order"):
    """What all orders of an operator have in common; `seen` is the seq that he goes by: at another, it is `stale`."""

    ref: Id
    reason: Reason = ""
    seen: Seq | None = None


# The course of the lot ------------------------------------------------------------------------------------------------


class Open(Clerk, frozen=True, kw_only=True, tag="open"):
    """Open an upcoming lot before its time; a saleroom lot opens by no other way."""


class Pause(Clerk, frozen=True, kw_only=True, tag="pause"):
    """Stop taking bids."""


class Suspend(Clerk, frozen=True, kw_only=True, tag="suspend"):
    """Stop taking bids because of a fault or a risk, for a reason that is published."""

    reason: NeededReason


class Resume(Clerk, frozen=True, kw_only=True, tag="resume"):
    """Take bids again."""


class Extend(Clerk, frozen=True, kw_only=True, tag="extend"):
    """Move the end: to `closes_at`, or by `seconds`."""

    closes_at: Instant | None = None
    seconds: ByThen | None = None

    def __post_init__(self) -> None:
        """See that it is one of the two."""
        if (self.closes_at is None) == (self.seconds is None):
            raise ValueError("give either closes_at or seconds")


class FairWarning(Clerk, frozen=True, kw_only=True, tag="fair_warning"):
    """Say that the hammer is about to fall."""


class Hammer(Clerk, frozen=True, kw_only=True, tag="hammer"):
    """Knock the lot down to its leader, now."""


class Pass(Clerk, frozen=True, kw_only=True, tag="pass"):
    """End the lot unsold, now."""


class Withdraw(Clerk, frozen=True, kw_only=True, tag="withdraw"):
    """Take the lot out of the sale."""


class Reopen(Clerk, frozen=True, kw_only=True, tag="reopen"):
    """Take bids again on a lot that was sold or passed: until `closes_at`, or for `seconds` from now.

    A saleroom lot has no end, and takes neither.
    """

    closes_at: Instant | None = None
    seconds: ByThen | None = None

    def __post_init__(self) -> None:
        """See that it is not both."""
        if self.closes_at is not None and self.seconds is not None:
            raise ValueError("give either closes_at or seconds")


class Notice(Clerk, frozen=True, kw_only=True, tag="notice"):
    """Say something to everyone who watches the lot."""

    text: SpokenText


# Bids -----------------------------------------------------------------------------------------------------------------


class VoidBid(Clerk, frozen=True, kw_only=True, tag="void_bid"):
    """Let the bid of this seq not count; price and leader follow from the bids that stand."""

    seq: AtLeastOne


class Undo(Clerk, frozen=True, kw_only=True, tag="undo"):
    """Let the latest bid that stands not count."""


class FloorBid(Clerk, frozen=True, kw_only=True, tag="floor_bid"):
    """Bid for somebody in the room."""

    amount: Amount
    hand: Hand = ""


class Step(Clerk, frozen=True, kw_only=True, tag="step"):
    """Ask another step than the ladder's for the next bid."""

    step: AtLeastOne


# Bidders and their deposits -------------------------------------------------------------------------------------------


class Admit(Clerk, frozen=True, kw_only=True, tag="admit"):
    """Let a bidder bid; `rank` makes him a priority purchaser."""

    bidder: Id
    rank: Rank | None = None


class Decline(Clerk, frozen=True, kw_only=True, tag="decline"):
    """Do not let a bidder who has registered bid; what he paid goes back."""

    bidder: Id


class Bar(Clerk, frozen=True, kw_only=True, tag="bar"):
    """Keep a bidder from bidding on this lot."""

    bidder: Id


class ConfirmDeposit(Clerk, frozen=True, kw_only=True, tag="deposit"):
    """Say that a bidder's deposit has come in by this payment."""

    bidder: Id
    amount: Amount
    payment: Id


class Release(Clerk, frozen=True, kw_only=True, tag="release"):
    """Give a bidder's deposit back, before the clock does."""

    bidder: Id


# After the close ------------------------------------------------------------------------------------------------------


class Consent(Clerk, frozen=True, kw_only=True, tag="consent"):
    """Sell a lot that passed below its reserve to the best bidder, on the seller's word."""


class Settle(Clerk, frozen=True, kw_only=True, tag="settle"):
    """Say that the buyer has paid."""


class Default(Clerk, frozen=True, kw_only=True, tag="default"):
    """Say that the buyer will not pay: his deposit is forfeited, and he is barred from the re-auction."""


class Allocate(Clerk, frozen=True, kw_only=True, tag="allocate"):
    """Share a forfeited deposit out: the costs of the auction, the shortfall of the resale, then debts."""

    costs: Amount
    shortfall: Amount


class Reoffer(Clerk, frozen=True, kw_only=True, tag="reoffer"):
    """Offer the lot again as another one, `successor`.

    What is not given (start price, deposit, reserve) is as it was; the rest of the lot always is.
    """

    successor: Id
    opens_at: Instant
    closes_at: Instant | None = None
    start_price: Amount | None = None
    deposit: Amount | None = None
    reserve: Amount | UnsetType | None = UNSET


class Reauction(Reoffer, frozen=True, kw_only=True, tag="reauction"):
    """Offer an unsold lot again, for little less: how much less, and by when, its bounds say."""


class SellOff(Reoffer, frozen=True, kw_only=True, tag="sell_off"):
    """Offer an unsold lot for a fixed period at its last price; the first bid begins a countdown."""

    first_bid_closes_s: Span


# Two operators --------------------------------------------------------------------------------------------------------


class Countersign(Clerk, frozen=True, kw_only=True, tag="countersign"):
    """Carry out what another operator has ordered under `of_ref`, as the second of two."""

    of_by: Giver
    of_ref: Id


OrderBody: TypeAlias = (
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
    | Notice
    | VoidBid
    | Undo
    | FloorBid
    | Step
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
    | Reauction
    | SellOff
    | Countersign
)
