"""The picture of a comparison: what is written on it, in which file it ends, and that nothing odd breaks it."""

import re
from pathlib import Path

import pytest

from gateway.what_if_plot import write_plot
from lots.orders import Bid
from lots.simulation import Dated
from lots.what_if import Trial, WhatIf, hold
from tests.gateway.compared import compared
from tests.lots.saleroom import instant, listing


def written(what_if: WhatIf, path: Path) -> str:
    """Draw an SVG and return all its text; matplotlib notes each text beside its outlines."""
    write_plot(what_if, path)
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"), re.DOTALL))


def test_a_png_is_a_png_and_an_svg_an_svg(tmp_path: Path) -> None:
    write_plot(compared(), tmp_path / "a.png")
    write_plot(compared(), tmp_path / "a.SVG")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.SVG").read_bytes().startswith(b"<?xml")


def test_the_same_figures_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        write_plot(compared(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_it_says_what_is_compared_and_in_which_units(tmp_path: Path) -> None:
    text = written(compared(currencies="EUR EUR EUR"), tmp_path / "a.svg")
    assert "The same 5 offers on 3 lots: soft against hard" in text
    assert "EUR 2.00 → EUR 4.10 (+105.0 %)" in text
    assert "price under soft, EUR" in text
    assert "in per cent of that under soft" in text
    assert "dearer under soft: 1 lot" in text
    assert "brings something under hard only: 1 lot" in text
    assert "seconds after the lot's scheduled end" in text
    assert "soft: 1 lot extended, the last 1:20 late" in text
    assert "hard: 0 lots extended" in text


def test_currencies_are_marked_and_summed_each_by_itself(tmp_path: Path) -> None:
    text = written(compared(), tmp_path / "a.svg")
    assert "EUR 2.00 → EUR 1.10 (-45.0 %)" in text
    assert "JPY 0 → JPY 300" in text
    assert "● EUR   ■ JPY" in text


@pytest.mark.parametrize("name", ["$x^2$ and $\\frac{1", "拍卖", "x" * 500, "a\x1b[2J\nb", "<!-- ]]> & <b>"])
def test_a_sheet_may_be_called_anything(tmp_path: Path, name: str) -> None:
    written(compared(name, "hard"), tmp_path / "a.svg")
    write_plot(compared("soft", name), tmp_path / "a.png")


def test_two_sheets_that_differ_at_the_end_of_their_names_are_told_apart(tmp_path: Path) -> None:
    one, other = ("maxsold, soft_close.window_s=60", "maxsold, soft_close.window_s=300")
    text = written(compared(one, other), tmp_path / "a.svg")
    assert "maxsold,…close.window_s=60 against maxsold,…lose.window_s=300" in text


def _single(amount: int, price: int) -> WhatIf:
    offer = Dated(instant("10"), Bid("A", "ann", "1", amount))
    return hold(Trial("a", [listing("A", start_price=price)]), Trial("b", [listing("A", start_price=100)]), [offer])


@pytest.mark.parametrize(
    "what_if",
    [
        hold(Trial("a", []), Trial("b", []), []),
        hold(Trial("a", [listing()]), Trial("b", [listing()]), []),
        _single(100, 100),
        _single(0, 0),
        _single(100, 200),
        _single(2**53 - 1, 2**53 - 1),
    ],
    ids=["no lots", "no bids", "one lot", "for nothing", "sold under one", "the largest amount"],
)
def test_a_sale_with_little_in_it_can_be_drawn(tmp_path: Path, what_if: WhatIf) -> None:
    assert "no lot ends at another time than scheduled" in written(what_if, tmp_path / "a.svg")
