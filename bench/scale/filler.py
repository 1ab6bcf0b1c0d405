"""Fills one lot's log through the public protocol: one bidder who raises himself, as fast as the house takes it.

Refuses to know how a log is kept. Invariants: no more than a flight of bids is ever unanswered; an exact number of bids
is made, and every one of them is accepted or it is an error; the next filling goes on where the last one ended.
"""

import asyncio
from typing import Final

from bench.load import Bounds, Line, dial
from bench.pace import FLIGHT_LEN
from bench.receipts import ACCEPTED
from bench.server import House
from bench.volley import Volley

WINDOW_LEN: Final = 50
"""Bids that are sent together: every number of events is a multiple of it."""
_REFUSED: Final = b'"ev":"refused"'
_SILENCE_S: Final = 20.0


class NotFilledError(OSError):
    """A bid was refused, or the answers stopped coming."""


class Filler:
    """The bidder of one lot, over one house after the other."""

    def __init__(self, lot: str) -> None:
        self._volley = Volley([lot], 1, seed=1, window_len=WINDOW_LEN, turn=1)
        self._accepted = 0
        self._refused = b""
        self._wanted = 0
        self._done: asyncio.Event = asyncio.Event()

    async def fill(self, house: House, bids: int) -> None:
        """Make so many more bids. Raises NotFilledError, LineError."""
        self._accepted, self._wanted, self._done = 0, bids, asyncio.Event()
        line = await dial(house.address, house.sign("bidder", "scale-filler"), self.heard)
        taken = self._volley.taken
        while self._accepted < bids and not self._refused:
            self._done.clear()
            while self._volley.taken - taken < min(bids, self._accepted + FLIGHT_LEN):
                line.write(self._volley.take())
            await self._answers()
        line.close()
        if self._refused:
            raise NotFilledError(f"a bid was refused: {self._refused.decode('utf-8', 'replace')[:300]}")

    async def _answers(self) -> None:
        try:
            async with asyncio.timeout(_SILENCE_S):
                await self._done.wait()
        except TimeoutError:
            raise NotFilledError(f"{self._accepted:,} of {self._wanted:,} bids were answered, then no more") from None

    def heard(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        """Count what came in one read."""
        first, end = messages[0].start, messages[-1].stop
        self._accepted += data.count(ACCEPTED, first, end)
        if data.count(_REFUSED, first, end):
            self._refused = next(data[where] for where in messages if _REFUSED in data[where])
        self._done.set()
