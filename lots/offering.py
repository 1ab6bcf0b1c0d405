"""Offering: from a sale, its terms and its lots as they come in, to listings that can be offered.

Whoever brings a sale writes down only what differs: a rule sheet holds for the sale, the sale's terms change it, a
lot's own terms change them. It refuses to know where the words come from (JSON, CSV), and to list anything.

Invariants: of nested terms (`soft_close`, `bounds`) each field is merged by itself, `null` clears what came before;
what is wrong is found out whole: every wrong field of every lot, each with its row, before anything is offered.
Instants are microseconds, amounts integer minor units.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType, UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from clock.instants import seconds_to_us
from lots.formats import Format
from lots.listing import Listing, Sale
from lots.money import AMOUNT_MAX
from lots.terms import Terms

Partial = Mapping[str, Any]
"""Some of the fields of terms, of a lot or of a sale, as JSON holds them."""

Wrong = tuple[str, str]
"""Where a field stands (`$.terms.reserve`), and what is wrong with it."""

_WHOLE: Final = "$"
_TERMS: Final = "$.terms"
_LOT_LEN_MAX: Final = 64
_UNKNOWN_TOLD_MAX: Final = 20
"""Unknown fields of one object that are told: a body can hold half a million."""
_FROM_THE_SALE: Final = ("org", "consignor", "country", "place")
"""What a lot takes over from its sale, unless it says it itself."""


class Entry(NamedTuple):
    """A lot as it came in.

    Attributes:
        row: Where it stands: its number, or its line in a file.
        fields: Those of a listing, all of them optional here; None when nothing could be read.
        unread: What could not be read, and why, by the place of the field.
    """

    row: int
    fields: Partial | None
    unread: Mapping[str, str] = MappingProxyType({})


class Fault(NamedTuple):
    """Something that is wrong with what came in; without a row it is wrong with the sale or its terms."""

    row: int | None
    lot: str | None
    detail: str


def merged(*layers: Partial) -> dict[str, Any]:
    """Lay partial terms over each other, the later over the earlier; of nested terms each field by itself."""
    result: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if isinstance(value, Mapping):
                below = result.get(name)
                value = _without_null({**(below if isinstance(below, Mapping) else {}), **value})  # noqa: PLW2901  one level is all that terms nest
            result[name] = value
    return _without_null(result)


def _without_null(fields: Partial) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


UNREAD_SALE: Final = Sale(sale="sale", title="", opens_at=0, closes_at=AMOUNT_MAX)
"""In place of a sale that is wrong: its lots can still be looked at, and get no blame for what it does not say."""


def read_sale(fields: object) -> tuple[Sale, list[Fault]]:
    """Read a sale, and say all that is wrong with it; then it is `UNREAD_SALE`."""
    wrong = [*_wrong_value(fields, Sale, _WHOLE)]
    if not wrong:
        sale = msgspec.convert(fields, Sale)
        if sale.stagger is None or sale.closes_at is not None:
            return sale, []
        wrong = [("$.stagger", "stagger says nothing without closes_at")]
    return UNREAD_SALE, [Fault(None, None, detail) for _, detail in wrong]


class Offering:
    """A sale that is put together lot by lot.

    Args:
        sale: The sale.
        layers: Partial terms that hold for all its lots: of a rule sheet, then of the sale.

    Attributes:
        listings: The lots that can be offered, in their order.
        faults: All that is wrong so far.
        rows: Where each lot stood, by its id.
    """

    def __init__(self, sale: Sale, *layers: Partial) -> None:
        self.listings: list[Listing] = []
        self.rows: dict[str, int] = {}
        self._sale = sale
        self._staggered = 0
        terms = merged(*layers)
        # What is wrong with the terms of all lots is said once, and what is no term is not looked at again with each.
        self._said = {detail for _, detail in _wrong_fields(terms, Terms, _TERMS, whole=False)}
        self._terms = {name: value for name, value in terms.items() if name in Terms.__struct_encode_fields__}
        self.faults = [Fault(None, None, detail) for detail in sorted(self._said)]

    def take(self, entry: Entry) -> None:
        """Take the next lot: into the listings, or with all that is wrong with it into the faults."""
        fields = None if entry.fields is None else self._filled(entry.fields)
        wrong = [*entry.unread.values()]
        if fields is not None:
            found = _wrong_value(fields, Listing, _WHOLE)
            wrong += [detail for place, detail in found if place not in entry.unread]
        lot = _named(entry)
        if lot is not None:
            wrong += self._listed_before(lot, entry.row)
        if not wrong:
            wrong += self._offer(fields)
        self.faults += [Fault(entry.row, lot, detail) for detail in wrong if detail not in self._said]

    def _offer(self, fields: Partial | None) -> list[str]:
        try:
            listing = msgspec.convert(fields, Listing)
            listing.check()
        except ValueError as error:
            return [str(error)]
        if listing.sale != self._sale.sale and self._sale is not UNREAD_SALE:
            return [f"sale is {listing.sale!r}: this lot comes with the sale {self._sale.sale!r}"]
        self.listings.append(listing)
        return []

    def _listed_before(self, lot: str, row: int) -> list[str]:
        first = self.rows.setdefault(lot, row)
        return [] if first == row else [f"lot {lot!r} is listed twice, first in row {first}"]

    def _filled(self, fields: Partial) -> dict[str, Any]:
        """Return the fields of a listing with all that comes from the sale."""
        sale = self._sale
        terms = fields.get("terms", {})
        if isinstance(terms, Mapping):
            terms = self._dated(terms)
        common = {name: getattr(sale, name) for name in _FROM_THE_SALE}
        return {"sale": sale.sale, **common, **fields, "terms": terms}

    def _dated(self, own: Partial) -> dict[str, Any]:
        """Merge a lot's own terms, and give it the sale's instants where it has none of its own."""
        terms, sale = merged(self._terms, own), self._sale
        if "opens_at" not in own and sale.opens_at is not None:
            terms["opens_at"] = sale.opens_at
        if "closes_at" not in own and sale.closes_at is not None and terms.get("format") != Format.SALEROOM:
            terms["closes_at"] = sale.closes_at + self._delay_us()
        return terms

    def _delay_us(self) -> int:
        """Return by how much the next lot that ends with the sale ends after the first of them."""
        stagger, n = self._sale.stagger, self._staggered
        self._staggered += 1
        return 0 if stagger is None else n // stagger.batch * seconds_to_us(stagger.every_s)


def _named(entry: Entry) -> str | None:
    """Return a lot's id as far as it may be one: to tell which lot is meant."""
    lot = None if entry.fields is None else entry.fields.get("lot")
    return lot[:_LOT_LEN_MAX] if isinstance(lot, str) and lot else None


# What is wrong --------------------------------------------------------------------------------------------------------


def _wrong_value(value: object, kind: Any, place: str) -> Iterator[Wrong]:  # noqa: ANN401  any type msgspec knows
    """Yield all that keeps a value from being of this kind; a decoder would stop at the first."""
    struct = struct_in(kind)
    if struct is not None and isinstance(value, Mapping):
        yield from _wrong_fields(value, struct, place)
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, at, where = str(error).partition(" - at `$")
        yield place, f"{what} - at `{place}{where if at else '`'}"


def _wrong_fields(value: Partial, kind: type[Struct], place: str, *, whole: bool = True) -> Iterator[Wrong]:
    """Yield what is wrong with each field; `whole`: what is not there is wrong too."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    unknown = (name for name in value if name not in fields)
    for name in islice(unknown, _UNKNOWN_TOLD_MAX):
        yield f"{place}.{name}", f"Object contains unknown field `{name}` - at `{place}`"
    for name, field in fields.items():
        if name in value:
            yield from _wrong_value(value[name], field.type, f"{place}.{name}")
        elif whole and field.required:
            yield f"{place}.{name}", f"Object missing required field `{name}` - at `{place}`"


def struct_in(kind: Any) -> type[Struct] | None:  # noqa: ANN401  as above
    """Return the struct that a field holds, also where it may be null."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, Struct)), None)
