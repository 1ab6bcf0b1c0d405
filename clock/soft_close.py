"""The soft close: the one function that works out where a lot's end moves to.

Everyone else gets the end as data (rules.md, section 6: the window must not be ignored in one code path). It refuses to
know what a bid is: a caller says what the bid changed, and when.

Invariants: an end never moves back; it never passes the hard end, nor moves more often than allowed.
All times are microseconds. Sources: Fa Shi [2016] 18, article 20, and the houses in rules.md, section 4.
"""

from enum import StrEnum
from typing import NamedTuple


class Mode(StrEnum):
    """From where the extension counts."""

    FROM_BID = "from_bid"
    ADD_TO_END = "add_to_end"


class Trigger(StrEnum):
    """What a bid must change to move the end."""

    PRICE_OR_LEADER = "price_or_leader"
    LEADER = "leader"
    ANY = "any"


class SoftClose(NamedTuple):
    """The soft-close terms of a lot, in microseconds."""

    window_us: int
    extension_us: int
    mode: Mode = Mode.FROM_BID
    trigger: Trigger = Trigger.PRICE_OR_LEADER
    max_extensions: int | None = None


class Ending(NamedTuple):
    """Where a lot's end stands: the end, how often a bid has moved it, and what it may never pass."""

    closes_at: int
    extensions: int
    hard_end_at: int | None


def triggers(trigger: Trigger, *, price_moved: bool, leader_changed: bool) -> bool:
    """Whether a bid that changed this much may move the end."""
    match trigger:
        case Trigger.ANY:
            return True
        case Trigger.LEADER:
            return leader_changed
        case Trigger.PRICE_OR_LEADER:
            return price_moved or leader_changed


def extended_end(terms: SoftClose, ending: Ending, bid_at: int) -> int:
    """Return the end after a triggering bid at `bid_at`; the old end when it does not move."""
    left_us = ending.closes_at - bid_at
    if left_us >= terms.window_us:
        return ending.closes_at
    if terms.max_extensions is not None and ending.extensions >= terms.max_extensions:
        return ending.closes_at
    start = bid_at if terms.mode is Mode.FROM_BID else ending.closes_at
    return _never_back_nor_past(ending, start + terms.extension_us)


def moved_end(ending: Ending, span_us: int) -> int:
    """Return the end moved by `span_us` for a linked lot, within its own hard end."""
    return _never_back_nor_past(ending, ending.closes_at + span_us)


def _never_back_nor_past(ending: Ending, wished: int) -> int:
    if ending.hard_end_at is not None:
        wished = min(wished, ending.hard_end_at)
    return max(wished, ending.closes_at)
