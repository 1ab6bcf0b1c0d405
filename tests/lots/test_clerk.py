"""What the house may order in which phase, as one table: phases by orders."""

from typing import Any, cast

import pytest
from msgspec import structs

from clock.instants import DAY_US
from lots.decisions import decide
from lots.orders import (
    OPS,
    REOFFERS,
    Admit,
    Allocate,
    Bar,
    Bid,
    Clerk,
    ConfirmDeposit,
    Consent,
    Countersign,
    Decline,
    Default,
    Extend,
    FairWarning,
    FloorBid,
    Hammer,
    Join,
    ListLot,
    MaxBid,
    Notice,
    Open,
    Order,
    Pass,
    Pause,
    Register,
    Release,
    Reoffer,
    Reopen,
    Resume,
    SetStep,
    Settle,
    Suspend,
    Undo,
    VoidBid,
    Withdraw,
    op_of,
)
from lots.phases import ENDED, Phase, after, may
from lots.refusals import Refused
from lots.state import Accepted
from tests.lots.saleroom import CLOSES_AT, LISTED_AT, OPENS_AT, Saleroom, instant, listing, pack, play
from tests.lots.tables import played

NOW = "1000"
"""When the order is given; a lot that has ended, ended before."""

BID = "\n 5 ann bid 100 -> 100 ann seq=4"
WAYS: dict[str, str] = {
    "upcoming": "-10 clerk notice hello -> done phase=upcoming",
    "open": f"0 clock ring -> - - phase=open {BID}",
    "paused": f"0 clock ring -> - - {BID}\n 10 clerk pause -> done phase=paused",
    "withdrawn": f"0 clock ring -> - - {BID}\n 10 clerk withdraw -> done phase=withdrawn",
    "sold": f"0 clock ring -> - - {BID}\n 500 clock ring -> 100 ann phase=sold",
    "passed": "0 clock ring -> - -\n 500 clock ring -> - - phase=passed",
}
"""How a lot comes into each phase. It closes at 500, and where it is upcoming it opens at 2000."""


def _by_clerk(order: type[Clerk], **fields: Any) -> Order:  # noqa: ANN401  the fields of each order
    return cast("Order", order(lot="A", by="clerk", ref="now", **fields))


AGAIN = listing("B", first_bid_closes_s=60)
ORDERS: dict[str, Order] = {
    "open": _by_clerk(Open),
    "pause": _by_clerk(Pause, reason="smoke"),
    "suspend": _by_clerk(Suspend, reason="the line is down"),
    "resume": _by_clerk(Resume),
    "extend": _by_clerk(Extend, closes_at=CLOSES_AT + 1),
    "fair_warning": _by_clerk(FairWarning, reason="going once"),
    "hammer": _by_clerk(Hammer),
    "pass": _by_clerk(Pass),
    "withdraw": _by_clerk(Withdraw, reason="forged"),
    "reopen": _by_clerk(Reopen, reason="a bid was overlooked", closes_at=CLOSES_AT + 1),
    "void_bid": _by_clerk(VoidBid, reason="a minor", seq=4),
    "undo": _by_clerk(Undo, reason="misheard"),
    "floor_bid": _by_clerk(FloorBid, amount=200, chance=7),
    "step": _by_clerk(SetStep, step=25),
    "notice": _by_clerk(Notice, text="a chip on the rim"),
    "admit": _by_clerk(Admit, bidder="zoe", chance=3),
    "decline": _by_clerk(Decline, bidder="zoe"),
    "bar": _by_clerk(Bar, bidder="zoe", reason="did not pay"),
    "deposit": _by_clerk(ConfirmDeposit, bidder="zoe", amount=10, payment="p"),
    "release": _by_clerk(Release, bidder="zoe"),
    "consent": _by_clerk(Consent),
    "settle": _by_clerk(Settle),
    "default": _by_clerk(Default, reason="never came"),
    "allocate": _by_clerk(Allocate, costs=1, shortfall=1),
    "reoffer": _by_clerk(Reoffer, kind="reoffer", listing=AGAIN, reason="as agreed"),
    "reauction": _by_clerk(Reoffer, kind="reauction", listing=AGAIN),
    "sell_off": _by_clerk(Reoffer, kind="sell_off", listing=AGAIN),
    "countersign": _by_clerk(Countersign, of_by="kim", of_ref="1"),
    "bid": Bid("A", "bob", "now", 200),
    "max_bid": MaxBid("A", "bob", "now", 200),
    "register": Register(lot="A", bidder="bob", ref="now", accepts=()),
    "join": Join(lot="A", bidder="bob", ref="now"),
}

TABLE = """
                 upcoming         open             paused           sold             passed           withdrawn
    open         open             wrong_phase      wrong_phase      wrong_phase      wrong_phase      wrong_phase
    pause        wrong_phase      paused           wrong_phase      wrong_phase      wrong_phase      wrong_phase
    suspend      wrong_phase      paused           wrong_phase      wrong_phase      wrong_phase      wrong_phase
    resume       wrong_phase      wrong_phase      open             wrong_phase      wrong_phase      wrong_phase
    extend       wrong_phase      open             wrong_phase      wrong_phase      wrong_phase      wrong_phase
    fair_warning wrong_phase      open             wrong_phase      wrong_phase      wrong_phase      wrong_phase
    hammer       wrong_phase      sold             wrong_phase      wrong_phase      wrong_phase      wrong_phase
    pass         wrong_phase      passed           wrong_phase      wrong_phase      wrong_phase      wrong_phase
    withdraw     withdrawn        withdrawn        withdrawn        wrong_phase      wrong_phase      wrong_phase
    reopen       wrong_phase      wrong_phase      wrong_phase      open             open             wrong_phase
    void_bid     wrong_phase      open             paused           wrong_phase      wrong_phase      wrong_phase
    undo         wrong_phase      open             paused           wrong_phase      wrong_phase      wrong_phase
    floor_bid    lot_not_open     open             lot_paused       too_late         too_late         lot_withdrawn
    step         wrong_phase      open             wrong_phase      wrong_phase      wrong_phase      wrong_phase
    notice       upcoming         open             paused           sold             passed           withdrawn
    admit        upcoming         open             paused           sold             passed           withdrawn
    decline      not_registered   not_registered   not_registered   not_registered   not_registered   not_registered
    bar          upcoming         open             paused           sold             passed           withdrawn
    deposit      wrong_amount     wrong_amount     wrong_amount     wrong_amount     wrong_amount     wrong_amount
    release      wrong_phase      wrong_phase      wrong_phase      already_done     already_done     already_done
    consent      wrong_phase      wrong_phase      wrong_phase      wrong_phase      wrong_phase      wrong_phase
    settle       wrong_phase      wrong_phase      wrong_phase      sold             wrong_phase      wrong_phase
    default      wrong_phase      wrong_phase      wrong_phase      sold             wrong_phase      wrong_phase
    allocate     wrong_phase      wrong_phase      wrong_phase      wrong_phase      wrong_phase      wrong_phase
    reoffer      wrong_phase      wrong_phase      wrong_phase      wrong_phase      passed           withdrawn
    reauction    wrong_phase      wrong_phase      wrong_phase      wrong_phase      passed           withdrawn
    sell_off     wrong_phase      wrong_phase      wrong_phase      wrong_phase      passed           withdrawn
    countersign  unknown_proposal unknown_proposal unknown_proposal unknown_proposal unknown_proposal unknown_proposal
    bid          lot_not_open     open             lot_paused       too_late         too_late         lot_withdrawn
    max_bid      lot_not_open     open             lot_paused       too_late         too_late         lot_withdrawn
    register     format_mismatch  format_mismatch  format_mismatch  format_mismatch  format_mismatch  format_mismatch
    join         format_mismatch  format_mismatch  format_mismatch  format_mismatch  format_mismatch  format_mismatch
"""


def test_the_table_has_every_order() -> None:
    assert {order for order, _, _ in _cells()} == set(ORDERS)
    clerks = [order for order in ORDERS.values() if isinstance(order, Clerk)]
    assert {op_of(order) for order in clerks} == {*OPS, *REOFFERS}


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
        (_by_clerk(Pause, reason="smoke"), _by_clerk(Pause, reason="fire")),
        (_by_clerk(Pause, reason="smoke"), _by_clerk(Suspend, reason="smoke")),
        (_by_clerk(Pause, reason="smoke"), _by_clerk(Withdraw, reason="smoke")),
        (ORDERS["notice"], _by_clerk(Notice, text="no chip after all")),
        (ORDERS["extend"], _by_clerk(Extend, closes_at=CLOSES_AT + 2)),
        (ORDERS["admit"], _by_clerk(Admit, bidder="yan")),
        (ORDERS["admit"], _by_clerk(Admit, bidder="zoe", rank=1)),
        (ORDERS["admit"], ORDERS["bar"]),
        (ORDERS["void_bid"], ORDERS["undo"]),
        (_by_clerk(VoidBid, seq=4, reason="a minor"), _by_clerk(VoidBid, seq=5, reason="a minor")),
        (ORDERS["step"], _by_clerk(SetStep, step=26)),
        (ORDERS["floor_bid"], _by_clerk(FloorBid, amount=201)),
        (_by_clerk(Hammer, reason="gone"), _by_clerk(Pass, reason="gone")),
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


@pytest.mark.parametrize("phase", list(WAYS))
@pytest.mark.parametrize("order", [name for name, order in ORDERS.items() if isinstance(order, Clerk)])
def test_an_order_by_an_old_sight_of_the_lot_is_stale_whatever_it_is(order: str, phase: str) -> None:
    room = _in_phase(phase)
    before = room.lots["A"]
    outcome = room.give(structs.replace(ORDERS[order], seen=before.seq - 1), instant(NOW))
    assert isinstance(outcome, Refused)
    assert outcome.code == "stale"
    assert room.lots["A"] is before


@pytest.mark.parametrize(("order", "phase", "expected"), [cell for cell in _cells() if "bid" not in cell[0]])
def test_an_order_by_the_present_sight_is_decided_as_one_that_names_none(order: str, phase: str, expected: str) -> None:
    if not isinstance(ORDERS[order], Clerk):
        return
    room = _in_phase(phase)
    outcome = room.give(structs.replace(ORDERS[order], seen=room.lots["A"].seq), instant(NOW))
    assert (outcome.code if isinstance(outcome, Refused) else room.lots["A"].phase) == expected


def test_a_retry_is_answered_although_the_lot_has_gone_on_since() -> None:
    play(
        """
        0   clock ring                  ->  - -  seq=2
        1   clerk notice one seen=2 ref=x  ->  done    seq=3
        2   clerk notice two seen=2     ->  stale
        3   clerk notice one seen=2 ref=x  ->  repeat  notice=one
        4   clerk notice two seen=3     ->  done  notice=two
        """
    )


HEARD: list[tuple[str, str, dict[str, Any]]] = [
    ("open", "upcoming", {"ev": "lot_opened", "phase": "open", "ask": 100, "closes_at": CLOSES_AT}),
    ("pause", "open", {"ev": "lot_paused", "reason": "smoke", "cause": "clerk", "closes_at": None, "ask": None}),
    (
        "suspend",
        "open",
        {
            "ev": "lot_paused",
            "reason": "the line is down",
            "cause": "suspension",
            "phase": "paused",
            "resume_by": instant(NOW) + 5 * DAY_US,
        },
    ),
    ("resume", "paused", {"ev": "lot_resumed", "phase": "open", "ask": 110}),
    ("extend", "open", {"ev": "lot_extended", "closes_at": CLOSES_AT + 1, "cause": "operator", "extensions": 1}),
    ("fair_warning", "open", {"ev": "fair_warning_given", "reason": "going once", "warned": True}),
    ("hammer", "open", {"ev": "lot_sold", "hammer_price": 100, "phase": "sold", "settlement": "due", "ask": None}),
    ("pass", "open", {"ev": "lot_passed", "reason": "by_clerk", "phase": "passed", "ask": None}),
    ("withdraw", "open", {"ev": "lot_withdrawn", "reason": "forged", "phase": "withdrawn", "closes_at": None}),
    ("reopen", "sold", {"ev": "lot_reopened", "reason": "a bid was overlooked", "hammer_price": None, "ask": 110}),
    ("void_bid", "open", {"ev": "bid_voided", "voided": 4, "reason": "a minor", "price": None, "bids": 0, "ask": 100}),
    ("undo", "open", {"ev": "bid_voided", "voided": 4, "reason": "misheard", "leader": None}),
    ("floor_bid", "open", {"ev": "bid_placed", "kind": "floor", "offered": 200, "price": 200, "bids": 2}),
    ("step", "open", {"ev": "step_set", "step": 25, "ask": 125}),
    ("notice", "open", {"ev": "notice_posted", "text": "a chip on the rim", "notice": "a chip on the rim"}),
    ("settle", "sold", {"ev": "lot_settled", "settlement": "paid"}),
    ("default", "sold", {"ev": "winner_defaulted", "settlement": "defaulted", "reason": "never came"}),
    ("reoffer", "passed", {"ev": "lot_reoffered", "kind": "reoffer", "successor": "B", "reason": "as agreed"}),
]


@pytest.mark.parametrize(("order", "phase", "expected"), HEARD, ids=[row[0] for row in HEARD])
def test_what_everyone_hears_of_an_order(order: str, phase: str, expected: dict[str, Any]) -> None:
    room = _in_phase(phase)
    room.give(ORDERS[order], instant(NOW))
    said = room.public()[-1]
    assert {name: said[name] for name in expected} == expected
    assert {"lot", "seq", "at"} <= said.keys()
    assert "clerk" not in (said | {"cause": ""}).values()


@pytest.mark.parametrize("order", ["bar", "admit"])
def test_an_order_about_a_bidder_says_nothing_in_public(order: str) -> None:
    room = _in_phase("open")
    before = [pack(part) for part in room.public()]
    assert isinstance(room.give(ORDERS[order], instant(NOW)), Accepted)
    assert [pack(part) for part in room.public()] == before


def test_a_suspension_needs_a_reason_and_lasts_five_days_at_most() -> None:
    played(
        """
        0   clock ring                         ->  - -
        1   clerk suspend                      ->  malformed  phase=open
        2   clerk suspend reason=fault         ->  done  phase=paused resume_by=432002   # five days
        3   clerk suspend reason=fault         ->  wrong_phase
        4   clerk resume                       ->  done  phase=open resume_by=-
        5   clerk suspend reason=risk          ->  done  resume_by=432005
        6   clerk withdraw                     ->  done  phase=withdrawn resume_by=-
        """
    )


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


def test_after_a_close_a_lot_is_only_reopened_or_sold_by_consent() -> None:
    events = ("lot_opened", "lot_paused", "lot_resumed", "lot_reopened", "lot_withdrawn", "lot_sold", "lot_passed")
    rows = {(phase, event) for phase in ENDED for event in events if may(phase, event)}
    assert rows == {
        (Phase.SOLD, "lot_reopened"),
        (Phase.PASSED, "lot_reopened"),
        (Phase.PASSED, "lot_sold"),
    }
    with pytest.raises(AssertionError, match="has no such row"):
        after(Phase.SOLD, "lot_opened")


@pytest.mark.parametrize("order", ["extend", "notice", "admit", "hammer", "pass", "step"])
def test_a_reason_that_is_not_published_is_kept_in_the_private_part(order: str) -> None:
    room = _in_phase("open")
    reasoned = structs.replace(ORDERS[order], reason="as the court asked")
    event = decide(room.lots, reasoned, instant(NOW)).events[0]
    public, private = event.parts()
    assert private["grounds"] == "as the court asked"
    assert "as the court asked" not in str(public)
