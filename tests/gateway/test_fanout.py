"""Watching one lot: snapshots, every event once, the way back, slow readers, and what is for one bidder only."""

import random
from typing import Any

import pytest

from clock.instants import SECOND_US
from gateway.frames import CODECS, JSON, MSGPACK, Codec
from tests.gateway.gallery import Gallery, Seat
from tests.lots.saleroom import listing

STANDING = ("phase", "price", "ask", "bids", "leader", "reserve", "closes_at", "extensions", "hammer_price", "warned")


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    """Return the seqs of the events among these messages."""
    return [message["seq"] for message in messages if "at" in message]


def settled(gallery: Gallery, seat: Seat) -> list[dict[str, Any]]:
    gallery.loop.settle()
    return seat.read()


# A full feed.


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_snapshot_is_followed_by_every_event_once(codec: Codec) -> None:
    gallery = Gallery()
    seat = gallery.seat(codec)
    gallery.fanout.watch_full(seat, "A")
    snapshot, watchers = settled(gallery, seat)
    for _ in range(5):
        gallery.bid()
        gallery.loop.settle()
    events = seat.read()
    assert (snapshot["ev"], snapshot["reset"], snapshot["you"]) == ("lot", False, None)
    assert watchers["ev"] == "watchers"
    assert numbers(events) == list(range(snapshot["seq"] + 1, gallery.lots["A"].state.seq + 1))
    assert events[-1]["head"] == gallery.lots["A"].head.hex()


def test_snapshot_and_the_events_after_it_are_the_later_snapshot() -> None:
    gallery = Gallery()
    early, late = gallery.seat(), gallery.seat()
    gallery.fanout.watch_full(early, "A")
    for _ in range(4):
        gallery.bid()
    shown = settled(gallery, early)
    gallery.fanout.watch_full(late, "A")
    later, _ = settled(gallery, late)
    assert later["ev"] == "lot"
    followed = shown[0] | {key: value for event in shown[1:] for key, value in event.items() if key in STANDING}
    assert {key: followed[key] for key in STANDING} == {key: later[key] for key in STANDING}
    assert shown[-1]["seq"] == later["seq"]


def test_events_of_one_batch_are_one_write() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    gallery.bids(10)
    gallery.loop.settle()
    assert len(seat.writes) == 1
    assert len(seat.read()) == 12, "two admissions and ten bids"


def test_answers_of_a_batch_go_out_before_its_events() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    gallery.bid()
    seat.send({"ev": "accepted"})
    gallery.loop.settle()
    assert seat.heard() == ["accepted", "bidder_admitted 3", "bid_placed 4"]


def test_second_watch_of_a_lot_replaces_the_first() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    gallery.fanout.watch_full(seat, "A")
    gallery.fanout.watch_live(seat, "A")
    assert (gallery.fanout.watchers("A"), len(seat.watches)) == (1, 1)
    settled(gallery, seat)
    gallery.bid()
    gallery.loop.advance(1)
    assert seat.heard() == ["state"]


def test_unwatched_lot_is_silent() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    gallery.fanout.unwatch_lot(seat, "A")
    gallery.fanout.unwatch_lot(seat, "A")
    gallery.bid()
    gallery.loop.advance(60)
    assert not seat.read()
    assert gallery.fanout.watchers("A") == 0


def test_unknown_lot_and_sale_are_key_errors() -> None:
    gallery = Gallery()
    with pytest.raises(KeyError):
        gallery.fanout.watch_full(gallery.seat(), "Z")
    with pytest.raises(KeyError):
        gallery.fanout.watch_live(gallery.seat(), "Z")
    with pytest.raises(KeyError):
        gallery.fanout.watch_sale(gallery.seat(), "Z")


def test_snapshot_is_encoded_once_for_all_who_come_at_once() -> None:
    gallery = Gallery()
    seats = [gallery.seat() for _ in range(3)]
    for seat in seats:
        gallery.fanout.watch_full(seat, "A")
    assert seats[0].waiting[0] is seats[1].waiting[0] is seats[2].waiting[0]
    gallery.loop.advance(0.2)
    late = gallery.seat()
    gallery.fanout.watch_full(late, "A")
    assert late.read()[0]["now"] == gallery.clock.now()


# The way back.


def back(after: int | None, head: str | None = None, *, bids: int = 6, **limits: int) -> list[str]:
    """Come back to a lot that has had some bids; what one hears."""
    gallery = Gallery(**limits)
    for _ in range(bids):
        gallery.bid()
    gallery.loop.settle()
    seat = gallery.seat()
    if head == "right":
        head = gallery.said["A"][(after or 1) - 1].head.hex()
    gallery.fanout.watch_full(seat, "A", after, head)
    *messages, watchers = settled(gallery, seat)
    assert watchers["ev"] == "watchers"
    if messages[-1]["ev"] == "resumed":
        state, head_now = gallery.lots["A"]
        assert messages[-1] == {"ev": "resumed", "lot": "A", "from": after, "to": state.seq, "head": head_now.hex()}
    return [f"{m['ev']} {m['seq']}" if "at" in m else m["ev"] + " reset" * m.get("reset", False) for m in messages]


def test_who_comes_back_gets_exactly_what_he_missed() -> None:
    assert back(7, "right") == ["bid_placed 8", "bid_placed 9", "bid_placed 10", "resumed"]


def test_head_need_not_be_told() -> None:
    assert back(9) == ["bid_placed 10", "resumed"]


def test_who_missed_nothing_is_resumed() -> None:
    assert back(10, "right") == ["resumed"]


def test_who_has_seen_nothing_gets_everything() -> None:
    assert back(0, "0" * 32)[:2] == ["lot_listed 1", "lot_opened 2"]


@pytest.mark.parametrize(
    ("after", "head"),
    [
        pytest.param(11, None, id="beyond-the-log"),
        pytest.param(7, "f" * 32, id="another-history"),
        pytest.param(0, "f" * 32, id="another-beginning"),
    ],
)
def test_who_cannot_be_resumed_gets_a_snapshot_with_reset(after: int, head: str | None) -> None:
    assert back(after, head) == ["lot reset"]


def test_gap_longer_than_the_ring_gets_a_snapshot_with_reset() -> None:
    assert back(3, bids=30, ring_events_per_lot=8) == ["lot reset"]
    assert back(28, "right", bids=30, ring_events_per_lot=8)[0] == "bid_placed 29"


def test_ring_is_recalled_after_a_restart() -> None:
    before = Gallery()
    for _ in range(6):
        before.bid()
    after = Gallery(0)
    after.lots = before.lots
    after.fanout.recall("A", before.said["A"][4:])
    seat = after.seat(MSGPACK)
    after.fanout.watch_full(seat, "A", 7, before.said["A"][6].head.hex())
    assert settled(after, seat)[:3] == [{**e.public, "head": e.head.hex()} for e in before.said["A"][7:10]]


def test_commit_that_was_told_before_is_not_told_again() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    gallery.bid()
    (commit,) = gallery.give(gallery._bid("A", "carol", None))
    gallery.fanout.publish(commit)
    assert numbers(settled(gallery, seat)) == [3, 4, 5, 6]


def test_commit_that_leaves_a_gap_starts_watchers_over() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    with gallery.unheard():
        gallery.bid()
    gallery.bid()
    (fresh,) = settled(gallery, seat)
    assert (fresh["ev"], fresh["reset"], fresh["seq"]) == ("lot", True, gallery.lots["A"].state.seq)


# Sweeps in slices.


def test_sweep_is_sliced_and_every_watcher_hears_everything_in_order() -> None:
    gallery = Gallery(sweep_watchers_max=7)
    seats = [gallery.seat(CODECS[place % 2]) for place in range(50)]
    for seat in seats:
        gallery.fanout.watch_full(seat, "A")
    gallery.loop.settle()
    gallery.bid()
    gallery.loop.one_pass()
    assert sum(len(seat.writes) == 2 for seat in seats) == 7
    for _ in range(9):
        gallery.bid()
        gallery.loop.one_pass()
    gallery.loop.settle()
    assert {tuple(numbers(seat.read())) for seat in seats} == {tuple(range(3, gallery.lots["A"].state.seq + 1))}


def test_newcomer_during_a_sweep_is_given_nothing_twice_and_misses_nothing() -> None:
    gallery = Gallery(sweep_watchers_max=3)
    for _ in range(10):
        gallery.fanout.watch_full(gallery.seat(), "A")
    gallery.loop.settle()
    gallery.bid()
    gallery.loop.one_pass()
    newcomer = gallery.seat()
    gallery.fanout.watch_full(newcomer, "A")
    gallery.bid()
    (snapshot, *events) = settled(gallery, newcomer)
    assert snapshot["seq"] == 4
    assert numbers(events) == [5, 6]


def test_who_leaves_during_a_sweep_hears_nothing_more() -> None:
    gallery = Gallery(sweep_watchers_max=2)
    seats = [gallery.seat() for _ in range(6)]
    for seat in seats:
        gallery.fanout.watch_full(seat, "A")
    gallery.loop.settle()
    gallery.bid()
    gallery.loop.one_pass()
    gallery.fanout.drop(seats[-1])
    gallery.loop.settle()
    assert [numbers(seat.read()) for seat in seats] == [[3, 4]] * 5 + [[]]


def test_crowd_at_one_lot_does_not_keep_another_lot_waiting() -> None:
    gallery = Gallery(2, sweep_watchers_max=10)
    crowd = [gallery.seat() for _ in range(100)]
    for seat in crowd:
        gallery.fanout.watch_full(seat, "A")
    alone = gallery.seat()
    gallery.fanout.watch_full(alone, "B")
    settled(gallery, alone)
    gallery.bid("A")
    gallery.bid("B")
    gallery.loop.one_pass()
    gallery.loop.one_pass()
    assert numbers(alone.read()) == [3, 4]


@pytest.mark.parametrize("seed", range(30))
def test_every_watcher_has_a_gap_free_copy_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    gallery = Gallery(sweep_watchers_max=chance.randint(1, 9), ring_events_per_lot=chance.choice((4, 16, 512)))
    gallery.list_lot(listing("Z"))
    copies = [Copy(gallery.seat(chance.choice(CODECS))) for _ in range(12)]
    for _ in range(300):
        chance.choice(MISHAPS)(gallery, chance.choice(copies))
        if chance.random() < 0.5:
            gallery.loop.one_pass()
    for copy in copies:
        drain(gallery, copy)
    gallery.loop.settle()
    for copy in copies:
        copy.read_on(gallery)
        assert not copy.is_in or copy.seq == gallery.lots["A"].state.seq


class Copy:
    """What one watcher has made of what he heard; it fails on a gap, a repetition and a wrong event."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.seq = 0
        self.is_in = False

    def read_on(self, gallery: Gallery) -> None:
        for message in self.seat.read():
            if message["ev"] == "lot":
                self.seq = message["seq"]
            elif "at" in message:
                assert message["seq"] == self.seq + 1
                assert message["head"] == gallery.said["A"][self.seq].head.hex()
                self.seq += 1


def go_on(gallery: Gallery, _copy: Copy) -> None:
    gallery.bid()


def batch(gallery: Gallery, _copy: Copy) -> None:
    gallery.bids(3)


def enter(gallery: Gallery, copy: Copy) -> None:
    gallery.fanout.watch_full(copy.seat, "A")
    copy.read_on(gallery)
    copy.is_in = True


def come_back(gallery: Gallery, copy: Copy) -> None:
    copy.read_on(gallery)
    copy.seat.slow = False
    gallery.fanout.drop(copy.seat)
    gallery.fanout.watch_full(copy.seat, "A", copy.seq)
    copy.is_in = True


def leave(gallery: Gallery, copy: Copy) -> None:
    copy.seat.slow = False
    gallery.fanout.drop(copy.seat)
    copy.is_in = False


def stall(_gallery: Gallery, copy: Copy) -> None:
    copy.seat.slow = True


def drain(gallery: Gallery, copy: Copy) -> None:
    copy.read_on(gallery)
    if copy.seat.slow:
        copy.seat.slow = False
        gallery.fanout.drained(copy.seat)


MISHAPS = (go_on, go_on, batch, enter, come_back, leave, stall, drain)


# Slow readers.


def test_slow_reader_is_brought_up_to_date_in_one_write_when_he_has_drained() -> None:
    gallery = Gallery()
    slow, quick = gallery.seat(), gallery.seat()
    for seat in (slow, quick):
        gallery.fanout.watch_full(seat, "A")
        settled(gallery, seat)
    slow.slow = True
    for _ in range(3):
        gallery.bid()
        gallery.loop.settle()
    assert numbers(quick.read()) == [3, 4, 5, 6, 7]
    assert not slow.read()
    slow.slow = False
    gallery.fanout.drained(slow)
    gallery.loop.settle()
    assert len(slow.writes) == 1
    assert numbers(slow.read()) == [3, 4, 5, 6, 7]
    gallery.bid()
    assert numbers(settled(gallery, slow)) == [8]


def test_reader_slow_for_longer_than_the_ring_starts_over_with_his_own_standing() -> None:
    gallery = Gallery(ring_events_per_lot=4)
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A", bidder="alice")
    settled(gallery, seat)
    seat.slow = True
    for _ in range(20):
        gallery.bid()
        gallery.loop.settle()
    seat.slow = False
    gallery.fanout.drained(seat)
    snapshot = next(message for message in settled(gallery, seat) if message["ev"] == "lot")
    assert snapshot["reset"] is True
    assert snapshot["you"]["admitted"] is True


# Heartbeats and the store.


@pytest.mark.parametrize("live", [False, True], ids=["full", "live"])
def test_silence_is_broken_by_a_heartbeat(live: bool) -> None:
    gallery = Gallery(heartbeat_s=5.0)
    seat = gallery.seat()
    (gallery.fanout.watch_live if live else gallery.fanout.watch_full)(seat, "A")
    settled(gallery, seat)
    gallery.loop.advance(11)
    first, second = seat.read()
    state, head = gallery.lots["A"]
    standing = {"ev": "heartbeat", "lot": "A", "seq": state.seq, "head": head.hex(), "closes_at": state.closes_at}
    assert first == {**standing, "now": first["now"]}
    assert 5 * SECOND_US <= second["now"] - first["now"] <= 5.6 * SECOND_US


def test_lot_that_speaks_needs_no_heartbeat() -> None:
    gallery = Gallery(heartbeat_s=5.0)
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    for _ in range(6):
        gallery.loop.advance(4)
        gallery.bid()
    assert "heartbeat" not in seat.heard()


def test_heartbeat_is_encoded_once_for_all() -> None:
    gallery = Gallery(heartbeat_s=5.0)
    seats = [gallery.seat() for _ in range(3)]
    for seat in seats:
        gallery.fanout.watch_full(seat, "A")
    gallery.loop.advance(6)
    assert seats[0].writes[1] is seats[1].writes[1] is seats[2].writes[1]


def test_timers_rest_when_nobody_watches() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    gallery.fanout.watch_live(seat, "A")
    gallery.fanout.drop(seat)
    gallery.loop.advance(60)
    assert gallery.loop.armed == 0
    gallery.fanout.watch_full(seat, "A")
    gallery.fanout.stop()
    assert gallery.loop.armed == 0


def test_store_that_goes_away_and_comes_back_is_told_to_all_who_watch() -> None:
    gallery = Gallery(3)
    full, live, sale = gallery.seat(), gallery.seat(MSGPACK), gallery.seat()
    gallery.fanout.watch_full(full, "A")
    gallery.fanout.watch_live(live, "B")
    gallery.fanout.watch_sale(sale, "S")
    for seat in (full, live, sale):
        settled(gallery, seat)
    gallery.fanout.status("away")
    assert settled(gallery, full) == [{"ev": "status", "lot": "A", "store": "away"}]
    assert settled(gallery, live) == [{"ev": "status", "lot": "B", "store": "away"}]
    assert settled(gallery, sale) == [{"ev": "status", "sale": "S", "store": "away"}]
    late = gallery.seat()
    gallery.fanout.watch_full(late, "C")
    assert late.heard() == ["lot", "status", "watchers"]
    gallery.fanout.status("back")
    assert settled(gallery, late) == [{"ev": "status", "lot": "C", "store": "back"}]


def test_status_that_a_slow_reader_missed_is_told_when_he_has_drained() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    settled(gallery, seat)
    seat.slow = True
    gallery.fanout.status("away")
    gallery.fanout.status("back")
    assert not settled(gallery, seat)
    seat.slow = False
    gallery.fanout.drained(seat)
    assert settled(gallery, seat) == [{"ev": "status", "lot": "A", "store": "back"}]


# For one bidder only.


def yours(messages: list[dict[str, Any]]) -> list[tuple[bool, bool, int | None]]:
    return [(m["admitted"], m["leading"], m["max"]) for m in messages if m["ev"] == "you"]


def test_bidder_sees_how_he_stands_on_all_his_wires_and_nobody_else_does() -> None:
    gallery = Gallery()
    phone, desk, anyone, other = (gallery.seat() for _ in range(4))
    gallery.fanout.watch_full(phone, "A", bidder="alice")
    gallery.fanout.watch_live(desk, "A", bidder="alice")
    gallery.fanout.watch_full(anyone, "A")
    gallery.fanout.watch_full(other, "A", bidder="bob")
    for seat in gallery.seats:
        settled(gallery, seat)
    gallery.max_bid("alice", 500)
    gallery.loop.advance(1)
    assert yours(phone.read()) == yours(desk.read()) == [(True, True, 500)]
    assert yours(anyone.read()) == yours(other.read()) == []
    gallery.max_bid("bob", 900)
    gallery.loop.advance(1)
    assert yours(phone.read()) == [(True, False, None)]
    assert yours(other.read()) == [(True, True, 900)]


def test_standing_that_did_not_change_is_not_told_again() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A", bidder="alice")
    gallery.max_bid("alice", 500)
    settled(gallery, seat)
    gallery.bid(bidder="bob", amount=200)
    assert yours(settled(gallery, seat)) == []


def test_snapshot_shows_a_bidder_how_he_stands() -> None:
    gallery = Gallery()
    gallery.max_bid("alice", 500)
    seats = {bidder: gallery.seat() for bidder in ("alice", "carol")}
    for bidder, seat in seats.items():
        gallery.fanout.watch_full(seat, "A", bidder=bidder)
    shown = {bidder: settled(gallery, seat)[0]["you"] for bidder, seat in seats.items()}
    assert (shown["alice"]["leading"], shown["alice"]["max"]) == (True, 500)
    assert (shown["carol"]["admitted"], shown["carol"]["paddle"]) == (False, None)


def test_resumed_bidder_is_told_how_he_stands() -> None:
    gallery = Gallery()
    gallery.max_bid("alice", 500)
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A", 2, None, "alice")
    assert seat.heard() == ["bidder_admitted 3", "bid_placed 4", "resumed", "watchers", "you"]


def test_who_says_who_he_is_after_watching_is_told_how_he_stands() -> None:
    gallery = Gallery()
    gallery.max_bid("alice", 500)
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A")
    gallery.fanout.identify(seat, "alice")
    assert yours(settled(gallery, seat)) == [(True, True, 500)]
    assert set(gallery.fanout.bidders("A")) == {"alice"}
    gallery.fanout.identify(seat, None)
    gallery.max_bid("bob", 900)
    assert yours(settled(gallery, seat)) == []
    assert not gallery.fanout.bidders("A")


def test_standing_that_a_slow_bidder_missed_is_told_when_he_has_drained() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A", bidder="alice")
    settled(gallery, seat)
    seat.slow = True
    gallery.max_bid("alice", 500)
    gallery.max_bid("bob", 900)
    assert not settled(gallery, seat)
    seat.slow = False
    gallery.fanout.drained(seat)
    assert yours(settled(gallery, seat)) == [(True, False, None)]


def test_private_order_reaches_its_bidder_and_leaves_no_trace_for_others() -> None:
    gallery = Gallery()
    gallery.max_bid("alice", 500)
    anyone, alice = gallery.seat(), gallery.seat()
    gallery.fanout.watch_full(anyone, "A")
    gallery.fanout.watch_full(alice, "A", bidder="alice")
    for seat in (anyone, alice):
        settled(gallery, seat)
    gallery.max_bid("alice", 700)
    gallery.loop.settle()
    assert not anyone.read()
    assert yours(alice.read()) == [(True, True, 700)]


# Operators.


def test_operations_are_encoded_once_per_format_and_skip_who_does_not_read() -> None:
    gallery = Gallery()
    seats = [gallery.seat(codec) for codec in (JSON, JSON, MSGPACK)]
    slow = gallery.seat()
    slow.slow = True
    for seat in (*seats, slow):
        gallery.fanout.watch_operations(seat)
    gallery.fanout.broadcast(tuple(gallery.fanout.operators), {"ev": "operations", "now": 1})
    assert seats[0].writes[0] is seats[1].writes[0]
    assert seats[2].read() == [{"ev": "operations", "now": 1}]
    assert not slow.read()
    gallery.fanout.unwatch_operations(seats[0])
    gallery.fanout.drop(seats[1])
    assert set(gallery.fanout.operators) == {seats[2], slow}
