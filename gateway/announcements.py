"""What the house says over WebSockets: the shape of every server message, for the documents and for clients in Python.

The messages themselves are made as plain maps where they arise (`lots.views`, `lots.events`, `answers`, `fanout`); the
tests hold both against each other. It refuses to know when something is said, and what is answered over HTTP alone
(`replies`). Amounts are minor units, instants microseconds. Source: protocol.md, "Server to client".
"""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from lots.bounds import Bounds
from lots.formats import DutchTerms, Format, SealedTerms, Seconds, Stage, TwoPhaseTerms
from lots.listing import Line, Picture, Text
from lots.money import Amount, BasisPoints
from lots.phases import Phase
from lots.refusals import Code
from lots.terms import (
    BuyNowUntil,
    Currency,
    Id,
    Instant,
    OrderName,
    Raise,
    RegistrationTerms,
    SoftCloseTerms,
)

Paddle = Annotated[int, Meta(ge=100, description="under which a bidder is public in this lot")]
Seq = Annotated[int, Meta(ge=0, description="the lot's public event number, 1, 2, 3 … without gaps")]
Head = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="the public chain's value at `seq`, 32 hex digits")]
ReserveStanding = Literal["none", "not_met", "met"]
SettlementStanding = Literal["due", "paid", "defaulted"]
Count = Annotated[int, Meta(ge=0)]
Connected = Annotated[int, Meta(ge=0, description="admitted bidders who were there at the close")]
Lost = Annotated[int, Meta(ge=0, description="of those, who had lost their connection within the last minute")]


class Said(Struct, frozen=True, kw_only=True, tag_field="ev"):
    """What all server messages have in common."""


class PublicTerms(Struct, frozen=True, kw_only=True, rename={"raise_": "raise"}):
    """The terms that everyone may see: all but a hidden reserve; `reserve` is there where it is public."""

    format: Format
    currency: Currency
    start_price: Amount
    ladder: Annotated[tuple[tuple[Amount, Amount], ...], Meta(description="from this price on, this step")]
    raise_: Raise
    proxy: bool
    self_raise: bool
    reserve: Amount | UnsetType | None = UNSET
    deposit: Amount
    confirm_above: float | None
    group: Id | None
    opens_at: Instant
    closes_at: Annotated[Instant | None, Meta(description="null where the clerk ends it")]
    soft_close: SoftCloseTerms | None
    dutch: DutchTerms | None
    sealed: SealedTerms | None
    two_phase: TwoPhaseTerms | None
    first_bid_closes_s: Seconds | None
    buy_now: Amount | None
    buy_now_until: BuyNowUntil
    reserve_public: bool
    provisional_s: Seconds | None
    priority: bool
    registration: RegistrationTerms | None
    release_after_s: Seconds
    premium: Annotated[tuple[tuple[Amount, BasisPoints], ...], Meta(description="from this price on, this share")]
    debt: Amount | None
    four_eyes: tuple[OrderName, ...]
    suspend_lost_percent: int | None
    appraisal: Amount | None
    bounds: Bounds | None


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
    max: Annotated[Amount | None, Meta(description="his own leading ceiling, or what he has offered unseen")]


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
    stage: Annotated[Stage | None, Meta(description="where a two-phase lot is; null for all others")]
    lowers_at: Annotated[Instant | None, Meta(description="when a falling price falls next")]
    resume_by: Annotated[Instant | None, Meta(description="within this a suspended lot is to be resumed")]
    provisional: Annotated[bool, Meta(description="whether the best bid waits for the seller's consent")]
    settlement: SettlementStanding | None
    successor: Annotated[Id | None, Meta(description="the lot that offers this one again")]


class Indicative(Struct, frozen=True, kw_only=True):
    """Amounts of a lot in another currency, in its minor units, by the rates that the house has posted; not binding."""

    currency: Currency
    price: Amount | None
    ask: Amount | None
    start_price: Amount | None
    hammer_price: Amount | None
    rate: Annotated[str, Meta(description="units of this currency for one of the lot's; at most 12 digits are shown")]
    at: Annotated[Instant, Meta(description="when the rates were posted")]


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
    org: Annotated[Id | None, Meta(description="the consignor that runs it; null: the house")]
    before: Annotated[Id | None, Meta(description="the lot that this one offers again")]
    terms: PublicTerms
    scheduled_close_at: Instant | None
    reset: bool
    you: You | None
    indicative: Annotated[Indicative | UnsetType | None, Meta(description="where it was asked for, over HTTP")] = UNSET


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


class Watchers(Said, frozen=True, kw_only=True, tag="watchers"):
    """How many watch: one lot with `lot` and `watchers`; lots of a sale with `sale` and `lots`."""

    now: Instant
    lot: Id | UnsetType = UNSET
    watchers: Annotated[Count | UnsetType, Meta(description="connections that watch the lot itself")] = UNSET
    sale: Id | UnsetType = UNSET
    lots: Annotated[dict[Id, Count] | UnsetType, Meta(description="by lot; those whose number has changed")] = UNSET


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
    """The house at work, for its operators; those of a consignor see its lots alone."""

    now: Instant
    lots: list[LotLine]
    totals: Annotated[dict[str, Any] | None, Meta(description="of the whole house; null for a consignor's operators")]
    engine: Annotated[dict[str, Any] | None, Meta(description="null for a consignor's operators")]


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
    stage: Stage | UnsetType | None = UNSET
    lowers_at: Instant | UnsetType | None = UNSET
    resume_by: Instant | UnsetType | None = UNSET
    provisional: bool | UnsetType = UNSET
    settlement: SettlementStanding | UnsetType | None = UNSET
    successor: Id | UnsetType | None = UNSET


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
    org: Id | UnsetType | None = UNSET
    before: Id | UnsetType | None = UNSET
    terms: PublicTerms
    scheduled_close_at: Instant | UnsetType | None = UNSET


class LotOpened(Changes, frozen=True, kw_only=True, tag="lot_opened"):
    """Bids are taken."""


class LotResumed(Changes, frozen=True, kw_only=True, tag="lot_resumed"):
    """Bids are taken again."""


class LotReopened(Changes, frozen=True, kw_only=True, tag="lot_reopened"):
    """Bids are taken again on a lot that had closed."""

    reason: str


class StageBegun(Changes, frozen=True, kw_only=True, tag="stage_begun"):
    """A two-phase lot came to its next stage."""


class PriceLowered(Changes, frozen=True, kw_only=True, tag="price_lowered"):
    """The price of a Dutch lot fell by a step; once it stands at its floor, `lowers_at` is null."""


class CountdownStarted(Changes, frozen=True, kw_only=True, tag="countdown_started"):
    """The first bid has set the end."""


class BidderAdmitted(Changes, frozen=True, kw_only=True, tag="bidder_admitted"):
    """Somebody may bid."""

    paddle: Paddle


class BidPlaced(Changes, frozen=True, kw_only=True, tag="bid_placed"):
    """A bid was accepted. When `leader` is another paddle, the leader's ceiling answered."""

    paddle: Paddle
    kind: Annotated[Literal["bid", "max_bid", "floor"], Meta(description="floor: from the room")]
    offered: Amount | None


class BidVoided(Changes, frozen=True, kw_only=True, tag="bid_voided"):
    """A bid does not count; price and leader follow from those that stand."""

    voided: Annotated[Seq, Meta(description="of its `bid_placed`")]
    reason: str


class BidsOpened(Changes, frozen=True, kw_only=True, tag="bids_opened"):
    """What was offered unseen was opened."""

    offers: Annotated[list[tuple[Paddle, Amount]], Meta(description="paddle and amount, the best first")]


class StepSet(Changes, frozen=True, kw_only=True, tag="step_set"):
    """The clerk asks another step for the next bid."""

    step: Amount


class LotExtended(Changes, frozen=True, kw_only=True, tag="lot_extended"):
    """The end moved."""

    cause: Literal["bid", "operator", "group", "outage"]


class LotPaused(Changes, frozen=True, kw_only=True, tag="lot_paused"):
    """No bids are taken until it is resumed."""

    reason: str
    cause: Literal["clerk", "suspension", "connections"] | UnsetType = UNSET


class LotWithdrawn(Changes, frozen=True, kw_only=True, tag="lot_withdrawn"):
    """The lot is no longer offered."""

    reason: str


class FairWarningGiven(Changes, frozen=True, kw_only=True, tag="fair_warning_given"):
    """The hammer is about to fall."""

    reason: str


class NoticePosted(Changes, frozen=True, kw_only=True, tag="notice_posted"):
    """The house says something to all."""

    text: str


class LotSold(Changes, frozen=True, kw_only=True, tag="lot_sold"):
    """The hammer fell."""

    paddle: Paddle
    connected: Connected | UnsetType | None = UNSET
    lost: Lost | UnsetType | None = UNSET


class LotPassed(Changes, frozen=True, kw_only=True, tag="lot_passed"):
    """The lot ended unsold; when it is `provisional`, the best bid waits for the seller's consent."""

    reason: Literal["no_bids", "reserve_not_met", "by_clerk"]
    connected: Connected | UnsetType | None = UNSET
    lost: Lost | UnsetType | None = UNSET


class ConsentLapsed(Changes, frozen=True, kw_only=True, tag="consent_lapsed"):
    """The seller has not consented in time; the best bidder is free."""


class LotReoffered(Changes, frozen=True, kw_only=True, tag="lot_reoffered"):
    """The lot is offered again as `successor`."""

    reason: str
    kind: Literal["reoffer", "reauction", "sell_off"]


class LotSettled(Changes, frozen=True, kw_only=True, tag="lot_settled"):
    """The buyer has paid."""


class WinnerDefaulted(Changes, frozen=True, kw_only=True, tag="winner_defaulted"):
    """The buyer will not pay."""

    reason: str


ANSWERS: Final = (Hello, Accepted, Refused, TimeTold, Error, Goodbye)
FEEDS: Final = (Snapshot, Resumed, You, SaleShown, State, States, Heartbeat, Watchers, Status, Operations)
AnyEvent: TypeAlias = (
    LotListed
    | LotOpened
    | LotResumed
    | LotReopened
    | StageBegun
    | PriceLowered
    | CountdownStarted
    | BidderAdmitted
    | BidPlaced
    | BidVoided
    | BidsOpened
    | StepSet
    | LotExtended
    | LotPaused
    | LotWithdrawn
    | FairWarningGiven
    | NoticePosted
    | LotSold
    | LotPassed
    | ConsentLapsed
    | LotReoffered
    | LotSettled
    | WinnerDefaulted
)
EVENTS: Final = get_args(AnyEvent)
SERVER_MESSAGES: Final = (*ANSWERS, *FEEDS, *EVENTS)
