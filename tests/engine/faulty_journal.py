"""A journal that loses calls or their replies when told to, around any other."""

from collections.abc import AsyncIterator, Sequence

from engine.errors import JournalAway
from engine.journal import Batch, Claim, Journal, Page, Record, RefusalNote, Result, Taken, Top


class FaultyJournal:
    """Passes everything on to `inner`, except what it was told to lose.

    Attributes:
        lose_appends: So many of the next appends never arrive.
        lose_replies: Of so many of the next appends only the reply is lost.
        away: While true, nothing arrives.
        held: Appends that are under way: a zombie's, to be delivered later with `deliver`.
        hold: While true, appends are held instead of passed on, and their replies are lost.
    """

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self.lose_appends = 0
        self.lose_replies = 0
        self.away = False
        self.hold = False
        self.held: list[Sequence[Batch]] = []

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        self._must_be_here()
        if self.hold:
            self.held.append(batches)
            raise JournalAway("the reply was lost, the call is still under way")
        if self.lose_appends:
            self.lose_appends -= 1
            raise JournalAway("the call was lost")
        results = await self.inner.append(batches, refusals)
        if self.lose_replies:
            self.lose_replies -= 1
            raise JournalAway("the reply was lost")
        return results

    async def deliver(self) -> list[list[Result]]:
        """Let what was held arrive now."""
        held, self.held = self.held, []
        return [await self.inner.append(batches) for batches in held]

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        self._must_be_here()
        return await self.inner.take_over(claims)

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        self._must_be_here()
        return await self.inner.read(lot, group, after_n, limit, after=after)

    async def read_many(self, claims: Sequence[Claim]) -> AsyncIterator[Page]:
        self._must_be_here()
        async for page in self.inner.read_many(claims):
            yield page

    async def catalogue(self) -> list[bytes]:
        self._must_be_here()
        return await self.inner.catalogue()

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        self._must_be_here()
        await self.inner.enter_in_catalogue(records)

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        self._must_be_here()
        return await self.inner.refusals(lot, group)

    async def now(self) -> int:
        self._must_be_here()
        return await self.inner.now()

    async def check(self) -> list[str]:
        self._must_be_here()
        return await self.inner.check()

    async def aclose(self) -> None:
        await self.inner.aclose()

    def _must_be_here(self) -> None:
        if self.away:
            raise JournalAway("the store is away")
