"""The soft-close arithmetic alone, as a table and against its invariants.

Instants and spans here are small integers.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clock.soft_close import Ending, Mode, SoftClose, Trigger, extended_end, moved_end, triggers

FROM_BID, ADD = Mode.FROM_BID, Mode.ADD_TO_END


@pytest.mark.parametrize(
    ("terms", "ending", "bid_at", "expected"),
    [
        # window, extension, mode       end, moved so far, hard end
        (SoftClose(10, 10, FROM_BID), Ending(100, 0, None), 90, 100),
        (SoftClose(10, 10, FROM_BID), Ending(100, 0, None), 91, 101),
        (SoftClose(10, 10, FROM_BID), Ending(100, 0, None), 99, 109),
        (SoftClose(10, 4, FROM_BID), Ending(100, 0, None), 95, 100),
        (SoftClose(10, 4, FROM_BID), Ending(100, 0, None), 97, 101),
        (SoftClose(10, 10, ADD), Ending(100, 0, None), 90, 100),
        (SoftClose(10, 15, ADD), Ending(100, 0, None), 91, 115),
        (SoftClose(10, 15, ADD), Ending(100, 0, 110), 91, 110),
        (SoftClose(10, 10, FROM_BID), Ending(100, 0, 100), 99, 100),
        (SoftClose(10, 10, FROM_BID), Ending(100, 0, 105), 99, 105),
        (SoftClose(10, 10, FROM_BID, max_extensions=2), Ending(100, 1, None), 99, 109),
        (SoftClose(10, 10, FROM_BID, max_extensions=2), Ending(100, 2, None), 99, 100),
        (SoftClose(10, 10, FROM_BID, max_extensions=0), Ending(100, 0, None), 99, 100),
        (SoftClose(0, 10, FROM_BID), Ending(100, 0, None), 99, 100),
        (SoftClose(1, 10, FROM_BID), Ending(100, 0, None), 99, 100),
        (SoftClose(10, 0, ADD), Ending(100, 0, None), 99, 100),
    ],
)
def test_a_bid_moves_the_end(terms: SoftClose, ending: Ending, bid_at: int, expected: int) -> None:
    assert extended_end(terms, ending, bid_at) == expected


@pytest.mark.parametrize(
    ("trigger", "neither", "price", "leader", "both"),
    [
        (Trigger.PRICE_OR_LEADER, False, True, True, True),
        (Trigger.LEADER, False, False, True, True),
        (Trigger.ANY, True, True, True, True),
    ],
)
def test_what_a_bid_must_change(trigger: Trigger, *, neither: bool, price: bool, leader: bool, both: bool) -> None:
    assert triggers(trigger, price_moved=False, leader_changed=False) == neither
    assert triggers(trigger, price_moved=True, leader_changed=False) == price
    assert triggers(trigger, price_moved=False, leader_changed=True) == leader
    assert triggers(trigger, price_moved=True, leader_changed=True) == both


@pytest.mark.parametrize(("hard", "span", "expected"), [(None, 30, 130), (120, 30, 120), (100, 30, 100), (90, 5, 100)])
def test_a_linked_lot_moves_by_the_span_within_its_own_hard_end(hard: int | None, span: int, expected: int) -> None:
    assert moved_end(Ending(100, 0, hard), span) == expected


@settings(max_examples=300, deadline=None, derandomize=False, print_blob=True)
@given(
    terms=st.builds(
        SoftClose,
        st.integers(0, 50),
        st.integers(0, 50),
        st.sampled_from(Mode),
        st.sampled_from(Trigger),
        st.none() | st.integers(0, 3),
    ),
    bids=st.lists(st.integers(0, 20), max_size=20),
    hard_us=st.none() | st.integers(0, 60),
)
def test_an_end_never_moves_back_nor_past_the_hard_end_nor_too_often(
    terms: SoftClose, bids: list[int], hard_us: int | None
) -> None:
    hard = None if hard_us is None else 100 + hard_us
    ending, at = Ending(100, 0, hard), 60
    for pause in bids:
        at += pause
        if at >= ending.closes_at:
            break
        end = extended_end(terms, ending, at)
        assert end >= ending.closes_at
        assert hard is None or end <= hard
        ending = Ending(end, ending.extensions + (end > ending.closes_at), hard)
    assert terms.max_extensions is None or ending.extensions <= terms.max_extensions
