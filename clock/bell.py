"""The bell: one armed timer for the whole house, which rings the lots that are due.

It refuses to know what a ring does, and what loop it runs in: both are functions given in. 20,000 open lots cost one
timer.

Invariants: at most one timer is armed, for the earliest deadline; no lot rings before its deadline (a timer that
fires early is armed again). A ring may come late: whoever hears it looks at the instants, never at the ring.
Instants are microseconds; the timer takes seconds, as event loops do.
"""

from collections.abc import Callable
from typing import Protocol

from clock.deadlines import Deadlines
from clock.instants import SECOND_US, Clock


class Timer(Protocol):
    """What a timer that was armed can do."""

    def cancel(self) -> None:
        """Never fire."""
        ...


class Bell:
    """Rings every lot at its deadline.

    Args:
        clock: Tells the time.
        call_later: Arms a timer: seconds from now, and what to call (an event loop's own `call_later`).
        ring: Called once with the id of each lot that is due.
    """

    def __init__(
        self,
        clock: Clock,
        call_later: Callable[[float, Callable[[], None]], Timer],
        ring: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._call_later = call_later
        self._ring = ring
        self._deadlines = Deadlines()
        self._armed_for: int | None = None
        self._timer: Timer | None = None

    def set(self, lot: str, at: int | None) -> None:
        """Ring `lot` at `at` and not at the instant set before; None: not at all."""
        if at is None:
            self._deadlines.drop(lot)
        else:
            self._deadlines.set(lot, at)
        self._arm()

    def rearm(self) -> None:
        """Set the timer anew: it counts a span, which is the wrong one once the clock has jumped."""
        self.stop()
        self._arm()

    def stop(self) -> None:
        """Disarm the timer; deadlines set later arm it again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed_for = None

    def _arm(self) -> None:
        at = self._deadlines.next()
        if at == self._armed_for:
            return
        self.stop()
        if at is not None:
            delay_us = max(at - self._clock.now(), 0)
            self._timer = self._call_later(delay_us / SECOND_US, self._fire)
            self._armed_for = at

    def _fire(self) -> None:
        self._timer = self._armed_for = None
        for lot in self._deadlines.take_due(self._clock.now()):
            self._ring(lot)
        self._arm()
