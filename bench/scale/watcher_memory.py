"""What an idle watcher costs in memory, from a hundred of them to as many as there are open files.

One house and one lot; the watchers come in crowds and stay. Refuses to know what is kept of a watcher. Invariants: the
memory is that of the house alone, taken once everyone has been greeted; a figure per watcher is over all that are
there, against the house before the first came. Memory in KiB and MiB.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.drain import Studio
from bench.one_lot import list_one_lot, watching
from bench.scale.curve import Curve, Scope, within_seats
from bench.scale.fit import certainty, drawable, figure, line
from bench.server import House, house, raise_open_files

FULL = (100, 1_000, 5_000, 10_000, 20_000)
SHORT = (100, 500, 2_000)
_SETTLE_S = 0.4
_GREETINGS = 3
_KIB = 1024


def watcher_memory(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    wanted = within_seats(curve, FULL if scope.full else SHORT, raise_open_files())
    with curve.trying(*wanted), tempfile.TemporaryDirectory(prefix="kd-bench-") as directory:
        studio = Studio(Path(directory))
        with house() as running:
            uvloop.run(_fill(curve, scope, running, studio, wanted))
    say(curve)
    return curve


def blank(name: str = "watcher_memory", which: str = "idle", across: str = "watchers") -> Curve:
    """A curve of memory without points."""
    return Curve(
        name=name,
        title=f"Memory of the house by {which} {across}",
        across=across,
        up="MiB beyond the empty house",
        columns={"kib_each": "KiB each", "mib": "MiB in all"},
        drawn=("mib",),
    )


async def _fill(curve: Curve, scope: Scope, running: House, studio: Studio, wanted: list[int]) -> None:
    lot = await asyncio.to_thread(list_one_lot, running)
    await asyncio.sleep(_SETTLE_S)
    before, there = running.rss_bytes(), 0
    script = watching(running.address, lot, "full")
    async with AsyncExitStack() as crowds:
        for count in wanted:
            scope.note(f"{count:,} idle watchers")
            drain = await crowds.enter_async_context(studio.watchers(running.address, count - there, script))
            await drain.reaches(_GREETINGS * (count - there))
            await asyncio.sleep(_SETTLE_S)
            there = count
            add(curve, count, running.rss_bytes() - before)


def add(curve: Curve, count: int, more_bytes: int) -> None:
    """Add a point: so much more memory than before the first came."""
    curve.add(count, kib_each=more_bytes / count / _KIB, mib=more_bytes / _KIB / _KIB)


def say(curve: Curve, each: str = "watcher") -> None:
    """Put the law into words, and keep it for the picture."""
    law = line(curve.places(), curve.heights("mib"))
    if law is None:
        return
    curve.law = drawable(law, curve.places())
    curve.words.append(f"Each further {each} takes {figure(law.slope * _KIB)} KiB, {certainty(law)}.")
