"""How many watch: told to newcomers at once, to the others now and then, and to nobody at the cost of what matters."""

import random
from itertools import pairwise
from typing import Any

import pytest

from clock.instants import SECOND_US
from gateway.frames import CODECS, JSON, MSGPACK, Codec
from tests.gateway.gallery import Gallery, Seat
from tests.lots.saleroom import listing

PERIOD_S = 2.0


def came(gallery: Gallery, lot: str = "A", *, live: bool = False, codec: Codec = JSON) -> Seat:
    """Let somebody watch a lot, and forget what he is told at once."""
    seat = gallery.seat(codec)
    (gallery.fanout.watch_live if live else gallery.fanout.watch_full)(seat, lot)
    gallery.loop.settle()
    seat.read()
    return seat


def came_to_sale(gallery: Gallery, codec: Codec = JSON) -> Seat:
    """Let somebody watch the sale, and hear its catalogue out."""
    seat = gallery.seat(codec)
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    seat.read()
    return seat


def told(seat: Seat) -> list[Any]:
    """Return the numbers that he has been told since the last time: of a lot, or of lots of the sale."""
    return [message.get("watchers", message.get("lots")) for message in seat.read() if message["ev"] == "watchers"]


# A lot.


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("live", [False, True], ids=["full", "live"])
def test_newcomer_is_told_at_once_and_is_counted_himself(live: bool, codec: Codec) -> None:
    gallery = Gallery()
    came(gallery)
    came(gallery, live=True)
    seat = gallery.seat(codec)
    (gallery.fanout.watch_live if live else gallery.fanout.watch_full)(seat, "A")
    snapshot, watchers = seat.read()
    assert snapshot["ev"] == "lot"
    assert watchers == {"ev": "watchers", "now": gallery.clock.now(), "lot": "A", "watchers": 3}


def test_who_is_resumed_is_told_after_what_he_missed() -> None:
    gallery = Gallery()
    gallery.bid()
    seat = gallery.seat()
    gallery.fanout.watch_full(seat, "A", 2)
    assert seat.heard() == ["bidder_admitted 3", "bid_placed 4", "resumed", "watchers"]


def test_others_are_told_after_a_period_on_both_feeds() -> None:
    gallery = Gallery()
    full, live = came(gallery), came(gallery, live=True, codec=MSGPACK)
    gallery.loop.advance(PERIOD_S)
    assert (told(full), told(live)) == ([2], [])
    came(gallery)
    gallery.loop.advance(PERIOD_S - 0.1)
    assert (told(full), told(live)) == ([], [])
    gallery.loop.advance(0.1)
    assert (told(full), told(live)) == ([3], [3])


def test_nobody_is_told_more_often_than_once_per_period() -> None:
    gallery = Gallery()
    seat = came(gallery)
    seats = []
    for _ in range(100):
        seats.append(came(gallery, live=True))
        gallery.loop.advance(0.1)
    gallery.loop.advance(PERIOD_S)
    heard = [message for message in seat.read() if message["ev"] == "watchers"]
    assert 5 <= len(heard) <= 6
    assert heard[-1]["watchers"] == 101
    gaps = [later["now"] - earlier["now"] for earlier, later in pairwise(heard)]
    assert min(gaps) >= PERIOD_S * SECOND_US


def test_who_only_loads_his_page_anew_is_not_noticed() -> None:
    gallery = Gallery()
    seat, other = came(gallery), came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [2]
    gallery.fanout.drop(other)
    gallery.loop.advance(1)
    came(gallery)
    gallery.loop.advance(60)
    assert told(seat) == []


def test_who_leaves_is_no_longer_counted() -> None:
    gallery = Gallery()
    seat, unwatching, leaving = came(gallery), came(gallery), came(gallery, live=True)
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [3]
    gallery.fanout.unwatch_lot(unwatching, "A")
    gallery.fanout.drop(leaving)
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [1]


def test_newcomer_is_corrected_where_the_number_the_others_know_has_come_back() -> None:
    gallery = Gallery()
    first = came(gallery)
    gallery.loop.advance(PERIOD_S)
    second = came(gallery)
    gallery.fanout.drop(first)
    gallery.loop.advance(PERIOD_S)
    assert told(second) == [1]


def test_connections_are_counted_whoever_is_on_them() -> None:
    gallery = Gallery()
    seat = came(gallery)
    for bidder in ("alice", "alice", "bob", None):
        gallery.fanout.watch_full(gallery.seat(), "A", bidder=bidder)
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [5]
    gallery.fanout.identify(seat, "carol")
    gallery.loop.advance(60)
    assert told(seat) == []


def test_watchers_of_another_lot_hear_nothing() -> None:
    gallery = Gallery(2)
    seat = came(gallery, "B")
    came(gallery, "A")
    gallery.loop.advance(60)
    assert told(seat) == []


# A sale.


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_newcomer_to_a_sale_is_told_of_the_lots_that_are_watched_after_the_catalogue(codec: Codec) -> None:
    gallery = Gallery(4)
    for lot in "ABB":
        came(gallery, lot)
    seat = gallery.seat(codec)
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    catalogue, watchers = seat.read()
    assert catalogue["ev"] == "sale"
    assert watchers == {"ev": "watchers", "now": gallery.clock.now(), "sale": "S", "lots": {"A": 1, "B": 2}}


def test_newcomer_to_a_sale_that_nobody_looks_at_hears_its_catalogue_alone() -> None:
    gallery = Gallery(4)
    came_to_sale(gallery)
    seat = gallery.seat()
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    assert seat.heard() == ["sale"]


def test_sale_is_told_of_the_lots_whose_number_has_changed_and_of_no_others() -> None:
    gallery = Gallery(4)
    leaving = came(gallery, "A")
    came(gallery, "B")
    seat = came_to_sale(gallery)
    came(gallery, "C")
    gallery.fanout.drop(leaving)
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [{"A": 0, "C": 1}]
    gallery.loop.advance(60)
    assert told(seat) == []
    late = gallery.seat()
    gallery.fanout.watch_sale(late, "S")
    gallery.loop.settle()
    assert told(late) == [{"B": 1, "C": 1}]


def test_who_came_and_went_within_a_period_was_never_there_for_the_sale() -> None:
    gallery = Gallery()
    seat = came_to_sale(gallery)
    gallery.fanout.drop(came(gallery))
    gallery.loop.advance(60)
    assert told(seat) == []


def test_sale_goes_on_from_what_a_newcomer_was_told() -> None:
    gallery = Gallery(4)
    came_to_sale(gallery)
    came(gallery, "A")
    seat = gallery.seat()
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    assert told(seat) == []
    gallery.loop.advance(PERIOD_S)
    assert told(seat) == [{"A": 1}]
    late = gallery.seat()
    gallery.fanout.watch_sale(late, "S")
    gallery.loop.settle()
    assert told(late) == [{"A": 1}]


def test_sale_that_was_left_and_is_watched_again_begins_anew() -> None:
    gallery = Gallery(4)
    came(gallery, "A")
    seat = came_to_sale(gallery)
    gallery.fanout.unwatch_sale(seat, "S")
    came(gallery, "A")
    gallery.loop.advance(60)
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    assert told(seat) == [{"A": 2}]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_numbers_of_many_lots_are_in_parts(codec: Codec) -> None:
    gallery = Gallery(0, sale_part_bytes_max=4_096)
    lots = [f"{place:064}" for place in range(100)]
    for lot in lots:
        gallery.list_lot(listing(lot))
    early = came_to_sale(gallery, codec)
    crowd = gallery.seat()
    for lot in lots:
        gallery.fanout.watch_full(crowd, lot)
    gallery.loop.advance(PERIOD_S)
    late = gallery.seat(codec)
    gallery.fanout.watch_sale(late, "S")
    gallery.loop.settle()
    for seat in (early, late):
        assert all(len(write) <= 4_096 for write in seat.writes)
        parts = told(seat)
        assert len(parts) == 3
        assert [lot for part in parts for lot in part] == lots
        assert {number for part in parts for number in part.values()} == {1}


def test_newcomer_who_is_still_reading_parts_ends_with_the_latest_numbers() -> None:
    gallery = Gallery(6, sale_part_bytes_max=1_200, sweep_watchers_max=1)
    for lot in "ABCDEF":
        came(gallery, lot)
    came_to_sale(gallery)
    seat = gallery.seat()
    gallery.fanout.watch_sale(seat, "S")
    numbers: dict[str, int] = {}
    while not numbers:
        gallery.loop.one_pass()
        for part in told(seat):
            numbers |= part
    assert len(numbers) < 6
    for lot in "ABCDEF":
        gallery.fanout.watch_full(gallery.seat(), lot)
    gallery.loop.advance(PERIOD_S)
    for part in told(seat):
        numbers |= part
    assert numbers == dict.fromkeys("ABCDEF", 2)


# What it costs, and what it leaves alone.


def test_message_is_encoded_once_for_all_who_watch() -> None:
    gallery = Gallery()
    seats = [came(gallery, codec=codec) for codec in (JSON, JSON, JSON, MSGPACK, MSGPACK)]
    came_to_sale(gallery)
    sales = [came_to_sale(gallery) for _ in range(2)]
    gallery.loop.advance(PERIOD_S)
    assert seats[0].writes[0] is seats[1].writes[0] is seats[2].writes[0]
    assert seats[3].writes[0] is seats[4].writes[0]
    came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert sales[0].writes[0] is sales[1].writes[0]


def test_newcomers_to_a_sale_share_one_encoding_of_its_numbers() -> None:
    gallery = Gallery(3)
    came(gallery, "B")
    seats = [gallery.seat() for _ in range(3)]
    for seat in seats:
        gallery.fanout.watch_sale(seat, "S")
    gallery.loop.settle()
    (_, first), *others = (seat.writes for seat in seats)
    assert b'"watchers"' in first
    assert all(other is first for _, other in others)


def test_bids_have_nothing_counted_and_arm_no_timer() -> None:
    gallery = Gallery()
    seat = came(gallery)
    gallery.loop.advance(60)
    armed = gallery.loop.armed
    seat.read()
    for _ in range(20):
        gallery.bid()
    gallery.loop.settle()
    assert gallery.loop.armed == armed
    gallery.loop.advance(60)
    assert told(seat) == []


def test_slow_reader_misses_it_and_is_owed_nothing() -> None:
    gallery = Gallery()
    slow, quick = came(gallery), came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert (told(slow), told(quick)) == ([2], [2])
    slow.slow = True
    came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert not slow.read()
    assert told(quick) == [3]
    slow.slow = False
    gallery.fanout.drained(slow)
    gallery.loop.settle()
    assert not slow.read()
    came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert told(slow) == [4]


def test_newcomer_who_does_not_read_is_not_told() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    seat.slow = True
    gallery.fanout.watch_full(seat, "A")
    assert seat.heard() == ["lot"], "an answer to what he asked himself"
    assert gallery.fanout.watchers("A") == 1


def test_telling_is_sliced_like_all_that_is_said() -> None:
    gallery = Gallery(sweep_watchers_max=7)
    seats = [came(gallery) for _ in range(50)]
    gallery.loop.advance(PERIOD_S - 0.1)
    gallery.clock.advance(SECOND_US)
    gallery.loop.call_due()
    gallery.loop.one_pass()
    assert sum(bool(seat.writes) for seat in seats) == 7
    gallery.loop.settle()
    assert {tuple(told(seat)) for seat in seats} == {(50,)}


def test_one_pass_counts_no_more_lots_than_one_part_names() -> None:
    gallery = Gallery(0, sale_part_bytes_max=2_048)
    for place in range(50):
        gallery.list_lot(listing(f"L{place}"))
    seat = came_to_sale(gallery)
    crowd = gallery.seat()
    for place in range(50):
        gallery.fanout.watch_full(crowd, f"L{place}")
    gallery.loop.settle()
    gallery.clock.advance(round(PERIOD_S * SECOND_US))
    sizes = []
    while gallery.loop.call_due():
        gallery.loop.settle()
        sizes += [len(part) for part in told(seat)]
    assert sizes == [12, 12, 12, 12, 2]


def test_who_comes_while_the_others_are_being_told_is_told_of_a_period_later() -> None:
    gallery = Gallery(3, sale_part_bytes_max=1_108)
    seat = came(gallery, "A")
    for lot in "ABC":
        came(gallery, lot)
    gallery.clock.advance(round(PERIOD_S * SECOND_US))
    gallery.loop.call_due()
    gallery.loop.settle()
    came(gallery, "A")
    assert told(seat) == [2]
    gallery.loop.advance(PERIOD_S - 0.1)
    assert told(seat) == []
    gallery.loop.advance(0.2)
    assert told(seat) == [3]


def test_timers_rest_and_nothing_is_kept_when_nobody_watches() -> None:
    gallery = Gallery(2)
    seat = came(gallery)
    gallery.fanout.watch_live(seat, "B")
    gallery.fanout.watch_sale(seat, "S")
    gallery.loop.advance(60)
    gallery.fanout.drop(seat)
    gallery.loop.advance(60)
    assert gallery.loop.armed == 0
    headcount = gallery.fanout._headcount
    assert not any((headcount._heard, headcount._tallies, headcount._changed, headcount._due))
    came(gallery)
    gallery.fanout.stop()
    assert gallery.loop.armed == 0


def test_last_watcher_who_leaves_arms_no_timer() -> None:
    gallery = Gallery()
    seat = came(gallery)
    gallery.loop.advance(PERIOD_S)
    armed = gallery.loop.armed
    gallery.fanout.drop(seat)
    assert gallery.loop.armed == armed


@pytest.mark.parametrize("live", [False, True], ids=["full", "live"])
def test_silence_is_broken_by_heartbeats_however_many_come(live: bool) -> None:
    gallery = Gallery(heartbeat_s=5.0)
    seat = came(gallery, live=live)
    for _ in range(20):
        gallery.loop.advance(1)
        came(gallery)
    heard = seat.read()
    beats = [message["now"] for message in heard if message["ev"] == "heartbeat"]
    assert len([message for message in heard if message["ev"] == "watchers"]) >= 6
    assert len(beats) in (3, 4)
    assert all(5 * SECOND_US <= b - a <= 6.1 * SECOND_US for a, b in pairwise(beats))


def test_heartbeat_that_falls_together_with_it_comes_at_the_next_tick() -> None:
    gallery = Gallery(heartbeat_s=5.0)
    seat = came(gallery)
    gallery.loop.advance(5.0 - PERIOD_S)
    came(gallery)
    gallery.loop.advance(PERIOD_S)
    assert seat.heard() == ["watchers"]
    gallery.loop.advance(0.5)
    assert seat.heard() == ["heartbeat"]


# Whatever happens.


class Guest:
    """Somebody who reads everything, and knows how many watch only by what he was told."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.lots: dict[str, int] = {}
        self.sale: dict[str, int] = {}
        self.seqs: dict[str, int] = {}

    def read_on(self) -> None:
        for message in self.seat.read():
            if message["ev"] == "watchers" and "lot" in message:
                self.lots[message["lot"]] = message["watchers"]
            elif message["ev"] == "watchers":
                self.sale |= message["lots"]
            elif message["ev"] == "lot":
                self.seqs[message["lot"]] = message["seq"]
            elif "at" in message and message["lot"] in self.seqs:
                assert message["seq"] == self.seqs[message["lot"]] + 1
                self.seqs[message["lot"]] += 1


def enter(gallery: Gallery, guest: Guest, lot: str) -> None:
    gallery.fanout.watch_full(guest.seat, lot)


def look_in(gallery: Gallery, guest: Guest, lot: str) -> None:
    guest.read_on()
    guest.seqs.pop(lot, None)
    gallery.fanout.watch_live(guest.seat, lot)
    guest.read_on()
    guest.seqs.pop(lot, None)


def turn_away(gallery: Gallery, guest: Guest, lot: str) -> None:
    gallery.fanout.unwatch_lot(guest.seat, lot)


def enter_sale(gallery: Gallery, guest: Guest, _lot: str) -> None:
    guest.read_on()
    guest.sale.clear()
    gallery.fanout.watch_sale(guest.seat, "S")


def leave(gallery: Gallery, guest: Guest, _lot: str) -> None:
    gallery.fanout.drop(guest.seat)


def bid(gallery: Gallery, _guest: Guest, lot: str) -> None:
    gallery.bid(lot)


def wait(gallery: Gallery, guest: Guest, _lot: str) -> None:
    guest.read_on()
    gallery.loop.advance(0.7)


HAPPENINGS = (enter, enter, look_in, turn_away, enter_sale, leave, bid, wait)


@pytest.mark.parametrize("seed", range(30))
def test_everyone_knows_how_many_watch_whatever_happened(seed: int) -> None:
    chance = random.Random(seed)
    gallery = Gallery(6, sweep_watchers_max=chance.randint(1, 9), sale_part_bytes_max=chance.choice((1_200, 49_152)))
    guests = [Guest(gallery.seat(chance.choice(CODECS))) for _ in range(12)]
    for _ in range(300):
        chance.choice(HAPPENINGS)(gallery, chance.choice(guests), chance.choice("ABCDEF"))
        if chance.random() < 0.5:
            gallery.loop.one_pass()
    gallery.loop.advance(2 * PERIOD_S)
    numbers = {lot: gallery.fanout.watchers(lot) for lot in gallery.lots}
    for guest in guests:
        guest.read_on()
        feeds = [watch.feed for watch in guest.seat.watches]
        watched = [feed.state.lot for feed in feeds if hasattr(feed, "state")]
        assert {lot: guest.lots[lot] for lot in watched} == {lot: numbers[lot] for lot in watched}
        if len(watched) < len(feeds):
            assert {lot: guest.sale.get(lot, 0) for lot in numbers} == numbers
