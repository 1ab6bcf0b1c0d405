"""The comparison passes what the rules give, and says where a house departs from them."""

from typing import Any

import pytest
from msgspec.structs import replace

from bench.comparison import (
    Receipt,
    Record,
    against_log,
    bidders,
    of_record,
    on_files,
    on_stamps,
    outages,
    outcome,
    unanswered,
    unlike,
    unlike_files,
    was_interfered_with,
)
from bench.feed import GENESIS, next_head
from bench.reenactment import Extended
from lots.decisions import decide
from lots.fold import evolve
from lots.listing import Listing
from lots.orders import ExtendForOutage, ListLot, MaxBid, Order, Ring
from lots.refusals import Refused
from lots.simulation import Dated, Result
from lots.state import Accepted, Lot
from lots.terms import SoftCloseTerms, Terms
from lots.views import snapshot

Message = dict[str, Any]

S = 1_000_000
LISTING = Listing(
    lot="r1-a",
    sale="r1",
    title="A lot",
    terms=Terms(
        currency="CAD",
        start_price=100,
        ladder=((0, 100),),
        opens_at=0,
        closes_at=100 * S,
        soft_close=SoftCloseTerms(window_s=10, extension_s=10),
    ),
)


class Saleroom:
    """One lot, decided as the house would, with its log and its answers."""

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}
        self.log: list[Message] = []
        self.receipts: list[Receipt] = []
        self.carry_out(ListLot(LISTING), 1)

    def carry_out(self, order: Order, at: int) -> Accepted | Refused | None:
        decision = decide(self.lots, order, at)
        for event in decision.events:
            self.lots[event.lot] = evolve(self.lots.get(event.lot), event)
            public, _ = event.parts()
            if public:
                head = next_head(self.log[-1]["head"] if self.log else GENESIS, public)
                self.log.append({**public, "head": head})
        return decision.outcome

    def offer(self, at_s: float, bidder: str, ceiling: int) -> None:
        line = str(len(self.receipts) + 2)
        order = MaxBid("r1-a", bidder, line, ceiling, confirm=True, chance=int(line))
        told = self.carry_out(order, round(at_s * S))
        dated = Dated(round(at_s * S), replace(order, lot="a"))
        self.receipts.append(Receipt(dated=dated, lot="r1-a", answer=answer(told)))

    @property
    def record(self) -> Record:
        return Record(self.log, snapshot(self.lots["r1-a"], self.log[-1]["head"], 0))


def answer(told: Accepted | Refused | None) -> Message:
    if isinstance(told, Accepted):
        shown = {name: getattr(told, name) for name in ("seq", "at", "paddle", "price", "leading", "repeat")}
        return {"ev": "accepted", **shown}
    assert told is not None
    return {"ev": "refused", "code": str(told.code), "at": told.at}


@pytest.fixture
def room() -> Saleroom:
    """Ann leads, Bob drives her price up, Ann raises her ceiling, Cid bids too little, Bob wins in the window."""
    room = Saleroom()
    room.offer(10, "ann", 500)
    room.offer(20, "bob", 300)
    room.offer(30, "ann", 700)
    room.offer(40, "cid", 100)
    room.offer(95, "bob", 900)
    room.carry_out(Ring("r1-a"), 106 * S)
    return room


def test_what_the_rules_give_passes_every_comparison(room: Saleroom) -> None:
    expected, wrong = on_stamps([LISTING], room.receipts, [])
    behind, shared = bidders(room.receipts)
    came = outcome(room.record.snapshot, behind, room.receipts)
    assert (wrong, shared, unanswered(room.receipts)) == ({}, [], [])
    assert came == Result("r1-a", "sold", 800, "bob", 105 * S, 3, 1, 1)
    assert unlike(came, expected["r1-a"]) == []
    assert against_log(room.receipts, room.log) == []
    copy, faults = of_record("r1-a", room.record)
    assert (copy.seq, faults) == (len(room.log), [])


def test_an_end_one_microsecond_off_is_seen(room: Saleroom) -> None:
    expected, _ = on_stamps([LISTING], room.receipts, [])
    came = expected["r1-a"]._replace(closes_at=105 * S + 1)
    assert unlike(came, expected["r1-a"]) == ["closes_at is 105000001, by the rules 105000000"]


def test_an_answer_the_rules_would_not_give_is_named(room: Saleroom) -> None:
    room.receipts[3].answer = {"ev": "refused", "code": "below_start", "at": 40 * S}
    room.receipts[4].answer = {**(room.receipts[4].answer or {}), "price": 900}
    _, wrong = on_stamps([LISTING], room.receipts, [])
    assert wrong["r1-a"] == [
        "the offer of line 5 was answered refused below_start, by the rules refused below_ask",
        "the offer of line 6 was answered accepted 900 True, by the rules accepted 800 True",
    ]


def test_offers_count_by_stamp_and_those_with_the_same_stamp_as_given() -> None:
    room = Saleroom()
    room.offer(10, "ann", 500)
    room.offer(10, "bob", 500)
    _, wrong = on_stamps([LISTING], room.receipts, [])
    assert not wrong
    _, wrong = on_stamps([LISTING], room.receipts[::-1], [])
    assert wrong


def test_an_acknowledged_bid_that_is_not_in_the_log_is_named(room: Saleroom) -> None:
    lost = [event for event in room.log if event["at"] != 95 * S]
    assert against_log(room.receipts, lost) == [
        "the offer of line 6 was accepted under seq 7, but is not in the log there"
    ]


def test_a_bid_acknowledged_twice_is_named(room: Saleroom) -> None:
    room.receipts.append(replace(room.receipts[0]))
    assert against_log(room.receipts, room.log) == ["the offer of line 2 was accepted under seq 4, as another was"]


def test_a_bid_nobody_was_told_of_is_named(room: Saleroom) -> None:
    assert against_log(room.receipts[1:], room.log) == [
        "the log holds a bid under seq 4 that nobody of this run was told of"
    ]


def test_a_paddle_of_two_bidders_is_named(room: Saleroom) -> None:
    ann = (room.receipts[0].answer or {})["paddle"]
    room.receipts[1].answer = {**(room.receipts[1].answer or {}), "paddle": ann}
    assert bidders(room.receipts)[1] == [f"paddle {ann} was given to ann and to bob"]


def test_offers_without_an_answer_or_a_stamp_are_named(room: Saleroom) -> None:
    room.receipts[0].answer = None
    room.receipts[0].fault = "the line broke"
    room.receipts[1].answer = {"ev": "refused", "code": "forbidden", "at": None}
    assert unanswered(room.receipts) == [
        "the offer of line 2 got no answer: the line broke",
        "the offer of line 3 was refused without a stamp: forbidden",
    ]


def test_a_snapshot_unlike_its_log_is_named(room: Saleroom) -> None:
    shown = {**room.record.snapshot, "bids": 4}
    assert of_record("r1-a", Record(room.log, shown))[1] == ["the snapshot is not what the events of the log lead to"]


def test_a_log_with_a_broken_chain_is_named(room: Saleroom) -> None:
    room.log[3] = {**room.log[3], "price": 1}
    faults = of_record("r1-a", room.record)[1]
    assert "the log: the head of event 4 does not follow from the events before it" in faults


def test_the_files_allow_two_seconds_at_the_end_and_nothing_in_price_and_winner() -> None:
    simulated = Result("a", "sold", 800, "bob", 105 * S, 3, 1, 1)
    assert unlike_files(simulated._replace(bids=9), 107 * S, simulated) == []
    assert unlike_files(simulated, 107 * S + 1, simulated) == [
        "it closed +2.0 s of file time from where simulate has it"
    ]
    assert unlike_files(simulated._replace(leader="ann"), None, simulated) == ["leader is 'ann', simulate has 'bob'"]


@pytest.mark.parametrize(
    ("event", "by_clerk"),
    [
        ({"ev": "lot_extended", "cause": "bid"}, False),
        ({"ev": "lot_extended", "cause": "group"}, False),
        ({"ev": "lot_extended", "cause": "outage"}, False),
        ({"ev": "lot_extended", "cause": "operator"}, True),
        ({"ev": "lot_paused"}, True),
        ({"ev": "notice_posted"}, False),
    ],
)
def test_a_lot_is_interfered_with_when_an_operator_moved_its_end(event: Message, by_clerk: bool) -> None:
    assert was_interfered_with([event]) is by_clerk


def test_an_end_moved_by_an_outage_is_taken_into_account() -> None:
    room = Saleroom()
    room.offer(10, "ann", 500)
    room.carry_out(ExtendForOutage("r1-a", 200 * S), 130 * S)
    room.offer(150, "bob", 700)
    room.offer(195, "ann", 900)
    room.offer(210, "bob", 2000)
    room.carry_out(Ring("r1-a"), 205 * S)
    moved = outages(room.log)
    assert moved == [Extended(130 * S, "r1-a", 200 * S)]
    ruled, wrong = on_stamps([LISTING], room.receipts, moved)
    came = outcome(room.record.snapshot, bidders(room.receipts)[0], room.receipts)
    assert (unlike(came, ruled["r1-a"]), wrong) == ([], {})
    assert (came.closes_at, came.extensions, came.refused) == (205 * S, 2, 1)


def test_offers_within_two_seconds_of_an_opening_an_end_or_a_window_are_on_an_edge() -> None:
    def on_edge(at_s: float) -> bool:
        listing = replace(LISTING, lot="a", terms=replace(LISTING.terms, opens_at=20 * S))
        return on_files([listing], [Dated(round(at_s * S), MaxBid("a", "ann", "2", 500))])[1] == {"a"}

    assert {at_s: on_edge(at_s) for at_s in (17.9, 18, 22, 50, 87.9, 88, 92, 95, 97.9, 98, 102, 102.1)} == {
        17.9: False,
        18: True,
        22: True,
        50: False,
        87.9: False,
        88: True,
        92: True,
        95: False,
        97.9: False,
        98: True,
        102: True,
        102.1: False,
    }
