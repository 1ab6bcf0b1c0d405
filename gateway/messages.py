"""What clients may say: one frozen struct per `op`, the bodies of bidders' requests, and the decoders of both formats.

It refuses to know who speaks and what is done about it, and what operators may order (`directions`). A frame either is
one of these messages or is `Malformed`; nothing is converted (no text for a number, no 1.0 for 1), unknown fields are
refused, and of a field given twice the last counts, as in every JSON reader.

Invariants: what is decoded here fits the journal, the chains and every encoder: amounts are integers within 2^53 - 1,
ids are short ASCII, text has no lone surrogates. Amounts are minor units. Source: protocol.md, "Client to server".
"""

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from lots.money import Amount
from lots.terms import Id, Statement

AnyLot = Annotated[str, Meta(min_length=1, max_length=64, description="the id of a lot")]
AnySale = Annotated[str, Meta(min_length=1, max_length=64, description="the id of a sale")]
"""Ids that are looked up and never stored: who asks for one that cannot be is told that it is unknown."""
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1, description="a public event number; 0 for none yet")]
Head = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="the public chain's value, 32 hex digits")]
Token = Annotated[str, Meta(min_length=1, max_length=8_192, description="a JWT")]
OwnClock = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float


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


class Join(Said, frozen=True, kw_only=True, tag="join"):
    """Confirm that you take part in the timed phase."""

    lot: AnyLot
    ref: Id


class Time(Said, frozen=True, kw_only=True, tag="time"):
    """Ask for the server's time; `sent` comes back as it is."""

    sent: OwnClock


Message: TypeAlias = Auth | Watch | Unwatch | Bid | MaxBid | Join | Time
CLIENT_MESSAGES: Final = (Auth, Watch, Unwatch, Bid, MaxBid, Join, Time)


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
    def is_order(self) -> bool:
        """Whether its sender waits for `accepted` or `refused`."""
        return self.op in _ORDERS and self.ref is not None


_ORDERS: Final = frozenset({"bid", "max_bid", "join"})


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


class RegistrationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registration: the lot's statements of eligibility, accepted word by word and in their order."""

    ref: Id
    accepts: Annotated[tuple[Statement, ...], Meta(max_length=32)] = ()


class JoinBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The confirmation that a bidder takes part in the timed phase, over HTTP."""

    ref: Id


T = TypeVar("T")


def read_body(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T | Malformed:
    """Return what an HTTP request says."""
    try:
        return decoder.decode(body)
    except _BROKEN as error:
        return Malformed(None, None, None, sentence(error))
