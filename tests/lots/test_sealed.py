"""Sealed bids, as tables: private until the end, opened there, the best first. Times and amounts: `saleroom`."""

from typing import Any

import pytest

from lots import views
from lots.listing import Listing
from tests.lots.saleroom import listing, pack, play
from tests.lots.tables import fact, played


def _sealed(pricing: str = "first", **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(format="sealed", ladder=[], sealed={"pricing": pricing}, **more)


FIRST, SECOND = _sealed(), _sealed("second")
RANKED = _sealed(deposit=50, priority=True)

TAKING = [
    fact(
        "a bid shows nothing in public",
        """
        0    clock ring       ->  - -  ask=100 seq=2
        1    ann   bid 100    ->  done  - -  seq=2 bids=0 ask=100 paddles=1
        2    bob   bid 900    ->  done  - -  seq=2 bids=0 ask=100
        """,
        FIRST,
    ),
    fact(
        "it must reach the start price and be plain",
        """
        0    clock ring       ->  - -
        1    ann   bid 99     ->  below_start  paddles=0
        2    ann   max 500    ->  format_mismatch
        3    ann   bid 101    ->  done
        """,
        FIRST,
    ),
    fact(
        "a slip of the finger is asked about by the start price",
        """
        0    clock ring               ->  - -
        1    ann   bid 1001           ->  above_limit  paddles=0
        2    ann   bid 1000           ->  done
        3    ann   bid 50000 confirm  ->  done
        4    bob   bid 1001           ->  above_limit
        """,
        _sealed(confirm_above=10),
    ),
    fact(
        "the latest of a bidder counts also when it is lower",
        """
        0    clock ring       ->  - -
        1    ann   bid 900    ->  done
        2    bob   bid 500    ->  done
        3    ann   bid 300    ->  done
        3600 clock ring       ->  500 bob  phase=sold hammer=500 bids=2
        """,
        FIRST,
    ),
    fact(
        "a ref has one effect",
        """
        0    clock ring             ->  - -
        1    ann   bid 900 ref=x    ->  done
        2    ann   bid 300 ref=y    ->  done
        3    ann   bid 900 ref=x    ->  repeat
        4    ann   bid 800 ref=x    ->  ref_reused
        3600 clock ring             ->  300 ann
        """,
        FIRST,
    ),
    fact(
        "bids come in until the end and no end moves",
        """
        -0.000001    ann  bid 100  ->  lot_not_open
        0            ann  bid 100  ->  done
        3599.999999  bob  bid 200  ->  done  end=3600 ext=0
        3600         cid  bid 300  ->  too_late
        3600         clock ring    ->  200 bob  phase=sold
        """,
        FIRST,
    ),
    fact(
        "a pause keeps the bids",
        """
        0    clock ring       ->  - -
        1    ann   bid 900    ->  done
        1000 clerk pause      ->  done  ask=-
        1001 bob   bid 950    ->  lot_paused
        2000 clerk resume     ->  done  ask=100 end=4600
        4600 clock ring       ->  900 ann  phase=sold
        """,
        FIRST,
    ),
    fact(
        "who was barred after his bid does not win by a later one",
        """
        0    clock ring       ->  - -
        1    ann   bid 300    ->  done
        2    clerk bar ann    ->  done
        3    ann   bid 900    ->  barred
        """,
        FIRST,
    ),
    fact(
        "no order looks into it or ends it before its time",
        """
        0    clock ring             ->  - -
        1    ann   bid 300          ->  done
        2    clerk hammer           ->  format_mismatch
        3    clerk pass             ->  format_mismatch
        4    clerk undo             ->  format_mismatch
        5    clerk void_bid 3       ->  format_mismatch
        6    clerk floor_bid 500    ->  format_mismatch
        7    clerk step 50          ->  format_mismatch
        3600 clock ring             ->  300 ann  phase=sold
        3601 clerk reopen 9000      ->  format_mismatch
        3602 clerk void_bid 3       ->  format_mismatch
        """,
        FIRST,
    ),
    fact(
        "the orders are refused alike where nobody has bid",
        """
        0    clock ring             ->  - -
        2    clerk hammer           ->  format_mismatch
        3    clerk pass             ->  format_mismatch
        4    clerk undo             ->  format_mismatch
        5    clerk void_bid 3       ->  format_mismatch
        """,
        FIRST,
    ),
]

OPENING = [
    fact(
        "first price the winner pays his own bid",
        """
        1    ann   bid 300    ->  done
        2    bob   bid 500    ->  done
        3    cid   bid 400    ->  done
        3600 clock ring       ->  500 bob  phase=sold hammer=500 bids=3 settlement=due ask=-
        """,
        FIRST,
    ),
    fact(
        "second price he pays the second best",
        """
        1    ann   bid 300    ->  done
        2    bob   bid 500    ->  done
        3    cid   bid 400    ->  done
        3600 clock ring       ->  400 bob  phase=sold hammer=400 bids=3
        """,
        SECOND,
    ),
    fact(
        "second price a single bidder pays the start price",
        """
        1    ann   bid 300    ->  done
        3600 clock ring       ->  100 ann  phase=sold hammer=100 bids=1
        """,
        SECOND,
    ),
    fact(
        "second price a single bidder pays the reserve where there is one",
        """
        1    ann   bid 300    ->  done
        3600 clock ring       ->  250 ann  phase=sold hammer=250 reserve=met
        """,
        _sealed("second", reserve=250),
    ),
    fact(
        "second price the reserve counts before a second bid below it",
        """
        1    ann   bid 300    ->  done
        2    bob   bid 200    ->  done
        3600 clock ring       ->  250 ann  phase=sold hammer=250
        """,
        _sealed("second", reserve=250),
    ),
    fact(
        "second price the second bid counts before a reserve below it",
        """
        1    ann   bid 300    ->  done
        2    bob   bid 280    ->  done
        3600 clock ring       ->  280 ann
        """,
        _sealed("second", reserve=250),
    ),
    fact(
        "at exactly the reserve the lot is sold",
        """
        1    ann   bid 250    ->  done
        3600 clock ring       ->  250 ann  phase=sold hammer=250 reserve=met
        """,
        _sealed("second", reserve=250),
    ),
    fact(
        "below the reserve it passes",
        """
        1    ann   bid 249    ->  done
        2    bob   bid 200    ->  done
        3600 clock ring       ->  249 ann  phase=passed hammer=- reserve=not_met bids=2
        """,
        _sealed(reserve=250),
    ),
    fact(
        "second price it passes below the reserve too",
        """
        1    ann   bid 249    ->  done
        2    bob   bid 200    ->  done
        3600 clock ring       ->  phase=passed hammer=- reserve=not_met bids=2 leader=ann
        """,
        _sealed("second", reserve=250),
    ),
    fact(
        "without bids it passes and nothing is opened",
        "3600  clock ring  ->  - -  phase=passed bids=0 seq=3",
        FIRST,
    ),
    fact(
        "of equal bids the earlier wins",
        """
        1    bob   bid 300    ->  done
        2    ann   bid 300    ->  done
        3600 clock ring       ->  300 bob  hammer=300
        """,
        FIRST,
    ),
    fact(
        "second price of equal bids both are that amount",
        """
        1    bob   bid 300    ->  done
        2    ann   bid 300    ->  done
        3600 clock ring       ->  300 bob  hammer=300
        """,
        SECOND,
    ),
    fact(
        "a bid that was given anew is as late as it was given",
        """
        1    bob   bid 300    ->  done
        2    ann   bid 300    ->  done
        3    bob   bid 300    ->  done
        3600 clock ring       ->  300 ann
        """,
        FIRST,
    ),
]

RANKS = [
    fact(
        "of equal bids the higher rank wins though it was later",
        """
        1    clerk admit ann          ->  done
        1    clerk admit bob rank=2   ->  done
        1    clerk admit cid rank=1   ->  done
        2    ann   bid 300            ->  done
        3    bob   bid 300            ->  done
        4    cid   bid 300            ->  done
        3600 clock ring               ->  300 cid
        """,
        RANKED,
    ),
    fact(
        "within a rank the earlier and any rank before none",
        """
        1    clerk admit ann          ->  done
        1    clerk admit bob rank=2   ->  done
        1    clerk admit cid rank=2   ->  done
        2    ann   bid 300            ->  done
        3    bob   bid 300            ->  done
        4    cid   bid 300            ->  done
        3600 clock ring               ->  300 bob
        """,
        RANKED,
    ),
    fact(
        "a rank does not help against a higher amount",
        """
        1    clerk admit ann          ->  done
        1    clerk admit bob rank=1   ->  done
        2    ann   bid 301            ->  done
        3    bob   bid 300            ->  done
        3600 clock ring               ->  301 ann
        """,
        RANKED,
    ),
    fact(
        "who is not admitted does not bid",
        """
        1    ann   bid 301            ->  deposit_required
        2    clerk admit ann          ->  done  held.ann=50
        3    ann   bid 301            ->  done  seq=2
        """,
        RANKED,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*TAKING, *OPENING, *RANKS])
def test_sealed(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_all_offers_are_told_at_the_end_the_best_first() -> None:
    room = played(
        """
        1    ann   bid 300    ->  done
        2    bob   bid 500    ->  done
        3    cid   bid 300    ->  done
        3600 clock ring       ->  300 bob
        """,
        SECOND,
    )
    opened, sold = room.public()[-2:]
    paddles = room.lots["A"].paddles
    assert opened["ev"] == "bids_opened"
    assert opened["offers"] == ((paddles["bob"], 500), (paddles["ann"], 300), (paddles["cid"], 300))
    assert (opened["price"], opened["leader"], opened["bids"]) == (300, paddles["bob"], 3)
    assert (sold["ev"], sold["paddle"], sold["hammer_price"]) == ("lot_sold", paddles["bob"], 300)


def test_two_sales_that_differ_in_their_bids_alone_are_the_same_in_public_before_the_end() -> None:
    quiet = play("0 clock ring -> - -\n 3599 clerk notice hello -> done", FIRST)
    loud = play(
        """
        0      clock ring            ->  - -
        1      ann   bid 300         ->  done
        2      bob   bid 70000       ->  done
        2.5    ann   bid 90000       ->  done
        3599   clerk notice hello    ->  done
        """,
        FIRST,
    )
    assert [pack(part) for part in loud.public()] == [pack(part) for part in quiet.public()]
    assert views.snapshot(loud.lots["A"], "", 0) == views.snapshot(quiet.lots["A"], "", 0)


def test_a_bidder_is_shown_his_own_bid_and_nobody_elses() -> None:
    lot = play("1 ann bid 300 -> done\n 2 bob bid 500 -> done", FIRST).lots["A"]
    assert (views.you(lot, "ann")["max"], views.you(lot, "ann")["leading"]) == (300, False)
    assert (views.you(lot, "cid")["max"], views.you(lot, "cid")["paddle"]) == (None, None)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"sealed": None}, "'sealed'"),
        ({"sealed": {"pricing": "third"}}, "pricing"),
        ({"soft_close": {"window_s": 60, "extension_s": 60}}, "no soft_close"),
        ({"closes_at": None}, "closes_at must be there"),
        ({"format": "english", "ladder": [[0, 10]]}, "'sealed'"),
    ],
)
def test_terms_of_a_sealed_lot_must_fit(terms: dict[str, Any], reason: str) -> None:
    plain = {"format": "sealed", "ladder": [], "sealed": {"pricing": "first"}}
    with pytest.raises(ValueError, match=reason):
        listing(**{**plain, **terms})
