"""How a Starlette peer decides a bid by a script in Redis: each call by itself, or gathered.

Refuses to know sockets. Every decider takes a lot, an amount in minor units, who bids and the event as it is to be
kept; it gives the event's number, 1, 2, 3 ..., or 0 for a refusal, and only once that is on disk.

Measured side by side: redis-py has no auto-pipelining: a handler that awaits its own EVALSHA is what is written first
(`ScriptEach`); gathering what comes in meanwhile into one pipeline takes more than twice as much (`ScriptGathered`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio

Decide = Callable[[str, int, str, bytes], Awaitable[int]]
Arguments = tuple[str | int | bytes, ...]

SCRIPT = Path(__file__).with_name("bid.lua")
LEAST_RAISE = 1


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


def _arguments(lot: str, amount: int, bidder: str, event: bytes) -> Arguments:
    return f"lot:{lot}", f"events:{lot}", amount, LEAST_RAISE, bidder, event


@asynccontextmanager
async def scripts(redis_socket: str, *, gathered: bool) -> AsyncIterator[Decide]:
    """Decide in the Redis behind a Unix socket."""
    client = redis.asyncio.Redis(unix_socket_path=redis_socket)
    try:
        script = await client.script_load(SCRIPT.read_text("utf-8"))
        yield ScriptGathered(client, script) if gathered else ScriptEach(client, script)
    finally:
        await client.aclose()
