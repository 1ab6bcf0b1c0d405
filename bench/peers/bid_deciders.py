"""How a Starlette peer decides a bid: by a script in Redis, each call by itself or gathered, or by a row lock.

Refuses to know sockets. Every decider takes a lot, an amount in minor units, who bids and the event as it is to be
kept; it gives the event's number, 1, 2, 3 ..., or 0 for a refusal, and only once that is on disk.

Measured side by side. redis-py has no auto-pipelining: a handler that awaits its own EVALSHA is what is written first
(`ScriptEach`); gathering what comes in meanwhile into one pipeline takes more than twice as much (`ScriptGathered`).
PostgreSQL: the same statements inside a function take one round trip instead of five, and half as much again; of pools
of 1, 2, 4 and 10 connections, 4 took most on one hot row. But a pool lets bids overtake each other, and refusing those
would make it look three times slower than it is: so a bid found below the price is kept too, as one that does not lead.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import redis.asyncio

Decide = Callable[[str, int, str, bytes], Awaitable[int]]
Arguments = tuple[str | int | bytes, ...]

SCRIPT = Path(__file__).with_name("bid.lua")
LEAST_RAISE = 1
POOL_LEN = 4

SCHEMA = """
CREATE TABLE lots (lot text PRIMARY KEY, price bigint NOT NULL, leader text, seq bigint NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE events (lot text, seq bigint, leads boolean NOT NULL, event text NOT NULL, PRIMARY KEY (lot, seq));
CREATE FUNCTION bid(_lot text, _amount bigint, _raise bigint, _bidder text, _event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  _price bigint;
  _seq bigint;
  _leads boolean;
BEGIN
  SELECT price, seq + 1 INTO _price, _seq FROM lots WHERE lot = _lot FOR UPDATE;
  _leads := _amount >= _price + _raise;
  INSERT INTO events VALUES (_lot, _seq, _leads, _event);
  IF _leads THEN
    UPDATE lots SET price = _amount, leader = _bidder, seq = _seq WHERE lot = _lot;
  ELSE
    UPDATE lots SET seq = _seq WHERE lot = _lot;
  END IF;
  RETURN _seq;
END $$;
"""


class ScriptEach:
    """One EVALSHA per bid, awaited where it is needed, over a connection of the pool."""

    def __init__(self, client: redis.asyncio.Redis, script: str) -> None:
        self._client = client
        self._script = script

    async def __call__(self, lot: str, amount: int, bidder: str, event: bytes) -> int:
        """Decide one bid."""
        return int(await self._client.evalsha(self._script, 2, *_arguments(lot, amount, bidder, event)))


class ScriptGathered:
    """One EVALSHA per bid, in pipelines: while one is under way the next bids gather."""

    def __init__(self, client: redis.asyncio.Redis, script: str) -> None:
        self._client = client
        self._script = script
        self._waiting: list[tuple[Arguments, asyncio.Future[int]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def __call__(self, lot: str, amount: int, bidder: str, event: bytes) -> int:
        """Decide one bid."""
        decided: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((_arguments(lot, amount, bidder, event), decided))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return await decided

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            pipeline = self._client.pipeline(transaction=False)
            for arguments, _ in batch:
                pipeline.evalsha(self._script, 2, *arguments)
            for (_, decided), reply in zip(batch, await pipeline.execute(), strict=True):
                decided.set_result(reply)
        self._sender = None


class RowLock:
    """One transaction per bid, which holds the lot's row from the check to the commit."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def __call__(self, lot: str, amount: int, bidder: str, event: bytes) -> int:
        """Decide one bid."""
        query = "SELECT bid($1, $2, $3, $4, $5)"
        return int(await self._pool.fetchval(query, lot, amount, LEAST_RAISE, bidder, event.decode()))


def _arguments(lot: str, amount: int, bidder: str, event: bytes) -> Arguments:
    return f"lot:{lot}", f"events:{lot}", amount, LEAST_RAISE, bidder, event


@asynccontextmanager
async def decider(kind: str, store: str) -> AsyncIterator[Decide]:
    """Open a store and decide in it; `store` is a DSN for `rows`, else the Unix socket of a Redis."""
    if kind == "rows":
        async with asyncpg.create_pool(store, min_size=POOL_LEN, max_size=POOL_LEN) as pool:
            yield RowLock(pool)
        return
    client = redis.asyncio.Redis(unix_socket_path=store)
    try:
        script = await client.script_load(SCRIPT.read_text("utf-8"))
        yield ScriptGathered(client, script) if kind == "gathered" else ScriptEach(client, script)
    finally:
        await client.aclose()
