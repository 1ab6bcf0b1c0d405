"""Who was there at the close, as tables: on record, and where the terms say so a reason to stop instead.

Times and amounts: `saleroom`. A bell tells how many admitted bidders were connected, and how many had just lost it.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, soft
from tests.lots.tables import fact, played

BID = "0 clock ring -> - -\n 1 ann bid 100 -> 100 ann\n"


def _percent(percent: int, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(suspend_lost_percent=percent, **more)


THIRD = _percent(30)

ROWS = [
    fact(
        "more than the share stops the lot",
        f"""{BID}
        3600  clock ring 69 31  ->  100 ann  phase=paused end=- ask=- hammer=- due=-
        3601  bob   bid 110     ->  lot_paused
        4000  clerk resume      ->  done  phase=open end=4060 ask=110
        4001  bob   bid 110     ->  110 bob
        4060  clock ring 70 30  ->  110 bob  phase=sold hammer=110
        """,
        THIRD,
    ),
    fact(
        "exactly the share does not",
        f"{BID} 3600  clock ring 70 30  ->  100 ann  phase=sold",
        THIRD,
    ),
    fact(
        "the share is exact also of few",
        f"{BID} 3600  clock ring 2 1  ->  100 ann  phase=paused",
        _percent(33),
    ),
    fact(
        "a third is not more than thirty-four of a hundred",
        f"{BID} 3600  clock ring 2 1  ->  100 ann  phase=sold",
        _percent(34),
    ),
    fact(
        "of nobody nobody is lost",
        f"{BID} 3600  clock ring 0 0  ->  100 ann  phase=sold",
        _percent(0),
    ),
    fact(
        "where none may be lost one is too many",
        f"{BID} 3600  clock ring 99 1  ->  100 ann  phase=paused",
        _percent(0),
    ),
    fact(
        "where all may be lost nothing stops it",
        f"{BID} 3600  clock ring 0 9  ->  100 ann  phase=sold",
        _percent(100),
    ),
    fact(
        "without the term nothing stops it",
        f"{BID} 3600  clock ring 0 9  ->  100 ann  phase=sold",
        listing(),
    ),
    fact(
        "a bell that knows of nobody closes it",
        f"{BID} 3600  clock ring  ->  100 ann  phase=sold",
        THIRD,
    ),
    fact(
        "a lot without a bid is stopped as well",
        "0 clock ring -> - -\n 3600  clock ring 1 9  ->  - -  phase=paused",
        THIRD,
    ),
    fact(
        "an early bell stops nothing",
        f"{BID} 3599.999999  clock ring 1 9  ->  nothing  phase=open",
        THIRD,
    ),
    fact(
        "it may happen again after it went on",
        f"""{BID}
        3600  clock ring 1 9    ->  100 ann  phase=paused
        3601  clock ring 1 9    ->  nothing  phase=paused
        4000  clerk resume      ->  done  end=4060
        4060  clock ring 1 9    ->  100 ann  phase=paused
        """,
        THIRD,
    ),
    fact(
        "what is left at such a stop is nothing so it goes on for a window or a minute",
        f"""{BID}
        3600  clock ring 1 9    ->  100 ann  phase=paused
        4000  clerk resume      ->  done  end=4300
        4240  bob   bid 110     ->  110 bob  end=4540
        """,
        _percent(30, soft_close=soft(300, 300)),
    ),
    fact(
        "a late bell takes nothing from that",
        f"""{BID}
        3700  clock ring 1 9    ->  100 ann  phase=paused
        4000  clerk resume      ->  done  end=4060
        """,
        THIRD,
    ),
    fact(
        "sealed bids stay sealed",
        """
        0     clock ring        ->  - -
        1     ann   bid 100     ->  done
        3600  clock ring 1 9    ->  - -  phase=paused bids=0
        4000  clerk resume      ->  done  ask=100
        4060  clock ring 9 1    ->  100 ann  phase=sold bids=1
        """,
        _percent(30, format="sealed", ladder=[], sealed={}),
    ),
    fact(
        "quotes too",
        """
        0     clock ring        ->  - -
        1     ann   bid 200     ->  200 ann  stage=quotes end=61
        2     bob   bid 300     ->  done
        61    clock ring 1 9    ->  200 ann  phase=paused bids=1
        100   clerk resume      ->  done  stage=quotes ask=200 end=160
        160   clock ring 9 1    ->  300 bob  phase=sold
        """,
        _percent(30, format="two_phase", two_phase={"countdown_s": 60, "ceiling": 200, "quote_s": 60}),
    ),
    fact(
        "the clerk may end it all the same",
        f"{BID} 100  clerk hammer 1 9  ->  done  phase=sold",
        THIRD,
    ),
    fact(
        "a stopped lot can be withdrawn",
        f"""{BID}
        3600  clock ring 1 9    ->  100 ann  phase=paused
        3601  clerk withdraw    ->  done  phase=withdrawn
        """,
        THIRD,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_attendance(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots, punctual=False)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (f"{BID} 3600 clock ring 7 2 -> 100 ann", ("lot_sold", 7, 2)),
        (f"{BID} 3600 clock ring 0 0 -> 100 ann", ("lot_sold", 0, 0)),
        (f"{BID} 3600 clock ring -> 100 ann", ("lot_sold", None, None)),
        ("0 clock ring -> - -\n 3600 clock ring 3 1 -> - -", ("lot_passed", 3, 1)),
        (f"{BID} 5 clerk hammer 4 1 -> done", ("lot_sold", 4, 1)),
        (f"{BID} 5 clerk pass 4 1 -> done", ("lot_passed", 4, 1)),
    ],
)
def test_who_was_there_is_told_with_the_close(rows: str, expected: tuple[str, int | None, int | None]) -> None:
    said = played(rows, punctual=False).public()[-1]
    assert (said["ev"], said.get("connected"), said.get("lost")) == expected


def test_the_reason_of_such_a_stop_is_published_without_numbers_for_the_lot_goes_on() -> None:
    said = played(f"{BID} 3600 clock ring 1 9 -> 100 ann", THIRD, punctual=False).public()[-1]
    assert (said["ev"], said["cause"]) == ("lot_paused", "connections")
    assert "More than 30 % of the admitted bidders" in said["reason"]
    assert "9" not in said["reason"]
