"""A raw line that is kept up: dialled again when it is lost, and broken on purpose when the plan says so.

Refuses to know what is said on it. Invariants: `opened` is called on each new line before anything is heard on it;
after a break that was planned it comes back when the plan says so, after any other with exponential back-off and
full jitter; `is_away_by_plan` tells the two apart, so that nobody blames the house for our own bad manners. Seconds.
Why not `client.Guest`: with hundreds of lines beside the house on two cores, a message may cost 5 us, not 50.
"""

import asyncio
from collections.abc import Callable

from bench.client import pauses
from bench.load import Address, Heard, Line, LineError, dial
from bench.storms.mishaps import Kind, Mishap

_DIAL_WAIT_S = 10.0
_THROWN_OUT_WAIT_S = 2.0


class KeptLine:
    """One party's line.

    Attributes:
        line: The line there is, or None.
        lost: How often a line was lost that nobody had planned to lose.
        is_away_by_plan: Whether it is, or is about to be, gone because of a planned mishap.
    """

    def __init__(self, address: Address, token: str | None, heard: Heard, opened: Callable[[Line], None]) -> None:
        self.line: Line | None = None
        self.lost = 0
        self.is_away_by_plan = False
        self._address = address
        self._token = token
        self._heard = heard
        self._opened = opened
        self._away_s = 0.0
        self._bytes_before = (0, 0)
        self._staying: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def bytes_both_ways(self) -> tuple[int, int]:
        """Received and sent, over all lines so far."""
        line = self.line
        now = (line.bytes_in, line.bytes_out) if line is not None else (0, 0)
        return self._bytes_before[0] + now[0], self._bytes_before[1] + now[1]

    async def arrive(self) -> None:
        """Open the first line, and keep one open from then on. Raises LineError, OSError, TimeoutError."""
        line = await self._dial()
        self._take_up(line)
        self._staying = asyncio.create_task(self._stay(line))

    def write(self, frames: bytes) -> bool:
        """Send ready frames; whether there was a line to send them on."""
        if self.line is None:
            return False
        self.line.write(frames)
        return True

    def befall(self, mishap: Mishap) -> bool:
        """Let a mishap happen; False where there is no line for it to happen to."""
        line = self.line
        if line is None:
            return False
        match mishap.kind:
            case Kind.DOZE:
                line.doze()
                self._later(mishap.away_s, line.wake)
                return True
            case Kind.NONSENSE:
                line.write(mishap.junk)
                return True
        self.is_away_by_plan, self._away_s = True, mishap.away_s
        self._break_off(line, mishap)
        return True

    async def leave(self) -> None:
        """Close the line for good."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.wait([self._staying])
        if self.line is not None:
            self.line.wake()
            self.line.close()

    def _break_off(self, line: Line, mishap: Mishap) -> None:
        match mishap.kind:
            case Kind.CUT:
                line.write(mishap.junk)
                line.hang_up()
            case Kind.GARBAGE:  # the house throws us out; where it does not, we go by ourselves
                line.write(mishap.junk)
                self._later(_THROWN_OUT_WAIT_S, line.reset)
            case _:
                line.reset()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, do)

    def _take_up(self, line: Line) -> None:
        self.line = line
        self.is_away_by_plan = False
        self._opened(line)

    async def _stay(self, line: Line) -> None:
        while True:
            await asyncio.wait([line.ended])  # not the future itself: a cancelled wait would cancel it
            self._part_with(line)
            await self._pause()
            line = await self._redial()
            self._take_up(line)

    def _part_with(self, line: Line) -> None:
        self.lost += not self.is_away_by_plan
        self.line = None
        self._bytes_before = (self._bytes_before[0] + line.bytes_in, self._bytes_before[1] + line.bytes_out)

    async def _pause(self) -> None:
        await asyncio.sleep(self._away_s if self.is_away_by_plan else next(pauses()))

    async def _redial(self) -> Line:
        for pause in pauses():
            try:
                return await self._dial()
            except (LineError, OSError):
                await asyncio.sleep(pause)
        raise AssertionError("there is always another attempt")

    async def _dial(self) -> Line:
        async with asyncio.timeout(_DIAL_WAIT_S):
            return await dial(self._address, self._token, self._heard)
