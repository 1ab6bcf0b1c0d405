"""The journal in Redis: one stream per lot, written by scripts that refuse an owner who lost it.

It refuses to know what is in a part, and who runs the Redis (`embedded_redis` does, or an operator).

Invariants. A log is written by `scripts/append.lua` and `scripts/take_over.lua` alone; ids are `<epoch>-<n>`, so Redis
itself refuses what is older than the last take-over. Nothing is said twice: only a call that Redis declared not to have
run (an unknown script) is made again. All keys of a shard carry its hash tag, so that a shard lies in one slot of a
Redis Cluster; a call that spans shards would have to be divided by node there, so `check` refuses a cluster until that
is built.

Units: time limits in seconds, `now` in microseconds. Source: design.md, "The journal"; the Redis manual on streams and
on scripting.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import msgpack
from redis.exceptions import NoScriptError, ResponseError

from clock.instants import SECOND_US
from engine.errors import LogDamaged, StoreError
from engine.journal import (
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
    Write,
    assert_follows_on,
)
from engine.limits import EngineLimits
from engine.store_checks import check_lifetimes, check_store
from engine.store_line import Line, Word, exchange_for

SHARDS = 64
CATALOGUE_KEY = "knockdown:catalogue"

T = TypeVar("T")

_SCRIPTS = Path(__file__).parent / "scripts"
_APPENDED = Result(Verdict.APPENDED)
_ENTRY_FIELDS = [b"p", b"s", b"h", b"c"]
_MARKER_FIELDS = [b"m"]


@lru_cache(maxsize=65_536)
def shard_of(group: str) -> int:
    """The shard that a group and all its lots lie in, for ever."""
    return crc32(group.encode()) % SHARDS


def log_key(lot: str, group: str) -> str:
    """The key of a lot's log."""
    return f"knockdown:{{{shard_of(group)}}}:log:{lot}"


def epoch_key(group: str) -> str:
    """The key that holds the epoch of a group's owner."""
    return f"knockdown:{{{shard_of(group)}}}:epoch:{group}"


def refusals_key(lot: str, group: str) -> str:
    """The key of the capped stream of a lot's refusals."""
    return f"knockdown:{{{shard_of(group)}}}:refusals:{lot}"


class Script:
    """A script that Redis runs alone and whole.

    Args:
        name: Its file in `engine/scripts`.
    """

    def __init__(self, name: str) -> None:
        self._text = (_SCRIPTS / name).read_bytes()
        self._known_as: bytes | None = None

    async def run(self, line: Line, keys: Sequence[Word], words: Sequence[Word]) -> Any:  # noqa: ANN401 - as the script replies
        """Run it; a Redis that does not know it (a new one, or restarted) is taught first.

        Raises:
            JournalAway: The reply was lost.
            redis.exceptions.ResponseError: The store refused the call.
        """
        known_as = self._known_as or await self._teach(line)
        try:
            return await line.ask("EVALSHA", known_as, len(keys), *keys, *words)
        except NoScriptError:
            # The only reply that says for certain that nothing was run.
            return await line.ask("EVALSHA", await self._teach(line), len(keys), *keys, *words)

    async def _teach(self, line: Line) -> bytes:
        known_as: bytes = await line.ask("SCRIPT", "LOAD", self._text)
        self._known_as = known_as
        return known_as


class RedisJournal:
    """Implements `engine.journal.Journal` on one Redis.

    Args:
        url: redis://, rediss:// or unix://.
        relaxed: Accept a store that syncs its log to disk less often than with every write.
        limits: Patience, and how much one exchange carries.
    """

    def __init__(self, url: str, *, relaxed: bool = False, limits: EngineLimits | None = None) -> None:
        self._limits = limits or EngineLimits()
        pool = exchange_for(url, self._limits.store_dial_us / SECOND_US)
        patience_s = self._limits.store_reply_us / SECOND_US
        # Three lines, so that neither a long read nor a clock question stands before the append that bidders wait for.
        self._writing = Line(pool, patience_s)
        self._reading = Line(pool, patience_s)
        self._asking = Line(pool, patience_s)
        self._relaxed = relaxed
        self._append = Script("append.lua")
        self._take_over = Script("take_over.lua")
        self._logs: dict[str, None] = {}
        self._lifetime_checked = 0

    async def take_over(self, claims: Sequence[Claim]) -> list[Taken]:
        """As the contract says; many claims are divided, so that Redis is not held for long."""
        taken: list[Taken] = []
        for some in _divide(claims, self._limits.take_over_lots_max):
            taken += await self._take_over_some(some)
        return taken

    async def _take_over_some(self, claims: Sequence[Claim]) -> list[Taken]:
        keys: list[Word] = []
        for claim in claims:
            logs = [log_key(lot, claim.group) for lot in claim.lots]
            keys += [epoch_key(claim.group), *logs]
            self._logs.update(dict.fromkeys(logs))
        try:
            replies = await self._take_over.run(self._writing, keys, [len(claim.lots) for claim in claims])
        except ResponseError as error:
            replies = [str(error).encode()] * len(claims)
        return [_taken(claim, reply) for claim, reply in zip(claims, replies, strict=True)]

    async def append(self, batches: Sequence[Batch], refusals: Sequence[RefusalNote] = ()) -> list[Result]:
        """As the contract says; one script call."""
        keys, words = _lay_out(batches, refusals, self._limits.refusals_kept_per_lot)
        try:
            replies = await self._append.run(self._writing, keys, words)
        except ResponseError as error:
            return [Result(Verdict.FAILED, str(error))] * len(batches)
        return [_APPENDED if reply == 1 else _result(reply) for reply in replies]

    async def read(
        self, lot: str, group: str, after_n: int = 0, limit: int | None = None, *, after: Top | None = None
    ) -> list[Record]:
        """As the contract says; page by page."""
        key = log_key(lot, group)
        if after is None and after_n:
            after = await self._place_of_entry(key, after_n)
        records: list[Record] = []
        while limit is None or len(records) < limit:
            count = (
                self._limits.read_records_max
                if limit is None
                else min(self._limits.read_records_max, limit - len(records))
            )
            rows = await self._rows(key, f"({after}" if after else "-", count)
            records += [_record(key, row) for row in rows]
            if len(rows) < count:
                break
            after = _place(records[-1])
        return records

    async def _rows(self, key: str, start: str, count: int) -> list[Any]:
        try:
            rows: list[Any] = await self._reading.ask("XRANGE", key, start, "+", "COUNT", count)
        except ResponseError as error:
            raise LogDamaged(f"{key} cannot be read as a log: {error}") from error
        return rows

    async def _place_of_entry(self, key: str, n: int) -> Top:
        """The id of entry `n`: its epoch is the last one whose first record (the marker) has a lower number."""
        rows = await self._reading.ask("XREVRANGE", key, "+", "-", "COUNT", 1)
        low, high = 0, _record(key, rows[0]).epoch if rows else 0
        while low < high:
            middle = (low + high + 1) // 2
            (row,) = await self._reading.ask("XRANGE", key, f"{middle}-0", "+", "COUNT", 1)
            first = _record(key, row)
            if first.n < n:
                low = first.epoch
            else:
                high = middle - 1
        return Top(low, n)

    async def read_many(self, claims: Sequence[Claim]) -> AsyncGenerator[Page, None]:
        """As the contract says; many logs in one exchange, and the rest of the long ones page by page.

        While one exchange is looked at, the next is on its way: Redis works on it on a processor of its own.
        """
        async with aclosing(one_ahead(self._exchanges(claims))) as exchanges:
            async for pages in exchanges:
                for page in pages:
                    yield page

    async def _exchanges(self, claims: Sequence[Claim]) -> AsyncGenerator[list[Page], None]:
        wanted = [(lot, claim.group) for claim in claims for lot in claim.lots]
        for start in range(0, len(wanted), self._limits.read_lots_max):
            some = wanted[start : start + self._limits.read_lots_max]
            firsts = await self._first_pages(some)
            yield firsts
            for (_, group), page in zip(some, firsts, strict=True):
                while not page.last:
                    page = await self._page_after(page, group)  # noqa: PLW2901  the same log's next
                    yield [page]

    async def _first_pages(self, wanted: Sequence[tuple[str, str]]) -> list[Page]:
        keys = [log_key(lot, group) for lot, group in wanted]
        self._logs.update(dict.fromkeys(keys))
        calls = [("XRANGE", key, "-", "+", "COUNT", self._limits.read_records_max) for key in keys]
        replies = await self._reading.ask_all(calls)
        return [
            _page(lot, key, rows, self._limits.read_records_max)
            for (lot, _), key, rows in zip(wanted, keys, replies, strict=True)
        ]

    async def _page_after(self, page: Page, group: str) -> Page:
        records = await self.read(page.lot, group, limit=self._limits.read_records_max, after=_place(page.records[-1]))
        return Page(page.lot, records, len(records) < self._limits.read_records_max)

    async def catalogue(self) -> list[bytes]:
        """As the contract says."""
        return await self._values(CATALOGUE_KEY)

    async def enter_in_catalogue(self, records: Sequence[bytes]) -> None:
        """As the contract says; a lost reply leaves the first of them entered, and entering again is harmless."""
        replies = await self._asking.ask_all([("XADD", CATALOGUE_KEY, "*", "r", record) for record in records])
        for refused in (reply for reply in replies if isinstance(reply, ResponseError)):
            raise StoreError(f"the store would not take an entry of the catalogue: {refused}")

    async def refusals(self, lot: str, group: str) -> list[bytes]:
        """As the contract says."""
        return await self._values(refusals_key(lot, group))

    async def _values(self, key: str) -> list[bytes]:
        values: list[bytes] = []
        start, count = "-", self._limits.read_records_max
        while True:
            rows = await self._reading.ask("XRANGE", key, start, "+", "COUNT", count)
            values += [fields[1] for _, fields in rows]
            if len(rows) < count:
                return values
            start = "(" + rows[-1][0].decode()

    async def now(self) -> int:
        """As the contract says."""
        # A server that still reads its log tells the time, but answers nothing about keys: it is not there yet.
        (seconds, microseconds), _ = await self._asking.ask_all([("TIME",), ("EXISTS", CATALOGUE_KEY)])
        return int(seconds) * SECOND_US + int(microseconds)

    async def check(self) -> list[str]:
        """As the contract says; of the logs it has seen, the next few hundred each time."""
        notes = await check_store(self._asking, relaxed=self._relaxed)
        begin, count = self._lifetime_checked, self._limits.lifetimes_per_check
        logs = list(islice(self._logs, begin, begin + count))
        self._lifetime_checked = begin + count if len(logs) == count else 0
        await check_lifetimes(self._asking, [CATALOGUE_KEY, *logs])
        return notes

    async def aclose(self) -> None:
        """As the contract says."""
        for line in (self._writing, self._reading, self._asking):
            await line.hang_up()


async def one_ahead(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what `items` gives, having asked it for the next one before."""
    coming = asyncio.create_task(_next_of(items))
    try:
        while (item := await coming) is not None:
            coming = asyncio.create_task(_next_of(items))
            await asyncio.sleep(0)  # let it ask: whoever looks at this one may not let go of the loop
            yield item
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await items.aclose()


async def _next_of(items: AsyncIterator[T]) -> T | None:
    return await anext(items, None)


def _divide(claims: Sequence[Claim], lots_max: int) -> Iterator[list[Claim]]:
    """Whole claims, together of at most `lots_max` lots unless a single one has more."""
    some: list[Claim] = []
    lots = 0
    for claim in claims:
        if some and lots + len(claim.lots) > lots_max:
            yield some
            some, lots = [], 0
        some.append(claim)
        lots += len(claim.lots)
    if some:
        yield some


def _taken(claim: Claim, reply: list[int] | bytes) -> Taken:
    if isinstance(reply, bytes):
        return Taken(claim.group, 0, {}, f"group {claim.group} cannot be taken over: {reply.decode()}")
    epoch, *numbers = reply
    return Taken(claim.group, epoch, {lot: Top(epoch, n) for lot, n in zip(claim.lots, numbers, strict=True)})


def _lay_out(
    batches: Sequence[Batch], refusals: Sequence[RefusalNote], refusals_kept: int
) -> tuple[list[Word], list[Word]]:
    """The keys and the further words of the append script. Flat lists: a storm has 40,000 entries a second."""
    keys: list[Word] = []
    parts: list[Word] = []
    plan: list[tuple[int, list[tuple[int, int, int]]]] = []
    for batch in batches:
        shard = f"knockdown:{{{shard_of(batch.group)}}}"
        keys.append(f"{shard}:epoch:{batch.group}")
        for lot, _, entries in batch.writes:
            keys.append(f"{shard}:log:{lot}")
            parts += [part for entry in entries for part in (entry.public, entry.private, entry.head, entry.chain)]
        plan.append((batch.epoch, [_place_in_plan(batch, write) for write in batch.writes]))
    keys += [refusals_key(note.lot, note.group) for note in refusals]
    return keys, [msgpack.packb(plan), refusals_kept, *parts, *(note.record for note in refusals)]


def _place_in_plan(batch: Batch, write: Write) -> tuple[int, int, int]:
    """Where a write goes. The script numbers the entries itself, so those they were given must be the same."""
    assert_follows_on(batch.epoch, write)
    return (write.top.epoch, write.top.n, len(write.entries))


def _result(reply: bytes) -> Result:
    verdict, _, detail = reply.decode().partition(" ")
    return Result(Verdict(verdict), detail)


def _page(lot: str, key: str, rows: Any, full: int) -> Page:  # noqa: ANN401 - a reply, or the error in its place
    if isinstance(rows, ResponseError):
        raise LogDamaged(f"{key} cannot be read as a log: {rows}")
    return Page(lot, [_record(key, row) for row in rows], len(rows) < full)


def _record(key: str, row: tuple[bytes, list[bytes]]) -> Record:
    place, fields = row
    epoch, _, n = place.partition(b"-")
    if fields[::2] == _ENTRY_FIELDS:
        _, public, _, private, _, head, _, chain = fields
        return Entry(int(epoch), int(n), public, private, head, chain)
    if fields[::2] == _MARKER_FIELDS:
        return Marker(int(epoch), int(n))
    raise LogDamaged(f"{key} holds a record {place.decode()} that is neither an entry nor a take-over")


def _place(record: Record) -> Top:
    return Top(record.epoch, record.n)
