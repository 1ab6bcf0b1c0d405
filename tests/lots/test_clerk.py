"""What the house may order in which phase, as one table: phases by orders."""

from typing import Any

import pytest

from lots.decisions import decide
from lots.orders import Admit, Bar, Bid, Extend, ListLot, MaxBid, Notice, Open, Order, Pause, Resume, Withdraw
from lots.phases import ENDED, Phase, after, may
from lots.refusals import Refused
from lots.state import Accepted
from tests.lots.saleroom import CLOSES_AT, LISTED_AT, OPENS_AT, Saleroom, instant, listing, pack, play

NOW = "1000"
"""When the order is given; a lot that has ended, ended before."""

WAYS: dict[str, str] = {
    "upcoming": "-10 clerk notice hello -> done phase=upcoming",
    "open": "0 clock ring -> - - phase=open",
    "paused": "0 clock ring -> - -\n 10 clerk pause -> done phase=paused",
    "withdrawn": "0 clock ring -> - -\n 10 clerk withdraw -> done phase=withdrawn",
    "sold": "0 clock ring -> - -\n 10 ann bid 100 -> 100 ann\n 500 clock ring -> 100 ann phase=sold",
    "passed": "0 clock ring -> - -\n 500 clock ring -> - - phase=passed",
}
"""How a lot comes into each phase. It closes at 500, and where it is upcoming it opens at 2000."""

ORDERS: dict[str, Order] = {
    "open": Open(lot="A", by="clerk", ref="now"),
    "pause": Pause(lot="A", by="clerk", ref="now", reason="smoke"),
    "resume": Resume(lot="A", by="clerk", ref="now"),
    "extend": Extend(lot="A", by="clerk", ref="now", closes_at=CLOSES_AT + 1),
    "withdraw": Withdraw(lot="A", by="clerk", ref="now", reason="forged"),
    "notice": Notice(lot="A", by="clerk", ref="now", text="a chip on the rim"),
    "admit": Admit(lot="A", by="clerk", ref="now", bidder="zoe", chance=3),
    "bar": Bar(lot="A", by="clerk", ref="now", bidder="zoe", reason="did not pay"),
    "bid": Bid("A", "bob", "now", 200),
    "max_bid": MaxBid("A", "bob", "now", 200),
}

TABLE = """
                upcoming        open            paused          sold            passed          withdrawn
    open        open            wrong_phase     wrong_phase     wrong_phase     wrong_phase     wrong_phase
    pause       wrong_phase     paused          wrong_phase     wrong_phase     wrong_phase     wrong_phase
    resume      wrong_phase     wrong_phase     open            wrong_phase     wrong_phase     wrong_phase
    extend      wrong_phase     open            wrong_phase     wrong_phase     wrong_phase     wrong_phase
    withdraw    withdrawn       withdrawn       withdrawn       wrong_phase     wrong_phase     wrong_phase
    notice      upcoming        open            paused          sold            passed          withdrawn
    admit       upcoming        open            paused          sold            passed          withdrawn
    bar         upcoming        open            paused          sold            passed          withdrawn
    bid         lot_not_open    open            lot_paused      too_late        too_late        lot_withdrawn
    max_bid     lot_not_open    open            lot_paused      too_late        too_late        lot_withdrawn
"""


def _cells() -> list[tuple[str, str, str]]:
    heads, *rows = (line.split() for line in TABLE.strip().splitlines())
    return [(order, phase, cell) for order, *cells in rows for phase, cell in zip(heads, cells, strict=True)]


def _in_phase(phase: str) -> Saleroom:
    closes_at = instant("500") if phase in {"sold", "passed"} else CLOSES_AT
    opens_at = instant("2000") if phase == "upcoming" else OPENS_AT
    return play(WAYS[phase], listing(opens_at=opens_at, closes_at=closes_at), punctual=False)


@pytest.mark.parametrize(("order", "phase", "expected"), _cells())
def test_each_order_in_each_phase(order: str, phase: str, expected: str) -> None:
    room = _in_phase(phase)
    before = room.lots["A"]
    outcome = room.give(ORDERS[order], instant(NOW))
    if isinstance(outcome, Refused):
        assert outcome.code == expected
        assert room.lots["A"] is before
    else:
        assert isinstance(outcome, Accepted)
        assert room.lots["A"].phase == expected


@pytest.mark.parametrize(("order", "phase", "expected"), [cell for cell in _cells() if cell[2] in list(Phase)])
def test_an_order_that_was_carried_out_is_repeated_by_its_ref(order: str, phase: str, expected: str) -> None:
    room = _in_phase(phase)
    first = room.give(ORDERS[order], instant(NOW))
    again = room.give(ORDERS[order], instant(NOW) + 7)
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert again.repeat
    assert (again.ref, again.seq, again.at, again.price) == (first.ref, first.seq, first.at, first.price)
    assert room.lots["A"].phase == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Pause(lot="A", by="clerk", ref="x", reason="smoke"), Pause(lot="A", by="clerk", ref="x", reason="fire")),
        (Pause(lot="A", by="clerk", ref="x", reason="smoke"), Withdraw(lot="A", by="clerk", ref="x", reason="smoke")),
        (ORDERS["notice"], Notice(lot="A", by="clerk", ref="now", text="no chip after all")),
        (ORDERS["extend"], Extend(lot="A", by="clerk", ref="now", closes_at=CLOSES_AT + 2)),
        (ORDERS["admit"], Admit(lot="A", by="clerk", ref="now", bidder="yan")),
        (ORDERS["admit"], ORDERS["bar"]),
    ],
)
def test_another_order_under_an_accepted_ref_is_refused(first: Order, second: Order) -> None:
    room = _in_phase("open")
    assert isinstance(room.give(first, instant(NOW)), Accepted)
    outcome = room.give(second, instant(NOW))
    assert isinstance(outcome, Refused)
    assert outcome.code == "ref_reused"


def test_two_operators_may_use_the_same_ref() -> None:
    room = _in_phase("open")
    room.give(Notice(lot="A", by="kim", ref="1", text="one"), instant(NOW))
    outcome = room.give(Notice(lot="A", by="lea", ref="1", text="two"), instant(NOW))
    assert isinstance(outcome, Accepted)
    assert room.lots["A"].notice == "two"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("pause", {"ev": "lot_paused", "reason": "smoke", "phase": "paused", "closes_at": None, "ask": None}),
        ("withdraw", {"ev": "lot_withdrawn", "reason": "forged", "phase": "withdrawn"}),
        ("notice", {"ev": "notice_posted", "text": "a chip on the rim", "notice": "a chip on the rim"}),
        ("extend", {"ev": "lot_extended", "closes_at": CLOSES_AT + 1, "cause": "operator", "extensions": 1}),
        ("admit", {"ev": "bidder_admitted", "paddle": 103}),
    ],
)
def test_what_everyone_hears_of_an_order(order: str, expected: dict[str, Any]) -> None:
    room = _in_phase("open")
    room.give(ORDERS[order], instant(NOW))
    said = room.public()[-1]
    assert {name: said[name] for name in expected} == expected
    assert {"lot", "seq", "at"} <= said.keys()


def test_a_bar_says_nothing_in_public() -> None:
    room = _in_phase("open")
    before = [pack(part) for part in room.public()]
    room.give(ORDERS["bar"], instant(NOW))
    assert [pack(part) for part in room.public()] == before


def test_listing_the_same_again_is_harmless_and_another_is_a_conflict() -> None:
    room = Saleroom(listing())
    same = room.give(ListLot(listing()), LISTED_AT + 5)
    other = room.give(ListLot(listing(start_price=99)), LISTED_AT + 6)
    assert isinstance(same, Accepted)
    assert same.repeat
    assert isinstance(other, Refused)
    assert other.code == "conflict"
    assert len(room.events) == 1


def test_a_lot_whose_end_has_passed_cannot_be_listed() -> None:
    outcome = Saleroom().give(ListLot(listing()), CLOSES_AT)
    assert isinstance(outcome, Refused)
    assert outcome.code == "malformed"


def test_the_phases_of_an_ended_lot_have_no_rows() -> None:
    events = {"lot_opened", "lot_paused", "lot_resumed", "lot_withdrawn", "lot_sold", "lot_passed"}
    assert not [(phase, event) for phase in ENDED for event in events if may(phase, event)]
    with pytest.raises(AssertionError, match="has no such row"):
        after(Phase.SOLD, "lot_opened")


@pytest.mark.parametrize(
    "order",
    [
        Extend(lot="A", by="clerk", ref="now", reason="as the court asked", closes_at=CLOSES_AT + 1),
        Notice(lot="A", by="clerk", ref="now", reason="as the court asked", text="a chip on the rim"),
        Admit(lot="A", by="clerk", ref="now", reason="as the court asked", bidder="zoe", chance=3),
    ],
)
def test_a_reason_that_is_not_published_is_kept_in_the_private_part(order: Order) -> None:
    room = _in_phase("open")
    (event,) = decide(room.lots, order, instant(NOW)).events
    public, private = event.parts()
    assert private["grounds"] == "as the court asked"
    assert "as the court asked" not in str(public)
