"""The doors of a house for tests: uvicorn on a loopback port with our wire, and peers who knock with bare bytes.

It refuses to know auctions: its porter keeps what he hears, and says what a test tells him to say.
"""

import asyncio
import base64
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import uvicorn
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from engine.limits import GatewayLimits
from gateway.switchboard import Switchboard
from gateway.wire import Wire, make_wire

PATIENCE_S = 10.0
"""A test that waits for longer than this has failed."""

T = TypeVar("T")


class Notes(asyncio.Queue[T]):
    """A queue for which a test does not wait for ever."""

    async def get(self) -> T:
        """Take the next one."""
        async with asyncio.timeout(PATIENCE_S):
            return await super().get()


class Porter:
    """A reception that keeps what it hears."""

    def __init__(self) -> None:
        self.refusal: tuple[int, str] | None = None
        self.wires: list[Wire] = []
        self.heard: Notes[tuple[bytes, bool]] = Notes()
        self.drained_wires: Notes[Wire] = Notes()
        self.gone: Notes[Wire] = Notes()
        self.headers: Any = None
        self.answer: Callable[[Wire, bytes], None] = lambda _wire, _payload: None
        self.on_drained: Callable[[Wire], None] = lambda _wire: None
        self.on_closed: Callable[[Wire], None] = lambda _wire: None

    def admit(self, wire: Wire, request: Request) -> tuple[int, str] | None:
        """Refuse if told to."""
        del wire, request
        return self.refusal

    def opened(self, wire: Wire) -> None:
        """Greet."""
        self.wires.append(wire)
        self.headers = wire.headers
        wire.send({"ev": "hello"})

    def message(self, wire: Wire, payload: bytes, text: bool) -> None:
        """Keep, then answer as told."""
        self.heard.put_nowait((payload, text))
        self.answer(wire, payload)

    def drained(self, wire: Wire) -> None:
        """Keep."""
        self.drained_wires.put_nowait(wire)
        self.on_drained(wire)

    def leaving(self, wire: Wire) -> None:
        """Say goodbye."""
        wire.send({"ev": "goodbye"})

    def closed(self, wire: Wire) -> None:
        """Keep."""
        self.gone.put_nowait(wire)
        self.on_closed(wire)


class Doors:
    """A running server."""

    def __init__(self, porter: Porter, server: uvicorn.Server, board: Switchboard, port: int) -> None:
        self.porter = porter
        self.server = server
        self.board = board
        self.port = port
        self.url = f"ws://127.0.0.1:{port}/v1/ws"
        self._peers: list[Peer] = []

    async def knock(self, *lines: str) -> tuple["Peer", bytes]:
        """Ask for a WebSocket; returns the peer and the head of the response."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        self._peers.append(peer)
        request = (
            "GET /v1/ws HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
            *lines,
        )
        peer.say(("\r\n".join(request) + "\r\n\r\n").encode())
        return peer, await peer.reader.readuntil(b"\r\n\r\n")

    async def come_in(self, *lines: str) -> "Peer":
        """Ask for a WebSocket, and hear the greeting."""
        peer, head = await self.knock(*lines)
        assert head.startswith(b"HTTP/1.1 101 "), head
        await peer.frame()
        return peer

    async def see_out(self) -> None:
        """Have all peers hang up."""
        for peer in self._peers:
            peer.writer.transport.abort()
            with suppress(OSError):
                await peer.writer.wait_closed()


async def _plain_page(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  the ASGI interface
    """Answer every HTTP request with an empty page."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def opened(porter: Porter | None = None, **limits: Any) -> AsyncIterator[Doors]:  # noqa: ANN401  fields of the limits
    """Open the doors; afterwards see everyone out, and wait until the last wire is gone."""
    porter = porter or Porter()
    wire, board = make_wire(porter, limits=GatewayLimits(**limits))
    one_is_gone = asyncio.Event()

    class NotingWire(wire):  # type: ignore[valid-type, misc]  # a class made at run time is a base all the same
        """A wire whose end can be awaited."""

        __slots__ = ()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            one_is_gone.set()

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(_plain_page, ws=NotingWire, lifespan="off", log_level="error")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listener])
    doors = Doors(porter, server, board, listener.getsockname()[1])
    try:
        yield doors
    finally:
        await doors.see_out()
        for running in server.servers:
            running.close()
        while board.wires:
            one_is_gone.clear()
            await one_is_gone.wait()


class Peer:
    """Somebody who speaks in bare bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame of the server: its first byte and its payload."""
        async with asyncio.timeout(PATIENCE_S):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8))
            return first, await self.reader.readexactly(size)

    async def end(self) -> bytes:
        """Read up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def close_code(self) -> int:
        """Read up to the close frame; its code."""
        while True:
            first, payload = await self.frame()
            if first == 0x88:
                return int.from_bytes(payload[:2])


def masked(opcode: Opcode, data: bytes, *, fin: bool = True, rsv1: bool = False) -> bytes:
    """Return a client's frame, which may break the rules in its reserved bit."""
    frame = Frame(opcode, data, fin).serialize(mask=True)
    return bytes((frame[0] | (0x40 if rsv1 else 0),)) + frame[1:]
