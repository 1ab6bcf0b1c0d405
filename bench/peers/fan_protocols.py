"""What watchers and the publisher say to the peers of the fan-out, and how their frames measure up to the house's.

Pure functions from sizes to bytes. Refuses to know sockets and processes. Invariants: a delivered event is one frame of
exactly the size asked for, header included, whatever the peer wraps around its text; a publisher waits for each answer
of its dialogue before it goes on. Sizes in bytes.
Source: RFC 6455; the NATS client protocol; Engine.IO protocol 4 and Socket.IO protocol 5.
"""

import base64
import os
from typing import NamedTuple

from bench.drain import Script
from bench.load import Address, frame

HEADER_LEN = 4
"""Of an unmasked frame with 126 to 65,535 bytes of payload, as all events here are."""
_PAYLOAD_MIN, _PAYLOAD_MAX = 126, 65_535
_BINARY = 0x82
_SOCKETIO_PATH = "/socket.io/?EIO=4&transport=websocket"
_NATS_HELLO = b'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1}\r\n'


class Turn(NamedTuple):
    """One turn of a dialogue: say this (or nothing), and wait until the answer holds that."""

    say: bytes
    hear: bytes


def upgrade(address: Address, path: str) -> bytes:
    """The HTTP request that opens a WebSocket without subprotocol or compression."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def filler(frame_len: int, around: int = 0) -> bytes:
    """The text of an event, so that with what is wrapped around it the frame has its length. Raises ValueError."""
    payload = frame_len - HEADER_LEN
    if not _PAYLOAD_MIN <= payload <= _PAYLOAD_MAX:
        raise ValueError(f"a frame of {frame_len} bytes has another header than the {HEADER_LEN} bytes counted on")
    return b"x" * (payload - around)


def delivered(frames: int, size: int, frame_len: int) -> int:
    """How many events came in so many frames and bytes, should a peer put several into one frame (NATS does)."""
    return (size - frames * HEADER_LEN) // (frame_len - HEADER_LEN)


def plain_script(address: Address) -> Script:
    """A watcher that just listens: Nchan, ws, websockets, Starlette."""
    return Script(upgrade(address, "/watch"))


def plain_dialogue(address: Address) -> list[Turn]:
    """A publisher with a WebSocket of its own."""
    return [Turn(upgrade(address, "/publish"), b"\r\n\r\n")]


def plain_event(frame_len: int) -> bytes:
    """An event as a message of the publisher: binary, as Starlette's `send_bytes` wants it."""
    return frame(filler(frame_len), _BINARY)


def post(address: Address, frame_len: int) -> bytes:
    """An event as an HTTP request on a connection kept alive: Nchan."""
    body = filler(frame_len)
    head = f"POST /publish HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def nats_script(address: Address) -> Script:
    """A watcher that subscribes, in the NATS protocol within binary frames."""
    return Script(upgrade(address, "/"), frame(_NATS_HELLO + b"SUB lot 1\r\nPING\r\n", _BINARY))


def nats_dialogue() -> list[Turn]:
    """A publisher on the plain NATS port."""
    return [Turn(b"", b"INFO "), Turn(_NATS_HELLO + b"PING\r\n", b"PONG")]


def nats_event(frame_len: int) -> bytes:
    """An event as a PUB; watchers get it as `MSG lot 1 <size>` around the text. Raises ValueError."""
    payload = len(filler(frame_len))
    for size in range(payload, 0, -1):
        if len(b"MSG lot 1 %d\r\n\r\n" % size) + size == payload:
            return b"PUB lot %d\r\n%b\r\n" % (size, b"x" * size)
    raise ValueError(f"no NATS message makes a frame of {frame_len} bytes: there its size gains a digit")


def socketio_script(address: Address) -> Script:
    """A watcher that connects to the root namespace, as the browser's client does, and names what it watches."""
    return Script(upgrade(address, f"{_SOCKETIO_PATH}&watch=lot"), frame(b"40"))


def socketio_dialogue(address: Address) -> list[Turn]:
    """A publisher that is a client like the others."""
    return [Turn(upgrade(address, _SOCKETIO_PATH), b'0{"sid"'), Turn(frame(b"40"), b'40{"sid"')]


def socketio_event(frame_len: int) -> bytes:
    """An event as a client emits it; watchers get it as `42["event","<text>"]`."""
    return frame(b'42["bid","%b"]' % filler(frame_len, around=len('42["event",""]')))
