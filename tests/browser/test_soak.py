"""The judgement of a soak: what it lets pass and what not."""

from collections.abc import Callable

import pytest

from tests.browser.soak import Window, judge, slope

MIB = 1 << 20
WINDOW_S = 10


def seen(
    frames: Callable[[int], float] = lambda _: 60, heap: Callable[[int], float] = lambda _: 8.0, minutes: int = 10
) -> list[Window]:
    """Windows of ten seconds, every other one scrolled; the heap in MiB."""
    return [
        Window(
            at_s=(number + 1) * WINDOW_S,
            scrolled=number % 2 == 1,
            frames_per_s=frames(number),
            worst_second=0,
            longest_ms=0,
            long_tasks=0,
            long_tasks_ms=0,
            heap=round(heap(number) * MIB),
            nodes=0,
            listeners=0,
            bids_per_s=50,
        )
        for number in range(minutes * 6)
    ]


HOLDS = {
    "all is well": (seen(), 0),
    "one window is slow": (seen(frames=lambda number: 30 if number == 20 else 62), 0),
    "a minute is slow": (seen(frames=lambda number: 45 if 12 <= number < 18 else 60), 1),
    "slow while scrolled": (seen(frames=lambda number: 20 if number % 2 else 60), 0),
    "warms up": (seen(heap=lambda number: 5 + min(number, 10)), 0),
    "up and down": (seen(heap=lambda number: 8 + number % 3), 0),
    "leaks": (seen(heap=lambda number: 8 + number / 20), 1),
    "leaks, and is slow": (seen(frames=lambda _: 49.9, heap=lambda number: 8 + number / 20), 2),
    "a minute only": (seen(minutes=1), 0),
}


@pytest.mark.parametrize(("windows", "failures"), HOLDS.values(), ids=HOLDS)
def test_a_soak_fails_for_what_did_not_hold(windows: list[Window], failures: int) -> None:
    assert len(judge(windows).failures) == failures, judge(windows)


def test_a_line_is_as_steep_as_its_points() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(3, 1)]) == 0
