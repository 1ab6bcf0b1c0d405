"""What the house says: the shape of every server message, for the documents and for clients in Python.

The messages themselves are made as plain maps where they arise (`lots.views`, `answers`, `fanout`); the tests hold
both against each other. It refuses to know when something is said. Amounts are minor units, instants microseconds.
Source: protocol.md, "Server to client".
"""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from lots.listing import Line, Picture, Sale, Text
from lots.phases import Phase
from lots.refusals import Code
from lots.terms import Amount, Currency, Id, Instant, Raise, Seconds, SoftCloseTerms

Paddle = Annotated[int, Meta(ge=100, description="under which a bidder is public in this lot")]
Seq = Annotated[int, Meta(ge=0, description="the lot's public event number, 1, 2, 3 … without gaps")]
Head = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="the public chain's value at `seq`, 32 hex digits")]
ReserveStanding = Literal["none", "not_met", "met"]
Count = Annotated[int, Meta(ge=0)]


class Said(Struct, frozen=True, kw_only=True, tag_field="ev"):
    """What all server messages have in common."""


class PublicTerms(Struct, frozen=True, kw_only=True, rename={"raise_": "raise"}):
    """The terms that everyone may see: all but a hidden reserve."""

    format: Literal["english"]
    currency: Currency
    start_price: Amount
    ladder: Annotated[tuple[tuple[Amount, Amount], ...], Meta(description="from this price on, this step")]
    raise_: Raise
    proxy: bool
    self_raise: bool
    deposit: Amount
    confirm_above: float | None
    group: Id | None
    opens_at: Instant
    closes_at: Instant
    soft_close: SoftCloseTerms | None


class Hello(Said, frozen=True, kw_only=True, tag="hello"):
    """The greeting, and the answer to `auth`."""

    now: Instant
    bidder: Id | None
    role: Literal["watcher", "bidder", "operator", "admin", "auditor"]
    heartbeat_s: Seconds


class You(Said, frozen=True, kw_only=True, tag="you"):
    """How this bidder stands, for his eyes only."""

    lot: Id
    paddle: Paddle | None
    admitted: bool
    leading: bool
    max: Amount | None


class Standing(Said, frozen=True, kw_only=True):
    """What of a lot changes."""

    lot: Id
    seq: Seq
    now: Instant
    phase: Phase
    price: Amount | None
    ask: Annotated[Amount | None, Meta(description="the least acceptable bid now; null when none is")]
    leader: Paddle | None
    bids: Count
    closes_at: Instant | None
    extensions: Count
    reserve: ReserveStanding
    hammer_price: Amount | None
    notice: str | None
    warned: bool


class Snapshot(Standing, frozen=True, kw_only=True, tag="lot"):
    """All that a watcher needs to follow the events after it."""

    head: Head
    sale: Id
    title: Line
    description: Text
    category: Line
    country: Line
    place: Line
    consignor: Line
    images: tuple[Picture, ...]
    terms: PublicTerms
    scheduled_close_at: Instant
    reset: bool
    you: You | None


class State(Standing, frozen=True, kw_only=True, tag="state"):
    """The latest state of a lot, on the live feed."""


class States(Said, frozen=True, kw_only=True, tag="states"):
    """The latest states of the lots of a sale that have changed."""

    sale: Id | UnsetType = UNSET
    now: Instant | UnsetType = UNSET
    states: list[State]


class SaleShown(Said, frozen=True, kw_only=True, tag="sale"):
    """The lots of a sale by time to close, in parts."""

    sale: Id
    title: Line
    lots: list[Snapshot]
    more: Annotated[bool, Meta(description="whether another part follows")]


class Heartbeat(Said, frozen=True, kw_only=True, tag="heartbeat"):
    """Sent after silence: of a lot with `lot`, `seq`, `head`, `closes_at`; of a sale with `sale`."""

    now: Instant
    lot: Id | UnsetType = UNSET
    seq: Seq | UnsetType = UNSET
    head: Head | UnsetType = UNSET
    closes_at: Instant | UnsetType | None = UNSET
    sale: Id | UnsetType = UNSET


class Resumed(Said, frozen=True, kw_only=True, tag="resumed", rename={"from_": "from"}):
    """All events after `from` up to `to` have been sent."""

    lot: Id
    from_: Seq
    to: Seq
    head: Head


class Receipt(Struct, frozen=True, kw_only=True):
    """The order was carried out and is on disk."""

    ref: str
    lot: Id
    seq: Annotated[int, Meta(ge=0, description="of his `bid_placed`; of the lot when the order is private")]
    at: Instant
    paddle: Paddle | None
    price: Amount | None
    leading: bool
    repeat: Annotated[bool, Meta(description="whether this `ref` was accepted before")]


class Accepted(Receipt, frozen=True, kw_only=True, tag="accepted", tag_field="ev"):
    """The order was carried out and is on disk."""


class Refused(Said, frozen=True, kw_only=True, tag="refused"):
    """The order was not carried out."""

    ref: str | None
    lot: str | None
    code: Code
    detail: Annotated[str, Meta(description="one English sentence")]
    ask: Amount | None
    at: Annotated[Instant | None, Meta(description="its stamp, if it got one")]
    now: Instant


class Status(Said, frozen=True, kw_only=True, tag="status"):
    """The store went away, or is back."""

    lot: Id | UnsetType = UNSET
    sale: Id | UnsetType = UNSET
    store: Literal["away", "back"]


class TimeTold(Said, frozen=True, kw_only=True, tag="time"):
    """The server's time."""

    sent: int | float
    now: Instant


class Error(Said, frozen=True, kw_only=True, tag="error"):
    """The answer to a frame that nothing else answers."""

    code: str
    detail: str
    op: str | None
    lot: str | None


class Goodbye(Said, frozen=True, kw_only=True, tag="goodbye"):
    """The house restarts; come back after a time between these, in milliseconds."""

    reason: str
    retry_ms: tuple[Count, Count]


class LotLine(Struct, frozen=True, kw_only=True):
    """One lot as operators see it; bidders are counted, not named."""

    lot: Id
    phase: Phase
    closes_at: Instant | None
    bids: Count
    bids_per_s: float
    watchers: Count
    bidders: Annotated[int, Meta(ge=0, description="admitted bidders who are connected")]


class Operations(Said, frozen=True, kw_only=True, tag="operations"):
    """The house at work, for its operators."""

    now: Instant
    lots: list[LotLine]
    totals: dict[str, Any]
    engine: dict[str, Any]


# Answers over HTTP alone ----------------------------------------------------------------------------------------------


class Problem(Struct, frozen=True, kw_only=True):
    """Anything but what was asked for (RFC 9457); a refused bid has the fields of `refused` too."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    ref: str | UnsetType | None = UNSET
    lot: str | UnsetType | None = UNSET
    ask: Amount | UnsetType | None = UNSET
    at: Instant | UnsetType | None = UNSET
    now: Instant | UnsetType = UNSET


class PhaseCounts(Struct, frozen=True, kw_only=True):
    """How many lots are in which phase."""

    upcoming: Count
    open: Count
    paused: Count
    sold: Count
    passed: Count
    withdrawn: Count


class ListedSale(Sale, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A sale, with counts of its lots."""

    lots: PhaseCounts


class Sales(Struct, frozen=True, kw_only=True):
    """All sales."""

    sales: list[ListedSale]


class LotsPage(Struct, frozen=True, kw_only=True):
    """Lots in the order in which they close; `cursor` asks for those behind them."""

    lots: list[Snapshot]
    cursor: str | None


# Public events --------------------------------------------------------------------------------------------------------


class PublicEvent(Said, frozen=True, kw_only=True):
    """What all events of the full feed have in common; further fields stand where the event changes them."""

    lot: Id
    seq: Seq
    head: Head
    at: Instant


class Changes(PublicEvent, frozen=True, kw_only=True):
    """The fields an event may change, so that a snapshot plus the events after it is the later snapshot."""

    phase: Phase | UnsetType = UNSET
    price: Amount | UnsetType | None = UNSET
    ask: Amount | UnsetType | None = UNSET
    bids: Count | UnsetType = UNSET
    leader: Paddle | UnsetType | None = UNSET
    reserve: ReserveStanding | UnsetType = UNSET
    closes_at: Instant | UnsetType | None = UNSET
    extensions: Count | UnsetType = UNSET
    hammer_price: Amount | UnsetType | None = UNSET
    notice: str | UnsetType | None = UNSET
    warned: bool | UnsetType = UNSET


class LotListed(Changes, frozen=True, kw_only=True, tag="lot_listed"):
    """A lot was offered."""

    sale: Id
    title: Line
    description: Text
    category: Line
    country: Line
    place: Line
    consignor: Line
    images: tuple[Picture, ...]
    terms: PublicTerms
    scheduled_close_at: Instant | UnsetType = UNSET


class LotOpened(Changes, frozen=True, kw_only=True, tag="lot_opened"):
    """Bids are taken."""


class LotResumed(Changes, frozen=True, kw_only=True, tag="lot_resumed"):
    """Bids are taken again."""


class BidderAdmitted(Changes, frozen=True, kw_only=True, tag="bidder_admitted"):
    """Somebody may bid."""

    paddle: Paddle


class BidPlaced(Changes, frozen=True, kw_only=True, tag="bid_placed"):
    """A bid was accepted. When `leader` is another paddle, the leader's ceiling answered."""

    paddle: Paddle
    kind: Literal["bid", "max_bid"]
    offered: Amount | None


class LotExtended(Changes, frozen=True, kw_only=True, tag="lot_extended"):
    """The end moved."""

    cause: Literal["bid", "operator", "group", "outage"]


class LotPaused(Changes, frozen=True, kw_only=True, tag="lot_paused"):
    """No bids are taken until it is resumed."""

    reason: str


class LotWithdrawn(Changes, frozen=True, kw_only=True, tag="lot_withdrawn"):
    """The lot is no longer offered."""

    reason: str


class NoticePosted(Changes, frozen=True, kw_only=True, tag="notice_posted"):
    """The house says something to all."""

    text: str


class LotSold(Changes, frozen=True, kw_only=True, tag="lot_sold"):
    """The hammer fell."""

    paddle: Paddle


class LotPassed(Changes, frozen=True, kw_only=True, tag="lot_passed"):
    """The lot ended unsold."""

    reason: Literal["no_bids", "reserve_not_met"]


class EventsPage(Struct, frozen=True, kw_only=True):
    """Public events of a lot, oldest first."""

    events: list[
        LotListed
        | LotOpened
        | LotResumed
        | BidderAdmitted
        | BidPlaced
        | LotExtended
        | LotPaused
        | LotWithdrawn
        | NoticePosted
        | LotSold
        | LotPassed
    ]


ANSWERS: Final = (Hello, Accepted, Refused, TimeTold, Error, Goodbye)
FEEDS: Final = (Snapshot, Resumed, You, SaleShown, State, States, Heartbeat, Status, Operations)
EVENTS: Final = (
    LotListed,
    LotOpened,
    LotResumed,
    BidderAdmitted,
    BidPlaced,
    LotExtended,
    LotPaused,
    LotWithdrawn,
    NoticePosted,
    LotSold,
    LotPassed,
)
SERVER_MESSAGES: Final = (*ANSWERS, *FEEDS, *EVENTS)
