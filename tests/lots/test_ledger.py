"""Where the deposits are, as tables: after every order of every way a lot can go. Times and amounts: `saleroom`.

A deposit is 50. The lot ends at 3600; a thousand seconds after its end deposits are given back.
"""

from typing import Any

import pytest

from lots.ledger import MOVES, NOTHING, Account, Deposit, allocation, moved
from lots.listing import Listing
from tests.lots.saleroom import listing
from tests.lots.tables import fact, played

ADMISSIONS = """
    0  clerk admit ann  ->  done  received.ann=50 held.ann=50
    0  clerk admit bob  ->  done  received.bob=50 held.bob=50
    0  clerk admit cid  ->  done  received.cid=50 held.cid=50
"""
SOLD = """
    1     ann   bid 100  ->  100 ann
    2     bob   bid 110  ->  110 bob
    3600  clock ring     ->  nothing  phase=sold settlement=due due=4600
"""


def _lot(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(**{"deposit": 50, "release_after_s": 1_000, **more})


LOT = _lot()

RETURNS = [
    fact(
        "losers get theirs back and the winners counts so long after the close",
        f"""{SOLD}
        4599.999999  clerk notice x  ->  done  held.ann=50 held.bob=50 held.cid=50
        4600         clock ring      ->  nothing  released.ann=50 applied.bob=50 released.cid=50 due=-
        4600         clerk notice x  ->  done  held.ann=0 held.bob=0 held.cid=0
        """,
        LOT,
    ),
    fact(
        "at the very close where the terms say so",
        f"{SOLD.replace('due=4600', 'due=-')}  3600 clerk notice x -> done released.ann=50 applied.bob=50",
        _lot(release_after_s=0),
    ),
    fact(
        "of a lot that passes all get theirs back",
        """
        3600  clock ring  ->  nothing  phase=passed held.ann=50 due=4600
        4600  clock ring  ->  nothing  released.ann=50 released.bob=50 released.cid=50
        """,
        LOT,
    ),
    fact(
        "below the reserve too",
        """
        1     ann   bid 100  ->  100 ann
        3600  clock ring     ->  nothing  phase=passed
        4600  clock ring     ->  nothing  released.ann=50 applied.ann=0 released.bob=50
        """,
        _lot(reserve=200),
    ),
    fact(
        "of one that was withdrawn so long after that",
        """
        1     ann   bid 100     ->  100 ann
        10    clerk withdraw    ->  done  held.ann=50 due=1010
        1010  clock ring        ->  nothing  released.ann=50 released.bob=50 released.cid=50
        """,
        LOT,
    ),
    fact(
        "who is barred gets his back",
        f"""{SOLD}
        3601  clerk bar ann   ->  done
        4600  clock ring      ->  nothing  released.ann=50
        """,
        LOT,
    ),
    fact(
        "a late bell gives them back as well and an early one does not",
        f"""{SOLD}
        4599  clock ring      ->  nothing  held.ann=50
        9999  clock ring      ->  nothing  released.ann=50 applied.bob=50
        9999  clock ring      ->  nothing  released.ann=50 applied.bob=50
        """,
        LOT,
    ),
    fact(
        "the clerk may give them back before but not the winners",
        f"""{SOLD}
        3601  clerk release ann  ->  done  released.ann=50
        3602  clerk release bob  ->  wrong_phase  held.bob=50
        3603  clerk release ann  ->  already_done
        3604  clerk release zoe  ->  already_done
        4600  clock ring         ->  nothing  released.ann=50 released.cid=50 applied.bob=50
        4601  clerk release cid  ->  already_done
        """,
        LOT,
    ),
    fact(
        "where nobody paid nothing is due",
        "3600  clock ring  ->  nothing  phase=passed due=-",
        listing(),
    ),
]

SETTLEMENTS = [
    fact(
        "who has paid has his deposit counted at once",
        f"""{SOLD}
        3700  clerk settle    ->  done  settlement=paid applied.bob=50 held.ann=50
        3701  clerk settle    ->  already_done
        3702  clerk default   ->  wrong_phase
        4600  clock ring      ->  nothing  applied.bob=50 released.ann=50
        """,
        LOT,
    ),
    fact(
        "or it was counted before",
        f"""{SOLD}
        5000  clerk settle    ->  done  settlement=paid applied.bob=50
        """,
        LOT,
    ),
    fact(
        "who does not pay forfeits it and is barred and the underbidder is not asked",
        f"""{SOLD}
        3700  clerk default   ->  done  110 bob  settlement=defaulted forfeited.bob=50 held.bob=0 held.ann=50 phase=sold
        3701  clerk default   ->  already_done
        3702  clerk settle    ->  wrong_phase
        4600  clock ring      ->  nothing  forfeited.bob=50 applied.bob=0 released.ann=50 released.cid=50
        """,
        LOT,
    ),
    fact(
        "also when it was counted before",
        f"""{SOLD}
        4600  clock ring      ->  nothing  applied.bob=50
        4700  clerk default   ->  done  applied.bob=0 forfeited.bob=50
        """,
        LOT,
    ),
    fact(
        "without a deposit a default forfeits nothing",
        """
        1     ann   bid 100          ->  100 ann
        3600  clock ring             ->  nothing  phase=sold
        3601  clerk default          ->  done  settlement=defaulted forfeited.ann=0
        3602  clerk allocate 1 1     ->  already_done
        """,
        listing(),
    ),
]

DEFAULTED = f"{SOLD} 3700 clerk default -> done forfeited.bob=50\n"

ALLOCATIONS = [
    fact(
        "it pays the costs then the shortfall then debts",
        f"""{DEFAULTED}
        3701  clerk allocate 10 15   ->  done  forfeited.bob=0 costs.bob=10 shortfall.bob=15 debts.bob=25
        3702  clerk allocate 10 15   ->  already_done  debts.bob=25
        """,
        LOT,
    ),
    fact(
        "costs beyond it take all",
        f"""{DEFAULTED}
        3701  clerk allocate 51 15   ->  done  costs.bob=50 shortfall.bob=0 debts.bob=0
        """,
        LOT,
    ),
    fact(
        "costs and shortfall may use it up",
        f"""{DEFAULTED}
        3701  clerk allocate 20 30   ->  done  costs.bob=20 shortfall.bob=30 debts.bob=0
        """,
        LOT,
    ),
    fact(
        "a shortfall beyond the rest takes the rest",
        f"""{DEFAULTED}
        3701  clerk allocate 20 900  ->  done  costs.bob=20 shortfall.bob=30 debts.bob=0
        """,
        LOT,
    ),
    fact(
        "without either all goes to debts",
        f"""{DEFAULTED}
        3701  clerk allocate 0 0     ->  done  debts.bob=50
        """,
        LOT,
    ),
    fact(
        "nothing is shared out before a default",
        f"""
        0     clerk allocate 1 1     ->  wrong_phase
        {SOLD}
        3601  clerk allocate 1 1     ->  wrong_phase
        3602  clerk settle           ->  done
        3603  clerk allocate 1 1     ->  wrong_phase
        """,
        LOT,
    ),
    fact(
        "a retry is answered and another share under its ref is not",
        f"""{DEFAULTED}
        3701  clerk allocate 10 15 ref=x  ->  done  debts.bob=25
        3702  clerk allocate 10 15 ref=x  ->  repeat
        3703  clerk allocate 10 16 ref=x  ->  ref_reused
        """,
        LOT,
    ),
]

BELOW = """
    1     ann   bid 100  ->  100 ann
    3600  clock ring     ->  nothing  phase=passed provisional=true
"""
LATER, SOONER = _lot(reserve=200, provisional_s=2_000), _lot(reserve=200, provisional_s=500)

CONSENTS = [
    fact(
        "the best bidders stays while the sellers word is awaited",
        f"""{BELOW}
        4600  clock ring     ->  nothing  released.bob=50 released.cid=50 held.ann=50 due=5600
        5000  clerk consent  ->  done  phase=sold hammer=100 settlement=due held.ann=50 due=6000 provisional=false
        6000  clock ring     ->  nothing  applied.ann=50 due=-
        """,
        LATER,
    ),
    fact(
        "and goes back when it does not come",
        f"""{BELOW}
        4600         clock ring     ->  nothing  held.ann=50
        5599.999999  clerk notice x ->  done  provisional=true held.ann=50
        5600         clerk consent  ->  wrong_phase  phase=passed provisional=false released.ann=50 due=-
        """,
        LATER,
    ),
    fact(
        "it goes back with all others where the word was due before that",
        f"""{BELOW}
        4100  clock ring     ->  nothing  provisional=false held.ann=50 due=4600
        4100  clerk consent  ->  wrong_phase
        4600  clock ring     ->  nothing  released.ann=50 released.bob=50
        """,
        SOONER,
    ),
    fact(
        "the clerk does not give back what is awaited",
        f"""{BELOW}
        3700  clerk release ann  ->  wrong_phase  held.ann=50
        3701  clerk release bob  ->  done
        """,
        LATER,
    ),
    fact(
        "consent at once is a sale as any",
        f"""{BELOW}
        3601  clerk consent  ->  done  phase=sold due=4601
        3602  clerk consent  ->  wrong_phase
        4601  clock ring     ->  nothing  applied.ann=50 released.bob=50
        """,
        LATER,
    ),
]

REOPENINGS = [
    fact(
        "nothing is given back while the lot goes on and it counts from the new close",
        f"""{SOLD}
        3700  clerk reopen 9000  ->  done  due=9000
        4600  clock ring         ->  nothing  held.ann=50 held.bob=50
        4601  ann   bid 120      ->  120 ann
        9000  clock ring         ->  nothing  phase=sold due=10000
        10000 clock ring         ->  nothing  applied.ann=50 released.bob=50 released.cid=50
        """,
        LOT,
    ),
    fact(
        "once a deposit has gone its way nobody could be held to a bid so it stays closed",
        f"""{SOLD}
        4600  clock ring              ->  nothing  applied.bob=50 released.ann=50
        4700  clerk reopen 9000       ->  wrong_phase  phase=sold
        """,
        LOT,
    ),
    fact(
        "and so it does once one was given back by hand",
        f"""{SOLD}
        3650  clerk release ann       ->  done  released.ann=50
        3700  clerk reopen 9000       ->  wrong_phase  phase=sold
        """,
        LOT,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*RETURNS, *SETTLEMENTS, *ALLOCATIONS, *CONSENTS, *REOPENINGS])
def test_ledger(rows: str, lots: tuple[Listing, ...]) -> None:
    played((ADMISSIONS if lots[0].terms.deposit else "") + rows, *lots)


ONCE = Deposit(received=50, held=50)


@pytest.mark.parametrize(
    ("source", "to", "amount"),
    [
        (Account.HELD, Account.RECEIVED, 50),
        (Account.RELEASED, Account.HELD, 50),
        (Account.HELD, Account.COSTS, 50),
        (Account.HELD, Account.RELEASED, 51),
        (Account.HELD, Account.RELEASED, 0),
        (Account.HELD, Account.RELEASED, -1),
        (Account.APPLIED, Account.FORFEITED, 1),
    ],
)
def test_an_entry_that_moves_what_is_not_there_is_a_broken_log(source: Account, to: Account, amount: int) -> None:
    with pytest.raises(AssertionError):
        moved(ONCE, source, to, amount)


@pytest.mark.parametrize(("source", "to"), sorted(MOVES))
def test_every_entry_balances(source: Account, to: Account) -> None:
    before = NOTHING if source is Account.RECEIVED else Deposit(received=50, **{source.value: 50})
    after = moved(before, source, to, 20)
    assert after.is_balanced
    assert getattr(after, to) == 20


@pytest.mark.parametrize(
    ("forfeited", "costs", "shortfall", "expected"),
    [
        (50, 10, 15, [("costs", 10), ("shortfall", 15), ("debts", 25)]),
        (50, 50, 15, [("costs", 50)]),
        (50, 49, 1, [("costs", 49), ("shortfall", 1)]),
        (50, 49, 2, [("costs", 49), ("shortfall", 1)]),
        (50, 0, 0, [("debts", 50)]),
        (50, 0, 50, [("shortfall", 50)]),
    ],
)
def test_a_forfeited_deposit_is_shared_out_in_the_order_of_the_law(
    forfeited: int, costs: int, shortfall: int, expected: list[tuple[str, int]]
) -> None:
    assert list(allocation(forfeited, costs, shortfall)) == expected


def test_a_deposit_that_does_not_add_up_is_not_balanced() -> None:
    assert not Deposit(received=50, held=49).is_balanced
    assert Deposit(received=50, held=20, released=5, costs=10, shortfall=10, debts=5).is_balanced


def test_nothing_that_the_ledger_does_is_heard() -> None:
    room = played(f"{ADMISSIONS}{SOLD} 4600 clock ring -> nothing applied.bob=50", LOT)
    assert room.public()[-1]["ev"] == "lot_sold"
    assert not {"deposit_moved", "deposits_returned"} & {part["ev"] for part in room.public()}
