"""Voided bids, as tables: price and leader follow from the bids that stand. Times and amounts: `saleroom`.

The first bid of a bidder has the seq after that of his `bidder_admitted`: 4 for the first, 6 for the second bidder.
"""

from typing import Any

import pytest

from lots.listing import Listing
from lots.orders import Bid, MaxBid, Undo, VoidBid
from tests.lots.saleroom import instant, listing, soft
from tests.lots.tables import fact, played


def _soft(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(soft_close=soft(60, 60, **more))


PLAIN = [
    fact(
        "of the leaders bid the one below it leads again at his own amount",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   bid 150           ->  150 bob  seq=6
        3  clerk void_bid 6        ->  done  100 ann  ask=110 bids=1 ceiling=100 seq=7
        4  cid   bid 110           ->  110 cid  bids=2
        """,
    ),
    fact(
        "of an underbidders bid nothing else changes",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   bid 150           ->  150 bob  seq=6
        3  clerk void_bid 4        ->  done  150 bob  ask=160 bids=1
        """,
    ),
    fact(
        "of the only bid the lot is as before it",
        """
        1  ann   bid 150           ->  150 ann  seq=4
        2  clerk void_bid 4        ->  done  - -  ask=100 bids=0 ceiling=0 paddles=1
        3  ann   bid 99            ->  below_start
        4  ann   bid 100           ->  100 ann  bids=1
        """,
    ),
    fact(
        "the least bid does not stay where the voided one was",
        """
        1  ann   bid 100           ->  100 ann
        2  bob   bid 5000          ->  5000 bob  ask=5010 seq=6
        3  clerk void_bid 6        ->  done  100 ann  ask=110
        4  bob   bid 109           ->  below_ask
        5  bob   bid 110           ->  110 bob
        """,
    ),
    fact(
        "one bid of a bidder leaves his others",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   bid 110           ->  110 bob  seq=6
        3  ann   bid 120           ->  120 ann  seq=7
        4  bob   bid 130           ->  130 bob  seq=8
        5  clerk void_bid 7        ->  done  130 bob  bids=3
        6  clerk void_bid 8        ->  done  110 bob  bids=2
        7  clerk void_bid 6        ->  done  100 ann  bids=1
        """,
    ),
    fact(
        "in whatever order bids are voided those that stand decide",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   bid 110           ->  110 bob  seq=6
        3  cid   bid 120           ->  120 cid  seq=8
        4  clerk void_bid 6        ->  done  120 cid
        5  clerk void_bid 8        ->  done  100 ann
        6  clerk void_bid 4        ->  done  - -  bids=0
        """,
    ),
    fact(
        "bids of the same bidder that follow each other count as one that sets the price",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   bid 110           ->  110 bob  seq=6
        3  ann   bid 150           ->  150 ann  seq=7
        4  clerk void_bid 6        ->  done  150 ann  bids=2
        """,
    ),
    fact(
        "what is no bid that stands is not voided",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  clerk void_bid 0        ->  unknown_bid
        3  clerk void_bid 1        ->  unknown_bid
        4  clerk void_bid 3        ->  unknown_bid
        5  clerk void_bid 5        ->  unknown_bid
        6  clerk void_bid -1       ->  unknown_bid
        7  clerk void_bid 4 ref=x  ->  done  - -
        8  clerk void_bid 4        ->  already_done
        9  clerk void_bid 4 ref=x  ->  repeat
        9  clerk void_bid 3 ref=x  ->  ref_reused
        """,
    ),
    fact(
        "the ref of a voided bid stays its own",
        """
        1  ann   bid 100 ref=x     ->  done    100 ann
        2  clerk undo              ->  done    - -
        3  ann   bid 100 ref=x     ->  repeat  - -
        4  ann   bid 110 ref=x     ->  ref_reused
        5  ann   bid 100           ->  100 ann
        """,
    ),
    fact(
        "the warning goes with it",
        """
        1  ann   bid 100           ->  100 ann
        2  clerk fair_warning      ->  done  warned=true
        3  clerk undo              ->  done  warned=false
        """,
    ),
]

UNDO = [
    fact(
        "the latest that stands is undone and then the one before",
        """
        1  ann   bid 100           ->  100 ann
        2  bob   bid 110           ->  110 bob
        3  cid   bid 120           ->  120 cid
        4  clerk undo              ->  done  110 bob  bids=2
        5  clerk undo              ->  done  100 ann  bids=1
        6  clerk undo              ->  done  - -  bids=0
        7  clerk undo              ->  no_bids
        """,
    ),
    fact(
        "a voided bid is passed over",
        """
        1  ann   bid 100           ->  100 ann
        2  bob   bid 110           ->  110 bob  seq=6
        3  clerk void_bid 6        ->  done  100 ann
        4  clerk undo              ->  done  - -
        """,
    ),
    fact(
        "a bid from the room is undone as any",
        """
        1  ann   bid 100           ->  100 ann
        2  clerk floor_bid 150     ->  done  150 @floor
        3  clerk undo              ->  done  100 ann  ask=110
        """,
    ),
    fact(
        "one that the leaders ceiling has answered too",
        """
        1  ann   max 500           ->  100 ann
        2  bob   bid 200           ->  210 ann
        3  clerk undo              ->  done  100 ann  ceiling=500 ask=110 bids=1
        """,
    ),
    fact(
        "the clerks step that a bid had to take is counted anew with the bids after it",
        """
        1  ann   bid 100           ->  100 ann
        2  clerk step 50           ->  done  ask=150
        3  bob   max 500           ->  150 bob  ask=160
        4  cid   bid 200           ->  210 bob
        5  clerk undo              ->  done  150 bob  ask=160 ceiling=500
        """,
    ),
    fact(
        "a step that no bid has taken yet is dropped",
        """
        1  ann   bid 100           ->  100 ann
        2  bob   bid 110           ->  110 bob
        3  clerk step 50           ->  done  ask=160
        4  clerk undo              ->  done  100 ann  ask=110
        """,
    ),
]

CEILINGS = [
    fact(
        "with a ceiling go the raises of it",
        """
        1  ann   bid 100           ->  100 ann  seq=4
        2  bob   max 300           ->  110 bob  seq=6
        3  bob   max 900           ->  110 bob  ceiling=900 seq=6
        4  clerk void_bid 6        ->  done  100 ann  ceiling=100
        5  cid   bid 400           ->  400 cid
        """,
    ),
    fact(
        "but not those that amend a later bid of his",
        """
        1  bob   bid 100           ->  100 bob  seq=4
        2  ann   bid 110           ->  110 ann  seq=6
        3  bob   bid 120           ->  120 bob  seq=7
        4  bob   max 900           ->  120 bob  ceiling=900
        5  clerk void_bid 4        ->  done  120 bob  ceiling=900 bids=2
        6  clerk void_bid 7        ->  done  110 ann  ceiling=110 bids=1
        """,
    ),
    fact(
        "a raise stays where the bid of another is voided",
        """
        1  ann   max 300           ->  100 ann  seq=4
        2  bob   bid 200           ->  210 ann  seq=6
        3  ann   max 900           ->  210 ann  ceiling=900
        4  clerk void_bid 6        ->  done  100 ann  ceiling=900 ask=110
        5  cid   bid 500           ->  510 ann
        """,
    ),
    fact(
        "a beaten ceiling leads again and is told nobody",
        """
        1  ann   max 500           ->  100 ann
        2  bob   max 600           ->  510 bob  seq=6
        3  clerk void_bid 6        ->  done  100 ann  ceiling=500
        """,
    ),
    fact(
        "of a beaten ceiling below the price the next one sets it",
        """
        1  ann   max 500           ->  100 ann  seq=4
        2  bob   max 300           ->  310 ann  seq=6
        3  cid   max 400           ->  410 ann  seq=8
        4  clerk void_bid 8        ->  done  310 ann
        5  clerk void_bid 6        ->  done  100 ann
        """,
    ),
    fact(
        "when the leaders ceiling falls the second takes the lead from the third",
        """
        1  ann   max 900           ->  100 ann  seq=4
        2  bob   max 300           ->  310 ann  seq=6
        3  cid   max 400           ->  410 ann  seq=8
        4  clerk void_bid 4        ->  done  310 cid  ceiling=400 bids=2
        """,
    ),
    fact(
        "of two equal ceilings the other leads alone and at the start price",
        """
        1  ann   max 500           ->  100 ann  seq=4
        2  bob   max 500           ->  500 ann  seq=6
        3  clerk void_bid 4        ->  done  100 bob  ceiling=500 ask=110
        """,
    ),
    fact(
        "a bid at the leaders hidden ceiling leads once that falls",
        """
        1  ann   max 500           ->  100 ann  seq=4
        2  bob   bid 500           ->  500 ann  seq=6
        3  clerk void_bid 4        ->  done  500 bob  ask=510
        """,
    ),
    fact(
        "a barred leaders bids can be voided",
        """
        1  bob   bid 100           ->  100 bob
        2  ann   bid 200           ->  200 ann  seq=6
        3  clerk bar ann           ->  done  200 ann
        4  clerk void_bid 6        ->  done  100 bob
        5  ann   bid 300           ->  barred
        """,
    ),
]

RESERVES = [
    fact(
        "the reserve that the bid had met is not met any more",
        """
        1  ann   bid 100           ->  100 ann  reserve=not_met
        2  bob   max 900           ->  500 bob  reserve=met seq=6
        3  clerk void_bid 6        ->  done  100 ann  reserve=not_met
        3600 clock ring            ->  nothing  phase=passed
        """,
        listing(reserve=500),
    ),
    fact(
        "one that another bid meets stays met and lifts the price to itself again",
        """
        1  ann   max 600           ->  500 ann  reserve=met seq=4
        2  bob   bid 550           ->  560 ann  seq=6
        3  clerk void_bid 6        ->  done  500 ann  reserve=met ask=510
        """,
        listing(reserve=500),
    ),
    fact(
        "of a raise that lifted the price the ceiling below it is left",
        """
        1  ann   max 300           ->  100 ann  reserve=not_met seq=4
        2  ann   max 600           ->  500 ann  reserve=met seq=5
        3  clerk void_bid 5        ->  done  100 ann  reserve=not_met ceiling=300
        """,
        listing(reserve=500),
    ),
]

ENDS = [
    fact(
        "after an extension the end never moves back",
        """
        1     ann   bid 100        ->  100 ann  end=3600
        3590  bob   bid 110        ->  110 bob  end=3650 ext=1 seq=7
        3595  clerk void_bid 6     ->  done  100 ann  end=3650 ext=1
        3650  clock ring           ->  nothing  phase=sold hammer=100
        """,
        _soft(),
    ),
    fact(
        "in the window it extends nothing itself",
        """
        1     ann   bid 100        ->  100 ann
        2     bob   bid 110        ->  110 bob
        3599  clerk undo           ->  done  100 ann  end=3600 ext=0
        """,
        _soft(),
    ),
    fact(
        "an extension that a voided bid used up stays used",
        """
        3590  ann   bid 100        ->  100 ann  end=3650 ext=1
        3591  clerk undo           ->  done  - -  end=3650
        3640  bob   bid 100        ->  100 bob  end=3650 ext=1
        """,
        _soft(max_extensions=1),
    ),
    fact(
        "once the end has come nothing is voided",
        """
        1     ann   bid 100        ->  100 ann
        3600  clerk undo           ->  wrong_phase
        3600  clerk void_bid 4     ->  wrong_phase
        """,
    ),
    fact(
        "a linked lot stays where the voided bid has moved it",
        """
        3590  ann   bid 100        ->  100 ann  A.end=3650 B.end=3650
        3591  clerk undo           ->  done  - -  A.end=3650 B.end=3650
        """,
        listing("A", group="g", soft_close=soft(60, 60, scope="group")),
        listing("B", group="g", soft_close=soft(60, 60, scope="group")),
    ),
]

PAUSED = [
    fact(
        "a bid is voided while the lot is paused and there is no ask",
        """
        1  ann   bid 100           ->  100 ann
        2  bob   bid 110           ->  110 bob
        3  clerk pause             ->  done
        4  clerk undo              ->  done  100 ann  ask=- phase=paused
        5  clerk resume            ->  done  ask=110
        """,
    ),
    fact(
        "and where whole multiples are asked the ask stands on one",
        """
        1  ann   bid 200           ->  200 ann  ask=260
        2  bob   bid 310           ->  310 bob  ask=360
        3  clerk undo              ->  done  200 ann  ask=260
        4  clerk undo              ->  done  - -  ask=110
        """,
        listing(start_price=110, ladder=[[0, 10], [200, 50]], **{"raise": "multiple"}),
    ),
]


@pytest.mark.parametrize("punctual", [True, False], ids=["punctual_bell", "late_bell"])
@pytest.mark.parametrize(("rows", "lots"), [*PLAIN, *UNDO, *CEILINGS, *RESERVES, *PAUSED])
def test_voiding(rows: str, lots: tuple[Listing, ...], *, punctual: bool) -> None:
    played(f"0 clock ring -> - - seq=2\n{rows}", *lots, punctual=punctual or "3600" in rows)


@pytest.mark.parametrize(("rows", "lots"), ENDS)
def test_voiding_moves_no_end(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_everyone_hears_what_was_voided_why_and_how_the_lot_stands() -> None:
    room = played("1 ann max 500 -> 100 ann\n 2 bob bid 900 -> 900 bob")
    room.give(VoidBid(lot="A", by="kim", ref="1", seq=6, reason="a minor"), instant("3"))
    said = room.public()[-1]
    expected = {"ev": "bid_voided", "voided": 6, "reason": "a minor", "price": 100, "ask": 110, "bids": 1}
    assert {name: said[name] for name in expected} == expected
    assert said["leader"] == room.lots["A"].paddles["ann"]
    assert 500 not in said.values()
    assert "kim" not in said.values()


def test_the_voided_bid_stays_in_the_log() -> None:
    room = played("1 ann bid 100 -> 100 ann\n 2 clerk undo -> done")
    assert [part["ev"] for part in room.public()[-2:]] == ["bid_placed", "bid_voided"]


def _offer(words: str, number: int) -> Bid | MaxBid:
    who, verb, amount = words.split()
    return (Bid if verb == "bid" else MaxBid)("A", who, str(number), int(amount), chance=sum(who.encode()))


def test_undoing_each_bid_of_a_sale_brings_back_each_state_before_it() -> None:
    room = played("0 clock ring -> nothing", listing(ladder=[[0, 5], [150, 20], [300, 30]], reserve=250))
    offers = ("ann max 180", "bob bid 120", "cid max 400", "bob bid 270", "ann max 390", "bob max 900", "cid bid 500")
    states = []
    for number, offer in enumerate(offers, start=1):
        lot = room.lots["A"]
        states.append((lot.price, lot.leader, lot.ceiling, lot.reserve, lot.bids, lot.ask))
        room.give(_offer(offer, number), instant(str(number)))
        assert room.lots["A"].bids == number
    for number, expected in enumerate(reversed(states), start=1):
        room.give(Undo(lot="A", by="kim", ref=f"u{number}"), instant(str(100 + number)))
        lot = room.lots["A"]
        assert (lot.price, lot.leader, lot.ceiling, lot.reserve, lot.bids, lot.ask) == expected
