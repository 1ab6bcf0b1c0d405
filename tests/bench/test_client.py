"""The ordinary client against a house that answers from a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bench.attendance import account
from bench.client import JSON, MSGPACK, Bidder, Form, TurnedAwayError, Watcher
from bench.feed import FullFeed
from bench.load import Address
from tests.bench.test_feed import LOG, SNAPSHOT

Message = dict[str, Any]
Script = Callable[[ServerConnection], Awaitable[None]]

BID: Message = {"op": "bid", "lot": "a", "amount": 100, "ref": "1", "confirm": True}
ACCEPTED: Message = {"ev": "accepted", "lot": "a", "ref": "1", "seq": 3, "at": 30}
PATIENCE_S = 10


def refused(code: str) -> Message:
    return {"ev": "refused", "lot": "a", "ref": "1", "code": code, "at": None}


def token() -> str:
    return "token of ann"


@asynccontextmanager
async def house(*scripts: Script) -> AsyncIterator[Address]:
    """Play one script for each connection in turn; the last one again for all that follow."""
    coming = iter(scripts[:-1])

    async def play(connection: ServerConnection) -> None:
        await next(coming, scripts[-1])(connection)

    names = [Subprotocol(form.subprotocol) for form in (JSON, MSGPACK)]
    async with serve(play, "127.0.0.1", 0, subprotocols=names) as server, asyncio.timeout(PATIENCE_S):
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])


async def tell(connection: ServerConnection, message: Message) -> None:
    binary = connection.subprotocol == MSGPACK.subprotocol
    await connection.send(msgpack.packb(message) if binary else orjson.dumps(message).decode())


async def ask(connection: ServerConnection) -> Message:
    frame = await connection.recv()
    message: Message = orjson.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame)
    return message


def answering(*answers: Message) -> Script:
    """Answer what comes with one message after another, then listen to the end."""

    async def script(connection: ServerConnection) -> None:
        for answer in answers:
            await ask(connection)
            await tell(connection, answer)
        await connection.wait_closed()

    return script


async def test_an_offer_gets_its_answer_under_the_bidders_token() -> None:
    seen: list[Any] = []

    async def script(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers["Authorization"])
        seen.append(await ask(connection))
        await tell(connection, {"ev": "you", "lot": "a", "paddle": 4})
        await tell(connection, ACCEPTED)
        await connection.wait_closed()

    async with house(script) as address:
        bidder = Bidder(address, token)
        assert await bidder.offer(BID) == ACCEPTED
        await bidder.leave()
    assert seen == ["Bearer token of ann", BID]
    assert (bidder.dropped, +bidder.resent) == (0, {})


@pytest.mark.parametrize("code", ["rate_limited", "overloaded", "unavailable"])
async def test_an_offer_refused_for_a_limit_is_sent_again(code: str) -> None:
    async with house(answering(refused(code), refused(code), ACCEPTED)) as address:
        bidder = Bidder(address, token)
        assert await bidder.offer(BID) == ACCEPTED
        await bidder.leave()
    assert bidder.resent == {code: 2}


async def test_an_offer_refused_for_what_it_is_stays_refused() -> None:
    async with house(answering(refused("below_ask"))) as address:
        bidder = Bidder(address, token)
        assert (await bidder.offer(BID))["code"] == "below_ask"
        await bidder.leave()


async def test_an_offer_lost_with_its_line_is_sent_again_under_its_ref() -> None:
    async def lose(connection: ServerConnection) -> None:
        assert await ask(connection) == BID
        connection.transport.abort()

    async def goodbye(connection: ServerConnection) -> None:
        assert await ask(connection) == BID
        await tell(connection, {"ev": "goodbye", "reason": "restart", "retry_ms": [1, 5]})
        await connection.close(1012)

    async with house(lose, goodbye, answering(ACCEPTED)) as address:
        bidder = Bidder(address, token)
        assert await bidder.offer(BID) == ACCEPTED
        await bidder.leave()
    assert bidder.resent == {"line_lost": 2}
    assert bidder.dropped == 2


async def test_a_bidder_turned_away_does_not_come_back() -> None:
    async def turn_away(connection: ServerConnection) -> None:
        await ask(connection)
        await connection.close(4401, "unauthenticated")

    async with house(turn_away) as address:
        bidder = Bidder(address, token)
        with pytest.raises(TurnedAwayError, match="4401 unauthenticated"):
            await bidder.offer(BID)
        with pytest.raises(TurnedAwayError, match="4401"):
            await bidder.offer(BID)
        await bidder.leave()


async def test_a_line_closed_as_too_slow_is_taken_up_again() -> None:
    async def too_slow(connection: ServerConnection) -> None:
        await ask(connection)
        await connection.close(4408)

    async with house(too_slow, answering(ACCEPTED)) as address:
        bidder = Bidder(address, token)
        assert await bidder.offer(BID) == ACCEPTED
        await bidder.leave()


@pytest.mark.parametrize("form", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_a_watcher_takes_a_feed_up_where_it_broke(form: Form) -> None:
    asked: list[Message] = []
    ended = asyncio.Event()

    async def first(connection: ServerConnection) -> None:
        asked.append(await ask(connection))
        for event in LOG[:2]:
            await tell(connection, event)
        await tell(connection, {"ev": "resumed", "lot": "a", "from": 1, "to": 2, "head": LOG[1]["head"]})
        await connection.close(1012)

    async def second(connection: ServerConnection) -> None:
        asked.append(await ask(connection))
        for event in LOG[2:]:
            await tell(connection, event)
        await tell(connection, {"ev": "resumed", "lot": "a", "from": 3, "to": 4, "head": LOG[3]["head"]})
        await connection.wait_closed()

    def told(feed: FullFeed) -> None:
        if feed.seq == len(LOG):
            ended.set()

    async with house(first, second) as address:
        watcher = Watcher(address, ["a"], form, told=told)
        watcher.arrive()
        await ended.wait()
        await watcher.leave()
    feed = watcher.feeds["a"]
    assert [message["after"] for message in asked] == [0, 2]
    assert (feed.faults, feed.differences(LOG), feed.resets, watcher.dropped) == ([], [], 0, 1)


async def test_a_watcher_may_begin_with_a_snapshot() -> None:
    async with house(answering(SNAPSHOT)) as address:
        watcher = Watcher(address, ["a"], from_start=False)
        watcher.arrive()
        await watcher.seated.wait()
        await watcher.leave()
    assert watcher.feeds["a"].state["phase"] == "open"


async def test_an_error_leaves_no_watcher_waiting_for_its_seat() -> None:
    error = {"ev": "error", "code": "unknown_lot", "detail": "There is no such lot.", "op": "watch"}
    async with house(answering(error, SNAPSHOT)) as address:
        watcher = Watcher(address, ["b", "a"], from_start=False)
        watcher.arrive()
        await watcher.seated.wait()
        await watcher.leave()
    assert watcher.troubles == ["unknown_lot: There is no such lot."]
    assert watcher.feeds["a"].seq == 2


def test_a_bidders_name_that_is_no_id_gets_an_account_of_its_own() -> None:
    assert account("m148-b0") == "m148-b0"
    accounts = {account(name) for name in ("Ann Ågren", "Ann Agren", "x" * 65)}
    assert len(accounts) == 3
    assert all(account(found) == found for found in accounts)
