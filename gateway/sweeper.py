"""The sweeper: gives every feed its turn to write, a few milliseconds at a time, and breaks silences.

One queue of feeds with something to write, one timer for the turns of conflated feeds, one for heartbeats; none per
lot. It refuses to know lots, bidders and messages.

Invariants: what is gathered on the wires goes out before every sweep, so that the answers of a batch precede its
events; one pass of the loop writes to about `sweep_watchers_max` watchers at most, and feeds take turns at it; turns
are at least a period apart; timers run only while there is something to do. Times are seconds of the loop's clock.
"""

from collections import deque
from collections.abc import Callable, Iterable

from clock.instants import SECOND_US
from engine.limits import GatewayLimits
from gateway.conflated import Conflated
from gateway.feeds import Feed
from gateway.switchboard import Timer, Timers

_TICKS_PER_HEARTBEAT = 10


class Sweeper:
    """Sweeps feeds.

    Args:
        timers: The event loop, or a stand-in.
        flush: Writes out what is gathered on the wires (`Switchboard.flush`).
        limits: How many writes in a pass, how often a turn, how long a silence.
    """

    def __init__(self, timers: Timers, flush: Callable[[], None], limits: GatewayLimits) -> None:
        self._timers = timers
        self._flush = flush
        self._writes_max = limits.sweep_watchers_max
        self._period_s = limits.state_period_us / SECOND_US
        self._heartbeat_s = limits.heartbeat_s
        self._queue: deque[Feed] = deque()
        self._is_scheduled = False
        self._changed: dict[Conflated, None] = {}
        self._turned_at = timers.time() - self._period_s
        self._turning: Timer | None = None
        self._spoke_at: dict[Feed, float] = {}
        self._ticking: Timer | None = None

    def sweep_soon(self, feed: Feed) -> None:
        """Sweep this feed in the next pass of the loop."""
        if not feed.is_queued:
            feed.is_queued = True
            self._queue.append(feed)
            self._schedule()

    def turn_soon(self, feed: Conflated) -> None:
        """Let this feed take a turn as soon as the last turn is a period ago."""
        self._changed[feed] = None
        if self._turning is None:
            delay = self._turned_at + self._period_s - self._timers.time()
            self._turning = self._timers.call_later(max(delay, 0.0), self._turn)

    def attend(self, feed: Feed) -> None:
        """Break this feed's silences from now on: somebody watches it."""
        if feed not in self._spoke_at:
            self._spoke_at[feed] = self._timers.time()
            self._tick_later()

    def neglect(self, feed: Feed) -> None:
        """Leave this feed in peace: nobody watches it."""
        self._spoke_at.pop(feed, None)

    def has_spoken(self, feed: Feed) -> None:
        """Begin to count the silence of an attended feed anew."""
        if self._spoke_at.pop(feed, None) is not None:
            self._spoke_at[feed] = self._timers.time()

    @property
    def attended(self) -> Iterable[Feed]:
        """The feeds that somebody watches."""
        return self._spoke_at.keys()

    def stop(self) -> None:
        """Disarm the timers."""
        for timer in (self._turning, self._ticking):
            if timer is not None:
                timer.cancel()
        self._turning = self._ticking = None

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._timers.call_soon(self._sweep)

    def _sweep(self) -> None:
        self._is_scheduled = False
        self._flush()
        budget = self._writes_max
        while self._queue and budget > 0:
            feed = self._queue.popleft()
            feed.is_queued = False
            budget = feed.sweep(budget)
            if budget <= 0:
                self.sweep_soon(feed)
        if self._queue:
            self._schedule()

    def _turn(self) -> None:
        self._turning = None
        self._turned_at = self._timers.time()
        changed, self._changed = self._changed, {}
        for feed in changed:
            feed.turn()
            self.has_spoken(feed)
            self.sweep_soon(feed)

    def _tick_later(self) -> None:
        if self._ticking is None:
            self._ticking = self._timers.call_later(self._heartbeat_s / _TICKS_PER_HEARTBEAT, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        for feed in self._silent(self._timers.time() - self._heartbeat_s):
            if feed.is_remarking:
                continue  # a remark breaks no silence; at the next tick it is over
            self.has_spoken(feed)
            if feed.is_idle:
                feed.say_aside(feed.heartbeat())
                self.sweep_soon(feed)
        if self._spoke_at:
            self._tick_later()

    def _silent(self, since: float) -> list[Feed]:
        """Return the feeds silent since then; they stand in the order in which they spoke."""
        silent = []
        for feed, at in self._spoke_at.items():
            if at > since:
                break
            silent.append(feed)
        return silent
