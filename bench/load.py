"""The load generator's end of a WebSocket: an `asyncio.Protocol` that is nearly free per frame.

Refuses to know auctions: it dials, upgrades, sends frames made ahead and hands received frames on as bounds in a
buffer. Invariants: client frames are masked with a zero key, which RFC 6455 allows and which leaves the payload as it
is; a ping is answered; a message arrives whole (the house never fragments: a fragment ends the line). Sizes in bytes.
Why not a WebSocket library: on two cores shared with the server, a bid may cost the generator 5 us, not 50.
"""

import asyncio
import base64
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

Done = TypeVar("Done")

SUBPROTOCOL = "knockdown.v1.json"
_DIAL_TOGETHER = 50
_DOZING_BYTES = 4_096
_MASKED = 0x80
_ZERO_KEY = b"\0\0\0\0"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
_SHORT_MAX = 125
_MEDIUM_MAX = 0xFFFF


class Address(NamedTuple):
    """Where the house listens; a loopback address always."""

    host: str
    port: int


Bounds = slice  # where one message's payload lies in a buffer: data[bounds]


class Scan(NamedTuple):
    """What one pass over a buffer found; `rest` is where the first incomplete frame begins."""

    messages: list[Bounds]
    pings: list[Bounds]
    closed: Bounds | None
    rest: int


class NotLoopbackError(ValueError):
    """Load is only ever aimed at this machine."""


class LineError(ConnectionError):
    """The house refused the upgrade, or the line broke before it was open."""


def loopback(url: str) -> Address:
    """The address in `url`, if it is this machine's own. Raises NotLoopbackError with a sentence."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    host = parts.hostname or ""
    if not _is_loopback(host):
        raise NotLoopbackError(f"storm only ever aims at this machine: {host or url!r} is not a loopback address")
    port = parts.port or (443 if parts.scheme in {"https", "wss"} else 80)
    return Address("127.0.0.1" if host == "localhost" else host, port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """A complete client frame, masked with a zero key."""
    size = len(payload)
    if size <= _SHORT_MAX:
        return bytes((opcode, _MASKED | size)) + _ZERO_KEY + payload
    if size <= _MEDIUM_MAX:
        return bytes((opcode, _MASKED | 126)) + size.to_bytes(2, "big") + _ZERO_KEY + payload
    return bytes((opcode, _MASKED | 127)) + size.to_bytes(8, "big") + _ZERO_KEY + payload


def scan(data: bytes) -> Scan:
    """Find the complete server frames in `data` by their headers alone."""
    messages: list[Bounds] = []
    pings: list[Bounds] = []
    closed = None
    at, size = 0, len(data)
    # One flat loop on purpose: it runs for every answer of a flood, and a call per frame would double its price.
    while size - at >= 2:
        length, start = data[at + 1], at + 2
        if length > _SHORT_MAX:
            start += 2 if length == 126 else 8
            if start > size:
                break
            length = int.from_bytes(data[at + 2 : start], "big")
        stop = start + length
        if stop > size:
            break
        opcode = data[at]
        if opcode in {_TEXT, _BINARY}:
            messages.append(Bounds(start, stop))
        elif opcode == _PING:
            pings.append(Bounds(start, stop))
        elif opcode != _PONG:
            closed = Bounds(start, stop)
        at = stop
    return Scan(messages, pings, closed, at)


class Line(asyncio.Protocol):
    """One connection. `heard(line, data, messages)` is called with the complete messages of each read."""

    def __init__(self, request: bytes, heard: "Heard") -> None:
        self.number = 0  # the owner's own, for telling lines apart
        self.bytes_in = 0
        self.bytes_out = 0
        self.reason = ""  # why it ended, once it has
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._request = request
        self._heard = heard
        self._rest = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade at once."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods but not the class
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Scan what came and hand on what is complete."""
        self.bytes_in += len(data)
        if self._rest:
            data = self._rest + data
            self._rest = b""
        if not self._upgraded:
            self._upgrade(data)
            return
        self._frames(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.reason = self.reason or (str(exc) if exc else "connection closed")
        self._transport = None
        if not self.opened.done():
            self.opened.set_exception(LineError(self.reason))
        self.ended.set_result(None)

    def write(self, frames: bytes) -> None:
        """Send ready frames; on a line that is gone they are dropped, as on a cut cable."""
        if self._transport is not None:
            self.bytes_out += len(frames)
            self._transport.write(frames)

    def write_now(self, frames: bytes) -> None:
        """Send ready frames before anything that another line sends later.

        uvloop puts writes off to the end of the pass and then takes the lines in no order, so bids that must arrive in
        order over several lines go to the kernel here; what it does not take waits its turn as usual.
        """
        transport = self._transport
        if transport is None or transport.get_write_buffer_size():
            self.write(frames)
            return
        taken = self._to_kernel(transport, frames)
        self.bytes_out += taken
        if taken < len(frames):
            self.write(frames[taken:])

    def _to_kernel(self, transport: asyncio.Transport, frames: bytes) -> int:
        try:
            return os.write(transport.get_extra_info("socket").fileno(), frames)
        except OSError:
            return 0  # no room just now, or a broken line, which the transport finds out and reports

    def close(self) -> None:
        """Close politely."""
        if self._transport is not None:
            self._transport.write(frame((1000).to_bytes(2, "big"), _CLOSE))
            self._transport.close()

    def doze(self) -> None:
        """Read nothing from now on, and let the kernel keep little for us."""
        if self._transport is not None:
            _socket(self._transport).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DOZING_BYTES)
            self._transport.pause_reading()

    def wake(self) -> None:
        """Read on."""
        if self._transport is not None:
            self._transport.resume_reading()

    def hang_up(self) -> None:
        """Send what was written and go, without a word."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Go at once, with a TCP reset."""
        if self._transport is not None:
            linger = struct.pack("ii", 1, 0)
            _socket(self._transport).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()

    def _upgrade(self, data: bytes) -> None:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            self._rest = data
            return
        status = head.split(b"\r\n", 1)[0]
        if b" 101 " not in status + b" ":
            self._fail(f"the house refused the upgrade: {status.decode('latin-1')}")
            return
        self._upgraded = True
        self.opened.set_result(None)
        if rest:
            self._frames(rest)

    def _frames(self, data: bytes) -> None:
        found = scan(data)
        self._rest = data[found.rest :]
        if found.messages:
            self._heard(self, data, found.messages)
        for ping in found.pings:
            self.write(frame(data[ping], _PONG))
        if found.closed is not None:
            self._closed(data[found.closed])

    def _closed(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big")
        self.reason = f"closed {code} {payload[2:].decode('utf-8', 'replace')}".strip()
        self.close()

    def _fail(self, reason: str) -> None:
        self.reason = reason
        if self._transport is not None:
            self._transport.abort()


Heard = Callable[[Line, bytes, list[Bounds]], None]


def _socket(transport: asyncio.Transport) -> socket.socket:
    found: socket.socket = transport.get_extra_info("socket")
    return found


def upgrade_request(address: Address, token: str | None) -> bytes:
    """The HTTP request that opens a WebSocket, with an identity if there is one."""
    lines = [
        "GET /v1/ws HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
    ]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def dial(
    address: Address, token: str | None, heard: Heard, *, number: int = 0, source: str | None = None
) -> Line:
    """Open a line. `source` is a loopback address to dial from, for when one runs out of ports. Raises LineError."""
    loop = asyncio.get_running_loop()
    request = upgrade_request(address, token)

    def made() -> Line:
        line = Line(request, heard)
        line.number = number
        return line

    _, line = await loop.create_connection(
        made, address.host, address.port, local_addr=(source, 0) if source is not None else None
    )
    await line.opened
    return line


async def few_at_a_time(do: Callable[[int], Awaitable[Done]], count: int) -> list[Done]:
    """Do something for 0, 1 ... count - 1, a few at a time, so that no backlog of connections runs over."""
    done: list[Done] = []
    for first in range(0, count, _DIAL_TOGETHER):
        done += await asyncio.gather(*(do(n) for n in range(first, min(first + _DIAL_TOGETHER, count))))
    return done


async def until(true: Callable[[], bool], wait_s: float) -> None:
    """Wait until something is so, or the time is up; the caller looks which."""
    give_up = time.perf_counter() + wait_s
    while not true() and time.perf_counter() < give_up:  # noqa: ASYNC110  an Event would cost a call per answer
        await asyncio.sleep(0.01)
