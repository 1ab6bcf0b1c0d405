"""How long a house takes to come back, by the number of its lots.

The lots are imported and stay open, without bids; between two numbers the house is stopped and started again. Refuses
to know how lots are read. Invariant: as in `event_recovery`. Seconds.
"""

from bench.desk import Desk
from bench.restart import Restart
from bench.scale.curve import Curve, Scope
from bench.scale.event_recovery import add, blank, say
from bench.scale.lot_memory import list_more
from bench.server import House, directory_on_disk, raise_open_files

FULL = (100, 1_000, 5_000, 10_000, 20_000)
SHORT = (100, 500, 1_000)


def lot_recovery(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank("lot_recovery", "From the start of the process to bids, by lots of the house", "lots")
    wanted = FULL if scope.full else SHORT
    raise_open_files()
    with curve.trying(*wanted), directory_on_disk() as data_dir:
        with Restart(data_dir) as first:
            empty_s = first.await_ready().whole_s
            _list(first.house, 0, wanted[0])
        for lots, more in zip(wanted, [*wanted[1:], None], strict=True):
            scope.note(f"a house of {lots:,} lots")
            with Restart(data_dir) as again:
                add(curve, lots, again.await_ready())
                if more is not None:
                    _list(again.house, lots, more)
        say(curve, empty_s)
    return curve


def _list(house: House, there: int, count: int) -> None:
    desk = Desk(house.address, house.sign("operator", "scale-operator"))
    list_more(desk, there, count)
    desk.close()
