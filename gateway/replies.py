"""Replies: the shape of every answer over HTTP alone, for the documents and for clients in Python.

The answers themselves are made as plain maps where they arise; the tests hold both against each other. What is said
over WebSockets too is in `announcements`. It refuses to know who may ask. Amounts are minor units, instants
microseconds. Source: protocol.md, "HTTP".
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.announcements import (
    AnyEvent,
    Count,
    Head,
    Paddle,
    Receipt,
    ReserveStanding,
    SettlementStanding,
    Snapshot,
)
from gateway.auth import Person
from gateway.directions import Giver, Rank
from lots.exchange import Rate
from lots.ledger import Deposit
from lots.listing import Consignor, Line, Sale
from lots.money import Amount
from lots.phases import Phase
from lots.terms import Currency, Id, Instant

Chain = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="the entry chain's value after it, 64 hex digits")]
Money = Annotated[str, Meta(description="as people read it, in the currency's own digits")]
RecordId = Annotated[str, Meta(pattern="^[0-9]+-[0-9]+$", description="epoch and number of a record of the log")]
Part = Annotated[dict[str, Any], Meta(description="as it is stored; bytes as hex digits")]


class Wrong(Struct, frozen=True, kw_only=True):
    """What is wrong with a row of an import, or, without a row, with the sale."""

    row: Annotated[int | None, Meta(description="from 1; of a file, its line")]
    lot: str | None
    detail: str


class Problem(Struct, frozen=True, kw_only=True):
    """Anything but what was asked for (RFC 9457); a refused order has the fields of `refused` too."""

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
    errors: Annotated[list[Wrong], Meta(description="all that is wrong with an import")] | UnsetType = UNSET


# Sales and lots -------------------------------------------------------------------------------------------------------


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


class EventsPage(Struct, frozen=True, kw_only=True):
    """Public events of a lot, oldest first."""

    events: list[AnyEvent]


# Operators and bidders ------------------------------------------------------------------------------------------------


class OrderReceipt(Receipt, frozen=True, kw_only=True):
    """An operator's order was carried out, or waits for a second operator, and is on disk."""

    pending: Annotated[bool, Meta(description="whether a second operator must countersign it")]


class Proposal(Struct, frozen=True, kw_only=True):
    """An order that waits for a second operator: `countersign` it with `of_by` and `of_ref`."""

    of_by: Giver
    of_ref: Id
    order: str
    reason: str
    fields: Annotated[dict[str, Any], Meta(description="what else the order says")]


class Proposals(Struct, frozen=True, kw_only=True):
    """The orders of a lot that wait for a second operator."""

    lot: Id
    proposals: list[Proposal]


class Registration(Struct, frozen=True, kw_only=True):
    """Where a bidder stands on his way to a paddle, as operators see him."""

    bidder: Id
    registered: Annotated[bool, Meta(description="whether he has accepted the statements")]
    approved: Annotated[bool, Meta(description="whether the consignor has let him in")]
    rank: Rank | None
    barred: bool
    deposit: Deposit


class OwnRegistration(Registration, frozen=True, kw_only=True):
    """Where a bidder stands on his way to a paddle, as he sees himself."""

    lot: Id
    paddle: Paddle | None
    admitted: bool
    joined: Annotated[bool, Meta(description="whether he takes part in the timed phase")]


class RegistrationsPage(Struct, frozen=True, kw_only=True):
    """Who has asked to be admitted to a lot, by name; `cursor` asks for those behind them."""

    registrations: list[Registration]
    cursor: str | None


# After the close ------------------------------------------------------------------------------------------------------


class Result(Struct, frozen=True, kw_only=True):
    """How a lot stands or came out; behind each amount stands the amount as people read it."""

    lot: Id
    title: Line
    category: Line
    phase: Phase
    currency: Currency
    start_price: Amount
    start_price_shown: Money
    price: Amount | None
    price_shown: Money | None
    hammer_price: Amount | None
    hammer_price_shown: Money | None
    paddle: Annotated[Paddle | None, Meta(description="of who leads or has won")]
    bids: Count
    extensions: Count
    reserve: ReserveStanding
    closes_at: Instant | None
    settlement: SettlementStanding | None
    successor: Id | None


class Sum(Struct, frozen=True, kw_only=True):
    """What the lots of a sale in one currency add up to."""

    currency: Currency
    lots: Count
    sold: Count
    hammer_price: Amount
    hammer_price_shown: Money


class Results(Struct, frozen=True, kw_only=True):
    """How the lots of a sale stand or came out."""

    sale: Id
    title: Line
    lots: list[Result]
    totals: list[Sum]


class Account(Struct, frozen=True, kw_only=True):
    """The account of a lot that has ended with its buyer; amounts are null unless it was sold."""

    lot: Id
    phase: Phase
    settlement: SettlementStanding | None
    currency: Currency
    bidder: str | None
    paddle: Paddle | None
    hammer_price: Amount | None
    hammer_price_shown: Money | None
    premium: Annotated[Amount | None, Meta(description="the buyer's")]
    premium_shown: Money | None
    deposit_held: Annotated[Amount | None, Meta(description="of his deposit, what does not count yet")]
    deposit_held_shown: Money | None
    deposit_applied: Annotated[Amount | None, Meta(description="of his deposit, what counts towards the price")]
    deposit_applied_shown: Money | None
    balance_due: Amount | None
    balance_due_shown: Money | None
    refund_due: Annotated[Amount | None, Meta(description="what was applied beyond the price")]
    refund_due_shown: Money | None


class SaleAccount(Account, frozen=True, kw_only=True):
    """The same, in the settlement of a sale."""

    title: Line


class SumDue(Sum, frozen=True, kw_only=True):
    """The same, with what buyers owe."""

    premium: Amount
    premium_shown: Money
    deposit_applied: Amount
    deposit_applied_shown: Money
    balance_due: Amount
    balance_due_shown: Money
    refund_due: Amount
    refund_due_shown: Money
    outstanding: Annotated[Amount, Meta(description="what is due on lots that are not settled")]
    outstanding_shown: Money


class SaleSettled(Struct, frozen=True, kw_only=True):
    """How the lots of a sale that have ended are settled."""

    sale: Id
    title: Line
    lots: list[SaleAccount]
    totals: list[SumDue]


class DepositOf(Deposit, frozen=True, kw_only=True):
    """One bidder's deposit."""

    bidder: Id


class Settled(Account, frozen=True, kw_only=True):
    """How a lot that has ended is settled: with its buyer, and where every deposit is."""

    deposits: list[DepositOf]


class LogEntry(Struct, frozen=True, kw_only=True, tag_field="kind", tag="entry"):
    """One entry of a lot's log; either part may be empty."""

    id: RecordId
    epoch: Count
    n: Count
    public: Part | None
    private: Part | None
    head: Head
    chain: Chain


class LogMarker(Struct, frozen=True, kw_only=True, tag_field="kind", tag="marker"):
    """Where another owner took the log over; `n` is that of the entry before it."""

    id: RecordId
    epoch: Count
    n: Count


class RecordPage(Struct, frozen=True, kw_only=True):
    """Consecutive records of a lot's log; `cursor` asks for those behind them."""

    lot: Id
    records: list[LogEntry | LogMarker]
    cursor: RecordId | None


class RefusalsPage(Struct, frozen=True, kw_only=True):
    """Refusals by rule, oldest first, of the latest that are kept."""

    lot: Id
    kept: Annotated[Count, Meta(description="how many there are in all")]
    refusals: list[Part]


# Sessions of browsers -------------------------------------------------------------------------------------------------


class Session(Struct, frozen=True, kw_only=True):
    """Who asks, and how one may sign in here."""

    sub: Id | None
    role: Literal["watcher", "bidder", "operator", "admin", "auditor"]
    org: Id | None
    exp: Annotated[Instant | None, Meta(description="until when he is that")]
    people: Annotated[list[Person], Meta(description="whom one may pick to be; none but in a house for show")]
    provider: Annotated[str | None, Meta(description="where the house's identity provider signs people in")]


# The house ------------------------------------------------------------------------------------------------------------


class Consignors(Struct, frozen=True, kw_only=True):
    """All consignors, in the order in which they were taken on."""

    consignors: list[Consignor]


class RatesShown(Struct, frozen=True, kw_only=True):
    """What one unit of `base` is worth in other currencies; without a base before any rates were posted."""

    base: Currency | None
    rates: dict[Currency, Rate]
    at: Annotated[Instant | None, Meta(description="since when they count")]


class PaymentTaken(Struct, frozen=True, kw_only=True):
    """A deposit that has come in was entered."""

    payment: Id
    lot: Id
    at: Instant
    repeat: Annotated[bool, Meta(description="whether it was entered before")]
    pending: Annotated[bool, Meta(description="whether a second operator must countersign it")]


class Imported(Struct, frozen=True, kw_only=True):
    """A sale was listed with all its lots."""

    sale: Id
    lots: Annotated[Count, Meta(description="how many came with it")]


class SheetLine(Struct, frozen=True, kw_only=True):
    """A rule sheet, in a line."""

    sheet: str
    about: str


class Sheets(Struct, frozen=True, kw_only=True):
    """The rule sheets of this house."""

    sheets: list[SheetLine]


class Sheet(SheetLine, frozen=True, kw_only=True):
    """A rule sheet: partial terms."""

    terms: dict[str, Any]
