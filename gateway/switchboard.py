"""The switchboard: what all wires of the house share, so that a wire costs little and no timer of its own.

It holds the wires with something unsent and flushes them once per loop pass, one timer for pings, silent peers, slow
readers and endings, and the counters. It refuses to know what is said on a wire.

Invariants: at most one flush is scheduled and one timer armed, and none while no wire is up; a wire is pinged once
per `ping_s` and given up if it was silent for as long again; a wire is slow for at most `slow_us_max`, and ends at
most `ending_s` after its close frame. Times are seconds of the loop's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from clock.instants import SECOND_US
from engine.limits import GatewayLimits

if TYPE_CHECKING:
    from gateway.wire import Reception, Wire


TURNS_PER_PING: Final = 100
"""Wires are pinged a hundredth at a time; slow and ending ones are looked at as often."""


class Timer(Protocol):
    """What was scheduled and may be called off."""

    def cancel(self) -> None:
        """Never call it."""
        ...


class Timers(Protocol):
    """The part of an event loop that is used here."""

    def time(self) -> float:
        """Seconds on the loop's own clock."""
        ...

    def call_soon(self, callback: Callable[[], None], /) -> object:
        """Call back in the next pass."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call back in so many seconds."""
        ...


class Switchboard:
    """Shared by all wires that `make_wire` makes for one reception."""

    def __init__(self, reception: Reception, limits: GatewayLimits, timers: Timers) -> None:
        self.reception = reception
        self.limits = limits
        self.timers = timers
        self.wires = 0
        self.slow_dropped = 0
        self.silent_dropped = 0
        self.refused = 0
        self._unsent: list[Wire] = []
        self._spokes: list[set[Wire]] = [set() for _ in range(TURNS_PER_PING)]
        self._turn = self._last_spoke = 0
        self._slow: dict[Wire, float] = {}
        self._ending: dict[Wire, float] = {}
        self._timer: Timer | None = None

    def plug_in(self, wire: Wire) -> int:
        """Take a wire into the round of pings; returns its spoke, to be handed back to `unplug`."""
        self._last_spoke = spoke = (self._last_spoke + 1) % len(self._spokes)
        self._spokes[spoke].add(wire)
        self.wires += 1
        self._arm()
        return spoke

    def unplug(self, wire: Wire, spoke: int) -> None:
        """Forget a wire that is gone."""
        self._spokes[spoke].discard(wire)
        self._slow.pop(wire, None)
        self._ending.pop(wire, None)
        self.wires -= 1

    def will_flush(self, wire: Wire) -> None:
        """Flush this wire in the next loop pass, or earlier when a sweep begins."""
        if not self._unsent:
            self.timers.call_soon(self.flush)
        self._unsent.append(wire)

    def flush(self) -> None:
        """Write out what was gathered, one write per wire."""
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            for wire in unsent:
                wire.flush()

    def is_slow(self, wire: Wire) -> None:
        """Give this wire its term to read what is unsent."""
        self._slow[wire] = self.timers.time() + self.limits.slow_us_max / SECOND_US

    def is_drained(self, wire: Wire) -> None:
        """Note that this wire has read enough again."""
        self._slow.pop(wire, None)

    def is_ending(self, wire: Wire) -> None:
        """Give the peer `ending_s` to end the connection himself."""
        self._ending.setdefault(wire, self.timers.time() + self.limits.ending_s)

    def _arm(self) -> None:
        if self._timer is None and self.wires:
            self._timer = self.timers.call_later(self.limits.ping_s / TURNS_PER_PING, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self.timers.time()
        self._abort_overdue(now)
        self._turn = (self._turn + 1) % len(self._spokes)
        for wire in tuple(self._spokes[self._turn]):
            wire.probe()
        self._arm()

    def _abort_overdue(self, now: float) -> None:
        for wire in _overdue(self._slow, now):
            wire.drop_as_slow()
        for wire in _overdue(self._ending, now):
            wire.abort()


def _overdue(until: dict[Wire, float], now: float) -> list[Wire]:
    """Take out the wires whose time is up; they stand in the order of their time."""
    due = []
    for wire, at in until.items():
        if at > now:
            break
        due.append(wire)
    for wire in due:
        del until[wire]
    return due
