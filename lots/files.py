"""Sales as files: `lots.csv`, `bids.csv` and partial terms (protocol.md, "Files").

It takes lines of text and refuses to open anything (its opener strips a byte order mark: `utf-8-sig`). A bad row stops
the reading with its file, line and reason: a sale is never replayed in part. Only where a sale is to be imported
(`lot_entries`) the reading goes on, so that all that is wrong is told at once. Instants in files are ISO 8601 with
a zone, amounts integer minor units.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from clock.instants import format_instant, parse_instant
from lots.formats import Format
from lots.listing import Listing, Sale
from lots.money import AMOUNT_MAX
from lots.offering import Entry, Offering
from lots.orders import Bid, MaxBid, Offer
from lots.simulation import Dated, Result

T = TypeVar("T")
Row = dict[str, str]

LOT_COLUMNS = ("lot", "title", "currency", "start_price", "opens_at", "closes_at")
IMPORT_COLUMNS = ("lot", "title")
FURTHER_COLUMNS = ("description", "category", "country", "place", "consignor", "reserve", "deposit")
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
    offering = Offering(Sale(sale=sale, title=sale), terms)
    # A saleroom lot has no fixed end; the file's is then passed over, so that any sale can be held as one.
    passed_over = {"closes_at"} if terms.get("format") == Format.SALEROOM else set()
    columns = [column for column in LOT_COLUMNS if column not in passed_over]
    for line, row in _rows(name, lines, LOT_COLUMNS):
        offering.take(_entry(line, {**row, "title": row["title"][:TITLE_MAX]}, columns))
        if offering.faults:
            raise BadFileError(name, line, offering.faults[0].detail)
        yield offering.listings[-1]


def lot_entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Read `lots.csv` for an import: every row, also those that are wrong; what is left empty comes from the sale."""
    for line, row in _read_rows(lines, IMPORT_COLUMNS):
        if isinstance(row, str):
            yield Entry(line, None, {"$": row})
        else:
            given = [column for column in (*LOT_COLUMNS, *FURTHER_COLUMNS) if row.get(column)]
            yield _entry(line, row, given)


def _entry(line: int, row: Row, columns: Iterable[str]) -> Entry:
    """Read the cells of these columns, each by itself."""
    fields: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for column in columns:
        read = _CELLS.get(column)
        try:
            if read is None:
                fields[column] = row[column]
            else:
                terms[column] = read(column, row[column])
        except ValueError as error:
            unread[f"$.terms.{column}"] = str(error)
    return Entry(line, {**fields, "terms": terms}, unread)


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


def _text(_column: str, text: str) -> str:
    return text


_CELLS: Mapping[str, Callable[[str, str], Any]] = {
    "currency": _text,
    "start_price": _amount,
    "opens_at": _instant,
    "closes_at": _instant,
    "reserve": _amount,
    "deposit": _amount,
}
"""How the columns that are terms are read; all others are text."""


def _rows(name: str, lines: Iterable[str], columns: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    for line, row in _read_rows(lines, columns):
        if isinstance(row, str):
            raise BadFileError(name, line, row)
        yield line, row


def _read_rows(lines: Iterable[str], columns: tuple[str, ...]) -> Iterator[tuple[int, Row | str]]:
    """Yield each row with its line, and a sentence in place of a row that cannot be read."""
    reader = csv.DictReader(lines, strict=True)
    began = 1
    try:
        fault = _header_fault(reader.fieldnames or (), columns)
        if fault is not None:
            yield began, fault
            return
        while True:
            began = reader.reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield began, str(error)
                continue
            if row is None:
                return
            uneven = None in row or None in row.values()
            yield reader.line_num, "the row has another number of columns than the header" if uneven else row
    except (csv.Error, UnicodeDecodeError) as error:  # in the header, or bytes that are no text: nothing follows them
        yield began, str(error)


def _header_fault(header: Sequence[str], columns: tuple[str, ...]) -> str | None:
    missing = [column for column in columns if column not in header]
    if missing:
        return f"the header lacks {', '.join(missing)}"
    return "the header names a column twice" if len(set(header)) < len(header) else None


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
