"""The pen: writes events as journal entries, chained and salted, and reads them back.

It refuses to know what events mean and where entries are kept. The salt in each private part keeps the entry chain
from giving it away to guessing; it is drawn here because it belongs to the store, not to the auction.

Invariants: entries are numbered without gaps from the tail they follow; the tail moves with every record, markers
included. Source: design.md, "The journal".
"""

from collections.abc import Sequence
from os import urandom
from typing import Any, NamedTuple

import msgspec

from engine.chains import CHAIN_GENESIS, HEAD_GENESIS, Auditor, next_chain, next_head
from engine.commit import PublicEvent
from engine.errors import LogDamaged
from engine.journal import NOTHING, Entry, Record, Top
from lots.events import Event, Happening, join

_SALT_BYTES = 16
_DRAW_BYTES = 4096
pack = msgspec.msgpack.Encoder().encode
"""MessagePack as `msgpack` writes it, byte for byte, in less than half the time: a storm is made of this."""
_event_in = msgspec.msgpack.Decoder(Happening).decode
_fields_in = msgspec.msgpack.Decoder(dict[str, Any]).decode
_MAP, _MAP_LEN_MAX = 0x80, 15
_MAPS_OF = [b"\xde" + length.to_bytes(2, "big") for length in range(2 * _MAP_LEN_MAX + 1)]
"""How msgpack begins a map of so many fields (a small one begins with `_MAP` + its length)."""


class Tail(NamedTuple):
    """Where a log ends: its last record, and both chains' values there."""

    top: Top = NOTHING
    chain: bytes = CHAIN_GENESIS
    head: bytes = HEAD_GENESIS


class Salts:
    """Random salts, drawn from the kernel many at a time: a call for each would cost as much as the entry."""

    def __init__(self) -> None:
        self._drawn = b""
        self._used = 0

    def draw(self) -> bytes:
        """Return 16 fresh random bytes."""
        if self._used >= len(self._drawn):
            self._drawn, self._used = urandom(_DRAW_BYTES), 0
        salt = self._drawn[self._used : self._used + _SALT_BYTES]
        self._used += _SALT_BYTES
        return salt


def marked(tail: Tail, marker: Top) -> Tail:
    """Return the tail after a take-over marker, which has no parts of its own."""
    return Tail(marker, next_chain(tail.chain, marker.epoch, marker.n), tail.head)


class Pen:
    """Writes entries onto one log, from a tail on, under one epoch.

    Attributes:
        start: The record that the entries follow.
        entries: What was written.
        said: The public events among it.
    """

    __slots__ = ("_chain", "_epoch", "_head", "_n", "_salts", "entries", "said", "start")

    def __init__(self, tail: Tail, epoch: int, salts: Salts) -> None:
        self.start, self._chain, self._head = tail
        self._n = self.start.n
        self._epoch = epoch
        self._salts = salts
        self.entries: list[Entry] = []
        self.said: list[PublicEvent] = []

    @property
    def tail(self) -> Tail:
        """Where the log ends once all that was written is stored."""
        return Tail(Top(self._epoch, self._n), self._chain, self._head)

    def write(self, event: Event, lag_us: int) -> None:
        """Write one event; `lag_us`, the lateness of the loop when its order came in, goes into the private part."""
        public, private = event.parts()
        self._n = n = self._n + 1
        packed = sealed = b""
        if private:
            private["lag_us"] = lag_us
            private["salt"] = self._salts.draw()
            sealed = pack(private)
        if public:
            packed = pack(public)
            self._head = next_head(self._head, packed)
            self.said.append(PublicEvent(public["seq"], public, packed, self._head))
        self._chain = next_chain(self._chain, self._epoch, n, packed, sealed)
        self.entries.append(Entry(self._epoch, n, packed, sealed, self._head, self._chain))


class Reader:
    """Reads a log's records in order into events, and sees that it is sound.

    Attributes:
        tail: Where the log ends as far as it was read.
    """

    def __init__(self, lot: str, tail: Tail | None = None) -> None:
        self._lot = lot
        self._auditor = Auditor(*(tail or Tail()))

    @property
    def tail(self) -> Tail:
        """Where the log ends as far as it was read."""
        return Tail(self._auditor.top, self._auditor.chain, self._auditor.head)

    def read(self, record: Record) -> tuple[Event, PublicEvent | None] | None:
        """Return the event of an entry, and its public form if it has one; None for a marker.

        Raises:
            LogDamaged: the record is not what was written, or not what must follow here.
        """
        fault = self._auditor.follow(record)
        if fault is not None:
            raise LogDamaged(f"The log of lot {self._lot} is damaged: {fault}.")
        return self._opened(record) if isinstance(record, Entry) else None

    def read_all(self, records: Sequence[Record]) -> list[Event]:
        """Return the events of all entries among the next records, in order.

        Raises:
            LogDamaged: a record is not what was written, or not what must follow here.
        """
        fault = self._auditor.follow_all(records)
        if fault is not None:
            raise LogDamaged(f"The log of lot {self._lot} is damaged: {fault}.")
        return [self._event(record) for record in records if type(record) is Entry]

    def _event(self, entry: Entry) -> Event:
        """Return the event of an entry, where possible by typed decoding, without a dict for each part."""
        packed = in_one(entry.public, entry.private)
        if packed is not None:
            try:
                event: Event = _event_in(packed)
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # what is wrong with it is said below
            else:
                return event
        return self._opened(entry)[0]

    def _opened(self, entry: Entry) -> tuple[Event, PublicEvent | None]:
        public, private = unpack(entry.public), unpack(entry.private)
        try:
            event = join(public, private)
        except (KeyError, msgspec.ValidationError) as error:
            raise LogDamaged(f"The log of lot {self._lot} has no readable event at {entry.n}: {error}.") from error
        return event, public_event(entry, public)


def in_one(public: bytes, private: bytes) -> bytes | None:
    """Return both stored parts as one map: its length, and then the fields of one after those of the other.

    None where a part is too long for a map that tells its length in one byte; only a listing is.
    """
    if not (public and private):
        return public or private
    public_len, private_len = public[0] - _MAP, private[0] - _MAP
    if not (0 <= public_len <= _MAP_LEN_MAX and 0 <= private_len <= _MAP_LEN_MAX):
        return None
    return b"".join((_MAPS_OF[public_len + private_len], public[1:], private[1:]))


def unpack(part: bytes) -> dict[str, Any]:
    """Return the fields of a stored part; an empty part has none."""
    return _fields_in(part) if part else {}


def public_event(entry: Entry, public: dict[str, Any]) -> PublicEvent | None:
    """Return an entry as all may see it, or None when it has no public part."""
    return PublicEvent(public["seq"], public, entry.public, entry.head) if public else None
