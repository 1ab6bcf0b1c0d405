"""The sheet: a page of the survey as text, for a terminal of any size or line by line.

It refuses to know terminals, threads and the house. Invariants: a countdown never reaches zero early; a price is
never cut; nothing that was listed can steer the terminal; a sheet has no more lines and columns than it was given.
Amounts are integer minor units, shown in the currency's own digits; instants microseconds, shown in UTC.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from clock.instants import SECOND_US
from gateway.money import money
from gateway.survey import News, Page, Row
from lots.phases import ENDED, Phase
from lots.state import Lot

_TITLE_MIN = 20
_AS_LEFT, _AS_NEEDED = 0, -1  # widths of columns that are not fixed


@lru_cache(maxsize=8_192)
def printable(text: str) -> str:
    """Return the text without anything that a terminal would take for an order."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _clock_time(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant // SECOND_US, UTC):%H:%M:%S}"


def ends_in(lot: Lot, now: int) -> str:
    """Return what the last column says: a countdown, rounded up, or how the lot ended."""
    if lot.phase is Phase.UPCOMING:
        return f"opens {_countdown(lot.terms.opens_at - now)}"
    if lot.phase is not Phase.OPEN or lot.closes_at is None:
        return "SOLD" if lot.phase is Phase.SOLD else str(lot.phase)
    return _countdown(lot.closes_at - now) if lot.closes_at > now else "closing"


def _countdown(left_us: int) -> str:
    if left_us < 10 * SECOND_US:
        tenths = -(-max(left_us, 0) // (SECOND_US // 10))
        return f"{tenths // 10}.{tenths % 10}"
    minutes, seconds = divmod(-(-left_us // SECOND_US), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02}h"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _price(lot: Lot) -> str:
    """The hammer price, the price, or before the first bid the start price in brackets."""
    amount = lot.price if lot.hammer_price is None else lot.hammer_price
    if amount is None:
        return f"({money(lot.terms.start_price, lot.terms.currency)})"
    return money(amount, lot.terms.currency)


def _mark(row: Row) -> str:
    """One sign for what just happened, for terminals without colours."""
    if row.extended:
        return "»"
    return "*" if row.ended else " "


def _style(row: Row, now: int) -> str:
    lot = row.state
    if row.extended:
        return "black on yellow"
    if lot.phase in ENDED:
        return {Phase.SOLD: "bold green" if row.ended else "green"}.get(lot.phase, "dim")
    if lot.phase is Phase.PAUSED:
        return "magenta"
    soon = lot.phase is Phase.OPEN and lot.closes_at is not None and lot.closes_at - now < 10 * SECOND_US
    return "bold red" if soon else "dim" if lot.phase is Phase.UPCOMING else ""


def _accent(row: Row, column: str) -> str:
    return "bold" if column == "price" and row.rate >= 0.05 else ""


class _Column(NamedTuple):
    name: str
    width: int
    to_the_right: bool
    cell: Callable[[Row, int], str]

    def title(self) -> str:
        return _fitted(self.name, self)

    def needing(self, rows: Sequence[Row], now: int) -> "_Column":
        """Make a column that is as wide as its cells, if it is one of those."""
        if self.width != _AS_NEEDED:
            return self
        return self._replace(width=max(len(self.name), *(cell_len(self.cell(row, now)) for row in rows), 0))


_COLUMNS = (
    _Column(" ", 1, False, lambda row, _: _mark(row)),
    _Column("lot", _AS_NEEDED, False, lambda row, _: row.state.lot),
    _Column("title", _AS_LEFT, False, lambda row, _: printable(row.state.listing.title)),
    _Column("price", _AS_NEEDED, True, lambda row, _: _price(row.state)),
    _Column("paddle", 6, True, lambda row, _: "" if row.state.leader is None else str(row.state.leader)),
    _Column("bids", 4, True, lambda row, _: str(row.state.bids)),
    _Column("ext", 3, True, lambda row, _: f"+{row.state.extensions}" if row.state.extensions else ""),
    _Column("b/s", 4, True, lambda row, _: f"{row.rate:.1f}" if row.rate >= 0.05 else ""),
    _Column("eyes", 4, True, lambda row, _: str(row.watchers) if row.watchers else ""),
    _Column("ends in", _AS_NEEDED, True, lambda row, now: ends_in(row.state, now)),
)
_DROPPED = ("lot", "eyes", "b/s", "paddle", "bids")
"""What a narrow terminal goes without, the most dispensable first."""


def _columns(rows: Sequence[Row], width: int, now: int) -> list[_Column]:
    """Lay the columns out: figures get the room they need, the title what is left."""
    columns = [column.needing(rows, now) for column in _COLUMNS]
    dropped = iter(_DROPPED)
    while (left := width - sum(column.width + 1 for column in columns) + 1) < _TITLE_MIN:
        name = next(dropped, None)
        if name is None:
            break
        columns = [column for column in columns if column.name != name]
    return [column._replace(width=max(left, 1)) if column.width == _AS_LEFT else column for column in columns]


def _line(row: Row, columns: Sequence[_Column], now: int) -> Text:
    line = Text(style=_style(row, now))
    for place, column in enumerate(columns):
        cell = _fitted(column.cell(row, now), column)
        line.append(f" {cell}" if place else cell, style=_accent(row, column.name))
    return line


def _fitted(cell: str, column: _Column) -> str:
    if column.to_the_right:
        return " " * (column.width - cell_len(cell)) + cell
    if cell_len(cell) > column.width:
        cell = set_cell_size(cell, column.width - 1).rstrip() + "…"
    return set_cell_size(cell, column.width)


class Sheet(NamedTuple):
    """A page and its margin, drawn to the size of whatever shows it."""

    page: Page
    margin: Sequence[str]
    place: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as many lots as there is room for."""
        height = options.height or console.height
        for line in self.lines(options.max_width, height):
            line.no_wrap, line.overflow = True, "crop"
            yield line

    def lines(self, width: int, height: int) -> Iterator[Text]:
        """Yield the board's lines: the totals, the lots that ended last, the next to end, and the margin."""
        rows = self._shown(max(1, height - 3 - len(self.margin)))
        columns = _columns(rows, width, self.page.now)
        yield from _header(self.page, self.place)
        yield Text(" ".join(column.title() for column in columns), style="dim underline")
        for row in rows:
            yield _line(row, columns, self.page.now)
        for line in self.margin:
            yield Text(line, style="dim")

    def _shown(self, room: int) -> list[Row]:
        """Give the ended a third of the room, and what the others leave."""
        running = self.page.running[: room - min(len(self.page.ended), room // 3)]
        ended = self.page.ended[: room - len(running)]
        return [*reversed(ended), *running]


def _header(page: Page, place: str) -> Iterator[Text]:
    yield Text.assemble(("knockdown", "bold"), f"  {place}  {_clock_time(page.now)} UTC   {_phases(page)}")
    store = Text("store ok", "green") if not page.troubles else Text(page.troubles[0], "bold white on red")
    yield Text.assemble(f"{page.bids:,} bids   {page.rate:.1f} bids/s   {page.watchers:,} watching   ", store)


def _phases(page: Page) -> str:
    shown = (Phase.OPEN, Phase.UPCOMING, Phase.PAUSED, Phase.SOLD, Phase.PASSED, Phase.WITHDRAWN)
    counts = {phase: page.phases.get(phase, 0) for phase in shown}
    always = {Phase.OPEN, Phase.SOLD, Phase.PASSED}
    return "  ".join(f"{count:,} {phase}" for phase, count in counts.items() if count or phase in always)


def totals(page: Page) -> str:
    """Return the header in one line of plain text."""
    store = "; ".join(page.troubles) or "store ok"
    return (
        f"{_clock_time(page.now)}  {_phases(page)}  {page.bids:,} bids  {page.rate:.1f} bids/s"
        f"  {page.watchers:,} watching  {store}"
    )


def told(news: News, now: int) -> str:
    """Return one line of plain text about something that happened."""
    return (
        f"{_clock_time(now)}  {news.kind:<9}  {news.state.lot}  {printable(news.state.listing.title)}  {_outcome(news)}"
    )


def _outcome(news: News) -> str:
    lot = news.state
    match news.kind:
        case "sold":
            return f"{_price(lot)} to paddle {lot.leader}, {lot.bids} bids"
        case "passed":
            return "no bids" if lot.price is None else f"reserve not met at {_price(lot)}"
        case "extended" | "resumed" if lot.closes_at is not None:
            return f"{_price(lot)}, now ends {_clock_time(lot.closes_at)}"
        case _:
            return printable(lot.notice or "")
