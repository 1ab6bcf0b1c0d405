"""The judge finds every kind of broken promise, and nothing where all are kept."""

from typing import Any

import pytest

from bench.feed import FullFeed, Message
from bench.storms.faults import Broken, Faults
from bench.storms.judge import CLOCK_SLACK_US, Case, judge
from bench.storms.plan import Offer, Why
from bench.storms.slips import Answer, Slip, Slips
from tests.bench.test_feed import log_of

END = 1_000_000
LISTED: Message = {"ev": "lot_listed", "closes_at": END, "phase": "open", "at": 10}
SOLD: Message = {"ev": "lot_sold", "phase": "sold", "hammer_price": 101, "at": END}


def placed(amount: int = 101, at: int = 500, paddle: int = 7) -> Message:
    return {"ev": "bid_placed", "paddle": paddle, "offered": amount, "price": amount, "at": at}


def slip(amount: int = 101, *, sent_us: int = 400, **answer: Any) -> Slip:  # noqa: ANN401  fields of an answer
    made = Slip(Offer(0.0, Why.ARRIVAL, 0, 0, amount), 0.0)
    made.sent, made.sent_us = 1, sent_us
    if answer:
        made.acceptance = Answer("accepted", "0", "a", **({"seq": 2, "at": 500, "paddle": 7} | answer))
    return made


def feed(*events: Message) -> FullFeed:
    copy = FullFeed("a")
    for event in events:
        copy.hear(event)
    return copy


def found(log: list[Message], *slips: Slip, heard: list[Message] | None = None, closed_us: int = END) -> list[Broken]:
    feeds = {"w": feed(*(log if heard is None else heard))}
    case = Case("a", log, {str(n): one for n, one in enumerate(slips)}, feeds, closed_us)
    return [fault.broken for fault in judge(case)]


GOOD = log_of(LISTED, placed(), SOLD)
ACCEPTED = slip(seq=2)


def test_a_lot_that_keeps_all_promises_has_no_faults() -> None:
    assert found(GOOD, ACCEPTED) == []


@pytest.mark.parametrize(
    ("log", "slips", "broken"),
    [
        (log_of(LISTED, SOLD), [ACCEPTED], [Broken.MISSING]),
        (GOOD, [slip(seq=2, paddle=8)], [Broken.MISSING]),
        (GOOD, [slip(seq=2, at=501)], [Broken.MISSING]),
        (log_of(LISTED, placed(), placed(666), SOLD), [ACCEPTED], [Broken.PHANTOM]),
        (log_of(LISTED, placed(), placed(), SOLD), [ACCEPTED], [Broken.SECOND_EFFECT]),
        (log_of(LISTED, placed(at=END), SOLD), [slip(seq=2, at=END)], [Broken.LATE_BID] * 2),
        (log_of(LISTED, SOLD, placed(at=500)), [slip(seq=3)], [Broken.LATE_BID]),
        (GOOD, [slip(seq=2, sent_us=END + CLOCK_SLACK_US)], [Broken.LATE_BID]),
        (log_of(LISTED, placed(), SOLD | {"at": END - 1}), [ACCEPTED], [Broken.EARLY_CLOSE]),
    ],
)
def test_a_broken_promise_is_named(log: list[Message], slips: list[Slip], broken: list[Broken]) -> None:
    assert found(log, *slips) == broken


def test_an_end_that_was_moved_is_the_one_that_counts() -> None:
    moved: Message = {"ev": "lot_extended", "closes_at": END + 9, "at": 600}
    late = placed(at=END + 8)
    assert found(log_of(LISTED, moved, late, SOLD | {"at": END + 9}), slip(seq=3, at=END + 8)) == []
    assert Broken.EARLY_CLOSE in found(log_of(LISTED, moved, placed(), SOLD), slip(seq=3))


def test_a_close_announced_before_the_end_is_early_whatever_its_stamp_says() -> None:
    assert found(GOOD, ACCEPTED, closed_us=END - CLOCK_SLACK_US - 1) == [Broken.EARLY_CLOSE]


def test_a_gap_and_a_wrong_head_are_told_apart() -> None:
    assert found(GOOD, ACCEPTED, heard=[GOOD[0], GOOD[2]])[0] is Broken.GAP
    wrong = [GOOD[0], GOOD[1] | {"head": "00" * 16}, GOOD[2]]
    assert found(GOOD, ACCEPTED, heard=wrong)[0] is Broken.HEAD
    assert found(wrong, ACCEPTED, heard=GOOD)[0] is Broken.HEAD


def test_a_feed_that_ends_before_the_log_differs() -> None:
    assert found(GOOD, ACCEPTED, heard=GOOD[:2]) == [Broken.FEED]


def test_a_bid_in_time_must_not_be_too_late() -> None:
    refused = slip()
    refused.too_late_at = END - 1
    assert found(GOOD, ACCEPTED, refused) == [Broken.TOO_STRICT]
    refused.too_late_at = END
    assert found(GOOD, ACCEPTED, refused) == []


FIRST = Answer("accepted", "0", "a", seq=2, at=500, paddle=7)
REPEAT = Answer("accepted", "0", "a", seq=2, at=500, paddle=7, repeat=True)


@pytest.mark.parametrize(
    ("answers", "sent", "broken"),
    [
        ([FIRST, REPEAT], 2, []),
        ([REPEAT], 2, []),
        ([Answer("refused", "0", "a", code="below_ask"), FIRST], 2, []),
        ([FIRST, Answer("refused", "0", "a", code="rate_limited")], 2, []),
        ([REPEAT], 1, [Broken.REPEAT]),
        ([FIRST, FIRST], 2, [Broken.SECOND_EFFECT]),
        ([FIRST, Answer("accepted", "0", "a", seq=3, at=500, paddle=7, repeat=True)], 2, [Broken.SECOND_EFFECT]),
        ([FIRST, Answer("accepted", "0", "a", seq=2, at=501, paddle=7, repeat=True)], 2, [Broken.REPEAT]),
        ([FIRST, Answer("refused", "0", "a", code="below_ask")], 2, [Broken.REPEAT]),
    ],
)
def test_a_retry_gets_the_first_answer(answers: list[Answer], sent: int, broken: list[Broken]) -> None:
    faults = Faults()
    slips, made = Slips(faults), slip()
    made.sent = sent
    for answer in answers:
        slips.hear(made, "a", answer, 1.0)
    assert [fault.broken for fault in faults.kept] == broken
    assert slips.latency.latency().count == 1


def test_bids_whose_line_we_broke_are_timed_apart() -> None:
    slips, made = Slips(Faults()), slip()
    made.broken_off = True
    slips.hear(made, "a", FIRST, 1.0)
    assert (len(slips.latency), len(slips.over_breaks), len(slips.lately)) == (0, 1, 0)


def test_of_many_faults_a_few_are_told_and_all_are_counted() -> None:
    faults = Faults()
    for n in range(9):
        faults.add(Broken.GAP, "a", f"seq {n + 2} follows {n}")
    assert len(faults) == 9
    assert len(faults.kept) == 4
    assert faults.sentences()[-1] == "gap in a feed: 5 more of this kind"
