"""Sales as files: `lots.csv`, `bids.csv` and partial terms (protocol.md, "Files").

It takes lines of text and refuses to open anything (its opener strips a byte order mark: `utf-8-sig`). A bad row stops
the reading with its file, line and reason: a sale is never replayed in part. Instants in files are ISO 8601 with a
zone, amounts integer minor units.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from clock.instants import format_instant, parse_instant
from lots.listing import Listing
from lots.orders import Bid, MaxBid, Offer
from lots.simulation import Dated, Result
from lots.terms import AMOUNT_MAX

T = TypeVar("T")
Row = dict[str, str]

LOT_COLUMNS = ("lot", "title", "currency", "start_price", "opens_at", "closes_at")
BID_COLUMNS = ("lot", "at", "bidder")
TITLE_MAX = 300


class BadFileError(ValueError):
    """A file that cannot be used; the sentence names file, line and reason."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{name}, line {line}: {reason}")


def read_terms(name: str, text: str, settings: Iterable[str] = ()) -> dict[str, Any]:
    """Read partial terms, and change them by `path=value` settings such as `soft_close.window_s=300`.

    Raises:
        BadFileError: the text is no JSON object, or a setting does not fit it.
    """
    try:
        terms = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadFileError(name, error.lineno, f"not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, or 100,000 open brackets
        raise BadFileError(name, 1, f"not readable: {error}") from None
    if not isinstance(terms, dict):
        raise BadFileError(name, 1, "the terms must be a JSON object")
    for setting in settings:
        _set(terms, setting)
    return terms


def _set(terms: dict[str, Any], setting: str) -> None:
    path, equals, value = setting.partition("=")
    if not equals:
        raise BadFileError("--set", 1, f"{setting!r} should look like soft_close.window_s=300")
    *parents, last = path.split(".")
    for parent in parents:
        terms = terms.setdefault(parent, {})
        if not isinstance(terms, dict):
            raise BadFileError("--set", 1, f"{parent!r} in {setting!r} holds no fields")
    terms[last] = _value(value)


def _value(text: str) -> Any:  # noqa: ANN401  whatever JSON holds
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise BadFileError("--set", 1, f"a value is not readable: {error}") from None


def read_lots(name: str, lines: Iterable[str], terms: Mapping[str, Any], sale: str = "sale") -> Iterator[Listing]:
    """Read `lots.csv`; dates, start price and currency come from it, the rest of the terms from `terms`.

    Raises:
        BadFileError: a row is wrong, or a lot is listed twice.
    """
    seen: set[str] = set()
    for line, row in _rows(name, lines, LOT_COLUMNS):
        listing = _read(name, line, lambda row=row: _listing(row, terms, sale))  # type: ignore[misc]
        if listing.lot in seen:
            raise BadFileError(name, line, f"lot {listing.lot!r} is listed twice")
        seen.add(listing.lot)
        yield listing


def _listing(row: Row, terms: Mapping[str, Any], sale: str) -> Listing:
    own = {
        "currency": row["currency"],
        "start_price": _amount("start_price", row["start_price"]),
        "opens_at": _instant("opens_at", row["opens_at"]),
        "closes_at": _instant("closes_at", row["closes_at"]),
    }
    fields = {"lot": row["lot"], "sale": sale, "title": row["title"][:TITLE_MAX], "terms": {**terms, **own}}
    listing = msgspec.convert(fields, Listing)
    listing.check()
    return listing


def read_bids(name: str, lines: Iterable[str], lots: Iterable[str]) -> Iterator[Dated]:
    """Read `bids.csv`, in the order of its rows; each offer's `ref` is its line.

    Raises:
        BadFileError: a row is wrong, or names a lot that is not in `lots`.
    """
    known = frozenset(lots)
    for line, row in _rows(name, lines, BID_COLUMNS):
        if row["lot"] not in known:
            raise BadFileError(name, line, f"lot {row['lot']!r} is not in the file of lots")
        yield _read(name, line, lambda line=line, row=row: _dated(line, row))  # type: ignore[misc]


def _dated(line: int, row: Row) -> Dated:
    if not row["bidder"]:
        raise ValueError("bidder is empty")
    return Dated(_instant("at", row["at"]), _offer(line, row))


def _offer(line: int, row: Row) -> Offer:
    plain, ceiling = row.get("amount"), row.get("max")
    if bool(plain) == bool(ceiling):
        raise ValueError("a row must have either an amount or a max")
    if plain:
        return Bid(row["lot"], row["bidder"], str(line), _amount("amount", plain), confirm=True, chance=line)
    return MaxBid(row["lot"], row["bidder"], str(line), _amount("max", ceiling or ""), confirm=True, chance=line)


def _amount(column: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= AMOUNT_MAX:
        raise ValueError(f"{column} is {text!r}; amounts are whole minor units from 0 to {AMOUNT_MAX}")
    return int(text)


def _instant(column: str, text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{column} is no instant: {error}") from None


def _rows(name: str, lines: Iterable[str], columns: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(lines, strict=True)
    try:
        header = reader.fieldnames or ()
        missing = [column for column in columns if column not in header]
        if missing:
            raise BadFileError(name, 1, f"the header lacks {', '.join(missing)}")
        if len(set(header)) < len(header):
            raise BadFileError(name, 1, "the header names a column twice")
        for row in reader:
            if None in row or None in row.values():
                raise BadFileError(name, reader.line_num, "the row has another number of columns than the header")
            yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadFileError(name, reader.line_num + 1, str(error)) from None


def _read(name: str, line: int, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:  # msgspec's ValidationError is one
        raise BadFileError(name, line, str(error)) from None


def write_results(results: Iterable[Result]) -> Iterator[tuple[object, ...]]:
    """Return the rows of `R.csv`, header first; what is not there is empty, instants are written as all files do."""
    yield Result._fields
    for result in results:
        end = None if result.closes_at is None else format_instant(result.closes_at)
        yield tuple("" if value is None else value for value in {**result._asdict(), "closes_at": end}.values())
