"""How long a house takes to come back, by the number of its lots.

The lots are imported and stay open, without bids; between two numbers the house is stopped and started again. Refuses
to know how lots are read. Invariant: as in `event_recovery`. Seconds.
"""

from bench.desk import Desk
from bench.scale.curve import Curve, Scope
from bench.scale.event_recovery import add, blank, say
from bench.scale.lot_memory import list_more
from bench.scale.premises import premises
from bench.server import House

FULL = (100, 1_000, 5_000, 10_000, 20_000)
SHORT = (100, 500, 1_000)


def lot_recovery(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank("lot_recovery", "From the start of the process to bids, by lots of the house", "lots")
    wanted = FULL if scope.full else SHORT
    with curve.trying(*wanted), premises() as place:
        with place.opened() as opened:
            empty_s = opened.ready_s
            _list(opened.house, 0, wanted[0])
        for lots, more in zip(wanted, [*wanted[1:], None], strict=True):
            scope.note(f"a house of {lots:,} lots")
            with place.opened() as opened:
                add(curve, lots, opened)
                if more is not None:
                    _list(opened.house, lots, more)
        say(curve, empty_s)
    return curve


def _list(house: House, there: int, count: int) -> None:
    desk = Desk(house.address, house.sign("operator", "scale-operator"))
    list_more(desk, there, count)
    desk.close()
