"""STORED FORMAT: logs hold these names and fields for ten years. Add fields with defaults; never rename or remove.

Events are what has happened to a lot, in the past tense. Each has a public part, which every watcher may see and which
is numbered by `seq`, and a private part; either may be empty. What is private leaves no trace in
what is public. This file refuses to know how an event came about (`decisions`) and what it does to a lot (`fold`).
Amounts are integer minor units, instants microseconds since the epoch; a bidder is public by his paddle only.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from lots.formats import Stage
from lots.ledger import Account
from lots.listing import Listing
from lots.phases import Phase

Part: TypeAlias = dict[str, Any]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="ev"):
    """What all events have in common."""

    PRIVATE: ClassVar[tuple[str, ...]] = ()

    lot: str
    at: int

    def parts(self) -> tuple[Part, Part]:
        """Split the event into its public and its private part; a private field that says nothing is left out."""
        public = {"ev": self.__struct_config__.tag, **structs.asdict(self)}
        private = {name: public.pop(name) for name in self.PRIVATE}
        return public, {name: value for name, value in private.items() if value not in (None, "")}


class PrivateEvent(Event, frozen=True, kw_only=True):
    """An event that no watcher hears of."""

    def parts(self) -> tuple[Part, Part]:
        """Return an empty public part and all the rest that says something."""
        said = {name: value for name, value in structs.asdict(self).items() if value not in (None, "")}
        return {}, {"ev": self.__struct_config__.tag, **said}


class LotListed(Event, frozen=True, kw_only=True, tag="lot_listed"):
    """A lot was offered. A hidden reserve, and who is barred from the first, are the private part."""

    seq: int
    listing: Listing
    phase: Phase = Phase.UPCOMING
    reserve: str
    barred: tuple[str, ...] = ()

    def parts(self) -> tuple[Part, Part]:
        """Spread the listing over the public part, with all that a later event may change."""
        listing = self.listing
        public = {
            "ev": "lot_listed",
            "lot": self.lot,
            "seq": self.seq,
            "at": self.at,
            **listing.public(),
            "phase": self.phase,
            "closes_at": listing.terms.closes_at,
            "scheduled_close_at": listing.terms.closes_at,
            "reserve": self.reserve,
            **_UNTOUCHED,
        }
        hidden = None if listing.terms.reserve_public else listing.terms.reserve
        private = {"hidden_reserve": hidden, "barred": list(self.barred) or None}
        return public, {name: value for name, value in private.items() if value is not None}

    @classmethod
    def joined(cls, public: Mapping[str, Any], private: Mapping[str, Any]) -> "LotListed":
        """Put the event together again from its parts."""
        reserve = private.get("hidden_reserve", public["terms"].get("reserve"))
        fields = {name: public[name] for name in Listing.__struct_fields__ if name in public}
        listing = msgspec.convert({**fields, "terms": {**public["terms"], "reserve": reserve}}, Listing)
        return cls(
            lot=public["lot"],
            at=public["at"],
            seq=public["seq"],
            listing=listing,
            reserve=public["reserve"],
            barred=tuple(private.get("barred", ())),
        )


_UNTOUCHED: Part = {
    "extensions": 0,
    "price": None,
    "ask": None,
    "bids": 0,
    "leader": None,
    "hammer_price": None,
    "notice": None,
    "warned": False,
    "stage": None,
    "lowers_at": None,
    "resume_by": None,
    "provisional": False,
    "settlement": None,
    "successor": None,
}
"""How a lot stands before anything has happened to it: a fold of the public events alone starts from here."""


class ByClerk(Event, frozen=True, kw_only=True):
    """An event that an operator's order may have caused; `by` is empty where the clock did it.

    `op` is the order's name where it is not the event's first one (`fold`), `body` what a retry must repeat, `grounds`
    the operator's reason where none is published, `proposal` the key of what a second operator carried out by it.
    """

    PRIVATE: ClassVar[tuple[str, ...]] = ("by", "ref", "op", "body", "grounds", "proposal")

    seq: int
    by: str = ""
    ref: str = ""
    op: str = ""
    body: str | int = ""
    grounds: str = ""
    proposal: str = ""

    def parts(self) -> tuple[Part, Part]:
        """Split as all events do; a public field that this event does not touch (UNSET) is left out."""
        public, private = super().parts()
        return {name: value for name, value in public.items() if value is not UNSET}, private


class LotOpened(ByClerk, frozen=True, kw_only=True, tag="lot_opened"):
    """Bids are taken from now on."""

    phase: Phase = Phase.OPEN
    closes_at: int | None
    ask: int
    stage: Stage | UnsetType = UNSET
    lowers_at: int | UnsetType = UNSET


class LotPaused(ByClerk, frozen=True, kw_only=True, tag="lot_paused"):
    """Bids are not taken, and the lot has no end until it is resumed."""

    reason: str
    cause: str = "clerk"
    phase: Phase = Phase.PAUSED
    closes_at: None = None
    ask: None = None
    lowers_at: UnsetType | None = UNSET
    resume_by: int | UnsetType | None = UNSET


class LotResumed(ByClerk, frozen=True, kw_only=True, tag="lot_resumed"):
    """Bids are taken again."""

    phase: Phase = Phase.OPEN
    closes_at: int | None
    ask: int | None
    lowers_at: int | UnsetType = UNSET
    resume_by: UnsetType | None = UNSET


class LotReopened(ByClerk, frozen=True, kw_only=True, tag="lot_reopened"):
    """Bids are taken again on a lot that had closed."""

    reason: str
    phase: Phase = Phase.OPEN
    closes_at: int | None
    ask: int
    hammer_price: None = None
    warned: bool = False
    provisional: bool = False
    settlement: None = None
    stage: Stage | UnsetType = UNSET


class LotExtended(ByClerk, frozen=True, kw_only=True, tag="lot_extended"):
    """The end moved. `cause` is `bid`, `operator`, `group` or `outage`."""

    closes_at: int
    extensions: int
    cause: str


class CountdownStarted(Event, frozen=True, kw_only=True, tag="countdown_started"):
    """The first bid has set the end of a lot that was on offer until then."""

    seq: int
    closes_at: int


class StageBegun(Event, frozen=True, kw_only=True, tag="stage_begun"):
    """A two-phase lot came to its next stage."""

    seq: int
    stage: Stage
    closes_at: int
    ask: int | None


class PriceLowered(Event, frozen=True, kw_only=True, tag="price_lowered"):
    """The price of a Dutch lot fell by a step; at the floor it stands."""

    seq: int
    ask: int
    lowers_at: int | None


class FairWarningGiven(ByClerk, frozen=True, kw_only=True, tag="fair_warning_given"):
    """The hammer is about to fall."""

    reason: str
    warned: bool = True


class StepSet(ByClerk, frozen=True, kw_only=True, tag="step_set"):
    """The clerk asks another step for the next bid."""

    step: int
    ask: int


class BidVoided(ByClerk, frozen=True, kw_only=True, tag="bid_voided"):
    """A bid does not count; price and leader follow from those that stand. Who leads up to where is private."""

    PRIVATE: ClassVar[tuple[str, ...]] = (*ByClerk.PRIVATE, "leader_bidder", "ceiling")

    voided: int
    reason: str
    price: int | None
    ask: int | None
    bids: int
    leader: int | None
    reserve: str
    warned: bool = False
    leader_bidder: str | None = None
    ceiling: int = 0


class LotWithdrawn(ByClerk, frozen=True, kw_only=True, tag="lot_withdrawn"):
    """The lot was taken out of the sale."""

    reason: str
    phase: Phase = Phase.WITHDRAWN
    closes_at: None = None
    ask: None = None
    lowers_at: UnsetType | None = UNSET
    resume_by: UnsetType | None = UNSET


class NoticePosted(ByClerk, frozen=True, kw_only=True, tag="notice_posted"):
    """The house said something to everyone."""

    text: str
    notice: str


class BidderAdmitted(ByClerk, frozen=True, kw_only=True, tag="bidder_admitted"):
    """A bidder got his paddle. Who he is stays private."""

    PRIVATE: ClassVar[tuple[str, ...]] = (*ByClerk.PRIVATE, "bidder")

    paddle: int
    bidder: str


class BidPlaced(Event, frozen=True, kw_only=True, tag="bid_placed"):
    """A bid or a ceiling was accepted and stands in public.

    `kind` is `bid`, `max_bid` or `floor` (from the room; `by` is the clerk who gave it in, `grounds` his reason).
    `rank` is that of a priority purchaser, and private: whoever granted it would know his paddle. `warned` is False
    where the bid answers a fair warning. `offered` is the amount of a plain bid or of a beaten ceiling, None for a
    ceiling that leads; `amount` is what was really offered, `ceiling` how far the house bids for the leader then.
    """

    PRIVATE: ClassVar[tuple[str, ...]] = ("bidder", "ref", "amount", "ceiling", "rank", "by", "grounds")

    seq: int
    paddle: int
    kind: str
    offered: int | None
    price: int
    ask: int
    bids: int
    leader: int
    reserve: str
    bidder: str
    ref: str
    amount: int
    ceiling: int
    rank: int | None = None
    warned: bool | None = None
    by: str = ""
    grounds: str = ""

    def parts(self) -> tuple[Part, Part]:
        """Split as other events do, but name by name: a storm is made of this one.

        `rank`, `warned` and `by` are there only where they say something: few lots have priority purchasers or a clerk.
        """
        public: Part = {
            "ev": "bid_placed",
            "lot": self.lot,
            "at": self.at,
            "seq": self.seq,
            "paddle": self.paddle,
            "kind": self.kind,
            "offered": self.offered,
            "price": self.price,
            "ask": self.ask,
            "bids": self.bids,
            "leader": self.leader,
            "reserve": self.reserve,
        }
        private: Part = {"bidder": self.bidder, "ref": self.ref, "amount": self.amount, "ceiling": self.ceiling}
        if self.rank is not None:
            private["rank"] = self.rank
        if self.warned is not None:
            public["warned"] = self.warned
        if self.by:
            private["by"] = self.by
        if self.grounds:
            private["grounds"] = self.grounds
        return public, private


class BidsOpened(Event, frozen=True, kw_only=True, tag="bids_opened"):
    """What was offered unseen was opened: (paddle, amount), the best first. Who is behind the paddles stays private."""

    seq: int
    offers: tuple[tuple[int, int], ...]
    bids: int
    price: int | None
    leader: int | None
    reserve: str


class LotSold(ByClerk, frozen=True, kw_only=True, tag="lot_sold"):
    """The hammer fell for the leader. `connected` and `lost`: how many admitted bidders were there at that moment."""

    paddle: int
    hammer_price: int
    phase: Phase = Phase.SOLD
    ask: None = None
    lowers_at: UnsetType | None = UNSET
    provisional: bool | UnsetType = UNSET
    settlement: str | UnsetType = UNSET
    connected: int | UnsetType | None = UNSET
    lost: int | UnsetType | None = UNSET


class LotPassed(ByClerk, frozen=True, kw_only=True, tag="lot_passed"):
    """The lot ended unsold: `no_bids`, `reserve_not_met`, or `by_clerk`.

    `provisional`: below the reserve the best bid stands for the seller's consent.
    """

    reason: str
    phase: Phase = Phase.PASSED
    ask: None = None
    lowers_at: UnsetType | None = UNSET
    provisional: bool | UnsetType = UNSET
    connected: int | UnsetType | None = UNSET
    lost: int | UnsetType | None = UNSET


class ConsentLapsed(Event, frozen=True, kw_only=True, tag="consent_lapsed"):
    """The seller has not consented in time; the best bidder is free."""

    seq: int
    provisional: bool = False


class LotReoffered(ByClerk, frozen=True, kw_only=True, tag="lot_reoffered"):
    """The lot is offered again as `successor`: `reoffer`, `reauction` or `sell_off`."""

    reason: str
    kind: str
    successor: str


class LotSettled(ByClerk, frozen=True, kw_only=True, tag="lot_settled"):
    """The buyer has paid."""

    settlement: str = "paid"


class WinnerDefaulted(ByClerk, frozen=True, kw_only=True, tag="winner_defaulted"):
    """The buyer will not pay. He may not bid where the lot is offered again."""

    PRIVATE: ClassVar[tuple[str, ...]] = (*ByClerk.PRIVATE, "bidder")

    reason: str
    settlement: str = "defaulted"
    bidder: str


class CeilingRaised(PrivateEvent, frozen=True, kw_only=True, tag="ceiling_raised"):
    """The leader raised his own ceiling: neither price nor clock move, and nobody else hears of it."""

    bidder: str
    ref: str
    amount: int


class PrivateByClerk(PrivateEvent, frozen=True, kw_only=True):
    """An event that no watcher hears of, and that an operator's order may have caused."""

    by: str = ""
    ref: str = ""
    op: str = ""
    body: str | int | None = ""
    grounds: str = ""
    proposal: str = ""


class BidderBarred(PrivateByClerk, frozen=True, kw_only=True, tag="bidder_barred"):
    """A bidder may not bid on this lot any more."""

    bidder: str
    reason: str = ""


class BidderRegistered(PrivateEvent, frozen=True, kw_only=True, tag="bidder_registered"):
    """A bidder asks to be admitted and has accepted the statements as they stand here."""

    bidder: str
    ref: str
    accepted: tuple[str, ...]


class ApplicationChecked(PrivateByClerk, frozen=True, kw_only=True, tag="application_checked"):
    """The consignor has looked at a bidder: admitted (as a priority purchaser by `rank`) or not."""

    bidder: str
    admitted: bool
    rank: int | None = None


class PaddleAssigned(PrivateByClerk, frozen=True, kw_only=True, tag="paddle_assigned"):
    """A bidder may bid under this paddle, which nobody sees before he does."""

    bidder: str
    paddle: int


class DepositMoved(PrivateByClerk, frozen=True, kw_only=True, tag="deposit_moved"):
    """An entry of the ledger: an amount of one bidder went from one account to another."""

    bidder: str
    source: Account
    to: Account
    amount: int
    payment: str = ""


class AccountsOpened(PrivateEvent, frozen=True, kw_only=True, tag="accounts_opened"):
    """Somebody has read who bought the lot, or its whole record: it cannot be bid on any more as if nobody knew."""

    by: str


class DepositsReturned(PrivateEvent, frozen=True, kw_only=True, tag="deposits_returned"):
    """After the close the clock has given the losers' deposits back and applied the winner's."""


class SealedBidPlaced(PrivateEvent, frozen=True, kw_only=True, tag="sealed_bid_placed"):
    """A bid or a quote that nobody sees before the close."""

    bidder: str
    ref: str
    amount: int


class BidderJoined(PrivateEvent, frozen=True, kw_only=True, tag="bidder_joined"):
    """A bidder has confirmed that he takes part in the timed phase."""

    bidder: str
    ref: str


class OrderProposed(PrivateByClerk, frozen=True, kw_only=True, tag="order_proposed"):
    """A grave order waits for a second operator: its name, and its fields as `lots.orders` has them."""

    op: str
    order: dict[str, Any]


class ProposalClosed(PrivateByClerk, frozen=True, kw_only=True, tag="proposal_closed"):
    """A second operator has countersigned an order for which nothing was left to do."""


Happening: TypeAlias = (
    LotListed
    | LotOpened
    | LotPaused
    | LotResumed
    | LotReopened
    | LotExtended
    | CountdownStarted
    | StageBegun
    | PriceLowered
    | FairWarningGiven
    | StepSet
    | BidVoided
    | LotWithdrawn
    | NoticePosted
    | BidderAdmitted
    | BidPlaced
    | BidsOpened
    | LotSold
    | LotPassed
    | ConsentLapsed
    | LotReoffered
    | LotSettled
    | WinnerDefaulted
    | CeilingRaised
    | BidderBarred
    | BidderRegistered
    | ApplicationChecked
    | PaddleAssigned
    | DepositMoved
    | AccountsOpened
    | DepositsReturned
    | SealedBidPlaced
    | BidderJoined
    | OrderProposed
    | ProposalClosed
)
_BY_NAME: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Happening)}


def join(public: Mapping[str, Any], private: Mapping[str, Any]) -> Event:
    """Put an event together from its stored parts; fields it does not know (a salt) are passed over.

    Raises:
        msgspec.ValidationError: a field has the wrong type: the log is broken.
        KeyError: there is no such event: the log is newer than this program, or broken.
    """
    kind = _BY_NAME[public.get("ev") or private["ev"]]
    if kind is LotListed:
        return LotListed.joined(public, private)
    return msgspec.convert({**public, **private}, kind)
