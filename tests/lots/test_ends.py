"""How ends move, as tables (rules.md, section 4; design.md, "Time"). Times and amounts: `saleroom`.

Every lot runs from 0 to 3600 s.
"""

from typing import Any

import pytest

from clock.instants import SECOND_US
from lots.listing import Listing
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, Saleroom, listing, play, soft


def _table(fact: str, table: str, *lots: Listing) -> object:
    return pytest.param(table, lots, id=fact.replace(" ", "_"))


def _soft(window_s: float, extension_s: float, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(soft_close=soft(window_s, extension_s, **more))


def _linked(**more: Any) -> tuple[Listing, Listing]:  # noqa: ANN401  terms as a client may send them
    """Two linked lots, B ending a minute after A."""
    rules = soft(120, 120, scope="group", **more)
    a = listing("A", group="g", soft_close=rules)
    return a, listing("B", group="g", soft_close=rules, closes_at=CLOSES_AT + 60 * SECOND_US)


HOUSES = [
    _table(
        "Chinese courts five minutes from the bid without limit",
        """
        3299.999999  ann  bid 100  ->  100 ann  end=3600
        3300.000001  bob  bid 110  ->  110 bob  end=3600.000001 ext=1
        3600         ann  bid 120  ->  120 ann  end=3900
        3899.999999  bob  bid 130  ->  130 bob  end=4199.999999
        4199.999999  ann  bid 140  ->  too_late phase=sold hammer=130
        """,
        _soft(300, 300),
    ),
    _table(
        "MaxSold two minutes from the bid",
        """
        3500  ann  max 900  ->  100 ann  end=3620 ext=1
        3550  bob  max 300  ->  310 ann  end=3670 ext=2
        """,
        _soft(120, 120),
    ),
    _table(
        "HiBid one lot extends all",
        """
        3500  ann  bid 100  ->  100 ann  A.end=3620 B.end=3680 B.ext=1
        3600  ann  bid 100 lot=B  ->  100 ann  B.end=3720 A.end=3660 A.ext=2
        """,
        *_linked(),
    ),
    _table(
        "Troostwijk adds five minutes to the end",
        """
        3300  ann  bid 100  ->  100 ann  end=3600
        3301  bob  bid 110  ->  110 bob  end=3900
        3302  ann  bid 120  ->  120 ann  end=3900
        3601  bob  bid 130  ->  130 bob  end=4200
        """,
        _soft(300, 300, mode="add_to_end"),
    ),
    _table(
        "Tarisio ten minutes window and fifteen more",
        """
        3001  ann  bid 100  ->  100 ann  end=4500
        3900  ann  max 200  ->  100 ann  end=4500
        3901  bob  bid 150  ->  160 ann  end=5400
        """,
        _soft(600, 900, mode="add_to_end"),
    ),
    _table(
        "Heffel all lots of the sale by a minute and a half",
        """
        3509  ann  bid 100  ->  100 ann  end=3600
        3511  bob  bid 110  ->  110 bob  A.end=3690 B.end=3690
        """,
        listing("A", group="sale", soft_close=soft(90, 90, mode="add_to_end", scope="group")),
        listing("B", group="sale", soft_close=soft(90, 90, mode="add_to_end", scope="group")),
    ),
    _table(
        "ReadySetAuction at most an hour in all",
        """
        3599  ann  bid 100  ->  100 ann  end=5399 ext=1
        5300  bob  bid 110  ->  110 bob  end=7100 ext=2
        7000  ann  bid 120  ->  120 ann  end=7200 ext=3
        7100  bob  bid 130  ->  130 bob  end=7200 ext=3
        """,
        _soft(1800, 1800, hard_end_s=3600),
    ),
    _table(
        "Live Auction World at most two extensions",
        """
        3599  ann  bid 100  ->  100 ann  end=3659 ext=1
        3658  bob  bid 110  ->  110 bob  end=3718 ext=2
        3717  ann  bid 120  ->  120 ann  end=3718 ext=2
        3718  bob  bid 130  ->  too_late  phase=sold
        """,
        _soft(60, 60, max_extensions=2),
    ),
    _table(
        "fishauctions a hard end an hour after the schedule",
        """
        3500  ann  bid 100  ->  100 ann  end=4400
        4399  bob  bid 110  ->  110 bob  end=5299
        5298  ann  bid 120  ->  120 ann  end=6198
        6197  bob  bid 130  ->  130 bob  end=7097
        7000  ann  bid 140  ->  140 ann  end=7200
        7199  bob  bid 150  ->  150 bob  end=7200 ext=5
        7200  ann  bid 160  ->  too_late  hammer=150
        """,
        _soft(900, 900, hard_end_s=3600),
    ),
    _table(
        "Oracle only a bid that takes the first rank triggers",
        """
        3599  ann  max 500  ->  100 ann  end=3659
        3650  bob  bid 200  ->  210 ann  end=3659 ext=1
        3651  bob  bid 600  ->  600 bob  end=3711 ext=2
        """,
        _soft(60, 60, trigger="leader"),
    ),
]

BOUNDARIES = [
    _table("exactly a window left does not extend", "3480  ann  bid 100  ->  100 ann  end=3600 ext=0", _soft(120, 120)),
    _table(
        "a microsecond less does",
        "3480.000001  ann  bid 100  ->  100 ann  end=3600.000001 ext=1",
        _soft(120, 120),
    ),
    _table(
        "the last microsecond is in time and the end is not",
        """
        3599.999999  ann  bid 100  ->  100 ann  end=3719.999999
        3719.999999  bob  bid 110  ->  too_late
        """,
        _soft(120, 120),
    ),
    _table(
        "a hard close never moves",
        "3599.999999  ann  bid 100  ->  100 ann  end=3600 ext=0 hard=-",
    ),
    _table("a window of nothing never extends", "3599.999999 ann bid 100 -> 100 ann end=3600 ext=0", _soft(0, 60)),
    _table(
        "from the bid with less to give than is left moves nothing",
        """
        3500  ann  bid 100  ->  100 ann  end=3600 ext=0
        3571  bob  bid 110  ->  110 bob  end=3601 ext=1
        """,
        _soft(120, 30),
    ),
    _table(
        "windows may have decimals",
        """
        3599.75      ann  bid 100  ->  100 ann  end=3600
        3599.750001  bob  bid 110  ->  110 bob  end=3600.250001
        """,
        _soft(0.25, 0.5),
    ),
]

TRIGGERS = [
    _table(
        f"{trigger} hears neither refused bids nor a leaders raised ceiling",
        """
        3590  ann  max 500  ->  100 ann  end=3650 ext=1
        3600  bob  bid 105  ->  below_ask  end=3650
        3601  ann  bid 300  ->  already_leading  end=3650
        3602  ann  max 900  ->  100 ann  end=3650 ext=1 ceiling=900
        3603  ann  max 900  ->  below_ceiling  end=3650
        3604  clerk bar bob ->  done
        3605  bob  bid 300  ->  barred  end=3650
        3606  cid  max 400  ->  410 ann
        """,
        _soft(60, 60, trigger=trigger),
    )
    for trigger in ("price_or_leader", "leader", "any")
] + [
    _table(
        "price or leader hears a price moved under the same leader",
        """
        3590  ann  max 500  ->  100 ann  end=3650
        3620  bob  bid 200  ->  210 ann  end=3680
        """,
        _soft(60, 60, trigger="price_or_leader"),
    ),
    _table(
        "a retry does not extend",
        """
        3590  ann  bid 100 ref=x  ->  done  end=3650
        3640  ann  bid 100 ref=x  ->  repeat  end=3650 ext=1
        """,
        _soft(60, 60),
    ),
]

LINKED = [
    _table(
        "the others move by the same time not to the same end",
        "3500  ann  bid 100  ->  100 ann  A.end=3620 B.end=3680 A.ext=1 B.ext=1",
        *_linked(),
    ),
    _table(
        "a bid outside its own window moves nobody",
        "3530  ann  bid 100 lot=B  ->  100 ann  A.end=3600 B.end=3660",
        *_linked(),
    ),
    _table(
        "an ended lot does not come back",
        """
        3610  ann  bid 100 lot=B  ->  100 ann  B.end=3730 A.end=3600 A.ext=0
        3611  ann  bid 100        ->  too_late
        """,
        *_linked(),
    ),
    _table(
        "of two that end at once a bid in the last microsecond extends both and one at the end neither",
        """
        3599.999999  ann  bid 100        ->  100 ann  A.end=3719.999999 B.end=3719.999999
        3719.999998  bob  bid 100 lot=B  ->  100 bob  A.end=3839.999998 B.end=3839.999998
        3839.999998  cid  bid 110        ->  too_late  B.ext=2 phase=sold hammer=100
        3839.999998  cid  bid 110 lot=B  ->  too_late  A.ext=2 phase=sold hammer=100
        """,
        listing("A", group="g", soft_close=soft(120, 120, scope="group")),
        listing("B", group="g", soft_close=soft(120, 120, scope="group")),
    ),
    _table(
        "of two that end at once the one that nobody bid on passes",
        """
        3479  ann  bid 100        ->  100 ann  A.end=3600 B.end=3600
        3600  ann  bid 100 lot=B  ->  too_late  phase=passed A.phase=sold
        """,
        listing("A", group="g", soft_close=soft(120, 120, scope="group")),
        listing("B", group="g", soft_close=soft(120, 120, scope="group")),
    ),
    _table(
        "another lot stops at its own hard end",
        """
        3590  ann  bid 100        ->  100 ann  A.end=3710 B.end=3690
        3690  bob  bid 110 lot=B  ->  too_late
        """,
        listing("A", group="g", soft_close=soft(120, 120, scope="group")),
        listing("B", group="g", soft_close=soft(120, 120, scope="group", hard_end_s=90)),
    ),
    _table(
        "lots of one group with scope lot close each alone",
        "3590  ann  bid 100  ->  100 ann  A.end=3710 B.end=3600 B.ext=0",
        listing("A", group="g", soft_close=soft(120, 120)),
        listing("B", group="g", soft_close=soft(120, 120)),
    ),
]

CLERKED_LINKS = [
    _table(
        "a paused or withdrawn lot does not move with the others",
        """
        3000  clerk pause lot=B   ->  done  B.end=- B.ext=0
        3500  ann   bid 100       ->  100 ann  A.end=3620 B.end=- B.ext=0 B.phase=paused
        """,
        *_linked(),
    ),
    _table(
        "an operator extends one lot alone",
        "3000  clerk extend 4000  ->  done  A.end=4000 B.end=3660",
        *_linked(),
    ),
    _table(
        "a lot that is not open yet does not move",
        "3500  ann  bid 100  ->  100 ann  A.end=3620 B.end=9000 B.ext=0 B.phase=upcoming",
        listing("A", group="g", soft_close=soft(120, 120, scope="group")),
        listing(
            "B",
            group="g",
            opens_at=OPENS_AT + 4_000 * SECOND_US,
            closes_at=OPENS_AT + 9_000 * SECOND_US,
            soft_close=soft(120, 120, scope="group"),
        ),
    ),
]

PAUSES = [
    _table(
        "a paused lot has no end and takes no bids",
        """
        1000  ann   bid 100  ->  100 ann
        1200  clerk pause    ->  done  end=- ask=- phase=paused
        1300  bob   bid 110  ->  lot_paused  100 ann
        9000  clock ring     ->  nothing  phase=paused
        """,
    ),
    _table(
        "resuming gives back the time that was left",
        """
        1200  clerk pause    ->  done
        9000  clerk resume   ->  done  end=11400 phase=open ask=100 ext=0
        9001  ann   bid 100  ->  100 ann
        """,
    ),
    _table(
        "but at least a minute for a hard close",
        """
        3590  clerk pause    ->  done
        3595  clerk resume   ->  done  end=3655
        """,
    ),
    _table(
        "exactly a minute is a minute",
        """
        3540       clerk pause   ->  done
        5000       clerk resume  ->  done  end=5060
        5000.5     clerk pause   ->  done
        6000       clerk resume  ->  done  end=6060
        """,
    ),
    _table(
        "and at least one window for a soft one",
        """
        3590  clerk pause    ->  done
        4000  clerk resume   ->  done  end=4300
        4001  ann   bid 100  ->  100 ann  end=4301 ext=1
        """,
        _soft(300, 300),
    ),
    _table(
        "the hard end moves by what the end has moved",
        """
        3000  clerk pause    ->  done  hard=3700
        4000  clerk resume   ->  done  end=4600 hard=4700
        4590  ann   bid 100  ->  100 ann  end=4700
        """,
        _soft(300, 300, hard_end_s=100),
    ),
    _table(
        "nothing is paused or withdrawn or extended once its end has come",
        """
        3600  clerk pause         ->  wrong_phase
        3600  clerk withdraw      ->  wrong_phase
        3600  clerk extend 5000   ->  wrong_phase
        """,
    ),
]

OPERATORS = [
    _table(
        "an operator moves the end later never earlier",
        """
        10  clerk extend 3599        ->  malformed  end=3600
        11  clerk extend 3600        ->  malformed
        12  clerk extend 3600.000001 ->  done  end=3600.000001 ext=1
        """,
    ),
    _table(
        "his extensions do not use up those of bids",
        """
        10    clerk extend 3700  ->  done  ext=1
        3699  ann   bid 100      ->  100 ann  end=3759 ext=2
        3758  bob   bid 110      ->  110 bob  end=3759 ext=2
        """,
        _soft(60, 60, max_extensions=1),
    ),
    _table(
        "a hard end moves with them",
        """
        10    clerk extend 4000  ->  done  hard=4100
        3999  ann   bid 100      ->  100 ann  end=4100
        """,
        _soft(300, 300, hard_end_s=100),
    ),
    _table(
        "a bid in the window after it counts from the new end",
        """
        10    clerk extend 4000  ->  done
        3599  ann   bid 100      ->  100 ann  end=4000
        """,
        _soft(300, 300),
    ),
]

OUTAGES = [
    _table(
        "an outage extends an open lot whose end has passed",
        """
        3000  ann   bid 100      ->  100 ann
        4000  clock outage 4060  ->  100 ann  end=4060 ext=1 phase=open
        4059  bob   bid 110      ->  110 bob
        4060  cid   bid 120      ->  too_late
        """,
    ),
    _table(
        "it is not counted and the hard end moves with it",
        """
        4000  clock outage 4300  ->  - -  end=4300 ext=1 hard=4400
        4299  ann   bid 100      ->  100 ann  end=4400 ext=2
        4399  bob   bid 110      ->  110 bob  end=4400 ext=2
        """,
        _soft(300, 300, hard_end_s=100, max_extensions=2),
    ),
    _table(
        "a saleroom lot has no end that could move",
        """
        10    clerk open           ->  done
        4000  clock outage 5000    ->  nothing  end=-
        """,
        listing(format="saleroom", closes_at=None),
    ),
    _table(
        "nor has a paused one or one that has ended",
        """
        10    clerk pause          ->  done
        4000  clock outage 5000    ->  nothing  end=- phase=paused
        4001  clerk withdraw       ->  done
        4002  clock outage 5000    ->  nothing  end=-
        """,
    ),
    _table(
        "a free period whose end has passed is extended before the next stage begins",
        """
        3700  clock outage 3800    ->  - -  end=3800 stage=free ext=1
        3799  ann   bid 100        ->  100 ann  stage=free
        3800  bob   bid 110        ->  110 bob  stage=timed end=3900
        """,
        listing(format="two_phase", two_phase={"countdown_s": 100}),
    ),
    _table(
        "an end never moves back by it",
        """
        10    clock outage 3600  ->  nothing  end=3600
        10    clock outage 20    ->  nothing  end=3600
        """,
    ),
]


@pytest.mark.parametrize("punctual", [True, False], ids=["punctual_bell", "late_bell"])
@pytest.mark.parametrize(("table", "lots"), [*HOUSES, *BOUNDARIES, *TRIGGERS, *LINKED])
def test_bids_move_ends_by_instants_alone(table: str, lots: tuple[Listing, ...], *, punctual: bool) -> None:
    if not punctual:
        table = "\n".join(row.partition("phase=")[0].partition("hammer=")[0] for row in table.splitlines())
    play(table, *lots, punctual=punctual)


@pytest.mark.parametrize(("table", "lots"), [*PAUSES, *OPERATORS, *CLERKED_LINKS])
def test_orders_move_ends(table: str, lots: tuple[Listing, ...]) -> None:
    play(f"0 clock ring -> - -\n{table}", *lots, punctual=len(lots) > 1)


@pytest.mark.parametrize(("table", "lots"), OUTAGES)
def test_outages_move_ends(table: str, lots: tuple[Listing, ...]) -> None:
    begin = "" if lots and lots[0].terms.closes_at is None else "0 clock ring -> - -\n"
    play(begin + table, *lots, punctual=False)


@pytest.mark.parametrize(
    ("table", "lots"),
    [
        _table(
            "an early ring decides to nothing",
            """
            -0.000001    clock ring -> nothing phase=upcoming
            0            clock ring -> - -     phase=open ask=100 end=3600
            0            clock ring -> nothing
            3599.999999  clock ring -> nothing phase=open
            3600         clock ring -> - -     phase=passed ask=- end=3600
            3600         clock ring -> nothing
            """,
        ),
        _table(
            "a stale ring after an extension decides to nothing",
            """
            0     clock ring     ->  - -
            3599  ann   bid 100  ->  100 ann  end=3659
            3600  clock ring     ->  nothing  phase=open
            3659  clock ring     ->  100 ann  phase=sold hammer=100
            """,
            _soft(60, 60),
        ),
        _table(
            "a bid before a late opening bell opens the lot and one after the end does not",
            """
            10    ann   bid 50   ->  below_start  phase=upcoming seq=1
            10    ann   bid 100  ->  100 ann  phase=open seq=4
            11    clock ring     ->  nothing
            3600  ann   max 300  ->  too_late  phase=open
            3700  clock ring     ->  100 ann  phase=sold hammer=100
            """,
        ),
        _table(
            "a bell that missed the whole sale opens and then closes",
            """
            3601  ann   bid 100  ->  too_late  phase=upcoming
            3601  clock ring     ->  - -       phase=open
            3602  ann   bid 100  ->  too_late
            3603  clock ring     ->  - -       phase=passed
            """,
        ),
        _table(
            "a linked lot whose opening bell is late moves too",
            "3500  ann  bid 100  ->  100 ann  A.end=3620 B.end=3680 B.phase=open B.seq=3",
            *_linked(),
        ),
        _table(
            "a reserve that is not met passes the lot",
            """
            0     ann   max 999  ->  100 ann  reserve=not_met
            3600  clock ring     ->  100 ann  phase=passed hammer=- reserve=not_met
            """,
            listing(reserve=1000),
        ),
        _table(
            "a reserve that is met sells it",
            """
            0     ann   max 1000 ->  1000 ann
            3600  clock ring     ->  1000 ann  phase=sold hammer=1000
            """,
            listing(reserve=1000),
        ),
    ],
)
def test_rings_are_looked_at_by_their_instants(table: str, lots: tuple[Listing, ...]) -> None:
    play(table, *lots, punctual=False)


def test_a_lot_whose_opening_has_passed_opens_as_it_is_listed() -> None:
    room = Saleroom(listing(), at=OPENS_AT)
    assert [part["ev"] for part in room.public()] == ["lot_listed", "lot_opened"]


def test_the_cause_of_an_extension_is_told() -> None:
    room = play(
        """
        0     clock ring             ->  - -
        1     clerk extend 3700      ->  done
        3650  ann   bid 100          ->  100 ann  A.end=3770 B.end=3730
        3900  clock outage 4000      ->  100 ann
        """,
        *_linked(),
        punctual=False,
    )
    causes = [(part["lot"], part["cause"]) for lot in "AB" for part in room.public(lot) if part["ev"] == "lot_extended"]
    assert causes == [("A", "operator"), ("A", "bid"), ("A", "outage"), ("B", "group")]
