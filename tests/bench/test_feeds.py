"""A watcher's copy of a lot tells every gap, and takes a broken feed up where it broke."""

import pytest

from bench.feeds import Feed, Told, decoding

SNAPSHOT = Told("lot", "a", 4, "h4")


def event(seq: int) -> Told:
    return Told("bid_placed", "a", seq, f"h{seq}")


@pytest.mark.parametrize(
    ("heard", "gaps"),
    [
        ([SNAPSHOT, event(5), event(6)], 0),
        ([SNAPSHOT, event(6)], 1),
        ([SNAPSHOT, event(5), event(5)], 1),
        (
            [
                SNAPSHOT,
                Told("you", "a"),
                Told("heartbeat", "a", 4, "h4"),
                Told("status", "a"),
                Told("watchers", "a"),
                event(5),
            ],
            0,
        ),
        ([SNAPSHOT, event(5), Told("resumed", "a", 0, "h5"), event(6)], 0),
        ([SNAPSHOT, event(5), Told("resumed", "a", 0, "other")], 1),
        ([SNAPSHOT, event(5), Told("lot", "a", 9, "h9", reset=True), event(10)], 0),
    ],
)
def test_a_full_feed_counts_one_by_one(heard: list[Told], gaps: int) -> None:
    feed = Feed("a", full=True)
    for told in heard:
        feed.hear(told)
    assert feed.gaps == gaps


def test_a_live_feed_may_skip_but_never_runs_back() -> None:
    feed = Feed("a", full=False)
    for seq in (4, 9, 9, 8):
        feed.hear(Told("state", "a", seq))
    assert feed.gaps == 1


def test_a_reset_is_counted() -> None:
    feed = Feed("a", full=True)
    feed.hear(SNAPSHOT)
    feed.hear(Told("lot", "a", 9, "h9", reset=True))
    assert feed.resets == 1


def test_a_broken_full_feed_asks_for_what_came_after() -> None:
    feed = Feed("a", full=True)
    assert feed.watch() == {"op": "watch", "lot": "a", "feed": "full"}
    feed.hear(SNAPSHOT)
    feed.hear(event(5))
    assert feed.watch() == {"op": "watch", "lot": "a", "feed": "full", "after": 5, "head": "h5"}


def test_the_same_bytes_are_decoded_once() -> None:
    told = decoding()
    payload = b'{"ev":"bid_placed","lot":"a","seq":5,"head":"h5","price":3}'
    assert told(payload) == event(5)
    assert told(bytes(bytearray(payload))) is told(payload)
