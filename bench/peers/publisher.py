"""Who gives the peers their events: one connection, one ready event at every beat, whatever the peer answers.

Refuses to know which peer it is: the dialogue that opens the connection is given. Invariants: event n leaves at start +
n / rate; what the peer says is read and thrown away, so that it never waits for us. Seconds of `time.perf_counter`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from bench.load import Address
from bench.peers.fan_protocols import Turn
from bench.peers.program import PeerFailedError

_ANSWER_WAIT_S = 10.0
_READ_LEN = 1 << 16
_HEARD_LEN = 200


class Publisher:
    """An open connection to a peer, and the event."""

    def __init__(self, writer: asyncio.StreamWriter, event: bytes) -> None:
        self._writer = writer
        self._event = event

    async def publish(self, rate: float, seconds: float) -> int:
        """Publish at a steady pace for a while; how many events."""
        started, events = time.perf_counter(), round(rate * seconds)
        for n in range(events):
            await asyncio.sleep(max(started + n / rate - time.perf_counter(), 0.0))
            self._writer.write(self._event)
        await self._writer.drain()
        return events


@asynccontextmanager
async def publishing(address: Address, dialogue: Sequence[Turn], event: bytes) -> AsyncIterator[Publisher]:
    """A publisher for the length of a `with`. Raises PeerFailedError when the peer answers otherwise, OSError."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        for turn in dialogue:
            writer.write(turn.say)
            await _hear(reader, turn.hear)
        ignoring = asyncio.create_task(_ignore(reader))
        yield Publisher(writer, event)
        ignoring.cancel()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _hear(reader: asyncio.StreamReader, due: bytes) -> None:
    """Read until it is said."""
    heard = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(_ANSWER_WAIT_S):
            while due not in heard and (more := await reader.read(_READ_LEN)):
                heard += more
    if due not in heard:
        raise PeerFailedError(f"the publisher heard {heard[:_HEARD_LEN]!r} where {due!r} was due")


async def _ignore(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(_READ_LEN):
            pass
