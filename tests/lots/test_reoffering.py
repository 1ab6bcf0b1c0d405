"""Offering again, as tables: as it is, as a re-auction, as a sell-off (rules.md, section 1: article 26).

Times and amounts: `saleroom`. The lot starts at 1000 and ends at 3600; an order names the successor, its start price,
its opening, its end, and for a sell-off how long its countdown lasts.
"""

from typing import Any

import pytest

from lots.listing import Listing
from lots.orders import Bid, ListLot, Reoffer
from lots.refusals import Refused
from tests.lots.saleroom import CLOSES_AT, LISTED_AT, Saleroom, instant, listing
from tests.lots.tables import fact, played


def _lot(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(**{"start_price": 1000, "deposit": 100, "release_after_s": 9_000, **more})


LOT = _lot()
PASSED = "3600  clock ring  ->  nothing  phase=passed\n"
SOLD = """
    0     clerk admit ann  ->  done
    1     ann   bid 1000   ->  1000 ann
    3600  clock ring       ->  nothing  phase=sold
"""

FREEDOM = [
    fact(
        "a lot that passed is offered again once",
        f"""{PASSED}
        3601  clerk reoffer B 10 5000 9000           ->  done  phase=passed successor=B
        3602  clerk reoffer C 10 5000 9000           ->  already_done  successor=B
        3603  clerk reauction C 1000 5000 9000       ->  already_done
        3604  clerk sell_off C 1000 5000 9000 60     ->  already_done
        """,
        LOT,
    ),
    fact(
        "so is one that was withdrawn",
        """
        10    clerk withdraw                         ->  done
        11    clerk reoffer B 10 5000 9000           ->  done  phase=withdrawn successor=B
        """,
        LOT,
    ),
    fact(
        "one that was sold is not before its buyer has defaulted",
        f"""{SOLD}
        3601  clerk reauction B 1000 5000 9000       ->  wrong_phase
        3602  clerk default                          ->  done
        3603  clerk reauction B 1000 5000 9000       ->  done  phase=sold successor=B settlement=defaulted
        """,
        LOT,
    ),
    fact(
        "one that was paid never is",
        f"""{SOLD}
        3601  clerk settle                           ->  done
        3602  clerk reoffer B 1000 5000 9000         ->  wrong_phase
        """,
        LOT,
    ),
    fact(
        "one that goes on is not",
        """
        -1    clerk reoffer B 1000 5000 9000         ->  wrong_phase
        1     clerk reoffer B 1000 5000 9000         ->  wrong_phase
        2     clerk pause                            ->  done
        3     clerk reoffer B 1000 5000 9000         ->  wrong_phase
        """,
        LOT,
    ),
    fact(
        "a retry is answered and another offer under its ref is not",
        f"""{PASSED}
        3601  clerk reoffer B 10 5000 9000 ref=x     ->  done
        3602  clerk reoffer B 10 5000 9000 ref=x     ->  repeat
        3603  clerk reoffer B 11 5000 9000 ref=x     ->  ref_reused
        3604  clerk reauction B 10 5000 9000 ref=x   ->  ref_reused
        """,
        LOT,
    ),
]

REAUCTIONS = [
    fact(
        "it may be a fifth cheaper",
        f"""{PASSED}
        3601  clerk reauction B 799 5000 9000        ->  drop_too_large  successor=-
        3602  clerk reauction B 800 5000 9000        ->  done  successor=B
        """,
        LOT,
    ),
    fact(
        "or dearer",
        f"{PASSED} 3601  clerk reauction B 5000 5000 9000  ->  done",
        LOT,
    ),
    fact(
        "a fifth that is no whole amount is rounded up",
        f"""{PASSED}
        3601  clerk reauction B 800 5000 9000        ->  drop_too_large
        3602  clerk reauction B 801 5000 9000        ->  done
        """,
        _lot(start_price=1001),
    ),
    fact(
        "the bounds may ask for less of a drop",
        f"""{PASSED}
        3601  clerk reauction B 949 5000 9000        ->  drop_too_large
        3602  clerk reauction B 950 5000 9000        ->  done
        """,
        _lot(bounds={"reoffer_drop_percent_max": 5}),
    ),
    fact(
        "or for none",
        f"""{PASSED}
        3601  clerk reauction B 999 5000 9000        ->  drop_too_large
        3602  clerk reauction B 1000 5000 9000       ->  done
        """,
        _lot(bounds={"reoffer_drop_percent_max": 0}),
    ),
    fact(
        "or let it cost anything",
        f"{PASSED} 3601  clerk reauction B 0 5000 9000  ->  done",
        _lot(bounds={"reoffer_drop_percent_max": 100}),
    ),
    fact(
        "it opens soon enough after the close where the bounds say so",
        f"""{PASSED}
        3601  clerk reauction B 1000 5600.000001 9000  ->  too_late
        3602  clerk reauction B 1000 5600 9000         ->  done
        """,
        _lot(bounds={"reoffer_within_s": 2000}),
    ),
    fact(
        "which counts from the withdrawal where it was withdrawn",
        """
        10    clerk withdraw                           ->  done
        11    clerk reauction B 1000 2011 9000         ->  too_late
        12    clerk reauction B 1000 2010 9000         ->  done
        """,
        _lot(bounds={"reoffer_within_s": 2000}),
    ),
    fact(
        "what is offered again under any other name keeps to the bounds as well",
        f"""{PASSED}
        3601  clerk reoffer B 1 5000 999999      ->  drop_too_large
        3602  clerk reoffer B 1000 99999 999999  ->  too_late
        3603  clerk reoffer B 1000 5000 999999   ->  done
        """,
        _lot(bounds={"reoffer_within_s": 2000}),
    ),
    fact(
        "and where there are none it is offered as it pleases",
        f"{PASSED} 3601  clerk reoffer B 1 99999 999999  ->  done",
    ),
]

SELL_OFFS = [
    fact(
        "it is held at the last start price",
        f"""{PASSED}
        3601  clerk sell_off B 999 5000 9000 60      ->  drop_too_large
        3602  clerk sell_off B 1001 5000 9000 60     ->  drop_too_large
        3603  clerk sell_off B 1000 5000 9000        ->  format_mismatch
        3604  clerk sell_off B 1000 5000 9000 60     ->  done  successor=B
        """,
        LOT,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*FREEDOM, *REAUCTIONS, *SELL_OFFS])
def test_offering_again(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_a_sell_off_is_english() -> None:
    room = played(PASSED, LOT)
    sealed = listing(
        "B", start_price=1000, format="sealed", ladder=[], sealed={}, opens_at=CLOSES_AT + 1, closes_at=CLOSES_AT + 2
    )
    outcome = room.give(Reoffer(lot="A", by="kim", ref="1", kind="sell_off", listing=sealed), CLOSES_AT)
    assert isinstance(outcome, Refused)
    assert outcome.code == "format_mismatch"


def test_everyone_hears_where_the_lot_went() -> None:
    said = played(f"{PASSED} 3601 clerk reauction B 800 5000 9000 reason=unsold -> done", LOT).public()[-1]
    expected = {"ev": "lot_reoffered", "successor": "B", "kind": "reauction", "reason": "unsold"}
    assert {name: said[name] for name in expected} == expected


def test_the_defaulter_may_not_bid_where_the_lot_is_offered_again() -> None:
    before = played(f"{SOLD} 3601 clerk default -> done", LOT).lots["A"]
    assert before.defaulters == ("ann",)
    room = Saleroom()
    room.give(ListLot(listing("A"), barred=before.defaulters), LISTED_AT)
    assert "ann" not in str(room.public())
    outcome = room.give(Bid("A", "ann", "1", 100), instant("1"))
    assert isinstance(outcome, Refused)
    assert outcome.code == "barred"


def test_a_lot_that_names_itself_as_the_one_before_is_no_listing() -> None:
    with pytest.raises(ValueError, match="before"):
        Listing(lot="A", sale="S", title="T", terms=listing().terms, before="A").check()
