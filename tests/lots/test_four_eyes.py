"""Four eyes, as tables: a grave order waits for a second operator, and is decided when he gives his hand to it.

Times and amounts: `saleroom`. Kim orders, lea countersigns.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, pack, play
from tests.lots.tables import fact, played


def _grave(*orders: str, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(four_eyes=list(orders), **more)


WITHDRAW = _grave("withdraw")
VOID = _grave("void_bid", "undo")

ROWS = [
    fact(
        "the first hand changes nothing and the second carries the order out",
        """
        0   clock ring                        ->  - -  seq=2
        1   clerk:kim withdraw ref=o-1        ->  pending  phase=open seq=2
        2   ann   bid 100                     ->  100 ann  seq=4
        3   clerk:lea countersign kim o-1     ->  done  phase=withdrawn seq=5
        4   clerk:lea countersign kim o-1     ->  unknown_proposal
        """,
        WITHDRAW,
    ),
    fact(
        "the second is another than the first",
        """
        1   clerk:kim withdraw ref=o-1        ->  pending
        2   clerk:kim countersign kim o-1     ->  needs_another  phase=open
        3   clerk:lea countersign kim o-1     ->  done  phase=withdrawn
        """,
        WITHDRAW,
    ),
    fact(
        "nothing is countersigned that was not ordered",
        """
        1   clerk:lea countersign kim o-1     ->  unknown_proposal
        2   clerk:kim withdraw ref=o-1        ->  pending
        3   clerk:lea countersign kim o-2     ->  unknown_proposal
        4   clerk:lea countersign lea o-1     ->  unknown_proposal
        5   clerk:kim countersign lea o-1     ->  unknown_proposal
        """,
        WITHDRAW,
    ),
    fact(
        "retries of both are answered",
        """
        1   clerk:kim withdraw ref=o-1                ->  pending
        2   clerk:kim withdraw ref=o-1                ->  repeat  phase=open
        3   clerk:lea countersign kim o-1 ref=c-1     ->  done  phase=withdrawn
        4   clerk:lea countersign kim o-1 ref=c-1     ->  repeat
        5   clerk:lea countersign kim o-2 ref=c-1     ->  ref_reused
        6   clerk:kim withdraw ref=o-1                ->  repeat
        7   clerk:kim withdraw ref=o-1 reason=other   ->  ref_reused
        """,
        WITHDRAW,
    ),
    fact(
        "an order that cannot be carried out is not proposed",
        """
        1   clerk:kim void_bid 4 ref=o-1      ->  unknown_bid
        2   clerk:lea countersign kim o-1     ->  unknown_proposal
        3   clerk:kim undo ref=o-2            ->  no_bids
        """,
        VOID,
    ),
    fact(
        "it is decided anew as the lot stands then",
        """
        1   ann   bid 100                     ->  100 ann  seq=4
        2   bob   bid 110                     ->  110 bob  seq=6
        3   clerk:kim undo ref=o-1            ->  pending  110 bob
        4   cid   bid 120                     ->  120 cid  seq=8
        5   clerk:lea countersign kim o-1     ->  done  110 bob  bids=2
        """,
        VOID,
    ),
    fact(
        "by then it may have become impossible and it may be tried again",
        """
        1   clerk:kim withdraw ref=o-1        ->  pending
        3599  ann bid 100                     ->  100 ann
        3600  clock ring                      ->  nothing  phase=sold
        3601  clerk:lea countersign kim o-1   ->  wrong_phase  phase=sold
        3602  clerk:lea countersign kim o-1   ->  wrong_phase
        3603  clerk:lea reopen 9000           ->  done
        3604  clerk:lea countersign kim o-1   ->  done  phase=withdrawn
        """,
        WITHDRAW,
    ),
    fact(
        "two proposals of the same are two and the second finds it done",
        """
        1   ann   bid 100                     ->  100 ann  seq=4
        2   clerk:kim void_bid 4 ref=o-1      ->  pending
        3   clerk:lea void_bid 4 ref=o-1      ->  pending
        4   clerk:kim countersign lea o-1     ->  done  - -
        5   clerk:lea countersign kim o-1     ->  already_done
        """,
        VOID,
    ),
    fact(
        "where nothing is left to do the proposal is closed all the same",
        """
        0   clerk:kim admit ann ref=o-1       ->  pending
        0   clerk:lea admit ann ref=o-2       ->  pending
        1   clerk:lea countersign kim o-1     ->  done  held.ann=50
        2   clerk:kim countersign lea o-2     ->  done  held.ann=50
        3   clerk:kim countersign lea o-2     ->  unknown_proposal
        """,
        _grave("admit", deposit=50),
    ),
    fact(
        "what he saw counts for the first hand and not for the second",
        """
        0   clock ring                             ->  - -  seq=2
        1   clerk:kim withdraw seen=1 ref=o-1      ->  stale
        2   clerk:kim withdraw seen=2 ref=o-1      ->  pending
        3   ann   bid 100                          ->  100 ann  seq=4
        4   clerk:lea countersign kim o-1 seen=3   ->  stale
        5   clerk:lea countersign kim o-1 seen=4   ->  done  phase=withdrawn
        """,
        WITHDRAW,
    ),
    fact(
        "orders that the terms do not name need no second hand",
        """
        1   clerk:kim pause       ->  done  phase=paused
        2   clerk:kim withdraw    ->  pending  phase=paused
        """,
        WITHDRAW,
    ),
    fact(
        "one order under four eyes does not make another grave",
        """
        1   ann   bid 100         ->  100 ann
        2   clerk:kim undo        ->  done  - -
        """,
        _grave("void_bid"),
    ),
    fact(
        "the hammer falls by two hands before the end and by the bell at it",
        """
        1     ann   bid 100                   ->  100 ann
        2     clerk:kim hammer 3 1 ref=o-1    ->  pending  phase=open
        3600  clerk:lea countersign kim o-1   ->  wrong_phase  phase=sold
        """,
        _grave("hammer"),
    ),
    fact(
        "an extension by two hands",
        """
        1     clerk:kim extend 5000 ref=o-1   ->  pending  end=3600
        2     clerk:lea countersign kim o-1   ->  done  end=5000 ext=1
        """,
        _grave("extend"),
    ),
    fact(
        "a deposit by two hands is held once and lets him bid then",
        """
        1     clerk:kim deposit ann 50 p ref=o-1  ->  pending  held.ann=0 paddles=0
        2     ann   bid 100                       ->  deposit_required
        3     clerk:lea countersign kim o-1       ->  done  held.ann=50 paddles=1
        4     ann   bid 100                       ->  100 ann
        """,
        _grave("deposit", deposit=50),
    ),
    fact(
        "so does an admission with the rank that was ordered",
        """
        0     clerk:kim admit ann                 ->  pending  paddles=0
        0     clerk:kim admit bob rank=1 ref=o-2  ->  pending
        1     clerk:lea countersign kim o-2       ->  done  paddles=1 held.bob=50
        2     bob   bid 100                       ->  100 bob
        """,
        _grave("admit", deposit=50, priority=True),
    ),
    fact(
        "a re-auction by two hands",
        """
        3600  clock ring                                   ->  nothing  phase=passed
        3601  clerk:kim reauction B 80 5000 9000 ref=o-1   ->  pending  successor=-
        3602  clerk:lea countersign kim o-1                ->  done  successor=B
        """,
        _grave("reauction"),
    ),
    fact(
        "a default by two hands",
        """
        0     clerk:kim admit ann             ->  done  held.ann=50
        1     ann   bid 100                   ->  100 ann
        3600  clock ring                      ->  nothing  phase=sold
        3601  clerk:kim default ref=o-1       ->  pending  settlement=due forfeited.ann=0
        3602  clerk:lea countersign kim o-1   ->  done  settlement=defaulted forfeited.ann=50
        """,
        _grave("default", deposit=50),
    ),
    fact(
        "a sale by consent after two hands",
        """
        1     ann   bid 100                   ->  100 ann
        3600  clock ring                      ->  nothing  phase=passed provisional=true
        3601  clerk:kim consent ref=o-1       ->  pending
        3602  clerk:lea countersign kim o-1   ->  done  phase=sold hammer=100
        """,
        _grave("consent", reserve=200, provisional_s=100),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_four_eyes(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_a_proposal_is_heard_by_nobody() -> None:
    quiet = play("0 clock ring -> - -", WITHDRAW)
    loud = play("0 clock ring -> - -\n 1 clerk:kim withdraw reason=forged -> pending", WITHDRAW)
    assert [pack(part) for part in loud.public()] == [pack(part) for part in quiet.public()]


def test_the_log_tells_both_hands_and_the_public_neither() -> None:
    room = played(
        "1 clerk:kim withdraw ref=o-1 reason=forged -> pending\n 2 clerk:lea countersign kim o-1 -> done", WITHDRAW
    )
    public, private = room.events[-1].parts()
    assert (public["ev"], public["reason"]) == ("lot_withdrawn", "forged")
    assert (private["by"], private["op"]) == ("lea", "countersign")
    assert "kim" in private["proposal"]
    assert not {"kim", "lea"} & set(public.values())


@pytest.mark.parametrize("name", ["pause", "countersign", "bid", "open", "notice"])
def test_only_grave_orders_are_put_under_four_eyes(name: str) -> None:
    with pytest.raises(ValueError, match="four_eyes"):
        _grave(name)
