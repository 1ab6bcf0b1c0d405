"""A house for the simulated crowd: the real rules behind a small server, which can lose answers and lines on purpose.

It knows as much of the protocol as the crowd speaks, and nothing of the gateway: bench is tested from outside too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import msgspec
import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from bench.feed import GENESIS, next_head
from clock.instants import SystemClock
from lots.decisions import decide
from lots.fold import evolve
from lots.listing import Listing
from lots.orders import Bid, ListLot, MaxBid, Order, Ring
from lots.refusals import Refused
from lots.state import Accepted, Lot
from lots.views import live, snapshot, you

SUBPROTOCOLS = ["knockdown.v1.json", "knockdown.v1.msgpack"]
Message = dict[str, Any]


class ScriptedHouse:
    """One sale, held under the real rules.

    Attributes:
        lose_answers: So many answers are decided but never sent, and their lines cut.
        events: The public events of each lot with their heads, from the first.
        offers: How often each ref came in.
        refused: The codes of refused offers.
        greeted: Who came, by the subject of the token.
        watched: All `watch` messages.
    """

    def __init__(self) -> None:
        self.url = ""
        self.lose_answers = 0
        self.lots: dict[str, Lot] = {}
        self.events: dict[str, list[Message]] = {}
        self.offers: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.greeted: Counter[str] = Counter()
        self.watched: list[Message] = []
        self._stirred = asyncio.Event()
        self._clock = SystemClock()
        self._guests: dict[ServerConnection, str] = {}
        self._follow: dict[str, set[ServerConnection]] = {}
        self._hear = {"watch": self._watch, "unwatch": self._unwatch, "time": self._time}

    def list(self, listing: Listing) -> None:
        self._order(ListLot(listing))

    def end(self) -> None:
        """Let the hammer fall on everything, whenever that was to be."""
        for lot in list(self.lots.values()):
            self._order(Ring(lot.lot), lot.closes_at)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds; it is looked at after every message that comes in."""
        while not holds():
            self._stirred.clear()
            await self._stirred.wait()

    def bids(self) -> int:
        return sum(lot.bids for lot in self.lots.values())

    async def cut(self, code: int) -> None:
        """Close every line."""
        for connection in list(self._guests):
            await connection.close(code)

    async def attend(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        bidder = connection.request.headers.get("Authorization", "").removeprefix("Bearer ")
        self._guests[connection] = bidder
        self.greeted[bidder] += 1
        self._say(connection, {"ev": "hello", "now": self._clock.now(), "role": "bidder" if bidder else "watcher"})
        try:
            async for frame in connection:
                self._take(connection, orjson.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame))
        except ConnectionClosed:
            pass
        finally:
            del self._guests[connection]
            for followers in self._follow.values():
                followers.discard(connection)

    def _take(self, connection: ServerConnection, message: Message) -> None:
        self._hear.get(message["op"], self._offer)(connection, message)
        self._stirred.set()

    def _offer(self, connection: ServerConnection, message: Message) -> None:
        self.offers[message["ref"]] += 1
        kind = Bid if message["op"] == "bid" else MaxBid
        bidder = self._guests[connection]
        chance = len(self.offers) * 7_919
        answer = self._order(kind(message["lot"], bidder, message["ref"], message["amount"], chance=chance))
        if self.lose_answers:
            self.lose_answers -= 1
            connection.transport.abort()
        elif isinstance(answer, Accepted):
            self._say(connection, {"ev": "accepted"} | msgspec.to_builtins(answer))
        elif isinstance(answer, Refused):
            self.refused[answer.code] += 1
            self._say(connection, {"ev": "refused", "ref": message["ref"], "lot": message["lot"], "code": answer.code})

    def _watch(self, connection: ServerConnection, message: Message) -> None:
        self.watched.append(message)
        if message.get("feed") == "operations":
            return
        now = self._clock.now()
        if "sale" in message:
            lots = [snapshot(lot, "", now) for lot in self.lots.values()]
            self._say(connection, {"ev": "sale", "lots": lots[:1], "more": True})
            self._say(connection, {"ev": "sale", "lots": lots[1:], "more": False})
            bidder = self._guests[connection]
            for lot in self.lots.values():
                if bidder in lot.paddles:
                    self._say(connection, you(lot, bidder))
            return
        events = self.events[message["lot"]]
        head = events[-1]["head"]
        self._follow.setdefault(message["lot"], set()).add(connection)
        if "after" in message:
            for event in events[message["after"] :]:
                self._say(connection, event)
            ends = {"from": message["after"], "to": len(events), "head": head}
            self._say(connection, {"ev": "resumed", "lot": message["lot"]} | ends)
        else:
            self._say(connection, snapshot(self.lots[message["lot"]], head, now))

    def _unwatch(self, connection: ServerConnection, message: Message) -> None:
        self._follow[message["lot"]].discard(connection)

    def _time(self, connection: ServerConnection, message: Message) -> None:
        self._say(connection, {"ev": "time", "sent": message["sent"], "now": self._clock.now()})

    def _order(self, order: Order, at: int | None = None) -> object:
        now = self._clock.now()
        decision = decide(self.lots, order, now if at is None else at)
        for event in decision.events:
            lot = self.lots[event.lot] = evolve(self.lots.get(event.lot), event)
            self._publish(lot.lot, event.parts()[0])
        if decision.events:
            for connection in self._guests:
                self._say(connection, {"ev": "states", "states": [live(self.lots[order.lot], now)]})
        return decision.outcome

    def _publish(self, lot: str, public: Message) -> None:
        if not public:
            return
        log = self.events.setdefault(lot, [])
        public = orjson.loads(orjson.dumps(public))
        log.append(public | {"head": next_head(log[-1]["head"] if log else GENESIS, public)})
        for connection in self._follow.get(lot, ()):
            self._say(connection, log[-1])

    def _say(self, connection: ServerConnection, message: Message) -> None:
        if connection.state is not State.OPEN:
            return
        if connection.subprotocol == SUBPROTOCOLS[0]:
            connection.protocol.send_text(orjson.dumps(message))
        else:
            connection.protocol.send_binary(msgpack.packb(orjson.loads(orjson.dumps(message))))
        for data in connection.protocol.data_to_send():
            connection.transport.write(data)


@asynccontextmanager
async def open_doors(
    turn_away: Callable[..., Any] | None = None,
) -> AsyncIterator[ScriptedHouse]:
    """Serve a scripted house on a free port of this machine."""
    house = ScriptedHouse()
    server = await serve(
        house.attend,
        "127.0.0.1",
        0,
        subprotocols=SUBPROTOCOLS,  # type: ignore[arg-type]  # a NewType of str
        compression=None,
        process_request=turn_away,
        close_timeout=0.2,
    )
    async with server, asyncio.timeout(15):
        house.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield house
