"""The wire: one WebSocket connection, from the bytes of the socket to whole messages and back.

An asyncio protocol that uvicorn hands an upgraded connection to, built on the sans-I/O layer of `websockets`; only
whole messages go past that layer (`plain_frames`), all else goes through it. Bytes become messages inside
`data_received`: no task, no queue and no timer per connection. It refuses to know what a message says, who sent it, and
what is watched; that is its reception's business.

Invariants: `Reception.closed` is called exactly once for every wire that was `opened`, as soon as nothing more can be
written to it; what is written keeps its order; a message is whole, valid UTF-8 if text, and of the type the
subprotocol asks for; a peer that does not read, does not answer pings or does not end is aborted by the switchboard.
Sizes are bytes.
Source: RFC 6455; websockets, "Sans-I/O integration"; uvicorn, `Config(ws=...)`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, cast

from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from engine.limits import GatewayLimits
from gateway.frames import BY_SUBPROTOCOL, FINAL_BINARY, FINAL_TEXT, JSON, PING, Codec, Message
from gateway.plain_frames import end_of_frame, plain_messages
from gateway.switchboard import Switchboard, Timers

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from gateway.feeds import Watch

LOGGER: Final = logging.getLogger("knockdown.wire")
NO_HEADERS: Final = Headers()
TOO_SLOW: Final = 4408
"""Close code of a reader dropped as too slow; he mostly sees 1006, as it would stand behind what he did not read."""

_CONT, _TEXT, _BINARY = Opcode.CONT, Opcode.TEXT, Opcode.BINARY


class Reception(Protocol):
    """Who hears what comes over the wires. All of it is synchronous."""

    def admit(self, wire: Wire, request: Request) -> tuple[int, str] | None:
        """Let the connection in (None), or refuse it with an HTTP status and a sentence."""
        ...

    def opened(self, wire: Wire) -> None:
        """Greet; the last moment at which `wire.headers` are at hand."""
        ...

    def message(self, wire: Wire, payload: bytes, text: bool) -> None:
        """Take one whole message."""
        ...

    def drained(self, wire: Wire) -> None:
        """Hear that a slow wire has room again."""
        ...

    def leaving(self, wire: Wire) -> None:
        """Say goodbye: the house closes, the close frame follows."""
        ...

    def closed(self, wire: Wire) -> None:
        """Forget the wire."""
        ...


class Handshake(ServerProtocol):
    """A connection before it is open. It is thrown away afterwards, and with it the request and all its headers."""

    def select_subprotocol(self, subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
        """Pick the first one offered that is known; JSON without one when none is offered.

        Raises:
            NegotiationError: only unknown ones are offered. RFC 6455 lets a server go on without one; a client that
                names only other protocols could not read ours, so it is told at once, with HTTP 400.
        """
        if not subprotocols:
            return None
        for subprotocol in subprotocols:
            if subprotocol in BY_SUBPROTOCOL:
                return subprotocol
        raise NegotiationError(f"no subprotocol in common; known are {', '.join(BY_SUBPROTOCOL)}")


class Wire(asyncio.Protocol):
    """One connection. Made by uvicorn; `make_wire` binds it to a switchboard.

    `guest` belongs to the reception and `watches` to the fan-out; both are kept here to save a table.
    """

    __slots__ = (
        "_backlog",
        "_connections",
        "_fragments",
        "_gathered",
        "_heard",
        "_is_open",
        "_opcode",
        "_protocol",
        "_rest",
        "_spoke",
        "_strays",
        "codec",
        "guest",
        "headers",
        "peer",
        "slow",
        "transport",
        "watches",
    )

    switchboard: ClassVar[Switchboard]

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        del config, app_state
        self._connections = cast("set[object]", server_state.connections)
        self._protocol: ServerProtocol | None = None
        self._is_open = False
        self._heard = True
        self._strays = 0
        self._gathered: list[bytes] = []
        self._fragments: bytearray | None = None
        self._backlog = b""
        self._rest = b""
        self.headers = NO_HEADERS
        self.codec: Codec = JSON
        self._opcode = _TEXT
        self.guest: Any = None
        self.watches: list[Watch] = []
        self.slow = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the connection from uvicorn."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=self.switchboard.limits.unsent_bytes_slow)
        peer = transport.get_extra_info("peername")
        self.peer: str = peer[0] if isinstance(peer, tuple) else ""
        self._connections.add(self)
        self._spoke = self.switchboard.plug_in(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a flood is worked off in slices, one per loop pass, and nothing more is read meanwhile."""
        self._heard = True
        if self._protocol is None or len(data) <= self.switchboard.limits.read_bytes_max:
            self._read(data)
        else:
            self._backlog = data
            self.transport.pause_reading()
            self._read_on()

    def eof_received(self) -> None:
        """End when the peer ends its half; returning nothing lets the transport flush and close."""
        self._end()
        if self._protocol is not None:
            self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        del exc
        self._gathered.clear()
        self._backlog = b""
        self._end()
        self._connections.discard(self)
        self.switchboard.unplug(self, self._spoke)

    def pause_writing(self) -> None:
        """Hold back everything but answers: the peer does not read."""
        self.slow = True
        self.switchboard.is_slow(self)

    def resume_writing(self) -> None:
        """Let the reception catch up on what was held back."""
        self.slow = False
        self.switchboard.is_drained(self)
        if self._is_open:
            self.switchboard.reception.drained(self)

    def shutdown(self) -> None:
        """Say goodbye and close: called by uvicorn for every connection when the server stops."""
        if self._is_open:
            self.switchboard.reception.leaving(self)
            self.close(CloseCode.SERVICE_RESTART, "the house restarts")
        else:
            self.transport.close()

    # What the house calls.

    def write(self, frame: bytes) -> None:
        """Send a whole frame, joined with all others of this loop pass; silently nothing once the wire has ended."""
        if self._is_open:
            if not self._gathered:
                self.switchboard.will_flush(self)
            self._gathered.append(frame)

    def send(self, message: Message) -> None:
        """Encode a message for this wire alone and send it."""
        self.write(self.codec.frame(message))

    def flush(self) -> None:
        """Write out what was gathered; a wire that lets more than the limit pile up is dropped."""
        gathered = self._gathered
        if not gathered:
            return
        self.transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))
        gathered.clear()
        if self.slow and self.transport.get_write_buffer_size() > self.switchboard.limits.unsent_bytes_max:
            self.drop_as_slow()

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame behind everything written so far, and take in nothing more.

        Where the peer's bytes have brought a close about already, that one stands.
        """
        if self._is_open and self._protocol is not None:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(code, _fitting(reason))
            self._write_protocol()
            self._end()

    def abort(self) -> None:
        """Cut the connection at once; what is unsent is lost."""
        self._gathered.clear()
        self._end()
        self.transport.abort()

    # What the switchboard calls.

    def probe(self) -> None:
        """Ping a peer that was heard of since the last time, give up one that was not; slow ones have a term."""
        if self.slow or not self._is_open:
            return
        self._strays = 0
        if self._heard:
            self._heard = False
            self.write(PING)
        else:
            self.switchboard.silent_dropped += 1
            self.abort()

    def drop_as_slow(self) -> None:
        """Abort a reader that has had its time: `TOO_SLOW` would stand behind what it does not read."""
        unsent = self.transport.get_write_buffer_size()
        LOGGER.info("dropped a slow reader at %s (%d), %d bytes unsent", self.peer, TOO_SLOW, unsent)
        self.switchboard.slow_dropped += 1
        self.abort()

    # Inside.

    def _read_on(self) -> None:
        if not self._backlog:
            return
        slice_max = self.switchboard.limits.read_bytes_max
        data, self._backlog = self._backlog[:slice_max], self._backlog[slice_max:]
        self._read(data)
        if self._backlog:
            self.switchboard.timers.call_soon(self._read_on)
        elif not self.transport.is_closing():
            self.transport.resume_reading()

    def _read(self, data: bytes) -> None:
        protocol = self._protocol
        if protocol is None:
            self._greet(data)
            return
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, length_max = 0, self.switchboard.limits.message_bytes_max
        while self._is_open and at < len(data):
            if self._fragments is None:
                at = self._hear_plain(data, at, length_max)
            stop = end_of_frame(data, at, length_max)
            if stop > len(data):
                self._rest = data[at:]
                return
            self._read_odd(protocol, data[at:stop])
            at = stop
        if at < len(data):  # all that is left of a connection that ends is its closing handshake
            self._read_odd(protocol, data[at:])

    def _hear_plain(self, data: bytes, at: int, length_max: int) -> int:
        """Hear the messages that stand at `at` in plain frames; return where something else begins."""
        first = FINAL_TEXT if self.codec.is_text else FINAL_BINARY
        payloads, at = plain_messages(data, at, first, length_max)
        for payload in payloads:
            if self._is_open:
                self._hear(payload)
        return at

    def _read_odd(self, protocol: ServerProtocol, data: bytes) -> None:
        """Let the library read what is not plain: whole frames, one that must be refused, or the end."""
        protocol.receive_data(data)
        for event in protocol.events_received():
            if self._is_open:
                self._take(cast("Frame", event))
        if protocol.state is not State.OPEN:
            self._end()
        self._write_protocol()

    def _greet(self, data: bytes) -> None:
        try:
            self._shake_hands(data)
        except Exception:  # as in `_hear`; and uvicorn could not take the connection back once this has begun
            LOGGER.exception("a connection from %s could not be opened by the house itself", self.peer)
            self.abort()

    def _shake_hands(self, data: bytes) -> None:
        switchboard = self.switchboard
        handshake = Handshake(max_size=switchboard.limits.message_bytes_max, logger=LOGGER)
        handshake.receive_data(data)
        events = handshake.events_received()
        if events:
            self._answer_request(handshake, cast("Request", events[0]))
        self.transport.write(b"".join(handshake.data_to_send()))
        if handshake.state is State.OPEN:
            self._open(handshake)
        else:
            switchboard.refused += 1
            self.transport.close()

    def _answer_request(self, handshake: Handshake, request: Request) -> None:
        self.headers = request.headers
        response = handshake.accept(request)
        if response.status_code == 101:
            refusal = self.switchboard.reception.admit(self, request)
            if refusal is not None:
                status, sentence = refusal
                response = handshake.reject(status, sentence + "\n")
        handshake.send_response(response)

    def _open(self, handshake: Handshake) -> None:
        if handshake.subprotocol is not None:
            self.codec = BY_SUBPROTOCOL[handshake.subprotocol]
        self._opcode = _TEXT if self.codec.is_text else _BINARY
        self._protocol = ServerProtocol(
            state=State.OPEN, max_size=self.switchboard.limits.message_bytes_max, logger=LOGGER
        )
        self._is_open = True
        self.switchboard.reception.opened(self)
        self.headers = NO_HEADERS

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is self._opcode and frame.fin:
            self._hear(cast("bytes", frame.data))
        elif opcode is _CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                whole, self._fragments = bytes(self._fragments), None
                self._hear(whole)
            else:
                self._count_stray()
        elif opcode is self._opcode:
            self._fragments = bytearray(frame.data)
        elif opcode is not _TEXT and opcode is not _BINARY:
            self._count_stray()
        else:
            wanted = "text" if self.codec.is_text else "binary"
            self._fail(CloseCode.UNSUPPORTED_DATA, f"{self.codec.subprotocol} has {wanted} frames only")

    def _count_stray(self) -> None:
        """Bear with frames that say nothing (pings, fragments) up to a limit: the reception never sees them."""
        self._strays += 1
        if self._strays > self.switchboard.limits.stray_frames_max:
            self._fail(CloseCode.POLICY_VIOLATION, "too many frames that say nothing")

    def _hear(self, payload: bytes) -> None:
        text = self._opcode is _TEXT
        if text and not payload.isascii() and not _is_utf8(payload):
            self._fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
            return
        try:
            self.switchboard.reception.message(self, payload, text)
        except Exception:  # one peer's message must hurt nobody else: a fault of ours ends this wire alone, and is told
            LOGGER.exception("a message from %s was not understood by the house itself", self.peer)
            self._fail(CloseCode.INTERNAL_ERROR)

    def _fail(self, code: int, reason: str = "") -> None:
        """Fail the connection (RFC 6455, section 7.1.7): a close frame, and the end of our half at once."""
        if self._protocol is not None and self._protocol.state is State.OPEN:
            self._protocol.fail(code, reason)
        self._write_protocol()
        self._end()

    def _write_protocol(self) -> None:
        """Write what the protocol has to say: pongs, close frames, and the end of our half."""
        writes = self._protocol.data_to_send() if self._protocol is not None else []
        if not writes:
            return
        self.flush()
        self.transport.write(b"".join(writes))
        if writes[-1] == SEND_EOF and self.transport.can_write_eof():
            self.transport.write_eof()

    def _end(self) -> None:
        """Stop taking part: from here on nothing is heard or said but what the closing handshake needs."""
        if self._is_open:
            self._is_open = False
            self.flush()
            self._fragments = None
            self.switchboard.is_ending(self)
            self.switchboard.reception.closed(self)


def make_wire(
    reception: Reception, timers: Timers | None = None, limits: GatewayLimits | None = None
) -> tuple[type[Wire], Switchboard]:
    """Return the protocol class for `uvicorn.Config(ws=...)`, and the switchboard its wires share.

    To be called inside the running loop unless `timers` are given.
    """
    board = Switchboard(reception, limits or GatewayLimits(), timers or asyncio.get_running_loop())

    class HouseWire(Wire):
        """A wire of this house."""

        __slots__ = ()
        switchboard = board

    return HouseWire, board


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fitting(reason: str) -> str:
    """Cut a reason to the 123 bytes that a close frame has room for."""
    return reason.encode()[:123].decode(errors="ignore")
