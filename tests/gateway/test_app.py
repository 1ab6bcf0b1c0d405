"""The whole gateway on a real socket, spoken to by ordinary clients."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Origin, Subprotocol

from engine.house import House
from engine.memory_journal import MemoryJournal
from gateway.app import Gateway
from tests.gateway.front import Front, Message, bearer, open_front


class Served:
    """A house on a port."""

    def __init__(self, front: Front, server: uvicorn.Server, listener: socket.socket) -> None:
        self.front = front
        self.server = server
        self.listener = listener
        self.place = f"127.0.0.1:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        """Close the house as SIGTERM does."""
        await self.server.shutdown([self.listener])


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """Serve a house."""
    async with open_front() as front:
        listener = socket.create_server(("127.0.0.1", 0))
        config = front.gateway.config("127.0.0.1", 0)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listener])
        house = Served(front, server, listener)
        try:
            yield house
        finally:
            await house.stop()


async def hear(client: ClientConnection, ev: str) -> Message:
    """Wait for a message of this kind."""
    async with asyncio.timeout(5):
        while True:
            message: Message = orjson.loads(await client.recv())
            if message["ev"] == ev:
                return message


async def test_a_bid_travels_from_one_socket_to_another() -> None:
    async with served() as house:
        url = f"ws://{house.place}/v1/ws"
        async with connect(url) as watcher, connect(url, additional_headers=bearer()) as alice:
            assert (await hear(alice, "hello"))["bidder"] == "alice"
            await watcher.send('{"op":"watch","lot":"A"}')
            await hear(watcher, "lot")
            await alice.send('{"op":"bid","lot":"A","amount":100,"ref":"r1"}')
            accepted = await hear(alice, "accepted")
            placed = await hear(watcher, "bid_placed")
            assert (placed["seq"], placed["paddle"]) == (accepted["seq"], accepted["paddle"])


async def test_http_is_served_on_the_same_port_and_does_not_name_its_server() -> None:
    async with served() as house, httpx.AsyncClient(base_url=f"http://{house.place}") as http:
        response = await http.get("/v1/lots/A")
        assert response.json()["lot"] == "A"
        assert "server" not in response.headers


async def test_foreign_pages_and_bad_tokens_are_refused_in_the_handshake() -> None:
    async with served() as house:
        url = f"ws://{house.place}/v1/ws"
        with pytest.raises(InvalidStatus) as foreign:
            await connect(url, origin=Origin("https://evil.example"))
        assert foreign.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as bad:
            await connect(url, additional_headers={"Authorization": "Bearer x"})
        assert bad.value.response.status_code == 401
        with pytest.raises(InvalidStatus) as lost:
            await connect(f"ws://{house.place}/v1/lots")
        assert lost.value.response.status_code == 404
        async with connect(url, origin=Origin(f"http://{house.place}")) as own:
            await hear(own, "hello")


async def test_a_bad_token_closes_with_4401() -> None:
    async with served() as house, connect(f"ws://{house.place}/v1/ws") as client:
        await client.send('{"op":"auth","token":"x"}')
        assert (await hear(client, "error"))["code"] == "unauthenticated"
        with pytest.raises(ConnectionClosedError) as closed:
            await hear(client, "anything")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_when_the_house_stops_everyone_hears_goodbye_and_1012() -> None:
    async with served() as house, connect(f"ws://{house.place}/v1/ws") as client:
        await hear(client, "hello")
        stopping = asyncio.create_task(house.stop())
        least, most = (await hear(client, "goodbye"))["retry_ms"]
        assert 0 < least < most
        with pytest.raises(ConnectionClosedError) as closed:
            await hear(client, "anything")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        await stopping


async def test_a_short_secret_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    async with open_front() as front:
        house = House(MemoryJournal(front.clock), front.clock)
        Gateway(house, "short")
    assert "fewer than 32 bytes" in caplog.text


async def test_both_subprotocols_are_spoken() -> None:
    async with served() as house:
        names = (Subprotocol("knockdown.v1.msgpack"), Subprotocol("knockdown.v1.json"))
        for name in names:
            async with connect(f"ws://{house.place}/v1/ws", subprotocols=[name]) as client:
                assert client.subprotocol == name
                assert isinstance(await client.recv(), bytes if name.endswith("msgpack") else str)
