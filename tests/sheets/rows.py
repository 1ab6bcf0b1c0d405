"""Rows: the tables of a sale as an auctioneer writes them, read into what was asked and what must come of it.

A row is `instant who verb words -> outcome facts`. Instants count from the opening: `23:59:59.999999`, `15d00:00`,
`-0:30` for half an hour before it. `~` in front: the bell of that very instant comes late, after this row; `~~`: it has
not rung since the row before. Amounts are in whole units of the currency, with its decimals where there are any:
`730,000`, `29.80`. A `#` begins a comment; a line that begins with `->` goes on with the facts of the row before.

It refuses to know the house: who people are and what a verb does is the stage's. Invariant: what cannot be read stops
the test with its row. Instants become microseconds since the epoch, amounts integer minor units (hundredths).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from clock.instants import DAY_US, SECOND_US

OPENS_AT: Final = 1_700_000_000 * SECOND_US
"""The instant 0:00 of every table."""

_INSTANT: Final = re.compile(r"(-?)(?:(\d+)d)?(\d+):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?")
_NONE: Final = "none"


def instant(text: str) -> int:
    """Return the instant that a table means, in microseconds since the epoch."""
    found = _INSTANT.fullmatch(text)
    assert found is not None, f"{text!r} is no instant like 23:55:00.000001 or 15d00:00"
    sign, days, hours, minutes, seconds = found.groups()
    span = int(days or 0) * DAY_US + (int(hours) * 3_600 + int(minutes) * 60) * SECOND_US
    span += int(Decimal(seconds or 0) * SECOND_US)
    return OPENS_AT - span if sign else OPENS_AT + span


def told_instant(at: int | None) -> str:
    """Write an instant as tables do, in its shortest form with minutes."""
    if at is None:
        return _NONE
    span = abs(at - OPENS_AT)
    days, rest = divmod(span, DAY_US) if span >= 2 * DAY_US else (0, span)
    minutes, rest = divmod(rest, 60 * SECOND_US)
    seconds = f"{Decimal(rest) / SECOND_US:09.6f}".rstrip("0").rstrip(".")
    clock = f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds}" if rest else "")
    return f"{'-' if at < OPENS_AT else ''}{f'{days}d' if days else ''}{clock}"


def money(text: str) -> int:
    """Return an amount in minor units: `730,000` and `29.80` of a currency with two decimals."""
    amount = Decimal(text.replace(",", "")) * 100
    assert amount == int(amount), f"{text!r} has more than two decimals"
    return int(amount)


def told_money(amount: int | None) -> str:
    """Write an amount as tables do."""
    if amount is None:
        return _NONE
    return f"{amount // 100:,}" if amount % 100 == 0 else f"{Decimal(amount) / 100:,.2f}"


class Bell(Enum):
    """How late the bell is."""

    PUNCTUAL = ""
    LATE = "~"
    SILENT = "~~"


class Row(NamedTuple):
    """One row.

    Attributes:
        line: As it was written.
        at: Its instant.
        bell: Whether the bell has rung for all that is due by then, for all but what is due right then, or for nothing.
        who: Who acts; `all` for nobody.
        verb: What he does.
        words: With what, in order.
        named: And what has a name.
        outcome: What he must be told; empty where nothing is said of it.
        facts: What must be true afterwards, by name.
    """

    line: str
    at: int
    bell: Bell
    who: str
    verb: str
    words: tuple[str, ...]
    named: Mapping[str, str]
    outcome: str
    facts: Mapping[str, str]


def rows(table: str) -> Iterator[Row]:
    """Read a table."""
    for text in _whole(line.partition("#")[0].strip() for line in table.splitlines()):
        yield _row(text)


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """Join what goes on in a further line, which begins with its arrow."""
    row = ""
    for line in filter(None, lines):
        if not line.startswith("->"):
            if row:
                yield row
            row = line
        else:
            row += line.removeprefix("->")
    if row:
        yield row


def _row(text: str) -> Row:
    left, arrow, right = text.partition("->")
    assert arrow, f"{text}: a row says what comes of it after ->"
    when, who, verb, *words = left.split()
    expected = right.split()
    outcome = expected.pop(0) if expected and "=" not in expected[0] else ""
    return Row(
        line=text,
        at=instant(when.lstrip("~")),
        bell=Bell(when[: when.count("~")]),
        who=who,
        verb=verb,
        words=tuple(word for word in words if "=" not in word),
        named=_pairs(text, (word for word in words if "=" in word)),
        outcome=outcome,
        facts=_pairs(text, expected),
    )


def _pairs(text: str, words: Iterable[str]) -> dict[str, str]:
    pairs = [tuple(word.split("=", 1)) for word in words]
    assert all(len(pair) == 2 for pair in pairs), f"{text}: facts look like price=730,000"
    assert len({pair[0] for pair in pairs}) == len(pairs), f"{text}: a fact stands twice"
    return dict(pairs)  # type: ignore[arg-type]  # each is a pair, as was just seen
