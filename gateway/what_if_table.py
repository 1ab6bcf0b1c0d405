"""What if, as a table: each lot under the one sheet (A) and under the other (B) side by side, then the totals.

It refuses to know how the figures came about (`lots.what_if`) and where they are written. Invariants: a figure is never
cut, a narrow terminal goes without whole columns and is told which; nothing that was listed can steer the terminal.
Amounts are integer minor units, shown in the currency's own digits; spans microseconds, shown as h:mm:ss.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from clock.instants import SECOND_US
from gateway.money import money
from gateway.sheet import printable
from lots.phases import Phase
from lots.simulation import Result
from lots.what_if import Pair, Totals, WhatIf

LOTS_SHOWN_MAX = 500
_NAME_MAX = 16
_UNLIMITED = 10_000
_TENTH_US = SECOND_US // 10


def digits(amount: int, currency: str) -> str:
    """Return minor units in the currency's own digits, without its code."""
    return money(amount, currency).partition(" ")[2]


def _sign(number: int) -> str:
    return "-" if number < 0 else "+" if number else ""


def more(amount: int, currency: str) -> str:
    """Return a difference of amounts with its sign, without the currency's code."""
    return _sign(amount) + digits(abs(amount), currency)


def span(span_us: int | None) -> str:
    """Return a span with its sign, to the second, or to the tenth where it is none of whole seconds."""
    if span_us is None:
        return ""
    tenths = (abs(span_us) + _TENTH_US // 2) // _TENTH_US
    minutes, tenths = divmod(tenths, 600)
    seconds = f"{tenths // 10:02}" + (f".{tenths % 10}" if tenths % 10 else "")
    hours, minutes = divmod(minutes, 60)
    return _sign(span_us) + (f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}")


def share(difference: int, of: int) -> str:
    """Return a difference in per cent of what it was, or nothing where that was nothing."""
    return f" ({100 * difference / of:+.1f} %)" if difference and of else ""


def _price(result: Result, currency: str) -> str:
    """The price, in brackets when the lot was not sold at it; or how the lot ended without one."""
    if result.price is None:
        return str(result.phase)
    price = digits(result.price, currency)
    return price if result.phase == Phase.SOLD else f"({price})"


def _name(leader: str | None) -> str:
    name = printable(leader or "-")
    return name if len(name) <= _NAME_MAX else name[: _NAME_MAX - 1] + "…"


def _both(one: str, other: str) -> str:
    """What it is under both sheets, or from the one to the other."""
    return one if one == other else f"{one} -> {other}"


class _Column(NamedTuple):
    name: str
    justify: JustifyMethod
    cell: Callable[[Pair], str]


_COLUMNS = (
    _Column("lot", "left", lambda pair: pair.lot),
    _Column("", "left", lambda pair: pair.currency),
    _Column("price A", "right", lambda pair: _price(pair.one, pair.currency)),
    _Column("price B", "right", lambda pair: _price(pair.other, pair.currency)),
    _Column("B - A", "right", lambda pair: more(pair.raised, pair.currency) if pair.raised else ""),
    _Column("leader", "left", lambda pair: _both(_name(pair.one.leader), _name(pair.other.leader))),
    _Column("end A", "right", lambda pair: span(pair.overruns_us[0])),
    _Column("end B", "right", lambda pair: span(pair.overruns_us[1])),
    _Column("B - A", "right", lambda pair: span(pair.later_us) if pair.later_us else ""),
    _Column("bids", "right", lambda pair: _both(f"{pair.one.bids:,}", f"{pair.other.bids:,}")),
    _Column("extensions", "right", lambda pair: _both(f"{pair.one.extensions:,}", f"{pair.other.extensions:,}")),
    _Column("refused", "right", lambda pair: _both(f"{pair.one.refused:,}", f"{pair.other.refused:,}")),
)
_DROPPED = ("refused", "extensions", "bids", "leader")
"""What a narrow terminal goes without, the most dispensable first."""


def _lots_table(columns: Sequence[_Column], pairs: Iterable[Pair]) -> Table:
    table = _empty_table((column.name, column.justify) for column in columns)
    for pair in pairs:
        table.add_row(*(Text(column.cell(pair)) for column in columns), style="dim" if pair.is_alike else "")
    return table


def _empty_table(columns: Iterable[tuple[str, JustifyMethod]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name, justify in columns:
        table.add_column(Text(name), justify=justify, no_wrap=True)
    return table


def _needed(console: Console, options: ConsoleOptions, table: Table) -> int:
    return Measurement.get(console, options.update(max_width=_UNLIMITED), table).maximum


def _whole(console: Console, options: ConsoleOptions, table: Table) -> RenderResult:
    """Draw a table as wide as it is, whatever the terminal makes of its lines."""
    width = max(options.max_width, _needed(console, options, table))
    return console.render(table, options.update(max_width=width))


class WhatIfTable:
    """The comparison as the terminal shows it."""

    def __init__(self, what_if: WhatIf) -> None:
        self._what_if = what_if
        pairs = what_if.pairs if len(what_if.pairs) <= LOTS_SHOWN_MAX else what_if.different
        self._shown = pairs[:LOTS_SHOWN_MAX]

    def width(self, console: Console) -> int:
        """Return the width that it needs with all its columns, in cells of a terminal."""
        tables = (_lots_table(_COLUMNS, self._shown), self._totals())
        return max(_needed(console, console.options, table) for table in tables)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw what A and B are, the lots, the totals, and the verdict."""
        columns, dropped = self._fitting(console, options)
        yield Text(f"A  {printable(self._what_if.one.sheet)}", style="bold")
        yield Text(f"B  {printable(self._what_if.other.sheet)}", style="bold")
        yield Text(f"{self._what_if.offers:,} offers on {len(self._what_if.pairs):,} lots\n")
        yield from _whole(console, options, _lots_table(columns, self._shown))
        for note in self._notes(dropped):
            yield Text(note, style="dim")
        yield ""
        yield from _whole(console, options, self._totals())
        yield Text(f"\n{verdict(self._what_if)}")

    def _fitting(self, console: Console, options: ConsoleOptions) -> tuple[list[_Column], list[str]]:
        columns, dropped = list(_COLUMNS), []
        for name in _DROPPED:
            if _needed(console, options, _lots_table(columns, self._shown)) <= options.max_width:
                break
            columns = [column for column in columns if column.name != name]
            dropped.append(name)
        return columns, dropped

    def _notes(self, dropped: Sequence[str]) -> Iterator[str]:
        yield "An end is given as the time after the scheduled end, a price that did not sell the lot in brackets."
        hidden = len(self._what_if.pairs) - len(self._shown)
        if hidden:
            yield (
                f"Of {len(self._what_if.pairs):,} lots the first {len(self._shown):,} of those that come out "
                "differently are shown; --out writes all."
            )
        if dropped:
            yield f"There was no room for {', '.join(reversed(dropped))}; --out writes all."

    def _totals(self) -> Table:
        table = _empty_table((("in all", "left"), ("A", "right"), ("B", "right"), ("B - A", "right")))
        for row in _totals_rows(self._what_if):
            table.add_row(*map(Text, row))
        return table


def verdict(what_if: WhatIf) -> str:
    """Return one sentence: how many lots come out differently, and in what."""
    different = what_if.different
    prices = sum(pair.raised != 0 for pair in different)
    winners = sum(pair.is_won_by_another for pair in different)
    ends = sum(bool(pair.later_us) for pair in different)
    return (
        f"{len(different):,} of {len(what_if.pairs):,} lots come out differently: "
        f"{prices:,} in what they bring, {winners:,} in who wins, {ends:,} in when they end."
    )


Cells = tuple[str, str, str, str]


def _totals_rows(what_if: WhatIf) -> Iterator[Cells]:
    one, other = what_if.one, what_if.other
    yield _counted("lots sold", one.sold, other.sold)
    for currency, brought in one.proceeds.items():
        yield _brought(currency, brought, other.proceeds[currency])
    yield _counted("bids accepted", one.bids, other.bids)
    yield _counted("lots extended", one.extended, other.extended)
    yield _lasting("end after schedule, median", one.overrun_median_us, other.overrun_median_us)
    yield _lasting("end after schedule, longest", one.overrun_max_us, other.overrun_max_us)
    yield _counted("offers refused", one.refused, other.refused)
    yield from _refusals(one, other)


def _refusals(one: Totals, other: Totals) -> Iterator[Cells]:
    for code in {**one.refusals, **other.refusals}:
        yield _counted(f"  {code}", one.refusals.get(code, 0), other.refusals.get(code, 0))


def _counted(what: str, one: int, other: int) -> Cells:
    return what, f"{one:,}", f"{other:,}", f"{other - one:+,}" if other != one else ""


def _brought(currency: str, one: int, other: int) -> Cells:
    difference = more(other - one, currency) + share(other - one, one) if other != one else ""
    return f"sum of prices, {currency}", digits(one, currency), digits(other, currency), difference


def _lasting(what: str, one: int | None, other: int | None) -> Cells:
    known = one is not None and other is not None and one != other
    return what, span(one), span(other), span((other or 0) - (one or 0)) if known else ""
