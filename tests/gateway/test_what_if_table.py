"""The table of a comparison: what it says, what a narrow terminal goes without, and what it never lets through."""

import io
import re

import pytest
from rich.console import Console

from clock.instants import SECOND_US
from gateway.what_if_table import LOTS_SHOWN_MAX, WhatIfTable, digits, more, share, span, verdict
from lots.simulation import Dated
from lots.what_if import Trial, WhatIf, hold
from tests.gateway.compared import WINDOW_S, bid, compared
from tests.lots.saleroom import listing


def drawn(what_if: WhatIf, width: int | None = None) -> str:
    """Return the table as a terminal of that width shows it; None: where nothing limits it."""
    console = Console(file=io.StringIO(), width=width)
    table = WhatIfTable(what_if)
    if width is None:
        console.width = table.width(console)
    with console.capture() as said:
        console.print(table, crop=False)
    return said.get()


def cells(text: str, begin: str) -> list[str]:
    """Return the cells of the line that begins so, whatever room is between them."""
    (line,) = [line for line in text.splitlines() if " ".join(line.split()).startswith(begin)]
    return re.split(r" {2,}", line.strip())


def test_a_lot_that_comes_out_differently_says_in_what() -> None:
    text = drawn(compared())
    assert cells(text, "A EUR") == [
        *("A", "EUR", "2.00", "1.10", "-0.90", "ann -> bob", "+1:20", "0:00", "-1:20", "3 -> 2", "2 -> 0", "1 -> 2"),
    ]


def test_a_price_that_did_not_sell_is_in_brackets_and_the_difference_is_what_it_brings() -> None:
    assert cells(drawn(compared()), "B JPY")[:6] == ["B", "JPY", "(300)", "300", "+300", "eve"]


def test_a_lot_without_bids_says_how_it_ended() -> None:
    assert cells(drawn(compared()), "C EUR") == ["C", "EUR", "passed", "passed", "-", "0:00", "0:00", "0", "0", "0"]


def test_the_totals_stand_below() -> None:
    text = drawn(compared())
    assert cells(text, "lots sold") == ["lots sold", "1", "2", "+1"]
    assert cells(text, "sum of prices, EUR") == ["sum of prices, EUR", "2.00", "1.10", "-0.90 (-45.0 %)"]
    assert cells(text, "sum of prices, JPY") == ["sum of prices, JPY", "0", "300", "+300"]
    assert cells(text, "end after schedule, longest") == ["end after schedule, longest", "+1:20", "0:00", "-1:20"]
    assert cells(text, "offers refused") == ["offers refused", "1", "2", "+1"]
    assert cells(text, "too_late") == ["too_late", "0", "2", "+2"]
    assert cells(text, "below_ask") == ["below_ask", "1", "0", "-1"]
    assert text.splitlines()[:3] == ["A  soft", "B  hard", "5 offers on 3 lots"]


def test_the_verdict_counts_what_is_different() -> None:
    sentence = "2 of 3 lots come out differently: 2 in what they bring, 2 in who wins, 1 in when they end."
    assert verdict(compared()) == sentence
    assert sentence in drawn(compared())


@pytest.mark.parametrize(("width", "missing"), [(96, []), (95, ["refused"]), (80, ["extensions", "refused"])])
def test_a_narrow_terminal_goes_without_columns_and_is_told_which(width: int, missing: list[str]) -> None:
    text = drawn(compared(), width)
    header = next(line for line in text.splitlines() if line.startswith("lot "))
    assert [name for name in ("bids", "extensions", "refused") if name not in header] == missing
    assert ("There was no room for" in text) is bool(missing)
    assert ", ".join(missing) in text


def test_a_figure_is_never_cut() -> None:
    text = drawn(compared(), 20)
    assert "-0.90 (-45.0 %)" in text
    assert "…" not in text


def test_what_was_listed_cannot_steer_the_terminal() -> None:
    offers = [bid("10", "A", "[red]\x1b[2J" + "x" * 40, 100)]
    text = drawn(hold(Trial("[bold]\x07", [listing("A")]), Trial("b", [listing("A")]), offers))
    assert "A  [bold] \n" in text
    assert "[red] [2Jxxxxxx…" in text


def test_of_very_many_lots_those_are_shown_that_differ() -> None:
    number = LOTS_SHOWN_MAX + 2
    soft = [listing(f"L{place}", soft_close={"window_s": WINDOW_S, "extension_s": WINDOW_S}) for place in range(number)]
    hard = [listing(f"L{place}") for place in range(number)]
    late: list[Dated] = [bid("3590", "L7", "ann", 100)]
    text = drawn(hold(Trial("soft", soft), Trial("hard", hard), late))
    assert f"Of {number} lots the first 1 of those that come out differently are shown" in text
    assert [line[:4] for line in text.splitlines() if re.match(r"L\d", line)] == ["L7  "]


@pytest.mark.parametrize(
    ("span_us", "text"),
    [
        (None, ""),
        (0, "0:00"),
        (133 * SECOND_US, "+2:13"),
        (-5 * SECOND_US, "-0:05"),
        (3_725 * SECOND_US, "+1:02:05"),
        (100 * 3_600 * SECOND_US, "+100:00:00"),
        (59_960_000, "+1:00"),
        (1_540_000, "+0:01.5"),
        (1, "+0:00"),
    ],
)
def test_spans(span_us: int | None, text: str) -> None:
    assert span(span_us) == text


def test_money_and_shares() -> None:
    assert (digits(123_456, "EUR"), digits(1_850, "JPY"), digits(1_234, "KWD")) == ("1,234.56", "1,850", "1.234")
    assert (more(-50, "EUR"), more(50, "EUR"), more(0, "EUR")) == ("-0.50", "+0.50", "0.00")
    assert (share(-1, 8), share(1, 0), share(0, 8)) == (" (-12.5 %)", "", "")
