"""The journal: the contract of the place where every event is kept before anyone hears of it.

It refuses to know what is in a part (bytes), what an auction is, and which store keeps it; `memory_journal` and
`redis_journal` implement it and pass the same tests.

Invariants. A log is the one stream of a lot: entries numbered n = 1, 2, 3 ... for life, each under the epoch (term) of
the owner who wrote it, and take-over markers between them. An owner writes only after `take_over`, and only while
nobody else has taken the group over since: the store itself refuses an old owner, also one whose calls are still under
way. A batch is written whole or not at all, and one group's trouble leaves the others of the call alone. What `append`
calls APPENDED is on disk. What a lost reply left behind is unknown until the next `take_over`, after which nothing of
the lost call can arrive any more.

Units: `n` and `epoch` are counts, `now` is microseconds since the epoch. Source: design.md, "The journal".
"""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec


class Top(NamedTuple):
    """The id of a log's last record, entry or marker."""

    epoch: int
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"


NOTHING = Top(0, 0)
"""The top of a log that does not exist yet."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a log; either part may be empty.

    Attributes:
        epoch: The term of the owner who wrote it.
        n: Its number in the log.
        public: What every watcher may see.
        private: What only the house may see.
        head: The public chain's value after it, 16 bytes.
        chain: The entry chain's value after it, 32 bytes.
    """

    epoch: int
    n: int
    public: bytes
    private: bytes
    head: bytes
    chain: bytes


class Marker(msgspec.Struct, frozen=True, gc=False):
    """A take-over: from here on the log belongs to the owner of `epoch`; `n` is that of the entry before it."""

    epoch: int
    n: int


Record = Entry | Marker


class Claim(NamedTuple):
    """A group to take over, with all lots it has or is about to have."""

    group: str
    lots: tuple[str, ...]


class Taken(NamedTuple):
    """The answer to a claim.

    Attributes:
        group: The group of the claim.
        epoch: The new owner's term; 0 when the group could not be taken over.
        tops: The top of each lot's log, after the marker; empty when it could not be taken over.
        detail: Why it could not be taken over, one sentence; otherwise empty.
    """

    group: str
    epoch: int
    tops: dict[str, Top]
    detail: str = ""


class Write(NamedTuple):
    """Entries for one log.

    Attributes:
        lot: Whose log.
        top: The record they follow.
        entries: Numbered on from `top.n`, all of the batch's epoch.
    """

    lot: str
    top: Top
    entries: Sequence[Entry]


class Batch(NamedTuple):
    """What one group writes in one call, under its epoch: all of it or nothing."""

    group: str
    epoch: int
    writes: Sequence[Write]


class Verdict(StrEnum):
    """What became of a batch.

    APPENDED: it is on disk. FENCED: another owner has the group, nothing was written. VERSION: a log does not end where
    the batch follows on, nothing was written. FAILED: the store would not; what it holds is known after the next
    `take_over`.
    """

    APPENDED = "appended"
    FENCED = "fenced"
    VERSION = "version"
    FAILED = "failed"


class Result(NamedTuple):
    """The verdict on one batch, and a sentence unless it was appended."""

    verdict: Verdict
    detail: str = ""


class RefusalNote(NamedTuple):
    """A refusal by rule, kept beside the lot's log in a stream that holds only the latest."""

    lot: str
    group: str
    record: bytes


class Page(NamedTuple):
    """Consecutive records of one log; `last` when no more of it follow now."""

    lot: str
    records: list[Record]
    last: bool


def assert_follows_on(epoch: int, write: Write) -> None:
    """A writer whose entries are not numbered on from the top it names has lost count: stop it.

    Raises:
        AssertionError: The first or the last entry is not where the write says.
    """
    first, last = write.entries[0], write.entries[-1]
    if (first.epoch, first.n, last.n) != (epoch, write.top.n + 1, write.top.n + len(write.entries)):
        raise AssertionError(f"entries {first.n} to {last.n} of lot {write.lot} do not follow {write.top} in {epoch}")


class Journal(Protocol):
    """Where logs are kept. Every method raises `JournalAway` when no store answers."""

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        """Become the owner of groups: a new epoch each, a marker in each log; answers in the order of claims."""
        ...

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        """Write batches, each of another group, durably and in one call; verdicts in their order.

        The notes of refusals are written with them and never make the call fail.

        Raises:
            JournalAway: The reply was lost, or there is no store: the outcome is unknown. Take over again before
                anything else.
        """
        ...

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        """Read a log in order, at most `limit` records.

        Args:
            lot: Whose log.
            group: The lot's group.
            after_n: Only what follows the entry of this number, markers included; 0 for all.
            limit: No more records than this.
            after: Only what follows this very record; used instead of `after_n`.
        """
        ...

    def read_many(self, claims: Sequence[Claim]) -> AsyncIterator[Page]:
        """Read many logs whole, pages of bounded size: every lot has at least one page, and its pages come in order."""
        ...

    async def catalogue(self) -> list[bytes]:
        """All records of the catalogue, oldest first."""
        ...

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        """Add records to the catalogue, durably and in order."""
        ...

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        """The refusals kept for a lot, oldest first."""
        ...

    async def now(self) -> int:
        """The store's own time, in microseconds since the epoch."""
        ...

    async def check(self) -> list[str]:
        """Check that the store can keep its promise; what could not be checked or deserves a look, a sentence each.

        Raises:
            StoreRefused: It cannot.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the store."""
        ...
