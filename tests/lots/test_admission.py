"""The way to a paddle, as tables: registration, check, deposit; and who may not bid without it.

Times and amounts: `saleroom`. A deposit is 50. The statements are the two words `of_age` and `seen_it`.
"""

from typing import Any

import pytest

from lots import views
from lots.listing import Listing
from tests.lots.saleroom import listing, pack, play
from tests.lots.tables import fact, played

STATEMENTS = ["of_age", "seen_it"]


def _checked(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(registration={"statements": STATEMENTS, "check": True}, **more)


FREE = listing()
DEPOSIT = listing(deposit=50)
CHECKED = _checked()
UNCHECKED = listing(registration={"statements": STATEMENTS, "check": False})
BOTH = _checked(deposit=50, priority=True)
SELF_SERVICE = listing(registration={"statements": STATEMENTS, "check": False}, deposit=50)

REGISTRATION = [
    fact(
        "he registers is let in and bids",
        """
        -3   ann   bid 100                  ->  lot_not_open
        -2   ann   register of_age seen_it  ->  done  seq=1 paddles=0
        -1   clerk admit ann                ->  done  seq=1 paddles=1
        1    ann   bid 100                  ->  100 ann  seq=4 paddles=1
        """,
        CHECKED,
    ),
    fact(
        "he does not bid before he has registered nor before he was let in",
        """
        1    ann   bid 100                  ->  not_admitted
        2    ann   max 900                  ->  not_admitted
        3    ann   register of_age seen_it  ->  done
        4    ann   bid 100                  ->  not_admitted
        5    clerk admit ann                ->  done
        6    ann   bid 100                  ->  100 ann
        """,
        CHECKED,
    ),
    fact(
        "nobody is let in who has not registered",
        """
        1    clerk admit ann                ->  not_registered
        2    clerk decline ann              ->  not_registered
        3    ann   register of_age seen_it  ->  done
        4    clerk admit ann                ->  done
        """,
        CHECKED,
    ),
    fact(
        "all statements are repeated word by word and in their order",
        """
        1    ann   register                 ->  malformed
        2    ann   register of_age          ->  malformed
        3    ann   register seen_it of_age  ->  malformed
        4    ann   register of_age seen_it more  ->  malformed
        5    ann   register of_age Seen_it  ->  malformed
        6    ann   register of_age seen_it  ->  done
        """,
        CHECKED,
    ),
    fact(
        "he registers once and a retry is answered",
        """
        1    ann   register of_age seen_it ref=x  ->  done
        2    ann   register of_age seen_it ref=x  ->  repeat
        3    ann   register of_age seen_it ref=y  ->  already_done
        4    bob   register of_age seen_it ref=x  ->  done
        """,
        CHECKED,
    ),
    fact(
        "without a check the registration itself lets him in",
        """
        1    ann   register of_age seen_it  ->  done  paddles=1 seq=2
        2    ann   bid 100                  ->  100 ann
        3    bob   bid 110                  ->  not_admitted
        """,
        UNCHECKED,
    ),
    fact(
        "there is nothing to register for where the terms ask for no registration",
        """
        1    ann   register of_age seen_it  ->  format_mismatch
        2    ann   register                 ->  format_mismatch
        """,
        DEPOSIT,
    ),
    fact(
        "who is barred does not register and who has registered can be barred",
        """
        1    clerk bar ann                  ->  done
        2    ann   register of_age seen_it  ->  barred
        3    bob   register of_age seen_it  ->  done
        4    clerk bar bob                  ->  done
        5    clerk admit bob                ->  done  paddles=0
        6    bob   bid 100                  ->  barred
        """,
        CHECKED,
    ),
    fact(
        "he registers before the opening and during a pause",
        """
        -10  ann   register of_age seen_it  ->  done
        10   clerk pause                    ->  done
        11   bob   register of_age seen_it  ->  done
        12   clerk admit bob                ->  done  paddles=1
        """,
        CHECKED,
    ),
    fact(
        "and not once the lot has ended",
        """
        3600 clock ring                     ->  nothing  phase=passed
        3601 ann   register of_age seen_it  ->  too_late
        """,
        CHECKED,
    ),
    fact(
        "nor once it was withdrawn",
        """
        1    clerk withdraw                 ->  done
        2    ann   register of_age seen_it  ->  lot_withdrawn
        """,
        CHECKED,
    ),
]

DEPOSITS = [
    fact(
        "a deposit that was confirmed brings the paddle",
        """
        1    ann   bid 100               ->  deposit_required
        2    clerk deposit ann 50 p1     ->  done  seq=2 paddles=1 held.ann=50 received.ann=50
        3    ann   bid 100               ->  100 ann
        """,
        DEPOSIT,
    ),
    fact(
        "it must be the amount of the terms and of the lot's currency",
        """
        1    clerk deposit ann 49 p1      ->  wrong_amount  received.ann=0
        2    clerk deposit ann 51 p1      ->  wrong_amount
        3    clerk deposit ann 50 p1 USD  ->  wrong_amount
        4    clerk deposit ann 50 p1 EUR  ->  done  held.ann=50
        """,
        DEPOSIT,
    ),
    fact(
        "a lot without a deposit takes none",
        """
        1    clerk deposit ann 50 p1      ->  wrong_amount
        2    clerk deposit ann 0 p1       ->  wrong_amount
        """,
        FREE,
    ),
    fact(
        "a payment that was entered is entered once under whatever ref",
        """
        1    clerk deposit ann 50 p1      ->  done    held.ann=50
        2    clerk deposit ann 50 p1      ->  repeat  held.ann=50
        3    clerk:eve deposit ann 50 p1  ->  repeat  received.ann=50
        6    clerk deposit ann 51 p1      ->  wrong_amount
        7    clerk deposit bob 50 p1      ->  done    held.bob=50
        """,
        DEPOSIT,
    ),
    fact(
        "a second payment is not taken and a retry changes nothing",
        """
        1    clerk deposit ann 50 p1 ref=x  ->  done  held.ann=50
        2    clerk deposit ann 50 p1 ref=x  ->  repeat  held.ann=50
        3    clerk deposit ann 50 p2        ->  already_done  held.ann=50
        4    clerk deposit ann 50 p2 ref=x  ->  ref_reused
        5    clerk deposit bob 50 p1 ref=x  ->  ref_reused
        """,
        DEPOSIT,
    ),
    fact(
        "the operator's word to let him in stands for the deposit where nobody registers",
        """
        1    clerk admit ann             ->  done  held.ann=50 received.ann=50 paddles=1
        2    ann   bid 100               ->  100 ann
        3    clerk deposit ann 50 p1     ->  already_done
        4    clerk admit ann             ->  done  held.ann=50
        """,
        DEPOSIT,
    ),
    fact(
        "it does not do so once the lot has ended",
        """
        1    clerk admit ann             ->  done  held.ann=50
        4    ann   bid 100               ->  100 ann
        3600 clock ring                  ->  nothing  phase=sold
        3601 clerk admit bob             ->  done  received.bob=0 paddles=1
        """,
        DEPOSIT,
    ),
    fact(
        "but not where they do",
        """
        1    ann   register of_age seen_it  ->  done  paddles=0
        2    clerk admit ann                ->  done  held.ann=0 paddles=0
        3    ann   bid 100                  ->  deposit_required
        4    clerk deposit ann 50 p1        ->  done  held.ann=50 paddles=1
        5    ann   bid 100                  ->  100 ann
        """,
        BOTH,
    ),
    fact(
        "a deposit may come before he was let in and before he registers",
        """
        1    clerk deposit ann 50 p1        ->  done  held.ann=50 paddles=0
        2    ann   bid 100                  ->  not_admitted
        3    ann   register of_age seen_it  ->  done  paddles=0
        4    ann   bid 100                  ->  not_admitted
        5    clerk admit ann                ->  done  paddles=1
        6    ann   bid 100                  ->  100 ann
        """,
        BOTH,
    ),
    fact(
        "the registration is the last step where the deposit came first and nobody checks",
        """
        1    clerk deposit ann 50 p1        ->  done  paddles=0
        2    ann   register of_age seen_it  ->  done  paddles=1
        """,
        SELF_SERVICE,
    ),
    fact(
        "until the close no deposit is given back and the answer does not tell who leads",
        """
        1    clerk admit ann             ->  done
        2    clerk admit bob             ->  done
        3    ann   bid 100               ->  100 ann
        4    clerk release ann           ->  wrong_phase  held.ann=50
        5    clerk release bob           ->  wrong_phase  held.bob=50
        6    clerk release cid           ->  wrong_phase
        3600 clock ring                  ->  nothing      phase=sold
        3601 clerk release ann           ->  wrong_phase  held.ann=50
        3602 clerk release bob           ->  done         released.bob=50
        3603 clerk release bob           ->  already_done
        """,
        DEPOSIT,
    ),
    fact(
        "an ended lot takes no deposit",
        """
        3600 clock ring                  ->  nothing  phase=passed
        3601 clerk deposit ann 50 p1     ->  wrong_phase
        """,
        DEPOSIT,
    ),
    fact(
        "who is barred keeps his claim to the deposit and gets no paddle",
        """
        1    clerk bar ann               ->  done
        2    clerk deposit ann 50 p1     ->  done  held.ann=50 paddles=0
        3    ann   bid 100               ->  barred
        4    clerk decline ann           ->  done  released.ann=50
        """,
        DEPOSIT,
    ),
]

CHECKS = [
    fact(
        "a bidder who was declined gets back what he paid",
        """
        1    ann   register of_age seen_it  ->  done
        2    clerk deposit ann 50 p1        ->  done  held.ann=50
        3    clerk decline ann reason=unfit ->  done  held.ann=0 released.ann=50 paddles=0
        4    ann   bid 100                  ->  not_admitted
        """,
        BOTH,
    ),
    fact(
        "one who has been let in is barred instead and whether he has bid is not told",
        """
        1    ann   register of_age seen_it  ->  done
        2    clerk admit ann                ->  done  paddles=1
        3    clerk decline ann              ->  already_done
        4    ann   bid 100                  ->  100 ann
        5    clerk decline ann              ->  already_done
        """,
        CHECKED,
    ),
    fact(
        "one who has bid is barred instead",
        """
        1    ann   register of_age seen_it  ->  done
        2    clerk admit ann                ->  done
        3    ann   bid 100                  ->  100 ann
        4    clerk decline ann              ->  already_done  100 ann
        5    clerk bar ann                  ->  done
        6    ann   max 900                  ->  barred
        """,
        CHECKED,
    ),
    fact(
        "let in twice is once",
        """
        1    ann   register of_age seen_it  ->  done
        2    clerk admit ann                ->  done  paddles=1
        3    clerk admit ann                ->  done  paddles=1
        """,
        CHECKED,
    ),
    fact(
        "an operator may give a paddle where anybody may bid",
        """
        1    clerk admit ann                ->  done  paddles=1 seq=2
        2    ann   bid 100                  ->  100 ann  paddles=1 seq=4
        """,
        FREE,
    ),
]

ORDER_OF_CHECKS = [
    fact(
        "barred comes first then the registration then the check then the deposit",
        """
        1    ann   max 1                    ->  not_admitted
        2    ann   register of_age seen_it  ->  done
        3    ann   max 1                    ->  not_admitted
        4    clerk admit ann                ->  done
        5    ann   max 1                    ->  deposit_required
        6    clerk bar ann                  ->  done
        7    ann   max 1                    ->  barred
        """,
        BOTH,
    ),
    fact(
        "the deposit comes before ceilings and these before the amount",
        """
        1    ann   max 1                    ->  deposit_required
        2    clerk admit ann                ->  done
        3    ann   max 1                    ->  proxy_not_allowed
        4    ann   bid 1                    ->  below_start
        """,
        listing(deposit=50, proxy=False),
    ),
    fact(
        "the phase comes before all of them and a ref that was seen before the phase",
        """
        -1   clerk bar ann                  ->  done
        -1   ann   bid 1                    ->  lot_not_open
        1    bob   bid 100 ref=x            ->  done
        2    clerk bar bob                  ->  done
        3    clerk pause                    ->  done
        4    bob   bid 100 ref=x            ->  repeat
        5    bob   bid 110                  ->  lot_paused
        """,
        FREE,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*REGISTRATION, *DEPOSITS, *CHECKS, *ORDER_OF_CHECKS])
def test_admission(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_nothing_of_an_admission_is_heard_before_the_first_bid() -> None:
    quiet = play("0 clock ring -> - -", BOTH)
    loud = play(
        """
        -5   ann   register of_age seen_it  ->  done
        -4   bob   register of_age seen_it  ->  done
        -3   clerk deposit ann 50 p1        ->  done
        -2   clerk admit ann rank=1         ->  done
        -1   clerk decline bob              ->  done
        0    clock ring                     ->  - -
        """,
        BOTH,
    )
    assert [pack(part) for part in loud.public()] == [pack(part) for part in quiet.public()]
    assert views.snapshot(loud.lots["A"], "", 0) == views.snapshot(quiet.lots["A"], "", 0)


def test_the_first_bid_shows_the_paddle_that_was_drawn_in_private() -> None:
    room = played("-1 clerk admit ann -> done\n 1 ann bid 100 -> 100 ann\n 2 ann max 300 -> 100 ann", DEPOSIT)
    assert [part["ev"] for part in room.public()] == ["lot_listed", "lot_opened", "bidder_admitted", "bid_placed"]
    assert {part["paddle"] for part in room.public()[2:]} == {room.lots["A"].paddles["ann"]}


def test_a_bidder_sees_his_paddle_before_anyone_else_does() -> None:
    lot = played("-1 clerk admit ann -> done", DEPOSIT).lots["A"]
    assert views.you(lot, "ann")["paddle"] == lot.paddles["ann"]
    assert views.you(lot, "ann")["admitted"]


def test_whoever_admits_is_told_no_paddle() -> None:
    room = play("-2 clerk admit ann -> done\n -1 clerk deposit bob 50 p -> done", DEPOSIT)
    answers = [kept.accepted for kept in room.lots["A"].refs.values()]
    assert [(answer.paddle, answer.price, answer.leading) for answer in answers] == [(None, None, False)] * 2
