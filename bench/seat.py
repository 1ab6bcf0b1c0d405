"""A seat in the saleroom: a guest who speaks without waiting, and who has the house's clock before him.

How a line is kept up is up to `client`; this refuses to know what is said on it. Invariants: `told` gets
one `hello` for each line, before all else; what was said on a line that is lost is lost with it, so whoever sits here
says again on the next `hello` what still counts; an identity that has run out is renewed on the same line.
Instants are microseconds of the server's clock, as its `time` messages tell it. Source: protocol.md.
"""

import asyncio
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection

from bench.client import Form, Guest, Token
from bench.feed import Message
from bench.load import loopback

_TIME_EVERY_S = 15.0


class Seat(Guest):
    """One guest's seat.

    Args:
        url: Where the house listens, on this machine.
        token: Makes a fresh token for each line; None for somebody who only watches.
        form: The wire format.
        told: Called with every message.
    """

    def __init__(self, url: str, token: Token | None, form: Form, told: Callable[[Message], None]) -> None:
        super().__init__(loopback(url), token, form)
        self._told = told
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._offset_us = 0
        self._best_trip_us: int | None = None
        self._is_greeted = False

    def server_now(self) -> int:
        """The server's clock, as near as it is known here."""
        return _monotonic_us() + self._offset_us

    def send(self, message: Message) -> None:
        """Say something on the line there is."""
        self._outbox.put_nowait(message)

    async def greet(self) -> None:
        """Say what there is to say, and ask for the time again and again, for as long as the line holds."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._speak())
            both.create_task(self._ask_the_time())

    def hear(self, message: Message) -> None:
        """Take a message: set the clock by it, and pass it on."""
        match message["ev"]:
            case "hello" if self._is_greeted:
                self._show_token(message)
                return
            case "hello":
                self._is_greeted = True
                self._offset_us = message["now"] - _monotonic_us()
            case "time":
                self._set_clock(message)
        self._told(message)

    async def _converse(self, socket: ClientConnection) -> float:
        self._outbox = asyncio.Queue()
        self._best_trip_us = None
        self._is_greeted = False
        return await super()._converse(socket)

    async def _speak(self) -> None:
        while True:
            await self.say(await self._outbox.get())

    async def _ask_the_time(self) -> None:
        while True:
            self.send({"op": "time", "sent": _monotonic_us()})
            await asyncio.sleep(_TIME_EVERY_S)

    def _show_token(self, hello: Message) -> None:
        """Sign in again on a line that has lost its identity."""
        if self._token is not None and hello["role"] == "watcher":
            self.send({"op": "auth", "token": self._token()})

    def _set_clock(self, message: Message) -> None:
        """Believe the quickest answer of each line: the server read its clock half a trip ago."""
        here = _monotonic_us()
        trip_us = here - message["sent"]
        if self._best_trip_us is None or trip_us <= self._best_trip_us:
            self._best_trip_us = trip_us
            self._offset_us = message["now"] + trip_us // 2 - here


def _monotonic_us() -> int:
    return round(asyncio.get_running_loop().time() * 1_000_000)
