"""Tables as tests: a fact, and the rows that show it (`saleroom`); and what must hold after any table.

It refuses to know the rules. After a table was played, the log read anew gives the same lots, the public events alone
give the public state, and after every event every deposit is somewhere.
"""

from typing import Any

import msgpack
import pytest

from lots import views
from lots.events import Event, join
from lots.fold import evolve
from lots.listing import Listing
from lots.state import Lot
from tests.lots.saleroom import Saleroom, pack, play

STANDING = (
    *("phase", "price", "ask", "leader", "bids", "closes_at", "extensions", "reserve", "hammer_price", "notice"),
    *("warned", "stage", "lowers_at", "resume_by", "provisional", "settlement", "successor"),
)
"""What of a lot the public events tell."""


def fact(name: str, rows: str, *lots: Listing) -> Any:  # noqa: ANN401  what pytest calls a parameter set
    """Return a table as a parameter of a test; its name says the fact."""
    return pytest.param(rows, lots, id=name.replace(" ", "_"))


def played(rows: str, *lots: Listing, punctual: bool = True) -> Saleroom:
    """Play a table, and see that the books are in order after it."""
    room = play(rows, *lots, punctual=punctual)
    for name, lot in room.lots.items():
        assert _read_anew(room, name) == lot
        assert _heard(room, name) == {key: views.live(lot, 0)[key] for key in STANDING}
    return room


def _read_anew(room: Saleroom, name: str) -> Lot:
    read: list[Event] = [join(*map(_stored, event.parts())) for event in room.events if event.lot == name]
    lot = evolve(None, read[0])
    for event in read[1:]:
        lot = evolve(lot, event)
        assert all(deposit.is_balanced for deposit in lot.ledger.values()), event
    assert read == [event for event in room.events if event.lot == name]
    return lot


def _stored(part: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = msgpack.unpackb(pack(part))
    return read


def _heard(room: Saleroom, name: str) -> dict[str, Any]:
    """Return how a watcher of the full feed sees the lot."""
    seen: dict[str, Any] = {}
    for number, part in enumerate(room.public(name), start=1):
        assert part["seq"] == number
        seen |= {key: part[key] for key in STANDING if key in part}
    return seen
