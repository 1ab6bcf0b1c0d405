"""The front of a house for tests: a real house on a journal in memory, its gateway, and people who talk to it.

Nothing here opens a socket: a `Visitor` is a wire whose frames are kept as messages, and HTTP goes straight to the
app. Time is a manual clock.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import msgpack
import orjson
from websockets.datastructures import Headers
from websockets.http11 import Request

from clock.instants import SECOND_US, ManualClock
from engine.house import House
from engine.limits import GatewayLimits
from engine.memory_journal import MemoryJournal
from gateway.app import Gateway
from gateway.auth import Identity, Person, Role, sign
from gateway.frames import JSON, Codec, framed
from gateway.wire import Wire
from lots.listing import Sale
from lots.offering import Partial
from tests.lots.saleroom import LISTED_AT, OPENS_AT, listing

SECRET = "a secret of the house, long enough to sign with"
PAYMENT_SECRET = "whsec_YSBzZWNyZXQgb2YgdGhlIGhvdXNlIGFuZCBpdHMgYmFuaw=="
NOW = OPENS_AT + 60 * SECOND_US
Message = dict[str, Any]


def token(
    sub: str = "alice", role: str = "bidder", *, org: str | None = None, ttl_s: int = 3_600, now: int = NOW
) -> str:
    """Return a token of this house."""
    return sign(SECRET, Identity(sub, Role(role), org, now + ttl_s * SECOND_US))


def bearer(sub: str = "alice", role: str = "bidder", **more: Any) -> dict[str, str]:  # noqa: ANN401  as `token` has them
    """Return the header that says who asks."""
    return {"Authorization": f"Bearer {token(sub, role, **more)}"}


def is_problem(response: httpx.Response, status: int, code: str) -> Message:
    """Assert that this is a problem of this kind; returns it."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: Message = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].endswith(".")
    return problem


class Transport:
    """A transport that hands what is written to its visitor."""

    def __init__(self, visitor: "Visitor") -> None:
        self._visitor = visitor

    def write(self, data: bytes) -> None:
        """Take frames."""
        self._visitor.write(data)

    def get_write_buffer_size(self) -> int:
        """Nothing waits here."""
        return 0

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._visitor.closed is not None


class Visitor:
    """A wire without a socket."""

    def __init__(self, gateway: Gateway, codec: Codec = JSON, peer: str = "127.0.0.1") -> None:
        self.gateway = gateway
        self.codec = codec
        self.peer = peer
        self.guest: Any = None
        self.watches: list[Any] = []
        self.slow = False
        self.transport = Transport(self)
        self.said: list[Message] = []
        self.closed: int | None = None

    @property
    def wire(self) -> Wire:
        """The same, as the gateway sees it."""
        return cast("Wire", self)

    def knock(self, *headers: tuple[str, str], path: str = "/v1/ws") -> tuple[int, str] | None:
        """Ask to be let in, and come in if so."""
        request = Request(path, Headers([("Host", "house.example"), *headers]))
        refusal = self.gateway.reception.admit(self.wire, request)
        if refusal is None:
            self.gateway.reception.opened(self.wire)
        return refusal

    def say(self, **message: Any) -> None:  # noqa: ANN401  fields of a message
        """Say one message."""
        self.say_bytes(orjson.dumps(message) if self.codec.is_text else msgpack.packb(message))

    def say_bytes(self, payload: bytes) -> None:
        """Say anything."""
        self.gateway.reception.message(self.wire, payload, self.codec.is_text)

    def take(self, *evs: str) -> list[Message]:
        """Return what the house has said since the last time; only messages of these kinds if some are named."""
        said, self.said = self.said, []
        return [message for message in said if not evs or message["ev"] in evs]

    async def hear(self, ev: str) -> Message:
        """Wait for a message of this kind and return it; what came before it is forgotten."""
        async with asyncio.timeout(5):
            while True:
                while self.said:
                    message = self.said.pop(0)
                    if message["ev"] == ev:
                        return message
                await asyncio.sleep(0)

    def leave(self) -> None:
        """Hang up."""
        self.close(1000)

    # What the gateway calls.

    def write(self, data: bytes) -> None:
        """Keep frames as messages."""
        if self.closed is None:
            self.said.extend(self._read(payload) for payload in payloads(data))

    def send(self, message: Message) -> None:
        """Keep a message as a client would read it."""
        self.write(self.codec.frame(message))

    def close(self, code: int, reason: str = "") -> None:
        """End."""
        del reason
        if self.closed is None:
            self.closed = code
            self.gateway.reception.closed(self.wire)

    def _read(self, payload: bytes) -> Message:
        message: Message = orjson.loads(payload) if self.codec.is_text else msgpack.unpackb(payload)
        return message


def payloads(data: bytes) -> Sequence[bytes]:
    """Return the payloads of joined server frames."""
    found: list[bytes] = []
    while data:
        size, start = data[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start])
        found.append(data[start : start + size])
        assert framed(data[0], found[-1]) == data[: start + size]
        data = data[start + size :]
    return found


class Front:
    """A house at work and its gateway."""

    def __init__(self, house: House, clock: ManualClock, gateway: Gateway) -> None:
        self.house = house
        self.clock = clock
        self.gateway = gateway

    def visitor(self, *headers: tuple[str, str], codec: Codec = JSON, peer: str = "127.0.0.1") -> Visitor:
        """Let somebody in, and forget the greeting."""
        visitor = Visitor(self.gateway, codec, peer)
        assert visitor.knock(*headers) is None
        visitor.take()
        return visitor

    def bidder(self, sub: str = "alice", *, codec: Codec = JSON) -> Visitor:
        """Let a bidder in."""
        return self.visitor(("Authorization", f"Bearer {token(sub)}"), codec=codec)

    def http(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a client that asks from this address."""
        transport = httpx.ASGITransport(self.gateway.app, raise_app_exceptions=False, client=(address, 4_000))
        return httpx.AsyncClient(transport=transport, base_url="http://house.example")

    async def list(self, lot: str, **terms: Any) -> None:  # noqa: ANN401  terms as a client may send them
        """List a lot."""
        await self.house.listings.list_lot(listing(lot, **terms))


@asynccontextmanager
async def open_front(
    *lots: str,
    payment_secret: str | None = PAYMENT_SECRET,
    sheets: Mapping[str, Partial] | None = None,
    people: Sequence[Person] = (),
    provider: str | None = None,
    **limits: Any,  # noqa: ANN401  fields of the limits
) -> AsyncIterator[Front]:
    """Open a house with these lots, bidding under way; lots `A` and `B` of sale `S` by default."""
    clock = ManualClock(LISTED_AT)
    house = House(MemoryJournal(clock), clock)
    gateway = Gateway(
        house,
        SECRET,
        GatewayLimits(**limits),
        origins=["https://pages.example"],
        version="1.2.3",
        payment_secret=payment_secret,
        sheets=sheets,
        people=people,
        provider=provider,
    )
    house.publish, house.status = gateway.publish, gateway.fanout.status
    house.attendance = gateway.presence.attendance
    await house.start()
    work = asyncio.create_task(house.run())
    front = Front(house, clock, gateway)
    try:
        clock.set(NOW)
        await house.registers.list_sale(Sale(sale="S", title="A sale"))
        for lot in lots or ("A", "B"):
            await front.list(lot)
        yield front
    finally:
        work.cancel()
        await asyncio.wait([work])
        await house.stop()
        gateway.fanout.stop()
