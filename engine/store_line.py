"""A line to the store: one connection, one exchange at a time, and nothing said twice.

It refuses to know scripts, logs and what a reply means. It stands on redis-py's `Connection`, below its client: the
client packs a call in Python (1 us a word), takes a connection from a pool for each, and may say a call again by
itself. Here a call is packed in C, and said once: after a lost reply only a take-over can tell what happened.

Invariants: replies belong to the calls of the same exchange (a line that failed or was cancelled half-way is hung up,
and the next exchange dials anew); every way of not getting a reply is a `JournalAway`.
Units: seconds for time limits. Source: design.md, "The path of a bid" and "The journal".
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from engine.errors import JournalAway, StoreError, StoreRefused

Word = bytes | str | int
"""One word of a call. Numbers go as their decimal digits."""


def exchange_for(url: str, dial_s: float) -> ConnectionPool:
    """Where lines to the store at `url` come from (redis://, rediss:// or unix://).

    Args:
        url: The store's.
        dial_s: How long a connection may take to come about.
    """
    return ConnectionPool.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=None,
        socket_connect_timeout=dial_s,
        health_check_interval=0,
        driver_info=None,
    )


class Line:
    """One connection, dialled when first needed and again after every failure.

    Args:
        pool: Makes the connection; the line keeps it to itself.
        patience_s: How long an exchange may take before its replies count as lost.
    """

    def __init__(self, pool: ConnectionPool, patience_s: float) -> None:
        self._connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        self._patience_s = patience_s
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, *words: Word) -> Any:  # noqa: ANN401 - a reply is whatever the command gives
        """One call and its reply.

        Raises:
            JournalAway: No reply came.
            redis.exceptions.ResponseError: The store refused the call.
        """
        (reply,) = await self.ask_all((words,))
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    async def ask_all(self, calls: Sequence[Sequence[Word]]) -> list[Any]:
        """Many calls in one go and their replies; a refused call's reply is its `ResponseError`, as a value.

        Raises:
            JournalAway: A reply is missing; the calls may or may not have been carried out.
            StoreRefused: The store does not know our name or password.
        """
        packed = b"".join([hiredis.pack_command(cast("Any", tuple(words))) for words in calls])
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._patience_s):
                    return await self._exchange(packed, len(calls))
            except TimeoutError:
                raise JournalAway(f"the store gave no answer within {self._patience_s:g} s") from None
            except RedisError as error:
                # A refused connection is known at once: whoever tries again and again must leave the loop to others.
                await asyncio.sleep(0)
                raise _fault(error) from error

    async def _exchange(self, packed: bytes, replies: int) -> list[Any]:
        connection = self._connection
        if connection.is_connected and await connection.can_read():
            # Nobody owes us anything between exchanges: the store has closed this line, and nothing was said yet.
            await connection.disconnect(nowait=True)
        if not connection.is_connected:
            await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_packed_command(packed, check_health=False)
        return [await _reply(connection) for _ in range(replies)]

    async def hang_up(self) -> None:
        """Close the connection; a later call would dial again."""
        await self._connection.disconnect(nowait=True)


def _fault(error: RedisError) -> StoreError:
    # redis-py wraps what happens while it connects in an error of its own.
    if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
        return StoreRefused(f"the store does not let us in: {error}; check the name and password in its URL")
    return JournalAway(f"the store is away: {error}")


async def _reply(connection: AbstractConnection) -> Any:  # noqa: ANN401 - as `ask`
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
