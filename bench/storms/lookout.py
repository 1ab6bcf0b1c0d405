"""The lookout of a storm: twice a second it takes everything in at a glance, shows it, and keeps it for the plots.

Refuses to change anything. Invariant: between two glances nothing is lost: latencies and lateness of an interval are
those of the answers and sendings that fell in it. Seconds since the start; milliseconds; rates per second.
"""

import asyncio
from typing import TYPE_CHECKING

from bench.storms.live_view import Glance, Watch
from bench.storms.report import Moment
from bench.surge import Progress

if TYPE_CHECKING:
    from bench.storms.storm import Saleroom

_LOOK_S = 0.5


class Lookout:
    """Looks at a saleroom until it is cancelled."""

    def __init__(self, saleroom: "Saleroom", progress: Progress, watch: Watch) -> None:
        self.moments: list[Moment] = []
        self._saleroom = saleroom
        self._progress = progress
        self._watch = watch
        self._last = Glance(stage="", elapsed_s=0.0, planned_s=saleroom.report.options.seconds)

    async def look(self) -> None:
        """Look, and look again."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._saleroom.start_line.elapsed() > 0:
                self._take(self._glance())

    def _take(self, glance: Glance) -> None:
        self._last = glance
        self._watch(glance)
        self._progress(glance.elapsed_s, glance.planned_s, f"{glance.accepted:,} accepted")
        self.moments.append(
            Moment(
                at_s=round(glance.elapsed_s, 3),
                sent_per_s=glance.sent_per_s,
                accepted_per_s=glance.accepted_per_s,
                answered=glance.lately,
                lateness_max_ms=glance.lateness_max_ms,
                lots_open=glance.lots_open,
                lines_open=glance.lines_open,
            )
        )

    def _glance(self) -> Glance:
        room, last = self._saleroom, self._last
        slips, people, elapsed_s = room.slips, room.people, room.start_line.elapsed()
        span_s = elapsed_s - last.elapsed_s
        closed = len(people.earshot.closed_us)
        return Glance(
            stage="the storm rages" if elapsed_s < last.planned_s else "waiting for the last answers and ends",
            elapsed_s=elapsed_s,
            planned_s=last.planned_s,
            sent=room.calls,
            accepted=slips.accepted,
            refused=slips.refused.total(),
            waiting=people.waiting(),
            sent_per_s=round((room.calls - last.sent) / span_s, 1),
            accepted_per_s=round((slips.accepted - last.accepted) / span_s, 1),
            latency=slips.latency.latency(),
            lately=slips.lately.taken(),
            lateness_max_ms=room.late_lately.taken().max_ms,
            lots_open=len(room.lots) - closed,
            lots_closed=closed,
            lines_open=sum(line.line is not None for line in people.lines),
            lines=len(people.lines),
            faults=len(room.faults) + sum(one.faults() for one in people.onlookers),
        )
