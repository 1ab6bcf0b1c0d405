"""The debt-covered stop, as tables: once what was sold covers the debt the rest of the group is withdrawn.

Times and amounts: `saleroom`. Three linked lots of one debtor; the debt is 500.
"""

from typing import Any

import pytest

from clock.instants import SECOND_US
from lots.listing import Listing
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing, soft
from tests.lots.tables import fact, played


def _lot(lot: str, end: int = 3_600, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    terms = {"group": "debtor", "debt": 500, "closes_at": OPENS_AT + end * SECOND_US}
    return listing(lot, **{**terms, **more})


def _three(*ends: int, **more: Any) -> tuple[Listing, ...]:  # noqa: ANN401  as above
    return tuple(_lot(lot, end, **more) for lot, end in zip("ABC", ends, strict=True))


STAGGERED = _three(1_000, 2_000, 3_000)
TOGETHER = _three(1_000, 1_000, 1_000)

ROWS = [
    fact(
        "proceeds below the debt stop nothing",
        """
        1     ann   bid 499        ->  499 ann
        1000  clock ring           ->  nothing  phase=sold hammer=499 B.phase=open C.phase=open
        """,
        *STAGGERED,
    ),
    fact(
        "proceeds that reach it withdraw all that has not ended",
        """
        1     ann   bid 500        ->  500 ann
        2     bob   bid 100 lot=B  ->  100 bob
        1000  clock ring           ->  nothing  phase=sold hammer=500 B.phase=withdrawn B.hammer=- C.phase=withdrawn
        1001  cid   bid 200 lot=B  ->  lot_withdrawn
        """,
        *STAGGERED,
    ),
    fact(
        "what was sold before counts with it",
        """
        1     ann   bid 300        ->  300 ann
        2     bob   bid 200 lot=B  ->  200 bob
        1000  clock ring           ->  nothing  phase=sold B.phase=open
        2000  clock ring           ->  nothing  B.phase=sold B.hammer=200 C.phase=withdrawn
        """,
        *STAGGERED,
    ),
    fact(
        "a minor unit too little does not stop the third",
        """
        1     ann   bid 300        ->  300 ann
        2     bob   bid 199 lot=B  ->  199 bob
        2000  clock ring           ->  nothing  B.phase=sold C.phase=open
        """,
        *STAGGERED,
    ),
    fact(
        "a lot that passed brings nothing and is not withdrawn any more",
        """
        1     ann   bid 900 lot=B  ->  900 ann
        1000  clock ring           ->  nothing  phase=passed B.phase=open
        2000  clock ring           ->  nothing  phase=passed B.phase=sold C.phase=withdrawn
        """,
        *STAGGERED,
    ),
    fact(
        "of two that end at once both are closed before the rest is withdrawn",
        """
        1     ann   bid 500        ->  500 ann
        2     bob   bid 100 lot=B  ->  100 bob
        3     cid   bid 100 lot=C  ->  100 cid
        1000  clock ring           ->  nothing  A.phase=sold B.phase=sold B.hammer=100 C.phase=withdrawn C.hammer=-
        """,
        *_three(1_000, 1_000, 1_001),
    ),
    fact(
        "so are all three and those without a bid pass",
        """
        1     ann   bid 500        ->  500 ann
        3     cid   bid 100 lot=C  ->  100 cid
        1000  clock ring           ->  nothing  A.phase=sold B.phase=passed C.phase=sold
        """,
        *TOGETHER,
    ),
    fact(
        "an upcoming and a paused lot are withdrawn too",
        """
        1     clerk pause lot=B    ->  done  B.phase=paused
        2     ann   bid 500        ->  500 ann
        1000  clock ring           ->  nothing  A.phase=sold B.phase=withdrawn C.phase=withdrawn
        """,
        _lot("A", 1_000),
        _lot("B", 3_000),
        _lot("C", 9_000, opens_at=OPENS_AT + 5_000 * SECOND_US),
    ),
    fact(
        "the hammer stops them as the bell does",
        """
        1     ann   bid 500        ->  500 ann
        2     clerk hammer         ->  done  A.phase=sold B.phase=withdrawn C.phase=withdrawn
        """,
        *STAGGERED,
    ),
    fact(
        "so does a lot that is bought at once",
        """
        1     ann   bid 600        ->  600 ann  A.phase=sold B.phase=withdrawn
        """,
        _lot("A", buy_now=600),
        _lot("B"),
    ),
    fact(
        "so does the sellers consent",
        """
        1     ann   bid 500        ->  500 ann
        1000  clock ring           ->  nothing  phase=passed provisional=true B.phase=open
        1001  clerk consent        ->  done  phase=sold B.phase=withdrawn C.phase=withdrawn
        """,
        _lot("A", 1_000, reserve=501, provisional_s=1_000),
        _lot("B"),
        _lot("C"),
    ),
    fact(
        "a buyer who defaults brings nothing back",
        """
        1     ann   bid 500        ->  500 ann
        2     clerk hammer         ->  done  B.phase=withdrawn
        3     clerk default        ->  done  A.settlement=defaulted B.phase=withdrawn
        """,
        _lot("A"),
        _lot("B"),
    ),
    fact(
        "a lot whose terms name no debt does not stop the others but counts with them",
        """
        1     ann   bid 400        ->  400 ann
        2     bob   bid 100 lot=B  ->  100 bob
        1000  clock ring           ->  nothing  A.phase=sold B.phase=open
        2000  clock ring           ->  nothing  B.phase=sold C.phase=withdrawn
        """,
        _lot("A", 1_000, debt=None),
        _lot("B", 2_000),
        _lot("C", 3_000),
    ),
    fact(
        "a bid in the window moves the linked lots and the stop comes with the later end",
        """
        1     ann   bid 500        ->  500 ann
        990   bob   bid 510        ->  510 bob  A.end=1050 B.end=1050
        1000  clock ring           ->  nothing  A.phase=open
        1050  clock ring           ->  nothing  A.phase=sold B.phase=passed
        """,
        _lot("A", 1_000, soft_close=soft(60, 60, scope="group")),
        _lot("B", 1_000, soft_close=soft(60, 60, scope="group")),
    ),
]

LATE_BELLS = [
    fact(
        "a lot whose end has passed unheard is closed as it stands and not withdrawn",
        """
        0     clock ring           ->  - -
        0     clock ring lot=B     ->  - -
        0     clock ring lot=C     ->  - -
        1     ann   bid 500        ->  500 ann
        2     bob   bid 100 lot=B  ->  100 bob
        2500  clock ring           ->  500 ann  A.phase=sold B.phase=sold B.hammer=100 C.phase=withdrawn
        """,
        *STAGGERED,
    ),
    fact(
        "whichever bell comes first those that end at once come out the same",
        """
        0     clock ring           ->  - -
        0     clock ring lot=B     ->  - -
        0     clock ring lot=C     ->  - -
        1     ann   bid 500        ->  500 ann
        2     bob   bid 100 lot=B  ->  100 bob
        1000  clock ring lot=B     ->  100 bob  B.phase=sold A.phase=open C.phase=open
        1000  clock ring           ->  500 ann  A.phase=sold C.phase=withdrawn
        """,
        *_three(1_000, 1_000, 2_000),
    ),
    fact(
        "one that has another stage to come is withdrawn and one that has none is closed",
        """
        0     clock ring           ->  - -
        0     clock ring lot=B     ->  - -
        0     clock ring lot=C     ->  - -
        1     ann   bid 500        ->  500 ann
        2     bob   bid 100 lot=B  ->  100 bob
        3     bob   bid 100 lot=C  ->  100 bob
        1000  clock ring           ->  500 ann  A.phase=sold B.phase=withdrawn C.phase=sold C.stage=timed
        """,
        _lot("A", 1_000),
        _lot("B", 1_000, format="two_phase", two_phase={"countdown_s": 60}),
        _lot("C", 940, format="two_phase", two_phase={"countdown_s": 60}),
    ),
    fact(
        "a lot that should have opened is withdrawn as it stands",
        """
        0     clock ring           ->  - -
        1     ann   bid 500        ->  500 ann
        1000  clock ring           ->  500 ann  A.phase=sold B.phase=withdrawn
        """,
        _lot("A", 1_000),
        _lot("B", 3_000),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_debt(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


@pytest.mark.parametrize(("rows", "lots"), LATE_BELLS)
def test_debt_by_late_bells(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots, punctual=False)


def test_everyone_hears_why_a_lot_was_withdrawn() -> None:
    room = played("1 ann bid 500 -> 500 ann\n 1000 clock ring -> nothing", *STAGGERED)
    (withdrawn,) = [part for part in room.public("C") if part["ev"] == "lot_withdrawn"]
    assert withdrawn["reason"] == "debt_covered"


def test_deposits_of_a_withdrawn_lot_are_given_back() -> None:
    played(
        """
        0     clerk admit bob lot=B    ->  done
        1     ann   bid 500            ->  500 ann
        1000  clock ring               ->  nothing  B.phase=withdrawn B.held.bob=50
        1100  clock ring               ->  nothing  B.held.bob=0 B.released.bob=50
        """,
        _lot("A", 1_000),
        _lot("B", deposit=50, release_after_s=100),
    )


def test_a_debt_belongs_to_a_group() -> None:
    with pytest.raises(ValueError, match="debt"):
        listing(debt=500)


def test_two_lots_that_end_at_once_close_in_the_order_of_their_ends_and_names() -> None:
    room = played(
        "1 ann bid 500 -> 500 ann\n 2 ann bid 100 lot=C -> 100 ann\n 1000 clock ring -> nothing",
        *(_lot(lot, closes_at=CLOSES_AT - 2_600 * SECOND_US) for lot in "ABC"),
    )
    ended = [(event.lot, event.parts()[0]["ev"]) for event in room.events[-3:]]
    assert ended == [("A", "lot_sold"), ("B", "lot_passed"), ("C", "lot_sold")]
