"""What if: one sale under two sheets, worked out by hand, and a real one where its record is at hand."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clock.instants import SECOND_US, parse_instant
from lots.files import read_bids, read_lots
from lots.listing import Listing
from lots.orders import Bid
from lots.sheets import ABOUT
from lots.simulation import Dated, Result
from lots.what_if import Trial, WhatIf, hold, proceeds
from tests.lots.saleroom import CLOSES_AT, instant, listing, soft

ROOT = Path(__file__).parents[2]
SHEETS = ROOT / "lots" / "sheets"
REAL = ROOT.parent / "shared" / "data"

OFFERS = [
    ("10", "A", "ann", 100),
    ("3590", "A", "bob", 110),  # 10 s left: the soft close moves the end to 3650
    ("3620", "A", "ann", 200),  # in time under the soft close only; the end is then 3680
    ("3640", "A", "bob", 205),  # below the ask under the soft close, too late under the hard one
    ("20", "B", "eve", 300),  # below the reserve of the one sheet
]


def _bid(seconds: str, lot: str, bidder: str, amount: int) -> Dated:
    return Dated(instant(seconds), Bid(lot, bidder, f"{bidder}-{seconds}", amount))


def _lots(**terms: Any) -> list[Listing]:  # noqa: ANN401  terms as a client may send them
    return [listing("A", **{**terms, "reserve": None}), listing("B", currency="JPY", **terms), listing("C", **terms)]


@pytest.fixture
def worked_out() -> WhatIf:
    """The sale above under a soft close with a reserve of 500, and under a hard close with none."""
    one = Trial("soft", _lots(soft_close=soft(60, 60), reserve=500))
    other = Trial("hard", _lots())
    return hold(one, other, [_bid(*offer) for offer in OFFERS])


def test_each_lot_comes_out_under_each_sheet_as_worked_out_by_hand(worked_out: WhatIf) -> None:
    ended = [(pair.one, pair.other) for pair in worked_out.pairs]
    assert ended == [
        (
            Result("A", "sold", 200, "ann", instant("3680"), 3, 2, 1),
            Result("A", "sold", 110, "bob", CLOSES_AT, 2, 0, 2),
        ),
        (Result("B", "passed", 300, "eve", CLOSES_AT, 1, 0, 0), Result("B", "sold", 300, "eve", CLOSES_AT, 1, 0, 0)),
        (Result("C", "passed", None, None, CLOSES_AT, 0, 0, 0), Result("C", "passed", None, None, CLOSES_AT, 0, 0, 0)),
    ]


def test_differences_are_the_other_less_the_one(worked_out: WhatIf) -> None:
    a, b, c = worked_out.pairs
    assert (a.raised, a.later_us, a.overruns_us) == (-90, -80 * SECOND_US, (80 * SECOND_US, 0))
    assert (a.is_won_by_another, a.is_alike) == (True, False)
    assert (b.raised, b.later_us, b.is_won_by_another, b.is_alike) == (300, 0, True, False)
    assert (c.raised, c.later_us, c.is_won_by_another, c.is_alike) == (0, 0, False, True)
    assert worked_out.different == [a, b]


def test_totals_add_each_currency_by_itself_and_what_was_sold_only(worked_out: WhatIf) -> None:
    one, other = worked_out.one, worked_out.other
    assert worked_out.offers == 5
    assert (one.sheet, one.sold, one.proceeds) == ("soft", 1, {"EUR": 200, "JPY": 0})
    assert (other.sheet, other.sold, other.proceeds) == ("hard", 2, {"EUR": 110, "JPY": 300})
    assert (one.bids, one.extended, one.refused, one.refusals) == (4, 1, 1, {"below_ask": 1})
    assert (other.bids, other.extended, other.refused, other.refusals) == (3, 0, 2, {"too_late": 2})
    assert (one.overrun_median_us, one.overrun_max_us) == (0, 80 * SECOND_US)
    assert (other.overrun_median_us, other.overrun_max_us) == (0, 0)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    offers = [_bid("3570", "A", "ann", 100), _bid("3580", "B", "ann", 100)]
    rules = soft(60, 60)
    pair = [listing("A", soft_close=rules), listing("B", soft_close=rules)]
    totals = hold(Trial("a", pair), Trial("b", pair), offers).one
    assert totals.overrun_median_us == 35 * SECOND_US
    assert totals.overrun_max_us == 40 * SECOND_US


def test_the_rows_of_both_name_their_sheet_and_stand_below_each_other(worked_out: WhatIf) -> None:
    header, *rows = worked_out.rows()
    assert header == ("sheet", "lot", "phase", "price", "leader", "closes_at", "bids", "extensions", "refused")
    assert [row[:4] for row in rows] == [
        ("soft", "A", "sold", 200),
        ("hard", "A", "sold", 110),
        ("soft", "B", "passed", 300),
        ("hard", "B", "sold", 300),
        ("soft", "C", "passed", ""),
        ("hard", "C", "passed", ""),
    ]


def test_a_sale_without_lots_has_totals_too() -> None:
    empty = hold(Trial("a", []), Trial("b", []), [])
    assert (empty.offers, empty.pairs, empty.different, list(empty.rows())[1:]) == (0, [], [], [])
    assert (empty.one.sold, empty.one.proceeds, empty.one.overrun_median_us, empty.one.overrun_max_us) == (
        *(0, {}),
        *(None, None),
    )


@pytest.mark.parametrize(
    ("phase", "price", "brought"), [("sold", 700, 700), ("passed", 700, 0), ("withdrawn", 700, 0), ("passed", None, 0)]
)
def test_a_lot_that_was_not_sold_brings_nothing(phase: str, price: int | None, brought: int) -> None:
    assert proceeds(Result("A", phase, price, None, None, 0, 0, 0)) == brought


def test_a_lot_whose_hammer_falls_early_ends_then() -> None:
    clock = {"step": 100, "every_s": 60, "floor": 100}
    falling = listing(format="dutch", ladder=[], start_price=1_000, dutch=clock)
    offers = [_bid("90", "A", "ann", 900), _bid("3500", "A", "bob", 900)]
    held = hold(Trial("english", [listing()]), Trial("dutch", [falling]), offers)
    (pair,) = held.pairs
    assert (pair.one.leader, pair.other.leader) == ("ann", "ann")
    assert (pair.ends_at, pair.later_us) == ((CLOSES_AT, instant("90")), -3_510 * SECOND_US)
    assert held.other.overrun_max_us == -3_510 * SECOND_US
    assert held.other.refusals == {"too_late": 1}


def test_a_lot_without_a_fixed_end_is_late_against_the_others_schedule() -> None:
    clerk = listing(format="saleroom", closes_at=None)
    held = hold(Trial("saleroom", [clerk]), Trial("english", [listing()]), [_bid("3000", "A", "ann", 100)])
    assert held.pairs[0].overruns_us == (-600 * SECOND_US, 0)
    alone = hold(Trial("one", [clerk]), Trial("other", [clerk]), [_bid("3000", "A", "ann", 100)])
    assert alone.pairs[0].overruns_us == (None, None)
    assert alone.one.overrun_max_us is None


def test_the_offers_are_read_once() -> None:
    offers = iter([_bid(*offer) for offer in OFFERS])
    held = hold(Trial("a", _lots()), Trial("b", _lots()), offers)
    assert held.one.bids == held.other.bids == 3
    assert held.different == []


# Sheets that ship, and a real sale ------------------------------------------------------------------------------------


def test_every_sheet_that_ships_has_its_line_and_every_line_its_sheet() -> None:
    assert sorted(ABOUT) == sorted(path.stem for path in SHEETS.glob("*.json"))
    assert all(0 < len(about) <= 100 and "\n" not in about for about in ABOUT.values())


def _real(name: str, sheets: Sequence[str]) -> tuple[WhatIf, dict[str, dict[str, str]]]:
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"the real bids are not in the repository (no licence is stated), and {folder} is not there")
    with (folder / "lots.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(lines)
    one, other = (Trial(sheet, list(read_lots("lots.csv", rows, _terms(sheet)))) for sheet in sheets)
    with (folder / "bids.csv").open(encoding="utf-8", newline="") as lines:
        held = hold(one, other, read_bids("bids.csv", lines, [lot.lot for lot in one.listings]))
    return held, {row["lot"]: row for row in csv.DictReader(rows)}


def _terms(sheet: str) -> dict[str, Any]:
    terms: dict[str, Any] = json.loads((SHEETS / f"{sheet}.json").read_text(encoding="utf-8"))
    return terms


def test_the_real_maxsold_sale_comes_out_under_its_own_sheet_and_ends_otherwise_under_ebays() -> None:
    held, record = _real("maxsold", ("maxsold", "ebay"))
    assert len(held.pairs) == 76
    for pair in held.pairs:
        row = record[pair.lot]
        assert pair.one.price == (int(row["expected_price"]) if row["expected_price"] else None)
        assert abs((pair.one.closes_at or 0) - parse_instant(row["expected_closes_at"])) <= SECOND_US
    assert held.one.refusals == {}
    assert held.one.extended == 13
    # A hard close: every lot ends on its schedule, and what came after it is too late.
    assert {pair.overruns_us[1] for pair in held.pairs} == {0}
    assert sum(bool(pair.later_us) for pair in held.pairs) == 13
    assert held.other.refusals == {"too_late": 15}
    assert held.other.proceeds["CAD"] < held.one.proceeds["CAD"]


def test_the_real_ebay_auctions_end_on_time_under_their_own_sheet_only() -> None:
    held, record = _real("ebay", ("ebay", "maxsold"))
    exact = [pair for pair in held.pairs if str(pair.one.price) == record[pair.lot]["expected_price"]]
    assert len(exact) >= 260
    assert held.one.extended == 0
    assert held.other.extended > 0
    assert held.other.overrun_max_us is not None
    assert 0 < held.other.overrun_max_us < 120 * SECOND_US
