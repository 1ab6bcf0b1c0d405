"""The falling price, as tables: the clock lowers it by steps, and the first bid wins.

Times and amounts: `saleroom`. The lot falls from 1000 by 100 every 60 s down to 500, and ends at 3600.
"""

from typing import Any

import pytest

from lots.listing import Listing
from lots.orders import Ring
from tests.lots.saleroom import Saleroom, instant, listing
from tests.lots.tables import fact, played


def _dutch(step: int = 100, every_s: float = 60, floor: int = 500, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    own = {"step": step, "every_s": every_s, "floor": floor}
    return listing(format="dutch", ladder=[], start_price=1000, dutch=own, **more)


LOT = _dutch()

FALLS = [
    fact(
        "the price falls by a step every so many seconds",
        """
        0            clock ring  ->  - -  phase=open ask=1000 lowers=60 due=60 end=3600 seq=2
        59.999999    clock ring  ->  nothing  ask=1000
        60           clock ring  ->  - -  ask=900 lowers=120 seq=3
        119.999999   clock ring  ->  nothing  ask=900
        120          clock ring  ->  - -  ask=800 lowers=180
        180          clock ring  ->  - -  ask=700 lowers=240
        """,
        LOT,
    ),
    fact(
        "at the floor it stands until the end",
        """
        0     clock ring  ->  - -  ask=1000
        60    clock ring  ->  - -  ask=900
        120   clock ring  ->  - -  ask=800
        180   clock ring  ->  - -  ask=700
        240   clock ring  ->  - -  ask=600 lowers=300 due=300
        300   clock ring  ->  - -  ask=500 lowers=- due=3600
        360   clock ring  ->  nothing  ask=500
        3600  clock ring  ->  - -  phase=passed ask=- lowers=- hammer=-
        """,
        LOT,
    ),
    fact(
        "the last step ends at the floor where it does not divide the way",
        """
        0    clock ring  ->  - -  ask=1000
        60   clock ring  ->  - -  ask=650 lowers=120
        120  clock ring  ->  - -  ask=500 lowers=-
        """,
        _dutch(step=350),
    ),
    fact(
        "without a floor it falls to nothing",
        """
        0    clock ring     ->  - -  ask=1000
        60   clock ring     ->  - -  ask=400
        120  clock ring     ->  - -  ask=0 lowers=-
        121  ann   bid 0    ->  0 ann  phase=sold hammer=0
        """,
        _dutch(step=600, floor=0),
    ),
    fact(
        "steps may be fractions of a second apart",
        """
        0     clock ring  ->  - -  ask=1000 lowers=0.5
        0.5   clock ring  ->  - -  ask=900 lowers=1
        1     clock ring  ->  - -  ask=800 lowers=1.5
        """,
        _dutch(every_s=0.5),
    ),
]

LATE_BELLS = [
    fact(
        "a bell that is late by less than a step keeps to the schedule",
        """
        0           clock ring  ->  - -  lowers=60
        119.999999  clock ring  ->  - -  ask=900 lowers=120
        120         clock ring  ->  - -  ask=800 lowers=180
        """,
        LOT,
    ),
    fact(
        "one that is late by a step or more lowers once and the next fall counts from it",
        """
        0    clock ring  ->  - -      lowers=60
        120  clock ring  ->  - -      ask=900 lowers=180
        179  clock ring  ->  nothing  ask=900
        180  clock ring  ->  - -      ask=800 lowers=240
        590  clock ring  ->  - -      ask=700 lowers=650
        """,
        LOT,
    ),
    fact(
        "an opening that comes late begins at the start price",
        """
        100  clock ring  ->  - -  ask=1000 lowers=160
        160  clock ring  ->  - -  ask=900 lowers=220
        """,
        LOT,
    ),
    fact(
        "a bid that comes before a late bell is at the price that was due",
        """
        0    clock ring      ->  - -  lowers=60
        61   ann   bid 899   ->  below_ask  ask=1000 seq=2
        61   ann   bid 900   ->  900 ann  phase=sold hammer=900
        """,
        LOT,
    ),
    fact(
        "a bell that missed the fall before the end closes at the end",
        """
        3400  clock ring  ->  - -  ask=1000 lowers=3460
        3460  clock ring  ->  - -  ask=900 lowers=3520
        3600  clock ring  ->  - -  phase=passed
        """,
        LOT,
    ),
]

BIDS = [
    fact(
        "the first bid at the ask wins at once",
        """
        0    clock ring      ->  - -  ask=1000
        60   clock ring      ->  - -  ask=900
        61   ann   bid 899   ->  below_ask  - -  phase=open
        62   ann   bid 900   ->  900 ann  phase=sold hammer=900 bids=1 ask=- lowers=- settlement=due seq=6
        63   bob   bid 1000  ->  too_late  900 ann
        120  clock ring      ->  nothing
        """,
        LOT,
    ),
    fact(
        "who offers more pays the ask all the same",
        """
        0   clock ring       ->  - -
        1   ann   bid 5000   ->  1000 ann  phase=sold hammer=1000 ceiling=1000
        """,
        LOT,
    ),
    fact(
        "of two at the same instant the first wins",
        """
        0   clock ring       ->  - -
        60  clock ring       ->  - -  ask=900
        60  ann   bid 900    ->  900 ann  phase=sold
        60  bob   bid 900    ->  too_late  900 ann
        """,
        LOT,
    ),
    fact(
        "before a fall the price is the old one and at it the new one",
        """
        0           clock ring      ->  - -
        59.999999   ann   bid 900   ->  below_ask  ask=1000
        60          ann   bid 900   ->  900 ann  phase=sold
        """,
        LOT,
    ),
    fact(
        "the last microsecond is in time and the end is not",
        """
        3540        clock ring      ->  - -  ask=1000 lowers=3600
        3599.999999 ann   bid 999   ->  below_ask
        3600        ann   bid 1000  ->  too_late
        3600        clock ring      ->  - -  phase=passed
        """,
        LOT,
    ),
    fact(
        "ceilings and orders about steps bids and hammers do not belong to it",
        """
        0   clock ring              ->  - -
        1   ann   max 1000          ->  format_mismatch  phase=open
        2   clerk step 50           ->  format_mismatch
        3   clerk void_bid 3        ->  format_mismatch
        4   clerk undo              ->  format_mismatch
        5   clerk hammer            ->  no_bids
        6   ann   bid 1000          ->  1000 ann
        7   clerk reopen 9000       ->  format_mismatch  phase=sold
        8   clerk void_bid 4        ->  format_mismatch
        """,
        LOT,
    ),
    fact(
        "a clerk may take a bid from the room or pass it",
        """
        0   clock ring              ->  - -
        1   clerk floor_bid 999     ->  below_ask
        2   clerk floor_bid 1000    ->  done  1000 @floor  phase=sold hammer=1000
        """,
        LOT,
    ),
    fact(
        "a slip of the finger costs nothing and is not asked about",
        """
        0   clock ring              ->  - -
        1   ann   bid 2001          ->  1000 ann  phase=sold hammer=1000
        """,
        _dutch(confirm_above=2),
    ),
]

PAUSES = [
    fact(
        "a pause keeps the time that was left to the next fall",
        """
        0    clock ring     ->  - -
        45   clerk pause    ->  done  ask=- lowers=- end=- due=-
        46   ann   bid 1000 ->  lot_paused
        500  clerk resume   ->  done  ask=1000 lowers=515 end=4055 due=515
        515  clock ring     ->  - -   ask=900 lowers=575
        """,
        LOT,
    ),
    fact(
        "a pause at the instant of a fall comes after the fall",
        """
        0    clock ring     ->  - -
        60   clerk pause    ->  done
        70   clerk resume   ->  done  ask=900 lowers=130
        """,
        LOT,
    ),
    fact(
        "at the floor nothing is left to fall",
        """
        0    clock ring     ->  - -
        60   clock ring     ->  - -  ask=500 lowers=-
        70   clerk pause    ->  done
        80   clerk resume   ->  done  ask=500 lowers=- end=3610
        """,
        _dutch(step=500),
    ),
    fact(
        "two pauses between two falls add up",
        """
        0    clock ring     ->  - -
        20   clerk pause    ->  done
        100  clerk resume   ->  done  lowers=140
        110  clerk pause    ->  done
        200  clerk resume   ->  done  lowers=230
        230  clock ring     ->  - -  ask=900 lowers=290
        """,
        LOT,
    ),
    fact(
        "a lot that is withdrawn does not fall any more",
        """
        0    clock ring     ->  - -  lowers=60
        10   clerk withdraw ->  done  phase=withdrawn lowers=- ask=-
        60   clock ring     ->  nothing
        """,
        LOT,
    ),
    fact(
        "a fall that was due when the lot stopped for lost connections is due when it goes on",
        """
        3540   clock ring       ->  - -  ask=1000 lowers=3600
        3600   clock ring 1 9   ->  - -  phase=paused lowers=- end=-
        4000   clerk resume     ->  done  ask=1000 lowers=4000 end=4060 due=4000
        4000   clock ring       ->  - -  ask=900 lowers=4060
        4060   clock ring 9 1   ->  - -  phase=passed
        """,
        _dutch(suspend_lost_percent=50),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*FALLS, *LATE_BELLS, *BIDS, *PAUSES])
def test_dutch(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots, punctual=False)


def test_a_punctual_bell_rings_for_every_fall() -> None:
    room = played("9999 ann bid 1000 -> too_late phase=passed", LOT)
    said = [(part["at"] - LOT.terms.opens_at, part["ask"]) for part in room.public() if part["ev"] == "price_lowered"]
    assert said == [(number * 60_000_000, 1000 - number * 100) for number in range(1, 6)]


def test_no_price_is_skipped_however_late_the_bells_are() -> None:
    room = Saleroom(LOT)
    for seconds in (0, 61, 300, 301, 1000, 1000, 1059, 1061, 3000, 3599):
        room.give(Ring("A"), instant(str(seconds)))
    asks = [part["ask"] for part in room.public() if part["ev"] == "price_lowered"]
    assert asks == [900, 800, 700, 600, 500]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"dutch": None}, "'dutch'"),
        ({"dutch": {"step": 100, "every_s": 60, "floor": 1000}}, "floor"),
        ({"dutch": {"step": 0, "every_s": 60}}, "step"),
        ({"dutch": {"step": 100, "every_s": 0}}, "every_s"),
        ({"format": "english", "ladder": [[0, 10]]}, "'dutch'"),
        ({"soft_close": {"window_s": 60, "extension_s": 60}}, "no soft_close"),
        ({"closes_at": None}, "closes_at must be there"),
        ({"buy_now": 2000}, "buy_now"),
        ({"first_bid_closes_s": 60}, "first_bid_closes_s"),
    ],
)
def test_terms_of_a_falling_price_must_fit(terms: dict[str, Any], reason: str) -> None:
    plain = {"format": "dutch", "ladder": [], "start_price": 1000, "dutch": {"step": 100, "every_s": 60}}
    with pytest.raises(ValueError, match=reason):
        listing(**{**plain, **terms})
