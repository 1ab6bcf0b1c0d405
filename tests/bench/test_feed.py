"""A copy of a full feed notices what is wrong with it."""

from typing import Any

import msgpack
import pytest

from bench.feed import GENESIS, FullFeed, next_head, read_log
from engine.chains import HEAD_GENESIS
from engine.chains import next_head as next_head_of_house

Message = dict[str, Any]

UNTOUCHED: Message = {"phase": "upcoming", "price": None, "bids": 0, "closes_at": 90, "terms": {"window_s": 0.02}}


def log_of(*events: Message) -> list[Message]:
    """Number events and chain them."""
    head, log = GENESIS, []
    for seq, event in enumerate(events, start=1):
        public = {"lot": "a", "seq": seq, "at": seq * 10, **event}
        head = next_head(head, public)
        log.append({**public, "head": head})
    return log


LOG = log_of(
    {"ev": "lot_listed", **UNTOUCHED},
    {"ev": "lot_opened", "phase": "open"},
    {"ev": "bid_placed", "price": 500, "bids": 1},
    {"ev": "lot_sold", "phase": "sold", "hammer_price": 500},
)
SNAPSHOT: Message = {
    "ev": "lot",
    "lot": "a",
    "seq": 2,
    "head": LOG[1]["head"],
    "reset": False,
    **UNTOUCHED,
    "phase": "open",
}


def heard(*messages: Message, from_start: bool = True) -> FullFeed:
    feed = FullFeed("a", from_start=from_start)
    for message in messages:
        feed.hear(message)
    return feed


def test_head_is_worked_out_as_the_house_does() -> None:
    public = {"ev": "bid_placed", "price": 500, "terms": {"window_s": 0.02}}
    packed = msgpack.packb(public)
    assert next_head(GENESIS, public) == next_head_of_house(HEAD_GENESIS, packed).hex()
    assert next_head(GENESIS, {**public, "head": "whatever"}) == next_head(GENESIS, public)


def test_a_whole_feed_equals_its_log() -> None:
    feed = heard(*LOG)
    assert not feed.faults
    assert not feed.differences(LOG)
    assert feed.state == {"phase": "sold", "price": 500, "bids": 1, "closes_at": 90, "hammer_price": 500}


def test_a_feed_that_begins_with_a_snapshot_equals_the_rest_of_the_log() -> None:
    feed = heard(SNAPSHOT, *LOG[2:], from_start=False)
    assert not feed.faults
    assert not feed.differences(LOG)
    assert feed.state == read_log("a", LOG).state
    assert feed.resets == 0


def test_a_gap_is_a_fault() -> None:
    assert heard(LOG[0], LOG[1], LOG[3]).faults == ["seq 4 follows 2"]


def test_an_event_told_twice_is_a_fault() -> None:
    assert heard(LOG[0], LOG[0]).faults == ["seq 1 follows 1"]


@pytest.mark.parametrize("change", [{"price": 501}, {"head": "00" * 16}])
def test_a_head_that_does_not_follow_is_a_fault(change: Message) -> None:
    feed = heard(*LOG[:2], {**LOG[2], **change})
    assert feed.faults == ["the head of event 3 does not follow from the events before it"]


def test_a_feed_that_ends_early_differs_from_the_log() -> None:
    assert heard(*LOG[:3]).differences(LOG) == ["the feed ends at seq 3, the log at 4"]


def test_a_feed_of_other_events_differs_from_the_log() -> None:
    other = log_of(*({**event, "at": 7} for event in LOG))
    assert heard(*other).differences(LOG) == [
        "event 1 of the feed is not that of the log",
        f"the feed ends with head {other[3]['head']}, the log with {LOG[3]['head']}",
    ]


def test_a_feed_resumes_from_its_last_event() -> None:
    feed = heard(*LOG[:2])
    assert feed.watch() == {"op": "watch", "lot": "a", "feed": "full", "after": 2, "head": LOG[1]["head"]}
    feed.hear(LOG[2])
    feed.hear({"ev": "resumed", "lot": "a", "from": 3, "to": 3, "head": LOG[2]["head"]})
    assert not feed.faults


def test_a_resumption_that_ends_elsewhere_is_a_fault() -> None:
    feed = heard(*LOG[:2], {"ev": "resumed", "lot": "a", "from": 3, "to": 3, "head": LOG[2]["head"]})
    assert feed.faults[0].startswith("resumed tells of seq 3")


def test_a_heartbeat_ahead_of_the_feed_is_a_fault() -> None:
    feed = heard(*LOG[:2], {"ev": "heartbeat", "lot": "a", "seq": 3, "head": LOG[2]["head"]})
    assert feed.faults[0].startswith("the heartbeat tells of seq 3")


def test_a_feed_begun_anew_is_counted_and_goes_on() -> None:
    feed = heard(LOG[0], {**SNAPSHOT, "reset": True}, *LOG[2:])
    assert feed.resets == 1
    assert not feed.faults
    assert not feed.differences(LOG)


def test_a_snapshot_in_place_of_events_is_a_fault() -> None:
    assert heard(LOG[0], SNAPSHOT).faults == ["a snapshot at seq 2 came in place of the events after 1"]


def test_a_snapshot_unlike_the_events_before_it_is_a_fault() -> None:
    feed = heard(*LOG[:2], {**SNAPSHOT, "reset": True, "price": 5})
    assert feed.faults == ["the snapshot at seq 2 is not what its events led to: price None / 5"]


def test_unnumbered_messages_change_nothing() -> None:
    feed = heard(
        LOG[0],
        {"ev": "you", "lot": "a", "paddle": 3},
        {"ev": "status", "lot": "a", "store": "away"},
        {"ev": "watchers", "lot": "a", "watchers": 3},
    )
    assert (feed.seq, feed.faults) == (1, [])
