"""Broken promises, by name: what kinds there are, and a list that stays short however much is wrong.

Refuses to know how a fault is found. Invariant: every fault is counted, of each kind the first few are kept in words.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

_KEPT_PER_KIND = 4


class Broken(StrEnum):
    """The promises that a storm sees broken."""

    GAP = "gap in a feed"
    HEAD = "wrong head"
    FEED = "feed unlike the log"
    MISSING = "accepted bid not in the log"
    PHANTOM = "bid in the log that nobody made"
    SECOND_EFFECT = "second effect of a ref"
    REPEAT = "wrong answer to a retry"
    LATE_BID = "bid accepted after the end"
    TOO_STRICT = "bid in time refused as too late"
    EARLY_CLOSE = "lot closed before its end"
    STILL_OPEN = "lot not closed after its end"
    UNANSWERED = "bid never answered"


class Fault(msgspec.Struct, frozen=True):
    """One broken promise: on which lot, and a sentence."""

    broken: Broken
    lot: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.broken}: {self.lot}: {self.sentence}"


class Faults:
    """All that was found."""

    def __init__(self) -> None:
        self.counts: Counter[Broken] = Counter()
        self.kept: list[Fault] = []

    def __len__(self) -> int:
        return self.counts.total()

    def add(self, broken: Broken, lot: str, sentence: str) -> None:
        """Take one."""
        self.counts[broken] += 1
        if self.counts[broken] <= _KEPT_PER_KIND:
            self.kept.append(Fault(broken, lot, sentence))

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take several."""
        for fault in faults:
            self.add(fault.broken, fault.lot, fault.sentence)

    def sentences(self) -> list[str]:
        """The first few of each kind, and how many more there are."""
        more = [
            f"{broken}: {count - _KEPT_PER_KIND:,} more of this kind"
            for broken, count in self.counts.items()
            if count > _KEPT_PER_KIND
        ]
        return [*map(str, self.kept), *more]
