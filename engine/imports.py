"""Imports: a whole sale with its lots in the catalogue, all of it or nothing.

STORED FORMAT: the records below. An import is written in parts, and the last part makes it whole: one whose last part
is missing has never happened. Whatever is whole is carried through, by this process or by the next one that starts: its
lots are listed as of the import's own instant, and then a record says that they are.
It refuses to know what a lot is sold under and how it is listed.

Invariants: parts are written one after the other, so that none is missing before the last; whether a last part whose
reply was lost has arrived is settled by a void behind it: the first of the two counts, whenever the other arrives.
Instants are microseconds.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from os import urandom
from typing import Any, NamedTuple

import msgpack
import msgspec
from msgspec import Struct

from engine.journal import Journal
from lots.listing import Listing, Sale
from lots.terms import Id, Instant

_NAME_BYTES = 8


class Packed(NamedTuple):
    """A lot of an import: where its log is, and the listing as it is stored."""

    lot: str
    group: str
    listing: bytes


_NO_SALE = Sale(sale="-", title="")
"""In place of the sale as long as the first part was not read."""


class Import(Struct):
    """An import as far as it was read.

    Attributes:
        name: Its own name in the catalogue.
        at: When it was made; its lots are listed as of then.
        sale: The sale.
        lots: Its lots; none once they are known to be listed.
        parts: How many parts of it there are.
        is_whole: Whether it has happened.
        is_void: Whether it can never happen.
        is_listed: Whether all its lots are in their logs.
    """

    name: str
    at: int = 0
    sale: Sale = _NO_SALE
    lots: list[Packed] = []
    parts: int = 0
    is_whole: bool = False
    is_void: bool = False
    is_listed: bool = False

    def listings(self) -> Iterator[Listing]:
        """Yield its lots as they are to be listed."""
        for packed in self.lots:
            yield msgspec.convert(msgpack.unpackb(packed.listing), Listing)


# The records ----------------------------------------------------------------------------------------------------------


def pack_lots(listings: Iterable[Listing], bytes_max: int) -> Iterator[list[Packed]]:
    """Divide lots into parts of about this size; there is at least one part."""
    part: list[Packed] = []
    size = 0
    for listing in listings:
        packed = Packed(listing.lot, listing.group, packed_record(msgspec.to_builtins(listing)))
        if part and size + len(packed.listing) > bytes_max:
            yield part
            part, size = [], 0
        part.append(packed)
        size += len(packed.listing)
    yield part


def part_record(imported: Import, lots: Sequence[Packed], *, last: bool) -> bytes:
    """Return the record of the next part; the first one has the sale."""
    record: dict[str, Any] = {"import": imported.name, "part": imported.parts, "lots": lots, "last": last}
    if not imported.parts:
        record |= {"at": imported.at, "sale": msgspec.to_builtins(imported.sale)}
    return packed_record(record)


def void_record(name: str) -> bytes:
    """Return the record that an import, unless it is whole by then, never happened."""
    return packed_record({"import": name, "void": True})


def listed_record(name: str) -> bytes:
    """Return the record that all lots of an import are in their logs."""
    return packed_record({"import": name, "listed": True})


def packed_record(record: object) -> bytes:
    """Return a record of the catalogue as it is stored."""
    packed: bytes = msgpack.packb(record)
    return packed


def read_import(imports: dict[str, Import], record: dict[str, Any]) -> Import | None:
    """Take the next record of an import in; return the import when this makes it whole.

    Raises:
        ValueError: the record is not one of ours, or does not follow on those before it.
    """
    name = msgspec.convert(record["import"], Id)
    imported = imports.setdefault(name, Import(name))
    if "void" in record:
        imported.is_void = not imported.is_whole
    elif "listed" in record:
        imported.is_listed, imported.lots = True, []
    elif not imported.is_void:
        return _read_part(imported, record)
    return None


def _read_part(imported: Import, record: dict[str, Any]) -> Import | None:
    if imported.is_whole or record["part"] != imported.parts:
        raise ValueError(f"part {record['part']} of import {imported.name} follows part {imported.parts - 1}")
    if not imported.parts:
        imported.at, imported.sale = msgspec.convert(record["at"], Instant), msgspec.convert(record["sale"], Sale)
    imported.lots += msgspec.convert(record["lots"], list[Packed])
    imported.parts += 1
    imported.is_whole = bool(record["last"])
    return imported if imported.is_whole else None


# Writing --------------------------------------------------------------------------------------------------------------


class ImportWriter:
    """Writes imports into the catalogue, one at a time.

    Args:
        journal: Where the catalogue is.
        part_bytes_max: About how large one part is.

    Attributes:
        unsure: The import of which it is not known whether it is whole; None when there is none.
    """

    def __init__(self, journal: Journal, part_bytes_max: int) -> None:
        self._journal = journal
        self._part_bytes_max = part_bytes_max
        self.unsure: Import | None = None

    async def write(self, sale: Sale, listings: Sequence[Listing], at: int) -> Import:
        """Write an import; once this returns it has happened.

        Raises:
            StoreError: it has not, or, while `unsure` is set, nobody knows.
        """
        imported = Import(urandom(_NAME_BYTES).hex(), at, sale)
        parts = pack_lots(listings, self._part_bytes_max)
        part = next(parts)
        for following in parts:
            await self._enter(imported, part, last=False)
            part = following
            await asyncio.sleep(0)
        self.unsure = imported
        await self._enter(imported, part, last=True)
        self.unsure = None
        return imported

    async def _enter(self, imported: Import, part: list[Packed], *, last: bool) -> None:
        record = part_record(imported, part, last=last)
        imported.lots += part
        imported.parts += 1
        await self._journal.enter_in_catalogue([record])

    async def settle(self) -> Import | None:
        """Find out for good what became of the import whose fate is unknown; return it if it has happened.

        Raises:
            StoreError: the store does not answer; it is still unknown.
        """
        unsure = self.unsure
        if unsure is None:
            return None
        await self._journal.enter_in_catalogue([void_record(unsure.name)])
        found: dict[str, Import] = {}
        for record in map(msgpack.unpackb, await self._journal.catalogue()):
            if record.get("import") == unsure.name:
                read_import(found, record)
        self.unsure = None
        return unsure if found[unsure.name].is_whole else None
