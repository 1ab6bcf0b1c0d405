"""What a decision is: events of a lot, and what the giver of the order is told.

It refuses to know any rule. A refusal is a value: the order was understood, and the lot stays as it was.
Amounts are integer minor units, instants microseconds.
"""

from typing import NamedTuple, TypeAlias

from msgspec import Struct

from lots.events import Event
from lots.refusals import Code, Refused
from lots.state import Accepted, Kept, Lot, repeated

Outcome: TypeAlias = Accepted | Refused | None
"""What the giver of the order is told; a ring asks for no answer."""


class Objection(NamedTuple):
    """Why an order is not carried out: a code, and one sentence for a person."""

    code: Code
    detail: str


Events: TypeAlias = tuple[Event, ...]


class Decision(Struct, frozen=True, gc=False):
    """What an order leads to: events of its lot (and of lots linked to it), and what its giver is told."""

    events: Events
    outcome: Outcome


NOTHING = Decision((), None)


def refuse(objection: Objection, lot: Lot | None, at: int) -> Decision:
    """Return the decision that nothing happens, and why."""
    return Decision((), Refused(*objection, lot.ask if lot is not None else None, at))


def again(kept: Kept, op: str, body: str | int | None, lot: Lot, at: int) -> Decision:
    """Answer an order whose `ref` was accepted before: the same one gets the same answer, another one none."""
    if (kept.op, kept.body) != (op, body):
        reused = Objection(Code.REF_REUSED, "This ref already stands for another order; choose a new one.")
        return refuse(reused, lot, at)
    return Decision((), repeated(kept.accepted))
