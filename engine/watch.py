"""The watch: sees that the loop, the store and the clock can be trusted, and says when they cannot.

It refuses to decide what follows from a fault; it keeps a list of the faults that stand and tells the house when one
begins, when all have ended, and what outage has passed. Its calls to the store go beside the appends, so that it
notices an absent store while nobody bids.

Invariants: while a fault stands, nothing is decided; an outage is told only after its last fault has ended.
Times are microseconds. Source: design.md, "Time", "Refuse a store that cannot keep the promise".
"""

import asyncio
import logging
import time
from collections.abc import Callable
from enum import StrEnum

from clock.instants import MILLISECOND_US, SECOND_US, Clock
from engine.errors import JournalAway, StoreRefused
from engine.figures import Figures
from engine.journal import Journal
from engine.limits import EngineLimits
from engine.outages import Outage, Silence

log = logging.getLogger(__name__)


class Fault(StrEnum):
    """What can stand in the way of deciding."""

    STORE_AWAY = "store_away"
    STORE_REFUSED = "store_refused"
    CLOCK = "clock"


class Watch:
    """Listens to the loop, the store and the clock.

    Args:
        journal: Asked whether it is there, for its time, and whether it still keeps its promise.
        clock: The house's clock.
        limits: What counts as late, silent, or wrong.
        figures: Where the loop's lateness is counted.
        changed: Called when the first fault begins (True) and when the last has ended (False).
        outage: Told of a span in which nobody could bid.
        cpu_us: Tells how much this process has worked so far: a loop that was late for its own work was not away.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        limits: EngineLimits,
        figures: Figures,
        *,
        changed: Callable[[bool], None],
        outage: Callable[[Outage], None],
        cpu_us: Callable[[], int] = lambda: time.process_time_ns() // 1_000,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._figures = figures
        self._changed = changed
        self._outage = outage
        now = clock.now()
        self._ticks = Silence(now, limits.outage_us)
        self._store_heard_at = now
        self._listens = False
        self._cpu_us = cpu_us
        self._worked_us = cpu_us()
        self._since = 0
        self.faults: dict[Fault, str] = {}
        self.lag_us = 0
        self.latest_at = 0
        self.notes: list[str] = []

    def begin(self) -> None:
        """Listen from now on: what it took to get here was no silence."""
        now = self._clock.now()
        self._ticks.heard(now)
        self._store_heard_at = now
        self._worked_us = self._cpu_us()
        self._listens = True

    async def run(self) -> None:
        """Tick, probe and check until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._probe())
            group.create_task(self._check())

    # The loop ---------------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        period_us = self._limits.tick_us
        while True:
            due = self._clock.now() + period_us
            await asyncio.sleep(period_us / SECOND_US)
            self.lag_us = max(self._clock.now() - due, 0)
            self._figures.loop_lag_us.observe(self.lag_us)
            self.look()

    def look(self) -> None:
        """See whether the loop or the store has been away; called by the ticker, and before anything is decided."""
        if not self._listens:
            return
        now = self._clock.now()
        if now - self._ticks.heard_at < MILLISECOND_US:
            return  # a storm looks before each of thousands of rounds a second, and reading CPU time is a system call
        self._look_at_ticks(now)
        if now - self._store_heard_at > self._limits.outage_us:
            self._begin(Fault.STORE_AWAY, "The store does not answer.", self._store_heard_at)

    def _look_at_ticks(self, now: int) -> None:
        outage = self._ticks.heard(now)
        worked_before_us, self._worked_us = self._worked_us, self._cpu_us()
        if outage is None:
            return
        if Fault.STORE_AWAY not in self.faults:
            self._store_heard_at = now  # it may have answered long ago; we were not there to hear it
        if 2 * (self._worked_us - worked_before_us) > outage.back_at - outage.since:
            log.warning("The loop was busy for %.1f s with our own work.", (outage.back_at - outage.since) / SECOND_US)
        elif self.faults:
            self._since = min(self._since, outage.since)  # it is told when the fault that stands has ended
        else:
            self._tell(outage, "the process did not run")

    # The store --------------------------------------------------------------------------------------------------------

    def store_answered(self) -> None:
        """Note a sign of life of the store."""
        self.look()
        self._store_heard_at = self._clock.now()
        self._end(Fault.STORE_AWAY)

    def store_away(self, away: JournalAway) -> None:
        """Note that the store does not answer."""
        self.look()
        self._begin(Fault.STORE_AWAY, f"The store does not answer: {away}", self._store_heard_at)

    def silent_us(self) -> int:
        """How long the store has been away, in microseconds; 0 while it is there."""
        return self._clock.now() - self._store_heard_at if Fault.STORE_AWAY in self.faults else 0

    async def _probe(self) -> None:
        while True:
            asked_at = self._clock.now()
            try:
                self.compare(await self._journal.now(), asked_at)
                self.store_answered()
            except JournalAway as away:
                self.store_away(away)
            await asyncio.sleep(self._limits.probe_us / SECOND_US)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self._limits.check_us / SECOND_US)
            try:
                self.notes = await self._journal.check()
                self._end(Fault.STORE_REFUSED)
            except StoreRefused as refused:
                self._begin(Fault.STORE_REFUSED, str(refused), self._clock.now())
            except JournalAway as away:
                self.store_away(away)

    # The clock --------------------------------------------------------------------------------------------------------

    def compare(self, store_now: int, asked_at: int) -> None:
        """Compare the clock with the store's time, and with the latest stamp that recovery found in the logs.

        The store looked at its clock at some instant between question and answer; only what lies outside is an error.
        """
        now = self._clock.now()
        error_us = max(asked_at - store_now, 0) - max(store_now - now, 0)
        if abs(error_us) > self._limits.clock_error_us_max:
            self._begin(Fault.CLOCK, f"This clock is {error_us / SECOND_US:+.1f} s from the store's.", now)
        elif self.latest_at - now > self._limits.clock_error_us_max:
            self._begin(Fault.CLOCK, f"This clock is {(self.latest_at - now) / SECOND_US:.1f} s behind the logs.", now)
        else:
            self._end(Fault.CLOCK)

    # Faults -----------------------------------------------------------------------------------------------------------

    def _begin(self, fault: Fault, sentence: str, since: int) -> None:
        if fault in self.faults:
            return
        log.error("%s", sentence)
        if not self.faults:
            self._since = since
        self._since = min(self._since, since)
        self.faults[fault] = sentence
        self._changed(True)

    def _end(self, fault: Fault) -> None:
        if self.faults.pop(fault, None) is None:
            return
        log.warning("Over: %s", fault.replace("_", " "))
        if self.faults:
            return
        outage = Outage(self._since, self._clock.now())
        if outage.back_at - outage.since > self._limits.outage_us:
            self._tell(outage, fault.replace("_", " "))
        self._changed(False)

    def _tell(self, outage: Outage, why: str) -> None:
        self._figures.outages += 1
        log.warning("Outage of %.1f s: %s.", (outage.back_at - outage.since) / SECOND_US, why)
        self._outage(outage)
