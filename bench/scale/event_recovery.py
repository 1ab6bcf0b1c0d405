"""How long a house takes to come back, by the length of one lot's log.

The log grows by bids over the public protocol; between two lengths the house is stopped and started again. Refuses to
know how a log is read. Invariant: the whole time (interpreter, store, log) and the house's own figure for the reading
alone are both told. Seconds.
"""

import time

import uvloop

from bench.desk import Desk, lot_listing
from bench.restart import Restart, Start
from bench.scale.curve import Curve, Scope
from bench.scale.filler import Filler
from bench.scale.fit import Line, certainty, drawable, figure, holds, line
from bench.server import House, directory_on_disk, raise_open_files

FULL = (10_000, 100_000, 500_000, 1_000_000)
SHORT = (2_000, 10_000, 25_000)
_LOT = "scale-1"
_DAY_US = 24 * 3600 * 1_000_000


def event_recovery(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank("event_recovery", "From the start of the process to bids, by events in one log", "events")
    wanted = FULL if scope.full else SHORT
    filler = Filler(_LOT)
    raise_open_files()
    with curve.trying(*wanted), directory_on_disk() as data_dir:
        with Restart(data_dir) as first:
            empty_s = first.await_ready().whole_s
            _list_lot(first.house)
            uvloop.run(filler.fill(first.house, wanted[0]))
        for events, more in zip(wanted, [*wanted[1:], None], strict=True):
            scope.note(f"a log of {events:,} events")
            with Restart(data_dir) as again:
                add(curve, events, again.await_ready())
                if more is not None:
                    uvloop.run(filler.fill(again.house, more - events))
        say(curve, empty_s)
    return curve


def blank(name: str, title: str, across: str) -> Curve:
    """A curve of recovery without points."""
    return Curve(
        name=name,
        title=title,
        across=across,
        up="seconds",
        columns={
            "ready_s": "s to ready",
            "recovery_s": "s of reading",
            "read_per_s": f"{across} read a second",
        },
        drawn=("ready_s", "recovery_s"),
    )


def add(curve: Curve, count: int, start: Start) -> None:
    """Add the point of one restart."""
    read_per_s = count / start.recovery_s if start.recovery_s else 0.0
    curve.add(count, ready_s=start.whole_s, recovery_s=start.recovery_s, read_per_s=read_per_s)


def say(curve: Curve, empty_s: float) -> None:
    """Put the law into words: by the house's own figure, and by the whole time."""
    curve.words.append(f"An empty house is ready {figure(empty_s)} s after its start.")
    reading = line(curve.places(), curve.heights("recovery_s"))
    whole = line(curve.places(), curve.heights("ready_s"))
    if reading is None or whole is None:
        return
    curve.words.append(_growth(curve, reading, "of reading"))
    curve.words.append(_growth(curve, whole, "to the whole time"))
    curve.law = drawable(whole, curve.places()) if holds(whole) else []


def _growth(curve: Curve, law: Line, of_what: str) -> str:
    if not holds(law):
        return f"What more {curve.across} add {of_what} is less than the noise, {certainty(law)}."
    return f"Each further 1,000 {curve.across} add {figure(law.slope * 1e6)} ms {of_what}, {certainty(law)}."


def _list_lot(house: House) -> None:
    desk, now_us = Desk(house.address, house.sign("operator", "scale-operator")), time.time_ns() // 1000
    desk.list_sale("scale", "A long log")
    desk.list_lot(lot_listing(_LOT, "scale", now_us, now_us + _DAY_US))
    desk.close()
