"""The front door of a scripted house: HTTP for listing and reading, a hammer that falls in time, and planted faults.

It speaks as much HTTP as a storm does, and hands WebSockets on to the house behind it, on a port of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import orjson

from bench.feed import GENESIS, next_head
from clock.instants import SystemClock
from lots.listing import Listing
from lots.orders import Bid, Ring
from lots.phases import Phase
from lots.state import Accepted
from lots.views import snapshot
from tests.bench.scripted_house import Message, ScriptedHouse, open_doors

_EARLY_US = 300_000


class Plant:
    """One fault, committed again and again once it is possible.

    It is called `gap`, `head`, `lost`, `late`, `early` or `twice`; anything else is none. `committed` counts how often
    there was an occasion.
    """

    def __init__(self, house: ScriptedHouse, fault: str) -> None:
        self.house = house
        self.fault = fault
        self.clock = SystemClock()
        self.committed = 0
        self.url = ""
        self._say, self._order = house._say, house._order
        self._doors: list[asyncio.StreamWriter] = []
        house._say = self.say  # type: ignore[method-assign]
        house._order = self.order  # type: ignore[method-assign]

    def say(self, connection: Any, message: Message) -> None:  # noqa: ANN401  a connection of the server
        """Send a message, except where it is to be lost or spoilt."""
        if message["ev"] == "states":
            return
        if self.fault in {"gap", "head"} and message.get("seq", 0) % 5 == 4 and "offered" in message:
            self.committed += 1
            if self.fault == "gap":
                return
            message = message | {"head": "00" * 16}
        self._say(connection, message)

    def order(self, order: Any, at: int | None = None) -> object:  # noqa: ANN401  any order
        """Decide an order, rightly or not."""
        if isinstance(order, Bid) and self.fault == "lost" and len(self.house.offers) % 5 == 0:
            self.committed += 1
            return Accepted(order.ref, order.lot, 999, self.clock.now(), 7)
        answer = self._order(order, at)
        if isinstance(order, Bid) and self.fault == "twice" and isinstance(answer, Accepted) and answer.repeat:
            return self._again(order.lot, answer)
        if isinstance(order, Bid) and self.fault == "late" and not isinstance(answer, Accepted):
            return self._late(order) or answer
        return answer

    def _again(self, lot: str, answer: Accepted) -> Accepted:
        first = self.house.events[lot][answer.seq - 1]
        return msgspec.structs.replace(answer, repeat=False, seq=self._append(lot, first))

    def _late(self, order: Bid) -> Accepted | None:
        """Take a bid after the hammer, under an honest stamp."""
        placed = [event for event in self.house.events[order.lot] if event["ev"] == "bid_placed"]
        if self.house.lots[order.lot].phase is not Phase.SOLD or not placed:
            return None
        now = self.clock.now()
        seq = self._append(order.lot, placed[-1] | {"offered": order.amount, "at": now})
        return Accepted(order.ref, order.lot, seq, now, placed[-1]["paddle"])

    def _append(self, lot: str, event: Message) -> int:
        self.committed += 1
        log = self.house.events[lot]
        public = {name: value for name, value in event.items() if name != "head"} | {"seq": len(log) + 1}
        log.append(public | {"head": next_head(log[-1]["head"] if log else GENESIS, public)})
        for connection in self.house._follow.get(lot, ()):
            self.house._say(connection, log[-1])
        return len(log)

    async def keep_time(self) -> None:
        """Let the hammer fall when it must, or earlier where that is the fault."""
        early_us = _EARLY_US if self.fault == "early" else 0
        while True:
            for lot in list(self.house.lots.values()):
                ends_at = lot.closes_at
                if lot.phase is Phase.OPEN and ends_at is not None and self.clock.now() + early_us >= ends_at:
                    self.committed += bool(early_us)
                    self._order(Ring(lot.lot), max(ends_at, self.clock.now()))
            await asyncio.sleep(0.005)  # the clock of a house that is only scripted

    # -- HTTP --------------------------------------------------------------------------------------------------------

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._doors.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"/v1/ws" in head.split(b"\r\n", 1)[0]:
                    await self._hand_on(head, reader, writer)
                    break
                writer.write(await self._answer(head, reader))
        writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        verb, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        sizes = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(int(sizes[0])) if sizes else b""
        said = orjson.dumps(self._do(verb, path.partition("?"), body))
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said

    def _do(self, verb: str, path: tuple[str, str, str], body: bytes) -> object:
        if verb == "POST":
            if path[0] == "/v1/lots":
                self.house.list(msgspec.convert(orjson.loads(body), Listing))
            return {}
        lot = path[0].split("/")[3]
        log = self.house.events[lot]
        if path[0].endswith("/events"):
            after = int(path[2].partition("&")[0].removeprefix("after="))
            return {"events": log[after:]}
        return {"seq": len(log), "head": log[-1]["head"], "lot": snapshot(self.house.lots[lot], "", 0)["lot"]}

    async def _hand_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, to_behind = await asyncio.open_connection("127.0.0.1", int(self.house.url.rpartition(":")[2]))
        self._doors.append(to_behind)
        to_behind.write(head)
        pipes = [asyncio.create_task(_pipe(reader, to_behind)), asyncio.create_task(_pipe(behind, writer))]
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for pipe in pipes:
            pipe.cancel()
        await asyncio.wait(pipes)
        to_behind.close()
        writer.close()

    async def shut(self) -> None:
        """See every connection out, so that nothing of one test is left to the next."""
        for door in self._doors:
            door.transport.abort()
        await asyncio.gather(*(door.wait_closed() for door in self._doors), return_exceptions=True)


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)


@asynccontextmanager
async def open_front(fault: str) -> AsyncIterator[Plant]:
    """Serve a scripted house with a planted fault; give the plant, with the URL of the house."""
    async with open_doors() as house:
        plant = Plant(house, fault)
        server = await asyncio.start_server(plant.attend, "127.0.0.1", 0)
        timing = asyncio.create_task(plant.keep_time())
        try:
            plant.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield plant
        finally:
            timing.cancel()
            server.close()
            await plant.shut()
