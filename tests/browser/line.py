"""A line between a browser and the house that a test may cut, mend, hold up and slow down.

It refuses to know what runs over it: bytes come in at a port of its own and go on to the house's. Invariants: what was
taken in arrives in order, or the connection is gone; while the line is cut nobody gets through. Spans are seconds.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from bench.load import Address

_CHUNK = 1 << 16


class Line:
    """A relay on 127.0.0.1.

    Attributes:
        url: Where pages are to be opened to go over this line.
        to_house_s: How long bytes are under way to the house.
        to_browser_s: How long they are under way back.
    """

    def __init__(self, house: Address) -> None:
        self.url = ""
        self.to_house_s = 0.0
        self.to_browser_s = 0.0
        self._house = house
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang everyone up and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut()
        self.go_on()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Hang everyone up; whoever dials is hung up too until `mend`."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let new connections through again."""
        self._is_cut = False

    def hold(self) -> None:
        """Keep all bytes back, as a dead line does that nobody has hung up."""
        self._flows.clear()

    def go_on(self) -> None:
        """Deliver what was kept back."""
        self._flows.set()

    async def _connect(self, from_browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        if self._is_cut:
            to_browser.transport.abort()
            return
        try:
            from_house, to_house = await asyncio.open_connection(*self._house)
        except OSError:
            to_browser.transport.abort()
            return
        both = {to_browser, to_house}
        self._open |= both
        try:
            await asyncio.gather(
                self._carry(from_browser, to_house, house=True), self._carry(from_house, to_browser, house=False)
            )
        finally:
            self._open -= both
            for writer in both:
                writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, house: bool) -> None:
        """Carry one direction until its end, then hang up where it led."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                under_way_s = self.to_house_s if house else self.to_browser_s
                if under_way_s:
                    loop.call_later(under_way_s, writer.write, data)
                else:
                    writer.write(data)
        writer.close()
