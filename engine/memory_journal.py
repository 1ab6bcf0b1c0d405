"""The journal in memory: the same contract as the Redis journal, for tests and for sales in virtual time.

It refuses to know disks and sockets, so it keeps nothing past the process and is never away.

Invariants: those of `engine.journal`, and nothing more is offered; the same tests run over both. What is returned are
the journal's own records, which are frozen, in lists of the caller's.
Units: `now` is microseconds, from the clock given in. Source: design.md, "The journal".
"""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from clock.instants import Clock
from engine.journal import (
    NOTHING,
    Batch,
    Claim,
    Entry,
    Marker,
    Page,
    Record,
    RefusalNote,
    Result,
    Taken,
    Top,
    Verdict,
    assert_follows_on,
)
from engine.limits import EngineLimits

_APPENDED = Result(Verdict.APPENDED)


def _some_refusals() -> deque[bytes]:
    return deque(maxlen=EngineLimits().refusals_kept_per_lot)


@dataclass
class Shelf:
    """What is kept; several journals on one shelf are several processes on one store."""

    epochs: dict[str, int] = field(default_factory=dict)
    logs: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    notes: defaultdict[tuple[str, str], deque[bytes]] = field(default_factory=lambda: defaultdict(_some_refusals))
    catalogue: list[bytes] = field(default_factory=list)


class MemoryJournal:
    """Implements `engine.journal.Journal` in memory.

    Args:
        clock: The store's own time.
        shelf: Where another journal of the same store keeps its logs; a new one by default.
    """

    def __init__(self, clock: Clock, shelf: Shelf | None = None) -> None:
        self._clock = clock
        self.shelf = shelf or Shelf()

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        """As the contract says."""
        return [self._take(claim) for claim in claims]

    def _take(self, claim: Claim) -> Taken:
        tops = {lot: self._top(lot, claim.group) for lot in claim.lots}
        epoch = 1 + max(self.shelf.epochs.get(claim.group, 0), *(top.epoch for top in tops.values()), 0)
        self.shelf.epochs[claim.group] = epoch
        for lot, top in tops.items():
            self.shelf.logs.setdefault((claim.group, lot), []).append(Marker(epoch, top.n))
        return Taken(claim.group, epoch, {lot: Top(epoch, top.n) for lot, top in tops.items()})

    def _top(self, lot: str, group: str) -> Top:
        log = self.shelf.logs.get((group, lot))
        return Top(log[-1].epoch, log[-1].n) if log else NOTHING

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        """As the contract says."""
        results = [self._write(batch) for batch in batches]
        for note in refusals:
            self.shelf.notes[note.group, note.lot].append(note.record)
        return results

    def _write(self, batch: Batch) -> Result:
        for write in batch.writes:
            assert_follows_on(batch.epoch, write)
        objection = self._objection(batch)
        if objection is not None:
            return objection
        for write in batch.writes:
            self.shelf.logs.setdefault((batch.group, write.lot), []).extend(write.entries)
        return _APPENDED

    def _objection(self, batch: Batch) -> Result | None:
        owner = self.shelf.epochs.get(batch.group)
        if owner != batch.epoch:
            return Result(Verdict.FENCED, f"the epoch of group {batch.group} is {owner}, not {batch.epoch}")
        for write in batch.writes:
            top = self._top(write.lot, batch.group)
            if top != write.top:
                return Result(Verdict.VERSION, f"the log of lot {write.lot} ends at {top}, not at {write.top}")
        return None

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        """As the contract says."""
        log = self.shelf.logs.get((group, lot), [])
        start = _after_entry(log, after_n) if after is None else _after_record(log, after)
        return list(islice(log, start, None if limit is None else start + limit))

    async def read_many(self, claims: Sequence[Claim]) -> AsyncIterator[Page]:
        """As the contract says; a log is one page."""
        for claim in claims:
            for lot in claim.lots:
                yield Page(lot, await self.read(lot, claim.group), last=True)

    async def catalogue(self) -> list[bytes]:
        """As the contract says."""
        return list(self.shelf.catalogue)

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        """As the contract says."""
        self.shelf.catalogue.extend(records)

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        """As the contract says."""
        return list(self.shelf.notes[group, lot])

    async def now(self) -> int:
        """As the contract says."""
        return self._clock.now()

    async def check(self) -> list[str]:
        """As the contract says: a promise about disks is not made here, and the note says so."""
        return ["the journal is in memory: nothing outlives this process"]

    async def aclose(self) -> None:
        """As the contract says."""


def _after_entry(log: Sequence[Record], n: int) -> int:
    """The index behind entry `n`; the end if the log has fewer."""
    if n == 0:
        return 0
    return next((i + 1 for i, record in enumerate(log) if isinstance(record, Entry) and record.n == n), len(log))


def _after_record(log: Sequence[Record], after: Top) -> int:
    """The index of the first record above `after`."""
    return next((i for i, record in enumerate(log) if (record.epoch, record.n) > after), len(log))
