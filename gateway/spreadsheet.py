"""Spreadsheets: tables as CSV that can be opened anywhere without doing anything there.

It refuses to know what is in a table. Invariants: text is always in quotes and never taken for a formula: text that
could be one gets an apostrophe in front, which spreadsheets do not show; numbers stay numbers, and what is not there is
empty. Source: RFC 4180; OWASP, "CSV Injection".
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_BEGINS_A_FORMULA: Final = frozenset("=+-@＝＋－＠")  # noqa: RUF001  the full-width signs begin one as well
_BEGINS_A_CELL: Final = frozenset("\t\r\n")


def harmless(text: str) -> str:
    """Return text as it may stand in a cell."""
    begins = text.lstrip()[:1] in _BEGINS_A_FORMULA if text.strip() else False
    return f"'{text}" if begins or text[:1] in _BEGINS_A_CELL else text


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a header and its rows as CSV; a row may lack a column, which is then empty."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return written.getvalue()


def _cell(value: Any) -> object:  # noqa: ANN401  any JSON that is neither list nor object
    if isinstance(value, str):
        return harmless(str(value))
    return "" if value is None else value
