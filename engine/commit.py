"""What the engine tells the gateway once it is stored.

Plain values; they refuse to know how they are sent. `publish(commit)` is one of the three seams along which the house
can be split into processes (design.md, "Growing past one process").
Invariant: a commit is made only of what the journal has acknowledged.
"""

from typing import Any, NamedTuple

from msgspec import Struct

from lots.state import Lot


class PublicEvent(Struct, frozen=True, gc=False):
    """One numbered event as all may see it.

    Attributes:
        seq: Its number in the lot.
        public: Its fields, without `head`.
        packed: The same as msgpack: the bytes that are in the log and under the public chain.
        head: The public chain's value after it, 16 bytes.
    """

    seq: int
    public: dict[str, Any]
    packed: bytes
    head: bytes


class Commit(NamedTuple):
    """What one batch has done to one lot.

    Attributes:
        state: The lot after it.
        head: The public chain's value after it.
        said: The public events of the batch, in order; none when all of it was private.
        touched: The bidders whose own standing (`you`) may have changed.
    """

    state: Lot
    head: bytes
    said: tuple[PublicEvent, ...]
    touched: frozenset[str]


class Standing(NamedTuple):
    """How a lot stands in the log: its state, and the public chain's value with it."""

    state: Lot
    head: bytes
