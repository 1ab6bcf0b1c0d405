"""A scribe writes sound entries, as an actor would, without knowing auctions."""

from collections.abc import Iterable

from engine.chains import CHAIN_GENESIS, HEAD_GENESIS, next_chain, next_head
from engine.journal import NOTHING, Batch, Claim, Entry, Journal, Record, Top, Write


class Scribe:
    """The owner of one group: keeps the tops and both chains of its lots.

    Invariant: `tops` moves only by `take_over` and `wrote`, as an owner's does by replies.
    """

    def __init__(self, journal: Journal, group: str, *lots: str) -> None:
        self.journal = journal
        self.group = group
        self.lots = lots or (group,)
        self.epoch = 0
        self.tops: dict[str, Top] = dict.fromkeys(self.lots, NOTHING)
        self._chains: dict[str, bytes] = dict.fromkeys(self.lots, CHAIN_GENESIS)
        self._heads: dict[str, bytes] = dict.fromkeys(self.lots, HEAD_GENESIS)

    @property
    def claim(self) -> Claim:
        return Claim(self.group, self.lots)

    async def take_over(self) -> None:
        """Become the owner, and read all logs."""
        (taken,) = await self.journal.take_over([self.claim])
        assert taken.detail == ""
        self.epoch = taken.epoch
        for lot in self.lots:
            self._follow(lot, await self.journal.read(lot, self.group))
            assert self.tops[lot] == taken.tops[lot]

    def _follow(self, lot: str, records: Iterable[Record]) -> None:
        chain, head = CHAIN_GENESIS, HEAD_GENESIS
        for record in records:
            public, private = (record.public, record.private) if isinstance(record, Entry) else (b"", b"")
            chain, head = next_chain(chain, record.epoch, record.n, public, private), next_head(head, public)
            self.tops[lot] = Top(record.epoch, record.n)
        self._chains[lot], self._heads[lot] = chain, head

    def entries(self, lot: str, *parts: tuple[bytes, bytes]) -> list[Entry]:
        """Entries with these public and private parts, following the top; nothing is noted."""
        chain, head = self._chains[lot], self._heads[lot]
        entries = []
        for n, (public, private) in enumerate(parts, self.tops[lot].n + 1):
            chain, head = next_chain(chain, self.epoch, n, public, private), next_head(head, public)
            entries.append(Entry(self.epoch, n, public, private, head, chain))
        return entries

    def batch(self, *texts: str, lot: str | None = None) -> Batch:
        """A batch of one write: an entry per text."""
        lot = lot or self.lots[0]
        entries = self.entries(lot, *((text.encode(), b"private " + text.encode()) for text in texts))
        return Batch(self.group, self.epoch, [Write(lot, self.tops[lot], entries)])

    def wrote(self, batch: Batch) -> None:
        """Note that a batch was appended."""
        for write in batch.writes:
            last = write.entries[-1]
            self.tops[write.lot] = Top(last.epoch, last.n)
            self._chains[write.lot], self._heads[write.lot] = last.chain, last.head

    async def write(self, *texts: str, lot: str | None = None) -> Batch:
        """Append an entry per text; it must be appended."""
        batch = self.batch(*texts, lot=lot)
        results = await self.journal.append([batch])
        assert [str(result.verdict) for result in results] == ["appended"], results
        self.wrote(batch)
        return batch


def said(records: Iterable[Record]) -> list[str]:
    """The public texts of a log, and `*` for each take-over."""
    return [record.public.decode() if isinstance(record, Entry) else "*" for record in records]
