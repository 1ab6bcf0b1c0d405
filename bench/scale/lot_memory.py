"""What a listed lot costs in memory, from a hundred of them to ten thousand.

One house; the lots are imported and stay open, without bids and watchers. Refuses to know what is kept of a lot.
Invariants: the memory is that of the house alone; what an import itself needs for a moment is part of the figure, as a
process does not give it back. Memory in KiB and MiB.
"""

import time

from bench.closing import import_lots
from bench.desk import Desk
from bench.scale import watcher_memory
from bench.scale.curve import Curve, Scope
from bench.server import House, house

FULL = (100, 1_000, 5_000, 10_000)
SHORT = (100, 500, 2_000)
_SETTLE_S = 0.4
_DAY_US = 24 * 3600 * 1_000_000


def lot_memory(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    wanted = FULL if scope.full else SHORT
    with curve.trying(*wanted), house() as running:
        _list(curve, scope, running, wanted)
    watcher_memory.say(curve, "lot")
    return curve


def blank() -> Curve:
    """The curve without points."""
    return watcher_memory.blank("lot_memory", "listed", "lots")


def _list(curve: Curve, scope: Scope, running: House, wanted: tuple[int, ...]) -> None:
    desk = Desk(running.address, running.sign("operator", "scale-operator"))
    time.sleep(_SETTLE_S)
    before, there = running.rss_bytes(), 0
    for count in wanted:
        scope.note(f"{count:,} lots listed")
        list_more(desk, there, count)
        there = count
        time.sleep(_SETTLE_S)
        watcher_memory.add(curve, count, running.rss_bytes() - before)
    desk.close()


def list_more(desk: Desk, there: int, count: int) -> None:
    """List lots that stay open for a day, up to `count` when `there` are listed already."""
    now_us = time.time_ns() // 1000
    import_lots(desk, f"scale-{there}", [f"scale-{n}" for n in range(there, count)], now_us, now_us + _DAY_US)
