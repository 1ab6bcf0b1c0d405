"""STORED FORMAT: logs hold these names and fields for ten years. Add fields with defaults; never rename or remove.

Events are what has happened to a lot, in the past tense. Each has a public part, which every watcher may see and which
is numbered by `seq`, and a private part; either may be empty. What is private leaves no trace in
what is public. This file refuses to know how an event came about (`decisions`) and what it does to a lot (`state`).
Amounts are integer minor units, instants microseconds since the epoch; a bidder is public by his paddle only.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias, get_args

import msgspec
from msgspec import Struct, structs

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
        """Return an empty public part and all the rest."""
        return {}, {"ev": self.__struct_config__.tag, **structs.asdict(self)}


class LotListed(Event, frozen=True, kw_only=True, tag="lot_listed"):
    """A lot was offered. A hidden reserve is the private part."""

    seq: int
    listing: Listing
    phase: Phase = Phase.UPCOMING
    reserve: str

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
        hidden = listing.terms.reserve
        return public, {} if hidden is None else {"hidden_reserve": hidden}

    @classmethod
    def joined(cls, public: Mapping[str, Any], private: Mapping[str, Any]) -> "LotListed":
        """Put the event together again from its parts."""
        terms = {**public["terms"], "reserve": private.get("hidden_reserve")}
        fields = {name: public[name] for name in Listing.__struct_fields__ if name in public}
        listing = msgspec.convert({**fields, "terms": terms}, Listing)
        return cls(lot=public["lot"], at=public["at"], seq=public["seq"], listing=listing, reserve=public["reserve"])


_UNTOUCHED: Part = {
    "extensions": 0,
    "price": None,
    "ask": None,
    "bids": 0,
    "leader": None,
    "hammer_price": None,
    "notice": None,
    "warned": False,
}
"""How a lot stands before anything has happened to it: a fold of the public events alone starts from here."""


class ByClerk(Event, frozen=True, kw_only=True):
    """An event that an operator's order may have caused; `by` is empty where the clock did it.

    `body` is what a retry of the order must repeat, `grounds` the operator's reason where none is published.
    """

    PRIVATE: ClassVar[tuple[str, ...]] = ("by", "ref", "body", "grounds")

    seq: int
    by: str = ""
    ref: str = ""
    body: str | int = ""
    grounds: str = ""


class LotOpened(ByClerk, frozen=True, kw_only=True, tag="lot_opened"):
    """Bids are taken from now on."""

    phase: Phase = Phase.OPEN
    closes_at: int
    ask: int


class LotPaused(ByClerk, frozen=True, kw_only=True, tag="lot_paused"):
    """Bids are not taken, and the lot has no end until it is resumed."""

    reason: str
    phase: Phase = Phase.PAUSED
    closes_at: None = None
    ask: None = None


class LotResumed(ByClerk, frozen=True, kw_only=True, tag="lot_resumed"):
    """Bids are taken again."""

    phase: Phase = Phase.OPEN
    closes_at: int
    ask: int | None


class LotExtended(ByClerk, frozen=True, kw_only=True, tag="lot_extended"):
    """The end moved. `cause` is `bid`, `operator`, `group` or `outage`."""

    closes_at: int
    extensions: int
    cause: str


class LotWithdrawn(ByClerk, frozen=True, kw_only=True, tag="lot_withdrawn"):
    """The lot was taken out of the sale."""

    reason: str
    phase: Phase = Phase.WITHDRAWN
    closes_at: None = None
    ask: None = None


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

    `offered` is the amount of a plain bid or of a beaten ceiling, None for a ceiling that leads; `amount` is what was
    really offered, `ceiling` how far the house bids for the leader from now on.
    """

    PRIVATE: ClassVar[tuple[str, ...]] = ("bidder", "ref", "amount", "ceiling")

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

    def parts(self) -> tuple[Part, Part]:
        """Split as other events do, without looking for fields that say nothing: a storm is made of this one."""
        public = {"ev": "bid_placed", **structs.asdict(self)}
        take = public.pop
        private = {"bidder": take("bidder"), "ref": take("ref"), "amount": take("amount"), "ceiling": take("ceiling")}
        return public, private


class LotSold(Event, frozen=True, kw_only=True, tag="lot_sold"):
    """The hammer fell for the leader."""

    seq: int
    paddle: int
    hammer_price: int
    phase: Phase = Phase.SOLD
    ask: None = None


class LotPassed(Event, frozen=True, kw_only=True, tag="lot_passed"):
    """The lot ended unsold: `no_bids` or `reserve_not_met`."""

    seq: int
    reason: str
    phase: Phase = Phase.PASSED
    ask: None = None


class CeilingRaised(PrivateEvent, frozen=True, kw_only=True, tag="ceiling_raised"):
    """The leader raised his own ceiling: neither price nor clock move, and nobody else hears of it."""

    bidder: str
    ref: str
    amount: int


class BidderBarred(PrivateEvent, frozen=True, kw_only=True, tag="bidder_barred"):
    """A bidder may not bid on this lot any more."""

    bidder: str
    reason: str
    by: str
    ref: str
    body: str | int | None


Happening: TypeAlias = (
    LotListed
    | LotOpened
    | LotPaused
    | LotResumed
    | LotExtended
    | LotWithdrawn
    | NoticePosted
    | BidderAdmitted
    | BidPlaced
    | LotSold
    | LotPassed
    | CeilingRaised
    | BidderBarred
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
