"""The actor: what a draft takes from the inbox, what it changes, and what comes back from one that was not stored."""

from collections.abc import Mapping

import pytest

from engine.actor import Actor, Answer, Draft, Waiting
from engine.journal import NOTHING, Top
from engine.pen import Salts, Tail
from lots.decision import Decision
from lots.decisions import decide
from lots.orders import Bid, ExtendForOutage, ListLot, MaxBid, Order, Ring
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot
from tests.lots.saleroom import CLOSES_AT, LISTED_AT, OPENS_AT, listing

SALTS = Salts()


class Room:
    """An actor with one lot that is open, and the answers that came."""

    def __init__(self) -> None:
        self.actor = Actor("A")
        self.actor.tails["A"] = Tail()
        self.actor.epoch = 1
        self.answers: list[tuple[str, Answer]] = []
        self.give(ListLot(listing()), LISTED_AT)
        self.give(Ring("A"), OPENS_AT)
        self.actor.adopt(self.draft())

    def give(self, order: Order, at: int) -> None:
        ref = getattr(order, "ref", "")
        waiting = Waiting(order, self.actor.stamp(at), 0, lambda answer: self.answers.append((ref, answer)))
        self.actor.inbox.append(waiting)

    def draft(self, orders_max: int = 100) -> Draft:
        return self.actor.draft(orders_max, SALTS)

    def waiting(self) -> list[str]:
        return [getattr(waiting.order, "ref", type(waiting.order).__name__) for waiting in self.actor.inbox]


def bid(ref: str, amount: int, bidder: str = "ann") -> Bid:
    return Bid("A", bidder, ref, amount)


def outcomes(draft: Draft) -> list[str]:
    return [
        "-" if outcome is None else str(getattr(outcome, "code", "accepted"))
        for outcome in (answered.outcome for answered in draft.answered)
    ]


def test_a_draft_changes_nothing_until_it_is_adopted() -> None:
    room = Room()
    before = (dict(room.actor.lots), dict(room.actor.tails))
    room.give(bid("1", 100), OPENS_AT)
    draft = room.draft()
    assert (room.actor.lots, room.actor.tails) == before
    assert draft.lots["A"].price == 100
    room.actor.adopt(draft)
    assert room.actor.lots["A"].price == 100
    assert room.actor.tails["A"] == draft.pens["A"].tail


def test_a_draft_takes_no_more_than_it_may_and_in_order() -> None:
    room = Room()
    for number in range(5):
        room.give(bid(str(number), 100 + 10 * number, f"b{number}"), OPENS_AT)
    assert outcomes(room.draft(3)) == ["accepted"] * 3
    assert room.waiting() == ["3", "4"]


def test_a_draft_writes_onto_the_tail_under_the_actors_epoch() -> None:
    room = Room()
    room.give(bid("1", 100), OPENS_AT)
    batch = room.draft().batch
    assert (batch.group, batch.epoch) == ("A", 1)
    (write,) = batch.writes
    assert (write.lot, write.top) == ("A", Top(1, 2))
    assert [(entry.epoch, entry.n) for entry in write.entries] == [(1, 3), (1, 4)]


def test_a_commit_names_who_bid_and_who_lost_the_lead() -> None:
    room = Room()
    room.give(bid("1", 100, "ann"), OPENS_AT)
    room.actor.adopt(room.draft())
    room.give(bid("2", 110, "bob"), OPENS_AT)
    room.give(MaxBid("A", "bob", "3", 500), OPENS_AT)
    room.give(bid("4", 130, "cid"), OPENS_AT)
    (commit,) = room.draft().commits()
    assert commit.touched == {"ann", "bob", "cid"}
    assert [said.public["ev"] for said in commit.said] == ["bidder_admitted", "bid_placed"] * 2
    assert (commit.state.seq, commit.head) == (commit.said[-1].seq, commit.said[-1].head)


def test_a_private_raise_makes_a_commit_that_says_nothing() -> None:
    room = Room()
    room.give(MaxBid("A", "ann", "1", 200), OPENS_AT)
    room.actor.adopt(room.draft())
    room.give(MaxBid("A", "ann", "2", 300), OPENS_AT)
    (commit,) = room.draft().commits()
    assert commit.said == ()
    assert commit.touched == {"ann"}
    assert commit.head == room.actor.tails["A"].head


def test_stamps_never_run_back() -> None:
    actor = Actor("A")
    assert [actor.stamp(now) for now in (5, 3, 7, 7, 6)] == [5, 5, 7, 7, 7]


def test_a_lot_that_was_read_holds_the_stamps_up() -> None:
    room, actor = Room(), Actor("A")
    actor.remember(room.actor.lots["A"], Tail())
    assert actor.stamp(0) == OPENS_AT


def test_a_decision_that_fails_leaves_every_order_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    for ref in ("1", "evil", "3"):
        room.give(bid(ref, 100), OPENS_AT)

    def breaking(lots: Mapping[str, Lot], order: Order, at: int) -> Decision:
        assert getattr(order, "ref", "") != "evil"
        return decide(lots, order, at)

    monkeypatch.setattr("engine.actor.decide", breaking)
    with pytest.raises(AssertionError):
        room.draft()
    assert room.waiting() == ["1", "evil", "3"]


# What is drafted ahead ------------------------------------------------------------------------------------------------


def ahead(room: Room) -> Draft:
    """Send a batch, and draft a bid and a refusal ahead of its return."""
    room.give(bid("1", 100), OPENS_AT)
    sent = room.draft()
    room.give(bid("2", 110, "bob"), OPENS_AT)
    room.give(bid("3", 110, "cid"), OPENS_AT)
    assert not room.actor.draft_ahead(sent, 100, SALTS, 100)
    return sent


def bids(room: Room) -> int:
    """Return how many bids the lot has that are stored."""
    return room.actor.lots["A"].bids


def bids_decided(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the refs of bids as they are decided from now on."""
    decided: list[str] = []

    def noting(lots: Mapping[str, Lot], order: Order, at: int) -> Decision:
        decided.append(getattr(order, "ref", ""))
        return decide(lots, order, at)

    monkeypatch.setattr("engine.actor.decide", noting)
    return decided


def test_what_was_drafted_ahead_waits_until_the_batch_before_it_is_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    sent = ahead(room)
    assert room.waiting() == ["2", "3"]
    assert bids(room) == 0
    decided = bids_decided(monkeypatch)
    room.actor.adopt(sent)
    room.give(bid("4", 120, "cid"), OPENS_AT)
    draft = room.draft()
    assert decided == ["4"]
    assert outcomes(draft) == ["accepted", "below_ask", "accepted"]
    (write,) = draft.batch.writes
    assert write.top == room.actor.tails["A"].top
    assert [entry.n for entry in write.entries] == list(range(write.top.n + 1, write.top.n + 5))
    room.actor.adopt(draft)
    assert bids(room) == 3
    assert not room.waiting()


def test_it_is_drafted_a_few_orders_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.give(bid("0", 100), OPENS_AT)
    sent = room.draft()
    for number in range(1, 6):
        room.give(bid(str(number), 100 + 10 * number, f"b{number}"), OPENS_AT)
    decided = bids_decided(monkeypatch)
    assert [room.actor.draft_ahead(sent, 4, SALTS, 2) for _ in range(3)] == [True, False, False]
    assert decided == ["1", "2", "3", "4"]


@pytest.mark.parametrize("what", ["not stored", "another term", "an extension first", "taken out"])
def test_what_was_drafted_ahead_is_forgotten_where_things_turn_out_otherwise(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    sent = ahead(room)
    if what == "not stored":
        room.actor.put_back(sent, unknown=False)
        room.actor.epoch = 1
    else:
        room.actor.adopt(sent)
    if what == "another term":
        room.actor.epoch = 2
    elif what == "an extension first":
        room.actor.put_in([ExtendForOutage("A", CLOSES_AT + 5)], OPENS_AT, OPENS_AT)
    elif what == "taken out":
        del room.actor.take_refusable()[:]
        room.give(bid("5", 130, "dan"), OPENS_AT)
    waiting = room.waiting()
    decided = bids_decided(monkeypatch)
    draft = room.draft()
    assert [ref or "ExtendForOutage" for ref in decided] == waiting
    assert draft.batch.epoch == room.actor.epoch
    assert draft.pens["A"].start == room.actor.tails["A"].top


def test_a_decision_that_breaks_ahead_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.give(bid("1", 100), OPENS_AT)
    sent = room.draft()
    room.give(bid("2", 110, "bob"), OPENS_AT)

    def breaking(_lots: Mapping[str, Lot], _order: Order, _at: int) -> Decision:
        raise AssertionError

    monkeypatch.setattr("engine.actor.decide", breaking)
    with pytest.raises(AssertionError):
        room.actor.draft_ahead(sent, 100, SALTS, 100)
    monkeypatch.setattr("engine.actor.decide", decide)
    room.actor.adopt(sent)
    assert outcomes(room.draft()) == ["accepted"]


# What was not stored --------------------------------------------------------------------------------------------------


def lost(room: Room, *, unknown: bool = True) -> Draft:
    """Have a batch of a bid, a refusal, a retry and a raise lost."""
    room.give(bid("1", 100), OPENS_AT)
    room.give(bid("2", 90, "bob"), OPENS_AT)
    room.give(bid("1", 100), OPENS_AT)
    room.give(MaxBid("A", "ann", "3", 300), OPENS_AT)
    draft = room.draft()
    room.actor.put_back(draft, unknown=unknown)
    return draft


def test_what_is_put_back_stands_before_what_came_later_and_the_group_is_not_ours() -> None:
    room = Room()
    room.give(bid("9", 500, "cid"), OPENS_AT)
    waiting = room.actor.inbox.popleft()
    lost(room)
    room.actor.inbox.append(waiting)
    assert room.waiting() == ["1", "2", "1", "3", "9"]
    assert room.actor.epoch == 0
    assert [one.unsure for one in room.actor.inbox] == [True, False, False, True, False]


def test_a_batch_that_was_not_written_leaves_nobody_unsure() -> None:
    room = Room()
    lost(room, unknown=False)
    assert not any(one.unsure for one in room.actor.inbox)
    assert room.actor.find_lost() == []
    assert len(room.actor.inbox) == 4


def test_a_lost_batch_that_is_in_the_log_has_the_answers_it_had() -> None:
    room = Room()
    draft = lost(room)
    room.actor.adopt(draft)  # as reading the log does
    room.give(bid("9", 500, "cid"), OPENS_AT)
    assert [one.outcome for one in room.actor.find_lost()] == [one.outcome for one in draft.answered]
    assert room.waiting() == ["9"]


def test_a_lost_batch_that_is_not_in_the_log_is_decided_as_if_for_the_first_time() -> None:
    room = Room()
    first = lost(room)
    assert room.actor.find_lost() == []
    assert not any(one.unsure for one in room.actor.inbox)
    again = room.draft()
    assert [one.outcome for one in again.answered] == [one.outcome for one in first.answered]


def test_of_a_batch_that_was_written_in_part_each_order_stands_for_itself() -> None:
    room = Room()
    room.actor.tails["B"] = Tail()
    room.give(bid("1", 100), OPENS_AT)
    room.give(ListLot(listing("B", group="A")), OPENS_AT)
    draft = room.draft()
    room.actor.put_back(draft, unknown=True)
    room.actor.lots = {"A": draft.lots["A"]}
    room.actor.tails["A"] = draft.pens["A"].tail
    assert room.actor.tails["B"].top == NOTHING
    assert room.actor.find_lost() == []
    bid_again, listed = (one.outcome for one in room.draft().answered)
    assert bid_again == draft.answered[0].outcome
    assert isinstance(listed, Accepted)
    assert not listed.repeat


def test_only_what_is_certainly_not_stored_may_be_refused_and_never_an_order_of_the_house() -> None:
    room = Room()
    lost(room)
    room.give(Ring("A"), OPENS_AT)
    room.give(ExtendForOutage("A", CLOSES_AT + 1), OPENS_AT)
    room.give(bid("9", 500, "cid"), OPENS_AT)
    assert [getattr(one.order, "ref", "") for one in room.actor.take_refusable()] == ["2", "1", "9"]
    assert room.waiting() == ["1", "3", "Ring", "ExtendForOutage"]


# Orders of the house --------------------------------------------------------------------------------------------------


def test_an_order_of_the_house_goes_before_all_that_came_in_when_it_was_due() -> None:
    room = Room()
    for number in range(4):
        room.give(bid(str(number), 100), OPENS_AT + number)
    room.actor.put_in([Ring("A"), ExtendForOutage("A", 1)], OPENS_AT + 2, OPENS_AT + 9)
    assert room.waiting() == ["0", "1", "Ring", "ExtendForOutage", "2", "3"]
    assert [one.at - OPENS_AT for one in room.actor.inbox] == [0, 1, 2, 2, 2, 3]
    room.actor.put_in([Ring("A")], OPENS_AT + 5, OPENS_AT + 9)
    assert room.actor.inbox[-1].at == OPENS_AT + 9


def test_a_refusal_carries_the_code_and_the_stamp() -> None:
    room = Room()
    room.give(bid("1", 50), OPENS_AT + 5)
    (answered,) = room.draft().answered
    assert answered.outcome == Refused(Code.BELOW_START, "The start price is 100.", 100, OPENS_AT + 5)
