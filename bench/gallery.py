"""The watchers of a surge: each one's feed is checked as it is heard, and held against the record at the end.

Refuses to know what an event means. Invariants: a line that is lost is dialled again, and its full feed taken up where
it broke; a full feed must end at the record's last `seq` and head (equal heads hold equal events). Waits in seconds.
"""

import asyncio
from collections.abc import Sequence

import orjson

from bench.feeds import Feed, decoding
from bench.load import Address, Bounds, Line, LineError, dial, few_at_a_time, frame, until
from bench.pace import Options
from bench.tally import Report

_FEED_WAIT_S = 10.0
_RETRY_S = 0.2


class Gallery:
    """The watchers: they take their feed up again where it broke, and are held against the record at the end."""

    def __init__(self, address: Address, options: Options, lots: Sequence[str]) -> None:
        self.record: dict[str, tuple[int, str]] = {}  # lot -> last seq and head in the record
        self._address = address
        self._feeds = [
            Feed(lots[n % len(lots)], full=options.feed == "full" or (options.feed == "both" and n % 2 == 0))
            for n in range(options.watchers)
        ]
        self._lines: dict[int, Line] = {}
        self._told = decoding()
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def bytes_in(self) -> int:
        """All that the open lines have received."""
        return sum(line.bytes_in for line in self._lines.values())

    async def fill(self) -> None:
        """Seat the watchers; each has its first snapshot when this returns."""
        await few_at_a_time(self._sit, len(self._feeds))
        await until(lambda: all(feed.started for feed in self._feeds), _FEED_WAIT_S)

    async def settle(self) -> None:
        """Wait until the full feeds have reached the end of the record, within reason."""
        await until(lambda: not self._behind(), _FEED_WAIT_S)

    def tell(self, report: Report) -> None:
        """Put what the watchers saw into the report."""
        full = [feed for feed in self._feeds if feed.full]
        if not self._feeds:
            return
        gaps = sum(feed.gaps for feed in self._feeds)
        report.watchers = {
            "full": len(full),
            "live": len(self._feeds) - len(full),
            "frames": sum(feed.frames for feed in self._feeds),
            "gaps": gaps,
            "resets": sum(feed.resets for feed in self._feeds),
            "dropped and resumed": sum(feed.drops for feed in self._feeds),
        }
        if gaps:
            report.failures.append(f"{gaps} gaps in the watchers' feeds")
        if behind := len(self._behind()):
            report.failures.append(f"{behind} full feeds do not end where the record ends")

    def close(self) -> None:
        """Everyone leaves."""
        self._closing = True
        for line in self._lines.values():
            line.close()
        for task in self._tasks:
            task.cancel()

    def _behind(self) -> list[Feed]:
        return [feed for feed in self._feeds if feed.full and (feed.seq, feed.head) != self.record[feed.lot]]

    async def _sit(self, number: int) -> None:
        line = await dial(self._address, None, self._hear, number=number)
        self._lines[number] = line
        line.ended.add_done_callback(lambda _: self._lost(number))
        line.write(frame(orjson.dumps(self._feeds[number].watch())))

    def _hear(self, line: Line, data: bytes, messages: list[Bounds]) -> None:
        feed = self._feeds[line.number]
        for where in messages:
            feed.hear(self._told(data[where]))

    def _lost(self, number: int) -> None:
        if not self._closing:
            self._feeds[number].drops += 1
            task = asyncio.get_running_loop().create_task(self._sit_again(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _sit_again(self, number: int) -> None:
        while not self._closing:
            await asyncio.sleep(_RETRY_S)
            try:
                await self._sit(number)
            except (LineError, OSError):
                continue
            return
