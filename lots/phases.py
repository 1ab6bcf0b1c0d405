"""STORED FORMAT: logs and catalogue hold these names. Add with defaults; never rename or remove.

The phases of a lot, as a table.

Theory of operation: a lot is in exactly one phase; an event that moves it is a row `(phase, event) -> phase`. What has
no row cannot happen: a decision that finds none refuses, and a log that would need one is broken.
After a close only an operator moves a lot: he reopens it, or the seller's consent sells what passed below its reserve.
Settlement moves no phase: a lot whose buyer defaults was sold all the same.
"""

from enum import StrEnum


class Phase(StrEnum):
    """Where a lot is between listing and hammer."""

    UPCOMING = "upcoming"
    OPEN = "open"
    PAUSED = "paused"
    SOLD = "sold"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


OPEN = Phase.OPEN
"""By a name of its own where every bid looks at it: a member of an enumeration costs CPython 3.11 as much as a call."""

ENDED = frozenset({Phase.SOLD, Phase.PASSED, Phase.WITHDRAWN})
"""The phases in which no bid is awaited any more."""

_MOVES = {
    (Phase.UPCOMING, "lot_opened"): Phase.OPEN,
    (Phase.UPCOMING, "lot_withdrawn"): Phase.WITHDRAWN,
    (Phase.OPEN, "lot_paused"): Phase.PAUSED,
    (Phase.OPEN, "lot_withdrawn"): Phase.WITHDRAWN,
    (Phase.OPEN, "lot_sold"): Phase.SOLD,
    (Phase.OPEN, "lot_passed"): Phase.PASSED,
    (Phase.PAUSED, "lot_resumed"): Phase.OPEN,
    (Phase.PAUSED, "lot_withdrawn"): Phase.WITHDRAWN,
    (Phase.SOLD, "lot_reopened"): Phase.OPEN,
    (Phase.PASSED, "lot_reopened"): Phase.OPEN,
    (Phase.PASSED, "lot_sold"): Phase.SOLD,
}


def may(phase: Phase, event: str) -> bool:
    """Whether `event` has a row in this phase."""
    return (phase, event) in _MOVES


def after(phase: Phase, event: str) -> Phase:
    """Return the phase that `event` leads to.

    Raises:
        AssertionError: there is no such row; the log or a decision is broken.
    """
    to = _MOVES.get((phase, event))
    if to is None:
        raise AssertionError(f"a lot that is {phase} cannot have {event!r}: the table of phases has no such row")
    return to
