"""The deadline heap against a plain dict."""

from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from clock.deadlines import Deadlines

LOTS = st.sampled_from([f"lot{number}" for number in range(6)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), LOTS, st.integers(0, 20)),
        st.tuples(st.just("drop"), LOTS, st.just(0)),
        st.tuples(st.just("take"), st.just(""), st.integers(0, 20)),
    ),
    max_size=60,
)
Step: TypeAlias = tuple[str, str, int]


def _naive_take(plain: dict[str, int], now: int) -> list[str]:
    due = sorted((at, lot) for lot, at in plain.items() if at <= now)
    for _, lot in due:
        del plain[lot]
    return [lot for _, lot in due]


@settings(max_examples=300, deadline=None, derandomize=False, print_blob=True)
@given(STEPS)
def test_deadlines_behave_like_a_plain_dict(steps: list[Step]) -> None:
    deadlines, plain = Deadlines(), dict[str, int]()
    for step, lot, at in steps:
        if step == "set":
            deadlines.set(lot, at)
            plain[lot] = at
        elif step == "drop":
            deadlines.drop(lot)
            plain.pop(lot, None)
        else:
            assert deadlines.take_due(at) == _naive_take(plain, at)
        assert deadlines.next() == min(plain.values(), default=None)
        assert len(deadlines) == len(plain)


def _rows(deadlines: Deadlines) -> int:
    return len(deadlines._heap)


def test_a_lot_extended_a_hundred_thousand_times_does_not_fill_memory() -> None:
    deadlines = Deadlines()
    deadlines.set("other", 0)
    for at in range(1, 100_000):
        deadlines.set("lot", at)
        assert _rows(deadlines) <= 2 * 2 + 64
    assert deadlines.take_due(200_000) == ["other", "lot"]


def test_lots_that_were_dropped_or_rang_do_not_stay_in_memory() -> None:
    deadlines = Deadlines()
    deadlines.set("first", 0)
    for number in range(5_000):
        deadlines.set(f"lot{number}", 10 + number)
    for number in range(5_000):
        deadlines.drop(f"lot{number}")
    assert _rows(deadlines) <= 2 * 1 + 64
    assert deadlines.take_due(99_999) == ["first"]
    assert deadlines.next() is None
