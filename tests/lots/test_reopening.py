"""Reopening, provisional sales and consent, as tables. Times and amounts: `saleroom`."""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, soft
from tests.lots.tables import fact, played

SOLD = """
    1     ann   bid 100   ->  100 ann
    2     bob   bid 110   ->  110 bob
    3600  clock ring      ->  nothing  phase=sold hammer=110
"""


def _soft(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(soft_close=soft(60, 60, **more))


REOPENINGS = [
    fact(
        "price and leader stay and the ask is a step above",
        f"""{SOLD}
        4000  clerk reopen 5000   ->  done  110 bob  phase=open ask=120 end=5000 hammer=- settlement=- bids=2 ext=0
        4001  ann   bid 119       ->  below_ask
        4002  ann   bid 120       ->  120 ann
        5000  bob   bid 130       ->  too_late  phase=sold hammer=120
        """,
    ),
    fact(
        "who leads wins again where nobody goes higher",
        f"""{SOLD}
        4000  clerk reopen 5000   ->  done
        5000  clock ring          ->  nothing  phase=sold hammer=110 leader=bob settlement=due
        """,
    ),
    fact(
        "his ceiling stays as well",
        """
        1     ann   max 500       ->  100 ann
        3600  clock ring          ->  nothing  phase=sold
        4000  clerk reopen 5000   ->  done  ceiling=500
        4001  bob   bid 200       ->  210 ann
        """,
    ),
    fact(
        "a lot without bids starts where it started",
        """
        3600  clock ring          ->  nothing  phase=passed
        4000  clerk reopen 5000   ->  done  - -  phase=open ask=100
        4001  ann   bid 100       ->  100 ann
        """,
    ),
    fact(
        "the new end lies in the future",
        f"""{SOLD}
        4000  clerk reopen 3999   ->  malformed  phase=sold
        4000  clerk reopen 4000   ->  malformed
        4000  clerk reopen        ->  malformed
        4000  clerk reopen 4000.000001 ->  done  end=4000.000001
        """,
    ),
    fact(
        "only a lot that was sold or passed is reopened",
        """
        -1    clerk reopen 5000   ->  wrong_phase
        1     clerk reopen 5000   ->  wrong_phase
        2     clerk pause         ->  done
        3     clerk reopen 5000   ->  wrong_phase
        4     clerk withdraw      ->  done
        5     clerk reopen 5000   ->  wrong_phase  phase=withdrawn
        """,
    ),
    fact(
        "one that has been paid is not nor one whose buyer has defaulted",
        f"""{SOLD}
        4000  clerk settle        ->  done
        4001  clerk reopen 5000   ->  wrong_phase  phase=sold settlement=paid
        """,
    ),
    fact(
        "after a default it is offered again instead",
        f"""{SOLD}
        4000  clerk default       ->  done
        4001  clerk reopen 5000   ->  wrong_phase  settlement=defaulted
        """,
    ),
    fact(
        "nor one that is offered again already",
        """
        3600  clock ring                   ->  nothing  phase=passed
        3601  clerk reoffer B 100 4000 8000 ->  done  successor=B
        3602  clerk reopen 5000            ->  wrong_phase
        """,
    ),
    fact(
        "it may be reopened again and again under refs of their own",
        f"""{SOLD}
        4000  clerk reopen 5000 ref=x  ->  done
        4001  clerk reopen 5000 ref=x  ->  repeat
        4002  clerk reopen 5000        ->  wrong_phase
        4003  clerk reopen 6000 ref=x  ->  ref_reused
        5000  clerk reopen 6000 ref=y  ->  done  end=6000
        """,
    ),
    fact(
        "the warning is not carried over",
        """
        1     ann   bid 100       ->  100 ann
        2     clerk fair_warning  ->  done  warned=true
        3     clerk hammer        ->  done  phase=sold warned=true
        4     clerk reopen 5000   ->  done  warned=false
        """,
    ),
    fact(
        "the soft close goes on from the new end",
        f"""{SOLD}
        4000  clerk reopen 5000   ->  done
        4940  ann   bid 120       ->  120 ann  end=5000
        4941  bob   bid 130       ->  130 bob  end=5001 ext=1
        """,
        _soft(),
    ),
    fact(
        "a hard end before the new end moves to it",
        f"""{SOLD}
        4000  clerk reopen 5000   ->  done  hard=5000
        4990  ann   bid 120       ->  120 ann  end=5000
        """,
        _soft(hard_end_s=100),
    ),
    fact(
        "bids are voided once it is open again and not before",
        f"""{SOLD}
        3700  clerk undo          ->  wrong_phase
        4000  clerk reopen 5000   ->  done
        4001  clerk undo          ->  done  100 ann  ask=110 bids=1
        5000  clock ring          ->  nothing  phase=sold hammer=100 leader=ann
        """,
    ),
    fact(
        "old refs keep their answers",
        """
        1     ann   bid 100 ref=x ->  done
        3600  clock ring          ->  nothing  phase=sold
        4000  clerk reopen 5000   ->  done
        4001  ann   bid 100 ref=x ->  repeat
        """,
    ),
    fact(
        "reopened by an order that saw the close",
        """
        1     ann   bid 100                ->  100 ann  seq=4
        3600  clock ring                   ->  nothing  phase=sold seq=5
        4000  clerk reopen 5000 seen=4     ->  stale  phase=sold
        4000  clerk reopen 5000 seen=5     ->  done
        """,
    ),
]

PROVISIONAL = listing(reserve=200, provisional_s=1_000)
BELOW = """
    1     ann   max 190   ->  100 ann  reserve=not_met
    2     bob   bid 150   ->  160 ann
    3600  clock ring      ->  nothing  160 ann  phase=passed provisional=true hammer=- ask=- due=4600
"""

CONSENTS = [
    fact(
        "below the reserve the best bid stands until the seller consents",
        f"""{BELOW}
        4000         clerk consent   ->  done  160 ann  phase=sold hammer=160 provisional=false settlement=due
        4001         clerk consent   ->  wrong_phase
        4002         clerk settle    ->  done  settlement=paid
        """,
        PROVISIONAL,
    ),
    fact(
        "in the last microsecond he still may",
        f"""{BELOW}
        4599.999999  clerk consent   ->  done  phase=sold
        """,
        PROVISIONAL,
    ),
    fact(
        "and at the end of the time not any more",
        f"""{BELOW}
        4600         clerk consent   ->  wrong_phase  phase=passed provisional=false due=-
        """,
        PROVISIONAL,
    ),
    fact(
        "a lot that has no bid or no such term is not provisional",
        """
        3600  clock ring       ->  nothing  phase=passed provisional=false
        3601  clerk consent    ->  wrong_phase
        """,
        PROVISIONAL,
    ),
    fact(
        "without the term a lot below its reserve is just unsold",
        """
        1     ann   bid 100    ->  100 ann
        3600  clock ring       ->  nothing  phase=passed provisional=false
        3601  clerk consent    ->  wrong_phase
        """,
        listing(reserve=200),
    ),
    fact(
        "at the reserve it is sold at once",
        """
        1     ann   bid 200    ->  200 ann  reserve=met
        3600  clock ring       ->  nothing  phase=sold provisional=false
        """,
        PROVISIONAL,
    ),
    fact(
        "the clerk who passes it below the reserve leaves it to the seller",
        """
        1     ann   bid 100    ->  100 ann
        2     clerk pass       ->  done  phase=passed provisional=true due=1002
        3     clerk consent    ->  done  phase=sold hammer=100
        """,
        PROVISIONAL,
    ),
    fact(
        "the clerk who passes it above the reserve does not",
        """
        1     ann   bid 200    ->  200 ann
        2     clerk pass       ->  done  phase=passed provisional=false
        3     clerk consent    ->  wrong_phase
        """,
        PROVISIONAL,
    ),
    fact(
        "while it waits it is not offered again but may be reopened",
        f"""{BELOW}
        3700  clerk reoffer B 100 4000 8000  ->  wrong_phase
        3701  clerk reopen 5000              ->  done  160 ann  phase=open provisional=false due=5000
        3702  clerk consent                  ->  wrong_phase
        4600  clock ring                     ->  nothing  phase=open
        5000  clock ring                     ->  nothing  phase=passed provisional=true due=6000
        """,
        PROVISIONAL,
    ),
    fact(
        "once it lapsed it is offered again",
        f"""{BELOW}
        4600  clerk reoffer B 100 5000 9000  ->  done  successor=B
        """,
        PROVISIONAL,
    ),
]

RESERVES = [
    fact(
        "a public reserve works as a hidden one",
        """
        1     ann   bid 100    ->  100 ann  reserve=not_met
        2     bob   max 300    ->  200 bob  reserve=met
        3600  clock ring       ->  nothing  phase=sold hammer=200
        """,
        listing(reserve=200, reserve_public=True),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*REOPENINGS, *CONSENTS, *RESERVES])
def test_reopening_and_consent(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_a_hidden_reserve_is_shown_nowhere_and_a_public_one_in_the_terms() -> None:
    hidden, public = (
        played("1 ann bid 100 -> 100 ann", listing(reserve=777, reserve_public=is_public)).public()
        for is_public in (False, True)
    )
    assert "777" not in str(hidden)
    assert public[0]["terms"]["reserve"] == 777
    assert "reserve" not in hidden[0]["terms"]


def test_everyone_hears_that_the_best_bid_waits_and_that_it_lapsed() -> None:
    room = played(f"{BELOW} 4600 clerk notice x -> done", PROVISIONAL)
    passed, lapsed, _ = room.public()[-3:]
    assert (passed["ev"], passed["reason"], passed["provisional"]) == ("lot_passed", "reserve_not_met", True)
    assert (lapsed["ev"], lapsed["provisional"]) == ("consent_lapsed", False)


def test_an_order_before_a_late_bell_finds_the_sellers_time_over() -> None:
    played(
        """
        0     clock ring       ->  - -
        1     ann   bid 100    ->  100 ann
        3600  clock ring       ->  100 ann  phase=passed provisional=true
        4600  clerk consent    ->  wrong_phase  phase=passed
        4601  clock ring       ->  100 ann  provisional=false
        """,
        PROVISIONAL,
        punctual=False,
    )


def test_provisional_terms_need_a_reserve() -> None:
    with pytest.raises(ValueError, match="provisional_s"):
        listing(provisional_s=60)
