"""`python -m bench fanout`: what a delivered frame costs the house, beside what it costs a bare loop of `send` in C.

One lot, many watchers on its `full` feed in a process of their own that only drains (drain.c), and bids by one bidder
at a steady pace. The house's CPU (without its store, less what it spends idle) by the frames delivered, and how much of
it the same bids cost while nobody watches; then raw_send.c
with the same frame size, the same number of sockets, the same pace and the same drain, before and after, in the same
run. Then the memory of idle watchers, in a fresh house. Refuses to know how the house fans out. Invariants: a frame
counts when the watcher has it; what was not delivered is said; events are counted once everyone has been told how many
watch, which is not among the frames. CPU in seconds, memory in bytes.
"""

import asyncio
import tempfile
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson
import uvloop

from bench.compile_c import build
from bench.desk import Desk, lot_listing
from bench.load import Address, Bounds, Line, dial, frame, upgrade_request
from bench.machine import Machine, machine
from bench.pace import Options, Paced
from bench.server import House, house, raise_open_files
from bench.volley import Volley

_WARM_UP_S = 1.0
_BASELINE_S = 3.0
_SETTLE_S = 0.3
_ARRIVAL_WAIT_S = 10.0
_HEADCOUNT_S = 2.0  # protocol.md: how many watch is told at most so often
_GREETINGS = 3
"""What a watcher hears before the first event: a hello, a snapshot, and how many watch."""
_US = 1_000_000
_PORTS_PER_SOURCE = 20_000
_FILES_TO_SPARE = 200
_DAY_US = 24 * 3600 * _US


class FanoutReport(msgspec.Struct, kw_only=True):
    """What fan-out costs, and what a bare loop costs."""

    machine: Machine
    watchers: int
    rate: float
    seconds: float
    frame_bytes: float
    expected: int
    delivered: int
    house_us_per_frame: float
    deciding_us_per_frame: float
    house_busy: float
    idle_busy: float
    crowd_busy: float
    raw_us_per_frame: list[float]
    raw_short: int
    ratio: float
    ratio_without_deciding: float
    idle_watchers: int = 0
    idle_bytes_per_watcher: float = 0.0

    def lines(self) -> list[str]:
        """The report for a terminal."""
        raw = " and ".join(f"{cost:.2f}" for cost in self.raw_us_per_frame)
        lines = [
            f"one lot, {self.watchers:,} watchers on full, {self.rate:g} events a second for {self.seconds:g} s",
            f"delivered {self.delivered:,} of {self.expected:,} frames of {self.frame_bytes:.0f} bytes",
            f"house: {self.house_us_per_frame:.2f} us of CPU per delivered frame",
            f"  ({self.deciding_us_per_frame:.2f} of it to decide and store the bids, watched or not)",
            f"  ({self.house_busy:.0%} of a core, {self.idle_busy:.1%} idle taken off; drain {self.crowd_busy:.0%})",
            f"limit: {raw} us per frame (raw loop of send() in C, before and after; {self.raw_short} not taken)",
            f"ratio: {self.ratio:.2f}; {self.ratio_without_deciding:.2f} without deciding and storing the bids",
        ]
        if self.idle_watchers:
            lines.append(f"{self.idle_watchers:,} idle watchers: {self.idle_bytes_per_watcher / 1024:.1f} KiB each")
        return lines


class Counts(NamedTuple):
    """What a drain has seen so far."""

    frames: int
    bytes: int
    closed: int
    cpu_s: float


class RawCost(NamedTuple):
    """What a raw run cost."""

    us_per_frame: float
    short: int


class Drain:
    """The child process that plays the watchers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def counts(self) -> Counts:
        """Ask for the counts so far."""
        words = (await ask(self._process)).split()
        return Counts(int(words[1]), int(words[3]), int(words[5]), float(words[7]))

    async def reaches(self, frames: int) -> Counts:
        """The counts once so many frames have come, or after a patient wait."""
        give_up = time.perf_counter() + _ARRIVAL_WAIT_S
        counts = await self.counts()
        while counts.frames < frames and time.perf_counter() < give_up:
            await asyncio.sleep(0.05)
            counts = await self.counts()
        return counts


class Studio:
    """The C programs, built, and the files they read."""

    def __init__(self, directory: Path) -> None:
        self.drain = build("drain", directory)
        self.raw_send = build("raw_send", directory)
        self._directory = directory

    def scripts(self, address: Address, lot: str) -> list[str]:
        """What every watcher says: the upgrade, and the watch."""
        handshake, first = self._directory / "handshake", self._directory / "first"
        handshake.write_bytes(upgrade_request(address, None))
        first.write_bytes(frame(orjson.dumps({"op": "watch", "lot": lot, "feed": "full"})))
        return [str(handshake), str(first)]

    @asynccontextmanager
    async def watchers(self, address: Address, count: int, scripts: list[str]) -> AsyncIterator[Drain]:
        """A drain with all its connections open."""
        sources = -(-count // _PORTS_PER_SOURCE)
        arguments = [address.host, str(address.port), str(count), str(sources), *scripts]
        async with child(self.drain, arguments) as process:
            await expect(process, "ready")
            yield Drain(process)

    async def raw(self, watchers: int, size: int, rate: float, seconds: float) -> RawCost:
        """One run of the raw loop against a drain."""
        async with child(self.raw_send, [str(watchers), str(size), str(rate), str(seconds)]) as sender:
            port = int((await expect(sender, "port")).split()[1])
            async with self.watchers(Address("127.0.0.1", port), watchers, []):
                await expect(sender, "ready")
                words = (await ask(sender)).split()
        return RawCost(float(words[1]) * _US / int(words[3]), int(words[5]))


class ChildSilentError(RuntimeError):
    """One of our C programs ended or said something else than expected."""


@asynccontextmanager
async def child(program: Path, arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A C program of ours for the length of a `with`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(program), *arguments, stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def expect(process: asyncio.subprocess.Process, word: str) -> str:
    """The next line of a child, which must begin with `word`."""
    assert process.stdout is not None  # noqa: S101  it was started with a pipe
    line = (await process.stdout.readline()).decode().strip()
    if not line.startswith(word):
        raise ChildSilentError(f"a helper program said {line!r} where {word!r} was due")
    return line


async def ask(process: asyncio.subprocess.Process) -> str:
    """Say go, and take the line it answers with."""
    assert process.stdin is not None  # noqa: S101  it was started with a pipe
    process.stdin.write(b"\n")
    await process.stdin.drain()
    return await expect(process, "")


def fanout(*, watchers: int = 1_000, rate: float = 50.0, seconds: float = 10.0, idle: int = 10_000) -> FanoutReport:
    """Measure it all. Raises HouseNotReadyError, CompilerMissingError, LineError."""
    with tempfile.TemporaryDirectory(prefix="kd-bench-") as directory:
        studio = Studio(Path(directory))
        with house() as running:
            report = uvloop.run(_measure(running, studio, Options(watchers=watchers, rate=rate, seconds=seconds)))
        report.idle_watchers = min(idle, raise_open_files() - _FILES_TO_SPARE)
        if report.idle_watchers > 0:
            with house() as fresh:
                report.idle_bytes_per_watcher = uvloop.run(_idle(fresh, studio, report.idle_watchers))
    return report


async def _measure(running: House, studio: Studio, options: Options) -> FanoutReport:
    lot = await asyncio.to_thread(list_one_lot, running)
    idle_busy = await _idle_busy(running)
    bidder = Bidder(lot, await dial(running.address, running.sign("bidder", "fanout-bidder"), unheard))
    deciding_busy = await _deciding_busy(running, bidder, options) - idle_busy
    async with studio.watchers(running.address, options.watchers, studio.scripts(running.address, lot)) as drain:
        await drain.reaches(_GREETINGS * options.watchers)
        await asyncio.sleep(_HEADCOUNT_S + _SETTLE_S)
        size = await _frame_size(bidder, drain, options)
        before = await studio.raw(options.watchers, round(size), options.rate or 0.0, options.seconds)
        flight = await _flight(running, bidder, drain, options)
    after = await studio.raw(options.watchers, round(size), options.rate or 0.0, options.seconds)
    return _report(options, size, Baseline(idle_busy, deciding_busy), flight, [before, after])


class Baseline(NamedTuple):
    """What the house spends, in cores, on nothing at all, and on bids that nobody watches."""

    idle: float
    deciding: float


class Flight(NamedTuple):
    """What was measured while the events flew."""

    wall_s: float
    cpu_s: float
    frames: int
    expected: int
    crowd_cpu_s: float


def _report(options: Options, size: float, baseline: Baseline, flight: Flight, raw: list[RawCost]) -> FanoutReport:
    frame_s = flight.wall_s / max(flight.frames, 1)
    per_frame = (flight.cpu_s / flight.wall_s - baseline.idle) * frame_s * _US
    deciding = baseline.deciding * frame_s * _US
    limit = sum(cost.us_per_frame for cost in raw) / len(raw)
    return FanoutReport(
        machine=machine(),
        watchers=options.watchers,
        rate=options.rate or 0.0,
        seconds=options.seconds,
        frame_bytes=round(size, 1),
        expected=flight.expected,
        delivered=flight.frames,
        house_us_per_frame=round(per_frame, 3),
        deciding_us_per_frame=round(deciding, 3),
        house_busy=round(flight.cpu_s / flight.wall_s, 4),
        idle_busy=round(baseline.idle, 4),
        crowd_busy=round(flight.crowd_cpu_s / flight.wall_s, 4),
        raw_us_per_frame=[round(cost.us_per_frame, 3) for cost in raw],
        raw_short=sum(cost.short for cost in raw),
        ratio=round(per_frame / limit, 3),
        ratio_without_deciding=round((per_frame - deciding) / limit, 3),
    )


class Bidder:
    """One bidder who bids at a steady pace; every bid is an event."""

    def __init__(self, lot: str, line: Line) -> None:
        self._line = line
        self._volley = Volley([lot], 1, seed=1, window_len=1, turn=1)

    async def bid(self, rate: float, seconds: float) -> int:
        """Bid for a while; how many bids."""
        before = self._volley.taken
        pace = Paced(self._volley, [self._line], Options(rate=rate, seconds=seconds), array("d"))
        pace.start()
        await pace.over
        return self._volley.taken - before


async def _idle_busy(running: House) -> float:
    await asyncio.sleep(_SETTLE_S)
    started, before = time.perf_counter(), running.cpu_s()
    await asyncio.sleep(_BASELINE_S)
    return (running.cpu_s() - before) / (time.perf_counter() - started)


async def _deciding_busy(running: House, bidder: Bidder, options: Options) -> float:
    rate = options.rate or 1.0
    await bidder.bid(rate, _WARM_UP_S)
    started, before = time.perf_counter(), running.cpu_s()
    await bidder.bid(rate, _BASELINE_S)
    return (running.cpu_s() - before) / (time.perf_counter() - started)


async def _frame_size(bidder: Bidder, drain: Drain, options: Options) -> float:
    """Bytes of a frame on average, from a warm-up that also admits the bidder."""
    rate = options.rate or 1.0
    await bidder.bid(rate, _WARM_UP_S)
    await asyncio.sleep(_SETTLE_S)
    before = await drain.counts()
    bids = await bidder.bid(rate, _WARM_UP_S)
    after = await drain.reaches(before.frames + bids * options.watchers)
    if after.frames == before.frames:
        raise ChildSilentError("not one event reached the watchers")
    return (after.bytes - before.bytes) / (after.frames - before.frames)


async def _flight(running: House, bidder: Bidder, drain: Drain, options: Options) -> Flight:
    before, spent, started = await drain.counts(), running.cpu_s(), time.perf_counter()
    bids = await bidder.bid(options.rate or 1.0, options.seconds)
    expected = bids * options.watchers
    after = await drain.reaches(before.frames + expected)
    wall, cpu = time.perf_counter() - started, running.cpu_s() - spent
    return Flight(wall, cpu, after.frames - before.frames, expected, after.cpu_s - before.cpu_s)


async def _idle(running: House, studio: Studio, count: int) -> float:
    lot = await asyncio.to_thread(list_one_lot, running)
    await asyncio.sleep(_SETTLE_S)
    before = running.rss_bytes()
    async with studio.watchers(running.address, count, studio.scripts(running.address, lot)) as drain:
        await drain.reaches(_GREETINGS * count)
        await asyncio.sleep(_SETTLE_S)
        return (running.rss_bytes() - before) / count


def list_one_lot(running: House) -> str:
    """List a lot that stays open; its id."""
    desk, now_us = Desk(running.address, running.sign("operator", "fanout-operator")), time.time_ns() // 1000
    desk.list_sale("fanout", "A fan-out")
    desk.list_lot(lot_listing("fanout-1", "fanout", now_us, now_us + _DAY_US))
    desk.close()
    return "fanout-1"


def unheard(_line: Line, _data: bytes, _messages: list[Bounds]) -> None:
    """The bidder does not listen."""
