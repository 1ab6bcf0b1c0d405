"""The bell with a manual clock and a timer that fires when the test says so."""

from collections.abc import Callable

from clock.bell import Bell
from clock.instants import SECOND_US, ManualClock


class FakeTimer:
    """A timer that was armed."""

    def __init__(self, at: int, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """A loop that holds the timers armed, and counts them."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.timers: list[FakeTimer] = []
        self.most_armed = 0
        self.times_armed = 0

    @property
    def armed(self) -> list[FakeTimer]:
        self.timers = [timer for timer in self.timers if not timer.cancelled]
        return self.timers

    def call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        assert seconds >= 0
        timer = FakeTimer(self.clock.now() + round(seconds * SECOND_US), call)
        self.timers.append(timer)
        self.times_armed += 1
        self.most_armed = max(self.most_armed, len(self.armed))
        return timer

    def fire(self) -> None:
        """Fire the one armed timer, whatever the clock says."""
        (timer,) = self.armed
        self.timers = []
        timer.call()

    def run_until(self, now: int) -> None:
        """Move the clock from timer to timer."""
        while self.armed and self.armed[0].at <= now:
            self.clock.set(self.armed[0].at)
            self.fire()
        self.clock.set(now)


def _bell() -> tuple[ManualClock, FakeLoop, Bell, list[tuple[int, str]]]:
    clock = ManualClock(1_000)
    loop = FakeLoop(clock)
    rung: list[tuple[int, str]] = []
    bell = Bell(clock, loop.call_later, lambda lot: rung.append((clock.now(), lot)))
    return clock, loop, bell, rung


def test_each_lot_rings_once_at_its_deadline() -> None:
    _, loop, bell, rung = _bell()
    bell.set("b", 3_000)
    bell.set("a", 2_000)
    bell.set("c", 3_000)
    loop.run_until(9_000)
    assert rung == [(2_000, "a"), (3_000, "b"), (3_000, "c")]
    assert not loop.armed


def test_twenty_thousand_lots_cost_one_timer() -> None:
    _, loop, bell, rung = _bell()
    for number in range(20_000):
        bell.set(f"lot{number}", 1_000_000 - number)
        assert len(loop.armed) == 1
    for number in range(0, 20_000, 2):
        bell.set(f"lot{number}", 2_000_000)
    assert loop.most_armed == 1
    loop.run_until(1_000_000)
    assert len(rung) == 10_000
    loop.run_until(2_000_000)
    assert len(rung) == 20_000
    assert loop.most_armed == 1


def test_a_later_deadline_does_not_touch_the_timer() -> None:
    _, loop, bell, _ = _bell()
    bell.set("next", 2_000)
    for number in range(1_000):
        bell.set(f"lot{number}", 3_000 + number)
        bell.set(f"lot{number}", 9_000 + number)
    assert loop.times_armed == 1


def test_an_extended_lot_rings_at_its_new_deadline_only() -> None:
    _, loop, bell, rung = _bell()
    bell.set("a", 2_000)
    bell.set("a", 5_000)
    loop.run_until(4_999)
    assert rung == []
    loop.run_until(5_000)
    assert rung == [(5_000, "a")]


def test_a_lot_without_a_deadline_does_not_ring_and_arms_nothing() -> None:
    _, loop, bell, rung = _bell()
    bell.set("a", 2_000)
    bell.set("a", None)
    assert not loop.armed
    bell.set("never", None)
    loop.run_until(9_000)
    assert rung == []


def test_a_timer_that_fires_early_rings_nothing_and_is_armed_again() -> None:
    clock, loop, bell, rung = _bell()
    bell.set("a", 5_000)
    clock.set(4_999)
    loop.fire()
    assert rung == []
    assert [timer.at for timer in loop.armed] == [5_000]
    clock.set(5_000)
    loop.fire()
    assert rung == [(5_000, "a")]


def test_a_deadline_that_has_passed_rings_at_once() -> None:
    _, loop, bell, rung = _bell()
    bell.set("a", 1)
    assert [timer.at for timer in loop.armed] == [1_000]
    loop.fire()
    assert rung == [(1_000, "a")]


def test_a_ring_may_set_the_next_deadline() -> None:
    clock = ManualClock(0)
    loop = FakeLoop(clock)
    rung: list[int] = []

    def ring(lot: str) -> None:
        rung.append(clock.now())
        if len(rung) < 3:
            bell.set(lot, clock.now() + 10)

    bell = Bell(clock, loop.call_later, ring)
    bell.set("a", 10)
    loop.run_until(100)
    assert rung == [10, 20, 30]
    assert loop.most_armed == 1


def test_a_stopped_bell_is_silent_until_a_deadline_is_set() -> None:
    _, loop, bell, rung = _bell()
    bell.set("a", 2_000)
    bell.stop()
    assert not loop.armed
    bell.set("b", 3_000)
    assert len(loop.armed) == 1
    loop.run_until(9_000)
    assert [lot for _, lot in rung] == ["a", "b"]


def test_a_clock_that_jumped_forward_rings_at_once_when_the_bell_is_set_anew() -> None:
    clock = ManualClock(0)
    loop, rung = FakeLoop(clock), list[str]()
    bell = Bell(clock, loop.call_later, rung.append)
    bell.set("A", 10 * SECOND_US)
    clock.advance(60 * SECOND_US)
    bell.rearm()
    (timer,) = loop.armed
    assert timer.at == clock.now()
    timer.call()
    assert rung == ["A"]
