"""A journal with troubles, around any other: lost calls, lost replies, a store that is away, slow, or unwilling.

It refuses to know what is written. Troubles are set from outside and last until they are taken away; nothing happens
by chance here. Times are seconds of the loop.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from clock.instants import Clock
from engine.errors import JournalAway, StoreRefused
from engine.journal import Batch, Claim, Entry, Journal, Page, Record, RefusalNote, Result, Taken, Top, Verdict
from engine.memory_journal import MemoryJournal, Shelf
from tests.engine.virtual_time import LoopClock


class TroubledJournal:
    """Passes everything on to `inner`, except for its troubles.

    Attributes:
        away: While true, nothing arrives.
        lose_calls: So many of the next appends never arrive.
        lose_replies: Of so many of the next appends only the reply is lost.
        lose_claims: Of so many of the next take-overs only the reply is lost.
        lose_records: So many of the next entries into the catalogue never arrive.
        verdicts: Groups whose batches the store would not write, and what it says instead.
        unclaimable: Groups that cannot be taken over.
        refused: Why the store cannot keep its promise, or None.
        delay_s: How long a call is on its way.
        arriving: Appends wait for it before they arrive.
        replying: Appends wait for it after they have arrived.
        under_way: Appends that have begun and not ended.
        appended: All batches that were passed on, call by call.
        claimed: All claims that were made, call by call.
        clock: Tells the store's time in place of the inner journal's own.
    """

    def __init__(self, inner: Journal, clock: Clock | None = None) -> None:
        self.inner = inner
        self.clock = clock
        self.away = False
        self.lose_calls = 0
        self.lose_replies = 0
        self.lose_claims = 0
        self.lose_records = 0
        self.verdicts: dict[str, Verdict] = {}
        self.unclaimable: set[str] = set()
        self.refused: str | None = None
        self.delay_s = 0.0
        self.arriving = _open_gate()
        self.replying = _open_gate()
        self.under_way = 0
        self.appended: list[list[Batch]] = []
        self.claimed: list[list[Claim]] = []

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        """Append, unless something is in the way."""
        self.under_way += 1
        try:
            await self._travel()
            await self.arriving.wait()
            self._must_be_here()
            if self.lose_calls:
                self.lose_calls -= 1
                raise JournalAway("the call was lost")
            results = await self._append(batches, refusals)
            await self.replying.wait()
            self._must_be_here()
            if self.lose_replies:
                self.lose_replies -= 1
                raise JournalAway("the reply was lost")
            return results
        finally:
            self.under_way -= 1

    async def _append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote]) -> list[Result]:
        willing = [batch for batch in batches if batch.group not in self.verdicts]
        self.appended.append(willing)
        results = iter(await self.inner.append(willing, refusals))
        return [
            Result(self.verdicts[batch.group], "as the test says") if batch.group in self.verdicts else next(results)
            for batch in batches
        ]

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        """Take over what can be taken over."""
        await self._call()
        self.claimed.append(list(claims))
        willing = [claim for claim in claims if claim.group not in self.unclaimable]
        taken = {one.group: one for one in await self.inner.take_over(willing)}
        if self.lose_claims:
            self.lose_claims -= 1
            raise JournalAway("the reply was lost")
        return [taken.get(claim.group) or Taken(claim.group, 0, {}, "as the test says") for claim in claims]

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        """Read, if the store is there."""
        await self._call()
        return await self.inner.read(lot, group, after_n, limit, after=after)

    async def read_many(self, claims: Sequence[Claim]) -> AsyncIterator[Page]:
        """Read, if the store is there."""
        await self._call()
        async for page in self.inner.read_many(claims):
            yield page

    async def catalogue(self) -> list[bytes]:
        """Read the catalogue, if the store is there."""
        await self._call()
        return await self.inner.catalogue()

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        """Enter records, unless they are to be lost."""
        await self._call()
        if self.lose_records:
            self.lose_records -= 1
            raise JournalAway("the call was lost")
        await self.inner.enter_in_catalogue(records)

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        """Read the refusals, if the store is there."""
        await self._call()
        return await self.inner.refusals(lot, group)

    async def now(self) -> int:
        """Tell the store's time, if the store is there."""
        await self._call()
        return await self.inner.now() if self.clock is None else self.clock.now()

    async def check(self) -> list[str]:
        """Say whether the store can keep its promise."""
        await self._call()
        if self.refused is not None:
            raise StoreRefused(self.refused)
        return await self.inner.check()

    async def aclose(self) -> None:
        """Let go of the store."""
        await self.inner.aclose()

    async def _call(self) -> None:
        await self._travel()
        self._must_be_here()

    async def _travel(self) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)

    def _must_be_here(self) -> None:
        if self.away:
            raise JournalAway("the store is away")


def troubled(shelf: Shelf | None = None) -> tuple[TroubledJournal, LoopClock]:
    """A memory journal that can have troubles, and the clock that it and its house go by in virtual time."""
    clock = LoopClock()
    return TroubledJournal(MemoryJournal(clock, shelf), LoopClock()), clock


def entries_of(records: Sequence[Record]) -> list[Entry]:
    """The entries among a log's records."""
    return [record for record in records if isinstance(record, Entry)]


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
