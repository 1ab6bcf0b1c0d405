"""Saleroom lots, as tables: no fixed end; the clerk opens, warns, hammers or passes. Times and amounts: `saleroom`."""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing
from tests.lots.tables import fact, played

SALEROOM: dict[str, Any] = {"format": "saleroom", "closes_at": None}
LOT = listing(**SALEROOM)

ROWS = [
    fact(
        "only the clerk opens it and only the clerk ends it",
        """
        0       clock ring       ->  nothing  phase=upcoming due=-
        100     ann   bid 100    ->  lot_not_open
        200     clerk open       ->  done  phase=open ask=100 end=- due=-
        201     ann   bid 100    ->  100 ann  end=- ext=0
        99999   clock ring       ->  nothing  phase=open
        99999   bob   bid 110    ->  110 bob
        99999   clerk hammer     ->  done  110 bob  phase=sold hammer=110 settlement=due ask=-
        99999   ann   bid 120    ->  too_late
        """,
        LOT,
    ),
    fact(
        "it may open before its time",
        "-500  clerk open  ->  done  phase=open ask=100",
        LOT,
    ),
    fact(
        "of a bid and the hammer at one instant the order alone decides",
        """
        1  clerk open       ->  done
        2  ann   bid 100    ->  100 ann
        3  bob   bid 110    ->  110 bob
        3  clerk hammer     ->  done  phase=sold hammer=110
        3  ann   bid 120    ->  too_late  110 bob
        """,
        LOT,
    ),
    fact(
        "the hammer needs a bid and the reserve",
        """
        1  clerk open       ->  done
        2  clerk hammer     ->  no_bids
        3  ann   bid 100    ->  100 ann  reserve=not_met
        4  clerk hammer     ->  reserve_not_met  phase=open
        5  bob   bid 150    ->  150 bob  reserve=met
        6  clerk hammer     ->  done  phase=sold hammer=150
        7  clerk hammer     ->  wrong_phase
        """,
        listing(**SALEROOM, reserve=150),
    ),
    fact(
        "it is passed with what it has come to",
        """
        1  clerk open       ->  done
        2  ann   bid 100    ->  100 ann
        3  clerk pass       ->  done  100 ann  phase=passed hammer=- ask=-
        4  clerk hammer     ->  wrong_phase  phase=passed
        5  clerk pass       ->  wrong_phase
        """,
        LOT,
    ),
    fact(
        "a warning stands until the next public bid and is given once",
        """
        1  clerk open           ->  done  warned=false
        2  ann   max 200        ->  100 ann
        3  clerk fair_warning   ->  done  warned=true
        4  clerk fair_warning   ->  already_done
        5  ann   max 300        ->  100 ann  warned=true
        6  bob   bid 105        ->  below_ask  warned=true
        7  bob   bid 110        ->  120 ann  warned=false
        8  clerk fair_warning   ->  done  warned=true
        9  clerk hammer         ->  done  phase=sold hammer=120
        """,
        LOT,
    ),
    fact(
        "the clerk's step holds for the next public bid",
        """
        1  clerk open           ->  done
        2  clerk step 50        ->  wrong_phase
        3  ann   bid 100        ->  100 ann  ask=110
        4  clerk step 50        ->  done  ask=150
        5  bob   bid 149        ->  below_ask
        6  bob   bid 150        ->  150 bob  ask=160
        7  clerk step 5         ->  done  ask=155
        8  clerk step 25        ->  done  ask=175
        9  ann   bid 175        ->  175 ann  ask=185
        """,
        LOT,
    ),
    fact(
        "it holds through a pause and a raised ceiling",
        """
        1  clerk open           ->  done
        2  ann   max 300        ->  100 ann
        3  clerk step 50        ->  done  ask=150
        4  ann   max 400        ->  100 ann  ask=150
        5  clerk pause          ->  done  ask=-
        6  clerk resume         ->  done  ask=150 end=-
        7  bob   bid 140        ->  below_ask
        8  bob   bid 150        ->  160 ann  ask=170
        """,
        LOT,
    ),
    fact(
        "multiples count from the price where the step is the clerk's",
        """
        1  clerk open           ->  done
        2  ann   bid 100        ->  100 ann
        3  clerk step 25        ->  done  ask=125
        4  bob   bid 130        ->  off_increment
        5  bob   bid 150        ->  150 bob  ask=160
        """,
        listing(**SALEROOM, **{"raise": "multiple"}),
    ),
    fact(
        "a ceiling takes the lead at no less than the clerk's step",
        """
        1  clerk open           ->  done
        2  ann   bid 100        ->  100 ann
        3  clerk step 50        ->  done
        4  bob   max 500        ->  150 bob  ask=160
        """,
        LOT,
    ),
    fact(
        "the room bids by the clerk and each hand for itself",
        """
        1  clerk open                   ->  done
        2  clerk floor_bid 90           ->  below_start
        3  clerk floor_bid 100          ->  done  100 @floor  bids=1 paddles=1
        4  clerk floor_bid 110          ->  already_leading
        5  clerk floor_bid 110 left     ->  done  110 @floor:left  paddles=2
        6  ann   bid 120                ->  120 ann
        7  clerk floor_bid 125 left     ->  below_ask
        8  clerk floor_bid 130 left     ->  done  130 @floor:left  paddles=3
        9  clerk hammer                 ->  done  phase=sold hammer=130 leader=@floor:left
        """,
        LOT,
    ),
    fact(
        "the room is neither admitted nor asked to confirm",
        """
        1  clerk open                   ->  done
        2  ann   bid 100                ->  deposit_required
        3  clerk floor_bid 5000         ->  done  5000 @floor
        """,
        listing(**SALEROOM, deposit=50, confirm_above=2),
    ),
    fact(
        "the same bid from the room is repeated by its ref",
        """
        1  clerk open                   ->  done
        2  clerk floor_bid 100 ref=x    ->  done  100 @floor
        3  ann   bid 110                ->  110 ann
        4  clerk floor_bid 100 ref=x    ->  repeat  110 ann  bids=2
        5  clerk floor_bid 120 ref=x    ->  ref_reused
        """,
        LOT,
    ),
    fact(
        "a pause gives no end and takes none",
        """
        1  clerk open       ->  done
        2  ann   bid 100    ->  100 ann
        3  clerk pause      ->  done  phase=paused end=- ask=- due=-
        4  bob   bid 110    ->  lot_paused
        5  clerk resume     ->  done  phase=open end=- ask=110
        6  clerk extend 900 ->  wrong_phase
        """,
        LOT,
    ),
    fact(
        "the last bid is undone and the lot goes on",
        """
        1  clerk open       ->  done
        2  ann   bid 100    ->  100 ann
        3  bob   bid 110    ->  110 bob
        4  clerk undo       ->  done  100 ann  ask=110 bids=1
        5  clerk undo       ->  done  - -  ask=100 bids=0
        6  clerk undo       ->  no_bids
        7  cid   bid 100    ->  100 cid
        """,
        LOT,
    ),
    fact(
        "it is reopened without an end",
        """
        1  clerk open           ->  done
        2  ann   bid 100        ->  100 ann
        3  clerk fair_warning   ->  done
        4  clerk hammer         ->  done  phase=sold
        5  clerk reopen 900     ->  malformed  phase=sold
        6  clerk reopen         ->  done  100 ann  phase=open ask=110 end=- hammer=- warned=false settlement=-
        7  bob   bid 110        ->  110 bob
        8  clerk hammer         ->  done  phase=sold hammer=110
        """,
        LOT,
    ),
    fact(
        "who was there when the hammer fell is on record",
        """
        1  clerk open           ->  done
        2  ann   bid 100        ->  100 ann
        3  clerk hammer 1 5     ->  done  phase=sold
        """,
        listing(**SALEROOM, suspend_lost_percent=10),
    ),
    fact(
        "the hammer does not fall before the least time has gone",
        """
        1        clerk open     ->  done
        2        ann   bid 100  ->  100 ann
        60.9     clerk hammer   ->  too_early
        61       clerk hammer   ->  done  phase=sold
        """,
        listing(**SALEROOM, bounds={"open_s_min": 60}),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_saleroom(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_what_everyone_hears_of_a_saleroom_lot() -> None:
    room = played(
        """
        1  clerk open               ->  done
        2  ann   bid 100            ->  100 ann
        3  clerk fair_warning       ->  done
        4  bob   bid 110            ->  110 bob
        5  clerk floor_bid 120      ->  done
        6  clerk hammer 7 1         ->  done
        """,
        LOT,
    )
    heard = [part["ev"] for part in room.public()]
    assert heard == [
        *("lot_listed", "lot_opened", "bidder_admitted", "bid_placed", "fair_warning_given"),
        *("bidder_admitted", "bid_placed", "bidder_admitted", "bid_placed", "lot_sold"),
    ]
    placed = [part for part in room.public() if part["ev"] == "bid_placed"]
    assert [(part["kind"], part.get("warned")) for part in placed] == [("bid", None), ("bid", False), ("floor", None)]
    sold = room.public()[-1]
    assert (sold["connected"], sold["lost"]) == (7, 1)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"closes_at": 1_800_000_000_000_000}, "neither closes_at"),
        ({"soft_close": {"window_s": 60, "extension_s": 60}}, "neither closes_at"),
        ({"ladder": []}, "start at 0"),
        ({"buy_now": 500}, "buy_now"),
        ({"first_bid_closes_s": 60}, "first_bid_closes_s"),
    ],
)
def test_terms_of_a_saleroom_lot_must_fit(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listing(**{**SALEROOM, **terms})
