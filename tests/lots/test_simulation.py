"""Golden sales in virtual time: our own, worked out by hand, and real ones where their records are at hand."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clock.instants import SECOND_US, parse_instant
from lots.files import read_bids, read_lots, read_terms, write_results
from lots.listing import Listing
from lots.orders import Bid
from lots.refusals import Refused
from lots.simulation import Dated, Result, Simulation
from lots.state import Accepted
from tests.lots.saleroom import CLOSES_AT, EBAY_LADDER, OPENS_AT, instant, listing, soft

ROOT = Path(__file__).parents[2]
OURS = ROOT / "tests" / "golden"
REAL = ROOT.parent / "shared" / "data"

MAXSOLD: dict[str, Any] = {
    "ladder": [[0, 100], [1001, 300], [4001, 500], [10001, 1000]],
    "soft_close": {"window_s": 120, "extension_s": 120},
}
"""The example of protocol.md, "Terms of a lot"."""
EBAY: dict[str, Any] = {"ladder": EBAY_LADDER}
"""rules.md, section 3: a hard close and eBay's steps."""


class Golden(NamedTuple):
    """What came out, and what the record says."""

    result: Result
    closes_at: int
    price: int | None


def _listings(folder: Path, terms: dict[str, Any]) -> list[Listing]:
    with (folder / "lots.csv").open(encoding="utf-8", newline="") as lines:
        return list(read_lots("lots.csv", lines, terms))


def _results(folder: Path, terms: dict[str, Any]) -> list[Result]:
    listings = _listings(folder, terms)
    simulation = Simulation(listings)
    with (folder / "bids.csv").open(encoding="utf-8", newline="") as lines:
        for dated in read_bids("bids.csv", lines, [one.lot for one in listings]):
            simulation.offer(dated)
    return list(simulation.finish())


def _real(name: str, terms: dict[str, Any]) -> list[Golden]:
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"the real bids are not in the repository (no licence is stated), and {folder} is not there")
    with (folder / "lots.csv").open(encoding="utf-8", newline="") as lines:
        record = {row["lot"]: row for row in csv.DictReader(lines)}
    return [
        Golden(
            result,
            parse_instant(record[result.lot]["expected_closes_at"]),
            int(price) if (price := record[result.lot]["expected_price"]) else None,
        )
        for result in _results(folder, terms)
    ]


def test_our_own_sale_comes_out_as_worked_out_by_hand() -> None:
    terms = read_terms("terms.json", (OURS / "terms.json").read_text(encoding="utf-8"))
    with (OURS / "expected.csv").open(encoding="utf-8", newline="") as lines:
        expected = list(csv.reader(lines))
    written = [[str(value) for value in row] for row in write_results(_results(OURS, terms))]
    assert written == expected


def test_every_real_maxsold_lot_closes_when_it_did_and_at_its_price() -> None:
    sale = _real("maxsold", MAXSOLD)
    assert len(sale) == 76
    late = {one.result.lot for one in sale if abs((one.result.closes_at or 0) - one.closes_at) > SECOND_US}
    assert not late
    assert not {one.result.lot for one in sale if one.result.price != one.price}


def test_ebay_prices_come_out_where_the_public_bids_explain_them() -> None:
    sale = _real("ebay", EBAY)
    assert len(sale) == 285
    exact = [one for one in sale if one.result.price == one.price]
    higher = [one for one in sale if one.price is not None and one.price > (one.result.price or 0)]
    assert len(exact) >= 260
    assert len(exact) + len(higher) == 285
    assert all(one.result.closes_at == one.closes_at for one in sale)


def test_another_rule_gives_another_end() -> None:
    text = (OURS / "terms.json").read_text(encoding="utf-8")
    hard = _results(OURS, read_terms("terms.json", text, ["soft_close=null", "reserve=null"]))
    assert {one.extensions for one in hard} == {0}
    assert [one.phase for one in hard] == ["sold", "sold", "passed", "sold", "sold"]


def _dated(seconds: str, lot: str, bidder: str, amount: int) -> Dated:
    return Dated(instant(seconds), Bid(lot, bidder, f"{bidder}-{seconds}", amount))


def test_a_deadline_at_the_instant_of_a_bid_comes_first() -> None:
    simulation = Simulation([listing()])
    outcome = simulation.offer(_dated("3600", "A", "ann", 100))
    assert isinstance(outcome, Refused)
    assert outcome.code == "too_late"
    assert simulation.lot("A").phase == "passed"


def test_rows_of_one_lot_that_run_back_count_as_made_at_the_same_instant() -> None:
    simulation = Simulation([listing(soft_close=soft(60, 60))])
    simulation.offer(_dated("3590", "A", "ann", 100))
    outcome = simulation.offer(_dated("10", "A", "bob", 200))
    assert isinstance(outcome, Accepted)
    assert outcome.at == instant("3590")


def test_rows_of_different_lots_may_run_backwards() -> None:
    simulation = Simulation([listing("A"), listing("B")])
    simulation.offer(_dated("9000", "A", "ann", 100))
    outcome = simulation.offer(_dated("10", "B", "ann", 100))
    assert isinstance(outcome, Accepted)
    assert outcome.at == instant("10")


def test_linked_lots_share_one_time() -> None:
    rules = soft(120, 120, scope="group")
    one = listing("A", group="g", soft_close=rules)
    two = listing("B", group="g", soft_close=rules)
    simulation = Simulation([one, two])
    simulation.offer(_dated("3500", "A", "ann", 100))
    assert {result.lot: result.closes_at for result in simulation.finish()} == {
        "A": instant("3620"),
        "B": instant("3620"),
    }


def test_lots_come_out_in_the_order_of_listing() -> None:
    late = listing("Z", closes_at=CLOSES_AT + 5)
    early = listing("B", opens_at=OPENS_AT + 1)
    results = list(Simulation([late, early]).finish())
    assert [(one.lot, one.phase, one.leader) for one in results] == [("Z", "passed", None), ("B", "passed", None)]


def test_a_lot_listed_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="listed twice"):
        Simulation([listing("A"), listing("A")])
