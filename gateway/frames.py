"""Frames: messages as complete, ready-made WebSocket frames of the two wire formats.

A frame from a server is not masked, so its bytes are the same for every watcher: what is framed here once is written
to thousands of sockets. It refuses to know who reads a frame, and what a message means.

Invariants: a frame is whole (header and payload, never fragmented), text for JSON and binary for MessagePack; a
public event is shown with the very bytes the journal hashed, its `head` added behind them without encoding it again.
Source: RFC 6455, section 5.2 (base framing); MessagePack specification, "map format family" and "str format family".
"""

import struct
from typing import Any, Final, Protocol

import msgpack
import orjson

from engine.commit import PublicEvent

Message = dict[str, Any]

FINAL_TEXT: Final = 0x81
FINAL_BINARY: Final = 0x82
PING: Final = b"\x89\x00"
"""A whole ping without payload: the same for every wire."""

_SHORT_MAX = 125
_MEDIUM_MAX = 0xFFFF
_MEDIUM, _LONG = 126, 127
_medium_header = struct.Struct(">BBH").pack
_SHORT_HEADERS = {
    first: [bytes((first, size)) for size in range(_SHORT_MAX + 1)] for first in (FINAL_TEXT, FINAL_BINARY)
}

_FIXMAP, _FIXMAP_MAX = 0x80, 15
_MAP16 = 0xDE
_HEAD_KEY = b"\xa4head\xd9\x20"  # fixstr of 4, then str8 of 32: a head is 32 hex digits


def framed(first: int, payload: bytes) -> bytes:
    """Return `payload` in one final, unmasked frame whose first byte is `first`."""
    size = len(payload)
    if size <= _SHORT_MAX:
        return _SHORT_HEADERS[first][size] + payload
    if size <= _MEDIUM_MAX:
        return _medium_header(first, _MEDIUM, size) + payload
    return bytes((first, _LONG)) + size.to_bytes(8) + payload


def payload_of(frame: bytes) -> bytes:
    """Return the payload of a frame made by `framed`."""
    size = frame[1]
    start = 2 if size < _MEDIUM else 4 if size == _MEDIUM else 10
    return frame[start:]


class Codec(Protocol):
    """A wire format. `kind` is its place in a pair of frames: 0 for JSON, 1 for MessagePack."""

    name: str
    subprotocol: str
    kind: int
    is_text: bool

    def encode(self, message: Message) -> bytes:
        """Return the bare payload."""
        ...

    def frame(self, message: Message) -> bytes:
        """Return the whole frame."""
        ...

    def event_frame(self, event: PublicEvent) -> bytes:
        """Return the whole frame of a public event with its `head`."""
        ...

    def joined(self, message: Message, field: str, items: list[bytes]) -> bytes:
        """Return the whole frame of `message` with one field more: a list of messages that are encoded already."""
        ...


class Json:
    """Text frames of JSON."""

    name = "json"
    subprotocol = "knockdown.v1.json"
    kind = 0
    is_text = True

    def encode(self, message: Message) -> bytes:
        """Return the bare payload, in UTF-8."""
        return orjson.dumps(message)

    def frame(self, message: Message) -> bytes:
        """Return the whole text frame."""
        return framed(FINAL_TEXT, orjson.dumps(message))

    def event_frame(self, event: PublicEvent) -> bytes:
        """Return the whole text frame of a public event with its `head`."""
        return framed(FINAL_TEXT, b'%b,"head":"%b"}' % (orjson.dumps(event.public)[:-1], event.head.hex().encode()))

    def joined(self, message: Message, field: str, items: list[bytes]) -> bytes:
        """Return the whole text frame of `message` with `field`: the list of what is encoded in `items`."""
        start = orjson.dumps(message)[:-1]
        return framed(FINAL_TEXT, b'%b,"%b":[%b]}' % (start, field.encode(), b",".join(items)))


class MessagePack:
    """Binary frames of MessagePack."""

    name = "msgpack"
    subprotocol = "knockdown.v1.msgpack"
    kind = 1
    is_text = False

    def __init__(self) -> None:
        packer = msgpack.Packer(autoreset=True)
        self._pack = packer.pack
        self._array_header = packer.pack_array_header

    def encode(self, message: Message) -> bytes:
        """Return the bare payload."""
        packed: bytes = self._pack(message)
        return packed

    def frame(self, message: Message) -> bytes:
        """Return the whole binary frame."""
        return framed(FINAL_BINARY, self._pack(message))

    def event_frame(self, event: PublicEvent) -> bytes:
        """Return the whole binary frame of a public event."""
        return self.stored_frame(event.packed, event.head)

    def stored_frame(self, packed: bytes, head: bytes) -> bytes:
        """Return the whole binary frame of an event as it is stored: its packed bytes with `head` as one more entry."""
        whole = _one_more(packed) + packed[_map_start(packed) :] + _HEAD_KEY + head.hex().encode()
        return framed(FINAL_BINARY, whole)

    def joined(self, message: Message, field: str, items: list[bytes]) -> bytes:
        """Return the whole binary frame of `message` with `field`: the list of what is packed in `items`."""
        packed: bytes = self._pack(message)
        parts = (
            _one_more(packed),
            packed[_map_start(packed) :],
            self._pack(field),
            self._array_header(len(items)),
            *items,
        )
        return framed(FINAL_BINARY, b"".join(parts))


def _map_start(packed: bytes) -> int:
    """Return where the entries of a packed map begin."""
    if packed[0] & 0xF0 == _FIXMAP:
        return 1
    if packed[0] == _MAP16:
        return 3
    raise AssertionError(f"a message is a map of at most 65,535 entries, this begins with byte {packed[0]:#x}")


def _one_more(packed: bytes) -> bytes:
    """Return the header of this packed map for one entry more."""
    entries = (packed[0] & 0x0F if _map_start(packed) == 1 else int.from_bytes(packed[1:3])) + 1
    if entries <= _FIXMAP_MAX:
        return bytes((_FIXMAP | entries,))
    return bytes((_MAP16,)) + entries.to_bytes(2)


JSON: Final = Json()
MSGPACK: Final = MessagePack()
CODECS: Final[tuple[Codec, ...]] = (JSON, MSGPACK)
"""Indexed by `kind`."""
BY_SUBPROTOCOL: Final[dict[str, Codec]] = {codec.subprotocol: codec for codec in CODECS}


def event_frame(codec: Codec, event: PublicEvent) -> bytes:
    """Return the whole frame of a public event in this format, with its `head`."""
    return codec.event_frame(event)


def unpacked_event(frame: bytes) -> Message:
    """Return the message in a MessagePack frame made here."""
    message: Message = msgpack.unpackb(payload_of(frame))
    return message
