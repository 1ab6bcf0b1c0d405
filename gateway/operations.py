"""The operations: what operators see of the house once a second, and whether it is ready.

An operator of a consignor sees his consignor's lots, and nothing that is the whole house's. It refuses to know who
asks; the session lets only operators watch. Invariants: a look costs the same however many lots there are (the 200 next
to close, counters for the rest), and is encoded once for all who see the same; nothing is worked out while nobody
watches; bidders are counted, never named. Instants are microseconds, rates bids per second. Source: protocol.md,
"Server to client".
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from clock.instants import SECOND_US
from engine.figures import Spread
from engine.house import House
from gateway.agenda import FIRST, Agenda, HouseAgenda
from gateway.fanout import Fanout
from gateway.frames import Message
from gateway.session import Reception
from gateway.switchboard import Switchboard
from gateway.wire import Wire
from lots.phases import ENDED
from lots.state import Lot

LOTS_SHOWN: Final = 200
_PERIOD_S: Final = 1.0
_SLICE: Final = 1_000
_NOT_THEIRS: Final[Message] = {"totals": None, "engine": None}
"""What an operator of a consignor sees of the whole house."""


class Operations:
    """Looks at the house once a second, for those who run it."""

    def __init__(
        self, house: House, agenda: HouseAgenda, fanout: Fanout, reception: Reception, switchboard: Switchboard
    ) -> None:
        self._house = house
        self._agenda = agenda
        self._fanout = fanout
        self._reception = reception
        self._switchboard = switchboard
        self._bids: dict[str, int] = {}
        self._accepted = house.figures.accepted
        self._looked_at = house.clock.now()

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            self.tick()

    def tick(self) -> None:
        """Take expired identities away, then show the house to those who watch it."""
        self._reception.look_at_tokens(self._house.clock.now())
        operators = self._fanout.operators
        if operators:
            self._show(self._reception.by_org(operators))
        else:
            self._bids.clear()

    def _show(self, seats: Mapping[str | None, Sequence[Wire]]) -> None:
        """Show all who watch what is theirs to see: None the whole house, an id the lots of that consignor."""
        now = self._house.clock.now()
        span_s = max(now - self._looked_at, 1) / SECOND_US
        self._looked_at = now
        lots = {org: self._next_to_close(self._agenda if org is None else self._agenda.of(org)) for org in seats}
        shown = {lot.lot: lot for some in lots.values() for lot in some}
        lines = {lot.lot: self._line(lot, span_s) for lot in shown.values()}
        self._bids = {lot.lot: lot.bids for lot in shown.values()}
        for org, wires in seats.items():
            message = {"ev": "operations", "now": now, "lots": [lines[lot.lot] for lot in lots[org]]}
            self._fanout.broadcast(wires, {**message, **(self._whole_house(span_s) if org is None else _NOT_THEIRS)})

    def _whole_house(self, span_s: float) -> Message:
        return {"totals": self._totals(span_s), "engine": self._engine()}

    def _next_to_close(self, agenda: Agenda) -> list[Lot]:
        """Return the next lots to close; those without an end stand where it was."""
        found: list[Lot] = []
        place, lots = FIRST, self._house.lots
        while len(found) < LOTS_SHOWN and (places := agenda.after(place, _SLICE)):
            states = (lots[place.lot].state for place in places)
            found.extend(state for state in states if state.phase not in ENDED)
            place = places[-1]
        return found[:LOTS_SHOWN]

    def _line(self, lot: Lot, span_s: float) -> Message:
        return {
            "lot": lot.lot,
            "phase": lot.phase,
            "closes_at": lot.closes_at,
            "bids": lot.bids,
            "bids_per_s": _rate(lot.bids - self._bids.get(lot.lot, lot.bids), span_s),
            "watchers": self._fanout.watchers(lot.lot),
            "bidders": sum(_is_known(lot, bidder) for bidder in self._fanout.bidders(lot.lot)),
        }

    def _totals(self, span_s: float) -> Message:
        before, self._accepted = self._accepted, self._house.figures.accepted
        return {
            "lots": self._agenda.totals(),
            "connections": self._reception.connections,
            "accepted": self._accepted,
            "refused": self._house.figures.refused.total(),
            "accepted_per_s": _rate(self._accepted - before, span_s),
        }

    def _engine(self) -> Message:
        figures = self._house.figures
        return {
            "append_us": spread(figures.append_us),
            "batch_orders": spread(figures.batch_orders),
            "loop_lag_us": spread(figures.loop_lag_us),
            "closing_lag_us": spread(figures.closing_lag_us),
            "inbox_orders": self._house.waiting(),
            "slow_readers_dropped": self._switchboard.slow_dropped,
            "troubles": self._house.troubles(),
        }


def _is_known(lot: Lot, bidder: str) -> bool:
    """Whether operators may know that he is admitted: where a bid nobody sees has admitted him, they may not."""
    return bidder in lot.paddles and (lot.needs_admission or bidder not in lot.unshown)


def spread(of: Spread) -> dict[str, int]:
    """Return the quantiles that are shown."""
    half, most, all_but_one = of.quantiles((0.5, 0.99, 1.0))
    return {"p50": half, "p99": most, "max": all_but_one}


def _rate(count: int, span_s: float) -> float:
    return round(max(count, 0) / span_s, 1)


def readiness(house: House) -> dict[str, Any]:
    """Return whether the house takes bids, and if not, why."""
    troubles = house.troubles()
    return {"ready": not troubles, "troubles": troubles}
