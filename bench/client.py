"""The ordinary client: one identity on one WebSocket, as any correct program outside the house would be written.

It refuses to know sales, schedules and statistics. Invariants: a lost line is dialled again with exponential back-off
and full jitter, or as long as the `goodbye` asked, except where the house said not to (4400-4499 but 4408, a refused
identity); an offer under way is sent again under its own `ref`, so that it has one effect and gets its answer whatever
happens to the line; a watched feed is taken up where it broke.
Pauses are seconds. Source: protocol.md, "WebSocket"; the `websockets` library's own asyncio client.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgpack
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from bench.feed import FullFeed, Message, is_answer
from bench.load import Address

SEND_AGAIN: Final = frozenset({"rate_limited", "overloaded", "unavailable"})
"""Refusals that say nothing of the offer itself."""

_PAUSE_LEAST_S = 0.05
_PAUSE_MOST_S = 2.0
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0
_TOO_SLOW = 4408
_TRY_LATER = frozenset({408, 425, 429})
_STEADY_S = 1.0  # a line that held for longer than this was no failed attempt

Token = Callable[[], str]


class Form(NamedTuple):
    """A wire format."""

    subprotocol: str
    encode: Callable[[Message], str | bytes]
    decode: Callable[[Any], Message]


JSON: Final = Form("knockdown.v1.json", lambda message: orjson.dumps(message).decode(), orjson.loads)
MSGPACK: Final = Form("knockdown.v1.msgpack", msgpack.packb, msgpack.unpackb)


class TurnedAwayError(ConnectionError):
    """The house closed the line for good; the message says why."""


def pauses() -> Iterator[float]:
    """Give the seconds to wait before each further attempt: exponential, full jitter."""
    most = _PAUSE_LEAST_S
    while True:
        yield random.uniform(0, most)
        most = min(2 * most, _PAUSE_MOST_S)


class Guest:
    """A connection that is kept up until its owner leaves; `token` makes a fresh token for each line.

    Attributes:
        opened: Set while the line is open, and when it never will be.
        dropped: How often an open line was lost.
        fault: Why the house turned this guest away, or None.
    """

    def __init__(self, address: Address, token: Token | None, form: Form = JSON) -> None:
        self.opened = asyncio.Event()
        self.dropped = 0
        self.fault: str | None = None
        self._address = address
        self._token = token
        self._form = form
        self._socket: ClientConnection | None = None
        self._staying: asyncio.Task[None] | None = None
        self._pause_ms: tuple[int, int] | None = None

    def arrive(self) -> None:
        """Begin to keep a line open; a second call changes nothing."""
        if self._staying is None:
            self._staying = asyncio.create_task(self._stay())
            self._staying.add_done_callback(self._stayed)

    async def leave(self) -> None:
        """Close the line for good."""
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.wait([self._staying])

    async def say(self, message: Message) -> None:
        """Send a message if the line is open."""
        if self._socket is not None:
            with suppress(ConnectionClosed):  # whoever keeps the line will see it, and `greet` says again what matters
                await self._socket.send(self._form.encode(message))

    def hear(self, message: Message) -> None:
        """Take a message of the house; a guest who only listens has nothing to do."""

    async def greet(self) -> None:
        """Say what must be said on every new line."""

    def turned_away(self, reason: str) -> None:
        """Give up: no line will be opened any more."""
        self.fault = reason
        self.opened.set()

    async def _stay(self) -> None:
        pause = pauses()
        while self.fault is None:
            try:
                async with self._dial() as socket:
                    if await self._converse(socket) > _STEADY_S:
                        pause = pauses()
            except InvalidStatus as error:
                self._refused(error.response.status_code, error.response.body)
            except (OSError, TimeoutError, InvalidHandshake):
                pass  # the house is not there, or not yet: that is what the pause is for
            if self.fault is None:
                await asyncio.sleep(self._next_pause_s(pause))

    def _dial(self) -> connect:
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        return connect(
            f"ws://{host}:{self._address.port}/v1/ws",
            subprotocols=[Subprotocol(self._form.subprotocol)],
            additional_headers={"Authorization": f"Bearer {self._token()}"} if self._token else {},
            compression=None,
            proxy=None,
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            max_queue=None,
        )

    async def _converse(self, socket: ClientConnection) -> float:
        """Listen until the line is lost; return for how many seconds it held."""
        began = time.monotonic()
        self._socket = socket
        self.opened.set()
        greeting = asyncio.create_task(self.greet())
        try:
            with suppress(ConnectionClosed):
                async for frame in socket:
                    self._take(self._form.decode(frame))
        finally:
            self._socket = None
            self.opened.clear()
            await _ended(greeting)
        self.dropped += 1
        code = socket.close_code or 0
        if 4400 <= code <= 4499 and code != _TOO_SLOW:
            self.turned_away(f"the house closed the line with {code} {socket.close_reason}")
        return time.monotonic() - began

    def _take(self, message: Message) -> None:
        if message["ev"] == "goodbye":
            least, most = message["retry_ms"]
            self._pause_ms = (least, most)
        self.hear(message)

    def _next_pause_s(self, pause: Iterator[float]) -> float:
        if self._pause_ms is None:
            return next(pause)
        least, most = self._pause_ms
        self._pause_ms = None
        return random.uniform(least, most) / 1_000

    def _refused(self, status: int, body: bytes | bytearray) -> None:
        if status < 500 and status not in _TRY_LATER:
            self.turned_away(f"the house refused the line: {status} {body[:200].decode('utf-8', 'replace')}")

    def _stayed(self, staying: asyncio.Task[None]) -> None:
        """A fault of our own must not leave anyone waiting for an answer that will not come."""
        if not staying.cancelled() and (error := staying.exception()) is not None:
            self.turned_away(f"the client failed: {error!r}")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


class _Asked:
    """An offer under way."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.said_on: ClientConnection | None = None


class Bidder(Guest):
    """A guest who bids.

    Attributes:
        resent: How often an offer was sent again, by the code of the refusal; `line_lost` where no answer came.
    """

    def __init__(self, address: Address, token: Token, form: Form = JSON) -> None:
        super().__init__(address, token, form)
        self.resent: Counter[str] = Counter()
        self._asked: dict[tuple[str, str], _Asked] = {}

    async def offer(self, message: Message) -> Message:
        """Send a `bid` or `max_bid` until it is accepted or refused for what it is; return that answer.

        Raises:
            TurnedAwayError: the house does not want this bidder.
        """
        self.arrive()
        pause = pauses()
        while True:
            answer = await self._ask(message)
            code = answer.get("code", "")
            if code not in SEND_AGAIN:
                return answer
            self.resent[code] += 1
            await asyncio.sleep(next(pause))

    def hear(self, message: Message) -> None:
        """Hand an answer to whoever waits for it."""
        if message["ev"] in {"accepted", "refused"}:
            asked = self._asked.get((message["lot"], message["ref"]))
            if asked is not None and not asked.answer.done():
                asked.answer.set_result(message)

    async def greet(self) -> None:
        """Send again what the last line took with it."""
        for asked in list(self._asked.values()):
            await self._put(asked)

    def turned_away(self, reason: str) -> None:
        """Tell everyone who waits."""
        super().turned_away(reason)
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(TurnedAwayError(reason))

    async def _ask(self, message: Message) -> Message:
        if self.fault is not None:
            raise TurnedAwayError(self.fault)
        key = (message["lot"], message["ref"])
        asked = self._asked[key] = _Asked(message)
        try:
            await self._put(asked)
            return await asked.answer
        finally:
            del self._asked[key]

    async def _put(self, asked: _Asked) -> None:
        """Send an offer once on each line: a second copy could be decided afresh after a refusal."""
        if self._socket is None or asked.said_on is self._socket:
            return
        if asked.said_on is not None:
            self.resent["line_lost"] += 1
        asked.said_on = self._socket
        await self.say(asked.message)


class Watcher(Guest):
    """A guest who follows the full feeds of lots.

    Attributes:
        feeds: The copies, by lot.
        seated: Set once every feed has begun.
        troubles: Errors that the house answered, as sentences.
    """

    def __init__(
        self,
        address: Address,
        lots: Sequence[str],
        form: Form = MSGPACK,
        *,
        from_start: bool = True,
        told: Callable[[FullFeed], None] | None = None,
    ) -> None:
        """Watch `lots`; `told` is called with a feed after each message for it."""
        super().__init__(address, None, form)
        self.feeds = {lot: FullFeed(lot, from_start=from_start) for lot in lots}
        self.seated = asyncio.Event()
        self.troubles: list[str] = []
        self._told = told
        self._answered = asyncio.Event()

    async def greet(self) -> None:
        """Take every feed up, one after the other, so that a long list is no flood."""
        for feed in self.feeds.values():
            self._answered.clear()
            await self.say(feed.watch())
            await self._answered.wait()
        self.seated.set()

    def hear(self, message: Message) -> None:
        """Pass a message on to its feed."""
        if message["ev"] == "error":
            self.troubles.append(f"{message['code']}: {message['detail']}")
            self._answered.set()
        feed = self.feeds.get(message.get("lot", ""))
        if feed is None:
            return
        feed.hear(message)
        if is_answer(message):
            self._answered.set()
        if self._told is not None:
            self._told(feed)

    def turned_away(self, reason: str) -> None:
        """Let nobody wait for a seat that will not be had."""
        super().turned_away(reason)
        self.troubles.append(reason)
        self.seated.set()
