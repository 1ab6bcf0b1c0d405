"""The fan-out half of `python -m bench peers`: the house, then every peer, at the same job before the same crowd.

N watchers on WebSockets in a process that only drains, and one event of the house's frame size at a steady pace. Each
contestant stands between two runs of the raw loop, and is held against their mean. Refuses to know the peers'
protocols. Invariants: how events come in is the peer's own way and its own cost; every event must reach every watcher;
a peer that is not installed or fails says why and ends nothing but itself. CPU in seconds.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from bench.drain import ChildSilentError, Drain, RawCost, Studio
from bench.fanout import BURST_LEN, full_feed
from bench.fanout_report import FanoutReport, report
from bench.load import LineError
from bench.machine import machine
from bench.pace import Options
from bench.peers.broadcasters import BROADCASTERS, Broadcaster, Job, Station
from bench.peers.fan_protocols import delivered
from bench.peers.fanout_report import FanoutPeersReport, Row, house_row
from bench.peers.program import NotInstalledError, PeerFailedError
from bench.peers.publisher import Publisher, publishing
from bench.server import house
from bench.surge import Progress, nothing_shown

__all__ = ["FanoutPeersReport", "Pace", "fanout_peers", "peer_row"]

_FAILED = (PeerFailedError, ChildSilentError, LineError, OSError)
_RAW_S = 4.0
_QUIET_S = 0.3
_QUIET_WAIT_S = 10.0
_ARRIVAL_POLL_S = 0.05
_US = 1_000_000


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer is driven: watchers, events a second, and for how long; warm-up and idle stretches before."""

    watchers: int
    rate: float
    seconds: float
    warm_up_s: float = 1.0
    idle_s: float = 1.5


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one peer did and cost; `idle` in cores."""

    wall_s: float
    cpu_s: float
    idle: float
    expected: int
    delivered: int

    @property
    def us_per_frame(self) -> float:
        """CPU per delivered frame, less what the same time costs in idleness."""
        return (self.cpu_s - self.idle * self.wall_s) / max(self.delivered, 1) * _US


def fanout_peers(
    *, watchers: int = 1_000, rate: float = 50.0, seconds: float = 6.0, progress: Progress = nothing_shown
) -> FanoutPeersReport:
    """Measure the house and its peers. Raises HouseNotReadyError, CompilerMissingError, ChildSilentError, LineError."""
    pace = Pace(watchers=watchers, rate=rate, seconds=seconds)
    steps = len(BROADCASTERS) + 1
    with tempfile.TemporaryDirectory(prefix="kd-bench-") as directory:
        studio = Studio(Path(directory))
        progress(0, steps, "fan-out: knockdown")
        found = _house(studio, pace)
        size, rows = round(found.frame_bytes), [house_row(found)]
        before = RawCost(found.raw_us_per_frame[-1], 0)
        for done, peer in enumerate(BROADCASTERS, start=1):
            progress(done, steps, f"fan-out: {peer.title}")
            row, before = between_raws(studio, peer, pace, size, before)
            rows.append(row)
        progress(steps, steps, "fan-out: done")
    return FanoutPeersReport(
        machine=machine(), watchers=watchers, rate=rate, seconds=seconds, frame_bytes=size, rows=rows
    )


def _house(studio: Studio, pace: Pace) -> FanoutReport:
    options = Options(watchers=pace.watchers, rate=pace.rate, seconds=pace.seconds)
    with house() as running:
        return report(options, BURST_LEN, uvloop.run(full_feed(running, studio, options)))


def between_raws(studio: Studio, peer: Broadcaster, pace: Pace, size: int, before: RawCost) -> tuple[Row, RawCost]:
    """Measure a peer and the raw loop after it; the latter is the one before the next peer."""
    try:
        measured = measure(studio, peer, pace, size)
    except NotInstalledError as missing:
        return Row(name=peer.name, title=peer.title, does=peer.does, skipped=str(missing)), before
    except _FAILED as why:
        return Row(name=peer.name, title=peer.title, does=peer.does, failed=str(why) or repr(why)), before
    after = uvloop.run(studio.raw(pace.watchers, size, pace.rate, min(pace.seconds, _RAW_S)))
    return peer_row(peer, measured, [before, after]), after


def peer_row(peer: Broadcaster, measured: Measured, raw: Sequence[RawCost]) -> Row:
    """The figures of a peer beside the raw loops around it. A peer that delivered nothing has none."""
    if measured.delivered <= 0:
        failed = f"not one of {measured.expected:,} frames was delivered"
        return Row(name=peer.name, title=peer.title, does=peer.does, failed=failed)
    limit = sum(run.us_per_frame for run in raw) / len(raw)
    return Row(
        name=peer.name,
        title=peer.title,
        does=peer.does,
        expected=measured.expected,
        delivered=measured.delivered,
        us_per_frame=round(measured.us_per_frame, 3),
        ratio=round(measured.us_per_frame / limit, 3),
        raw_us_per_frame=round(limit, 3),
    )


def measure(studio: Studio, peer: Broadcaster, pace: Pace, size: int) -> Measured:
    """Start a peer, measure it, stop it. Raises NotInstalledError, PeerFailedError, ChildSilentError, OSError."""
    with tempfile.TemporaryDirectory(prefix="kd-peer-") as directory:
        job = Job(Path(directory), pace.watchers, size)
        with peer.started(job) as station:
            return uvloop.run(_measure(studio, station, pace, size))


async def _measure(studio: Studio, station: Station, pace: Pace, size: int) -> Measured:
    async with (
        studio.watchers(station.address, pace.watchers, station.script) as drain,
        publishing(station.door, station.dialogue, station.event) as publisher,
    ):
        await drain.reaches(station.greetings * pace.watchers)
        crowd = Crowd(drain, pace.watchers, size)
        await crowd.is_quiet()
        await publisher.publish(pace.rate, pace.warm_up_s)
        await crowd.is_quiet()
        idle, started = station.cpu_s(), time.perf_counter()
        await asyncio.sleep(pace.idle_s)
        idle = (station.cpu_s() - idle) / (time.perf_counter() - started)
        return await _flight(station, publisher, crowd, pace, idle)


class Crowd:
    """The watchers of a peer, who count events whatever frames they come in."""

    def __init__(self, drain: Drain, watchers: int, frame_len: int) -> None:
        self._drain = drain
        self._watchers = watchers
        self._frame_len = frame_len
        self._from = (0, 0)

    async def begins(self) -> None:
        """Count from here on."""
        counts = await self._drain.counts()
        self._from = (counts.frames, counts.bytes)

    async def events(self) -> int:
        """How many events have come since, over all watchers."""
        counts = await self._drain.counts()
        return delivered(counts.frames - self._from[0], counts.bytes - self._from[1], self._frame_len)

    async def has_heard(self, events: int) -> int:
        """Wait patiently until so many have come to each; how many did over all."""
        due, give_up = events * self._watchers, time.perf_counter() + _QUIET_WAIT_S
        came = await self.events()
        while came < due and time.perf_counter() < give_up:
            await asyncio.sleep(_ARRIVAL_POLL_S)
            came = await self.events()
        return came

    async def is_quiet(self) -> None:
        """Wait until nothing comes for a moment. Raises ChildSilentError when it never stops."""
        give_up, before = time.perf_counter() + _QUIET_WAIT_S, -1
        while (now := (await self._drain.counts()).bytes) != before:
            if time.perf_counter() > give_up:
                raise ChildSilentError("the watchers were told things without end before the first event")
            before = now
            await asyncio.sleep(_QUIET_S)


async def _flight(station: Station, publisher: Publisher, crowd: Crowd, pace: Pace, idle: float) -> Measured:
    await crowd.begins()
    spent, started = station.cpu_s(), time.perf_counter()
    events = await publisher.publish(pace.rate, pace.seconds)
    came = await crowd.has_heard(events)
    return Measured(
        wall_s=time.perf_counter() - started,
        cpu_s=station.cpu_s() - spent,
        idle=idle,
        expected=events * pace.watchers,
        delivered=came,
    )
