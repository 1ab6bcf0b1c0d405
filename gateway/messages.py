"""What clients may say: one frozen struct per `op`, and the decoders of both wire formats.

It refuses to know who speaks and what is done about it. A frame either is one of these messages or is `Malformed`;
nothing is converted (no text for a number, no 1.0 for 1), unknown fields are refused, and of a field given twice the
last counts, as in every JSON reader.

Invariants: what is decoded here fits the journal, the chains and every encoder: amounts are integers within 2^53 - 1,
ids are short ASCII, text has no lone surrogates. Amounts are minor units. Source: protocol.md, "Client to server".
"""

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from lots.terms import Amount, Id, Instant

AnyLot = Annotated[str, Meta(min_length=1, max_length=64, description="the id of a lot")]
AnySale = Annotated[str, Meta(min_length=1, max_length=64, description="the id of a sale")]
"""Ids that are looked up and never stored: who asks for one that cannot be is told that it is unknown."""
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1, description="a public event number; 0 for none yet")]
Head = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="the public chain's value, 32 hex digits")]
Token = Annotated[str, Meta(min_length=1, max_length=8_192, description="a JWT")]
OwnClock = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float
Reason = Annotated[str, Meta(max_length=1_000, description="for everyone to read")]
SpokenText = Annotated[str, Meta(min_length=1, max_length=2_000)]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """What all messages have in common."""


class Auth(Said, frozen=True, kw_only=True, tag="auth"):
    """Say who you are."""

    token: Token


class Watch(Said, frozen=True, kw_only=True, tag="watch"):
    """Ask for a feed: of a lot, of a sale, or of the operations."""

    lot: AnyLot | None = None
    sale: AnySale | None = None
    feed: Literal["full", "live", "operations"] | None = None
    after: Seq | None = None
    head: Head | None = None

    def __post_init__(self) -> None:
        """See that the fields fit each other."""
        _one_subject(self.lot, self.sale, self.feed)
        if (self.after is not None or self.head is not None) and (self.lot is None or self.feed == "live"):
            raise ValueError("after and head belong to the full feed of a lot")
        if self.head is not None and self.after is None:
            raise ValueError("head says nothing without after")


class Unwatch(Said, frozen=True, kw_only=True, tag="unwatch"):
    """Leave a feed."""

    lot: AnyLot | None = None
    sale: AnySale | None = None
    feed: Literal["full", "live", "operations"] | None = None

    def __post_init__(self) -> None:
        """See that the fields fit each other."""
        _one_subject(self.lot, self.sale, self.feed)


class Bid(Said, frozen=True, kw_only=True, tag="bid"):
    """Offer exactly this amount."""

    lot: AnyLot
    amount: Amount
    ref: Id
    confirm: bool = False


class MaxBid(Said, frozen=True, kw_only=True, tag="max_bid"):
    """Let the house bid for you up to this amount."""

    lot: AnyLot
    amount: Amount
    ref: Id
    confirm: bool = False


class Time(Said, frozen=True, kw_only=True, tag="time"):
    """Ask for the server's time; `sent` comes back as it is."""

    sent: OwnClock


Message: TypeAlias = Auth | Watch | Unwatch | Bid | MaxBid | Time
CLIENT_MESSAGES: Final = (Auth, Watch, Unwatch, Bid, MaxBid, Time)


def _one_subject(lot: str | None, sale: str | None, feed: str | None) -> None:
    """See that a lot, a sale or the operations are named, and only one of them."""
    if feed == "operations" and lot is None and sale is None:
        return
    if (lot is None) == (sale is None) or feed == "operations" or (sale is not None and feed is not None):
        raise ValueError("name one of: lot (with feed full or live), sale, feed operations")


class Malformed(Struct, frozen=True):
    """A frame that is no message, and what of it could be read."""

    op: str | None
    ref: str | None
    lot: str | None
    detail: str

    @property
    def is_offer(self) -> bool:
        """Whether its sender waits for `accepted` or `refused`."""
        return self.op in ("bid", "max_bid") and self.ref is not None


class _Readable(Struct):
    """The fields that an answer repeats, whatever stands in them and beside them."""

    op: Any = None
    ref: Any = None
    lot: Any = None


_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_FROM_JSON: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_FROM_MSGPACK: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)
_JSON_READABLE: Final = msgspec.json.Decoder(_Readable)
_MSGPACK_READABLE: Final = msgspec.msgpack.Decoder(_Readable)


def read_json(payload: bytes) -> Message | Malformed:
    """Return the message in a text frame."""
    try:
        return _FROM_JSON.decode(payload)
    except _BROKEN as error:
        return _malformed(_JSON_READABLE, payload, error)


def read_msgpack(payload: bytes) -> Message | Malformed:
    """Return the message in a binary frame."""
    try:
        return _FROM_MSGPACK.decode(payload)
    except _BROKEN as error:
        return _malformed(_MSGPACK_READABLE, payload, error)


AnyDecoder: TypeAlias = "msgspec.json.Decoder[_Readable] | msgspec.msgpack.Decoder[_Readable]"


def _malformed(decoder: AnyDecoder, payload: bytes, error: Exception) -> Malformed:
    detail = sentence(error)
    try:
        seen = decoder.decode(payload)
    except _BROKEN:
        return Malformed(None, None, None, detail)
    return Malformed(_text(seen.op), _text(seen.ref), _text(seen.lot), detail)


def _text(value: object) -> str | None:
    """Return a text that may be repeated to its sender; anything else is as if it were not there."""
    return value if isinstance(value, str) and 0 < len(value) <= 256 else None


def sentence(error: Exception) -> str:
    """Return one English sentence for what a decoder has found."""
    if isinstance(error, UnicodeDecodeError):
        return "Text is not valid UTF-8."
    if isinstance(error, RecursionError):
        return "It is nested too deeply."
    return f"{str(error).rstrip('.')}."


# Bodies of HTTP requests ----------------------------------------------------------------------------------------------


class BidBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bid (`amount`) or a ceiling (`max`) over HTTP."""

    ref: Id
    amount: Amount | None = None
    max: Amount | None = None
    confirm: bool = False

    def __post_init__(self) -> None:
        """See that it is one of the two."""
        if (self.amount is None) == (self.max is None):
            raise ValueError("give either amount, a bid, or max, a ceiling")


class Clerk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="order"):
    """What all orders of an operator have in common."""

    ref: Id
    reason: Reason = ""


class Open(Clerk, frozen=True, kw_only=True, tag="open"):
    """Open an upcoming lot before its time."""


class Pause(Clerk, frozen=True, kw_only=True, tag="pause"):
    """Stop taking bids."""


class Resume(Clerk, frozen=True, kw_only=True, tag="resume"):
    """Take bids again."""


class Extend(Clerk, frozen=True, kw_only=True, tag="extend"):
    """Move the end: to `closes_at`, or by `seconds`."""

    closes_at: Instant | None = None
    seconds: Annotated[float, Meta(gt=0, le=31_622_400)] | None = None

    def __post_init__(self) -> None:
        """See that it is one of the two."""
        if (self.closes_at is None) == (self.seconds is None):
            raise ValueError("give either closes_at or seconds")


class Withdraw(Clerk, frozen=True, kw_only=True, tag="withdraw"):
    """Take the lot out of the sale."""


class Notice(Clerk, frozen=True, kw_only=True, tag="notice"):
    """Say something to everyone who watches the lot."""

    text: SpokenText


class Admit(Clerk, frozen=True, kw_only=True, tag="admit"):
    """Let a bidder bid."""

    bidder: Id


class Bar(Clerk, frozen=True, kw_only=True, tag="bar"):
    """Keep a bidder from bidding on this lot."""

    bidder: Id


OrderBody: TypeAlias = Open | Pause | Resume | Extend | Withdraw | Notice | Admit | Bar
CLERK_ORDERS: Final = (Open, Pause, Resume, Extend, Withdraw, Notice, Admit, Bar)
NOT_YET: Final = frozenset({"fair_warning", "hammer", "reopen", "void_bid"})
"""Orders of the contract that this house does not take yet."""

T = TypeVar("T")


def read_body(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T | Malformed:
    """Return what an HTTP request says."""
    try:
        return decoder.decode(body)
    except _BROKEN as error:
        return Malformed(None, None, None, sentence(error))


def order_named(body: bytes) -> str | None:
    """Return the name of an operator's order that could not be decoded, for a better answer than that."""
    try:
        return _text(msgspec.json.decode(body, type=_Named).order)
    except _BROKEN:
        return None


class _Named(Struct):
    order: Any = None
