"""The board: the house in a terminal, redrawn a few times a second, or told line by line where there is no terminal.

It refuses to know how a page is laid out (`sheet`), to change anything, and to make the house wait: drawing and writing
happen in a thread, for a terminal that was stopped (Ctrl-S) or a pipe that nobody reads may take for ever.
Invariants: what goes wrong with a terminal ends the board and nothing else; log lines appear in the board's margin
instead of tearing it, and again below it when it ends. Times are seconds.
"""

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from rich.console import Console
from rich.live import Live

from clock.instants import Clock
from gateway.sheet import Sheet, printable, told, totals
from gateway.survey import News, Survey, Surveyed

log = logging.getLogger(__name__)

_EVERY_S = 0.25
_TOTALS_EVERY = 120  # looks, where the board is told line by line
_MARGIN_LINES = 2
_KEPT_LINES = 50
_TOLD = frozenset({"extended", "sold", "passed", "withdrawn", "paused", "resumed"})


class Board:
    """A live view of a house.

    Args:
        house: What is shown.
        watchers: How many watch a lot.
        clock: Tells the time.
        place: Where the house listens.
    """

    def __init__(self, house: Surveyed, watchers: Callable[[str], int], clock: Clock, place: str = "") -> None:
        self._place = place
        self._survey = Survey(house, watchers, clock)
        self._margin = _Margin()

    def look(self) -> None:
        """Take stock of the whole house at once."""
        deque(self._survey.look(), maxlen=0)

    def render(self) -> Sheet:
        """Return the board as it was at the last look."""
        return Sheet(self._survey.page, tuple(self._margin.lines)[-_MARGIN_LINES:], self._place)

    async def run(self, console: Console, stop: asyncio.Event) -> None:
        """Show the house until `stop` is set; a terminal or reader that goes away ends the board, and nothing else."""
        show = self._draw if console.is_terminal and not console.is_dumb_terminal else self._tell
        try:
            await show(console, stop)
        except BrokenPipeError:
            _hush(console.file)
        except OSError:
            log.warning("The terminal is gone; the house goes on without a board.")

    async def _draw(self, console: Console, stop: asyncio.Event) -> None:
        try:
            with self._margin.instead_of_streams(), Live(console=console, screen=True, auto_refresh=False) as live:
                async for _ in self._looks(stop):
                    await asyncio.to_thread(live.update, self.render(), refresh=True)
        finally:
            _write(console.file, (*self._margin.lines, totals(self._survey.page)))

    async def _tell(self, console: Console, stop: asyncio.Event) -> None:
        looks = 0
        async for news in self._looks(stop):
            lines = [told(item, self._survey.page.now) for item in news if item.kind in _TOLD]
            if looks % _TOTALS_EVERY == 0:
                lines.append(totals(self._survey.page))
            looks += 1
            if lines:
                await asyncio.to_thread(_write, console.file, lines)

    async def _looks(self, stop: asyncio.Event) -> AsyncIterator[list[News]]:
        while not stop.is_set():
            for _ in self._survey.look():
                await asyncio.sleep(0)
            yield self._survey.take_news()
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await stop.wait()


def _write(out: IO[str], lines: Sequence[str]) -> None:
    """Write past rich, which ends the program where a reader has gone."""
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()


def _hush(out: IO[str]) -> None:
    """Let what is still to be written to a closed pipe go nowhere, instead of failing again as the program ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)


class _Margin(logging.Handler):
    """Log lines, kept for the margin while the terminal belongs to the board."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; a traceback in the margin is cut to its message, as there is no room for more."""
        self.lines.append(printable(self.format(record).partition("\n")[0]))

    @contextmanager
    def instead_of_streams(self) -> Iterator[None]:
        """Take the place of every handler that writes to the terminal, and of the one of last resort."""
        kept = {logger: list(logger.handlers) for logger in _loggers()}
        for logger, handlers in kept.items():
            others = [handler for handler in handlers if not _is_terminal(handler)]
            if len(others) < len(handlers) or logger is logging.root:
                logger.handlers = [*others, self]
        try:
            yield
        finally:
            for logger, handlers in kept.items():
                logger.handlers = handlers


def _loggers() -> list[logging.Logger]:
    named = (logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger))
    return [logging.root, *named]


def _is_terminal(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in {sys.stderr, sys.stdout}
