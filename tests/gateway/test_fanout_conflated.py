"""Conflated feeds: the latest state of a lot and of a sale, in turns, and the catalogue of a sale in parts."""

from itertools import pairwise
from typing import Any

import pytest

from gateway.frames import CODECS, JSON, MSGPACK, Codec
from lots.orders import Withdraw
from tests.gateway.gallery import Gallery, Seat
from tests.lots.saleroom import CLOSES_AT, listing


def watching(gallery: Gallery, codec: Codec = JSON, bidder: str | None = None) -> Seat:
    """Take a seat at the sale and hear its catalogue out."""
    seat = gallery.seat(codec)
    gallery.fanout.watch_sale(seat, "S", bidder)
    gallery.loop.settle()
    return seat


def lots_in(messages: list[dict[str, Any]]) -> list[str]:
    """Return the lots whose states were told, turn by turn."""
    return [state["lot"] for message in messages if message["ev"] == "states" for state in message["states"]]


# One lot.


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_live_feed_begins_with_a_snapshot_and_tells_the_latest_state(codec: Codec) -> None:
    gallery = Gallery()
    seat = gallery.seat(codec)
    gallery.fanout.watch_live(seat, "A")
    gallery.loop.settle()
    assert seat.heard() == ["lot", "watchers"]
    gallery.bid()
    gallery.loop.advance(0.2)
    (state,) = seat.read()
    lot = gallery.lots["A"].state
    assert (state["ev"], state["seq"], state["price"], state["ask"]) == ("state", lot.seq, lot.price, lot.ask)


def test_live_feed_tells_at_most_one_state_per_period() -> None:
    gallery = Gallery(state_period_us=100_000)
    seat = gallery.seat()
    gallery.fanout.watch_live(seat, "A")
    gallery.loop.settle()
    seat.read()
    for _ in range(100):
        gallery.bid()
        gallery.loop.advance(0.01)
    gallery.loop.advance(0.1)
    states = seat.read()
    assert 10 <= len(states) <= 11
    assert states[-1]["seq"] == gallery.lots["A"].state.seq
    assert all(b["now"] - a["now"] >= 100_000 for a, b in pairwise(states))


def test_first_change_after_a_pause_is_told_at_once() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_live(seat, "A")
    gallery.loop.advance(1)
    seat.read()
    gallery.bid()
    gallery.loop.advance(0.001)
    assert seat.heard() == ["state"]


def test_slow_reader_of_a_live_feed_gets_one_state_when_he_has_drained() -> None:
    gallery = Gallery()
    seat = gallery.seat()
    gallery.fanout.watch_live(seat, "A")
    gallery.loop.settle()
    seat.read()
    seat.slow = True
    for _ in range(5):
        gallery.bid()
        gallery.loop.advance(0.2)
    assert not seat.read()
    seat.slow = False
    gallery.fanout.drained(seat)
    gallery.loop.settle()
    (state,) = seat.read()
    assert state["seq"] == gallery.lots["A"].state.seq


def test_private_order_makes_no_state() -> None:
    gallery = Gallery()
    gallery.max_bid("alice", 500)
    seat = gallery.seat()
    gallery.fanout.watch_live(seat, "A")
    gallery.loop.advance(1)
    seat.read()
    gallery.max_bid("alice", 900)
    gallery.loop.advance(1)
    assert not seat.read()


# A sale.


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_catalogue_is_in_parts_by_time_to_close(codec: Codec) -> None:
    gallery = Gallery(0, sale_part_bytes_max=4_096)
    for place in range(20):
        gallery.list_lot(listing(f"L{place}", closes_at=CLOSES_AT - place))
    gallery.give(Withdraw(lot="L19", by="clerk", ref="w", reason="water damage"))
    seat = watching(gallery, codec)
    assert all(len(write) <= 4_096 for write in seat.writes)
    parts = seat.read()
    assert len(parts) > 3
    assert [part["more"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {(part["ev"], part["sale"], part["title"]) for part in parts} == {("sale", "S", "The sale")}
    assert [lot["lot"] for part in parts for lot in part["lots"]] == [f"L{place}" for place in range(18, -1, -1)] + [
        "L19"
    ]


def test_sale_without_lots_is_one_empty_part() -> None:
    (part,) = watching(Gallery(0)).read()
    assert (part["lots"], part["more"]) == ([], False)


def test_catalogue_is_encoded_once_for_all_who_come_within_a_second() -> None:
    gallery = Gallery(3)
    first, second = watching(gallery), watching(gallery)
    assert first.writes[0] is second.writes[0]
    gallery.loop.advance(1.5)
    assert watching(gallery).writes[0] is not first.writes[0]


def test_lots_that_changed_are_told_joined_and_others_are_not() -> None:
    gallery = Gallery(5)
    seat = watching(gallery)
    gallery.loop.advance(1)
    seat.read()
    for lot, bidder in (("B", "alice"), ("D", "alice"), ("B", "bob")):
        gallery.bid(lot, bidder)
    gallery.loop.advance(0.2)
    messages = seat.read()
    assert lots_in(messages) == ["D", "B"]
    assert len(messages) == 1


def test_who_comes_on_a_catalogue_that_is_no_longer_new_is_told_what_changed_since() -> None:
    gallery = Gallery(5)
    watching(gallery)
    gallery.bid("C")
    gallery.loop.advance(0.5)
    late = watching(gallery)
    catalogue, states = late.read()
    assert catalogue["ev"] == "sale"
    assert lots_in([states]) == ["C"]


def test_newly_listed_lot_is_announced_once_and_is_in_the_next_catalogue() -> None:
    gallery = Gallery(2)
    seat = watching(gallery)
    gallery.list_lot(listing("N"))
    late = watching(gallery)
    gallery.loop.advance(1)
    first, second, *rest = seat.read()
    assert (first["ev"], second["ev"], second["lot"]) == ("sale", "lot_listed", "N")
    assert lots_in(rest) == ["N"]
    (catalogue,) = late.read()
    assert "N" in [lot["lot"] for lot in catalogue["lots"]]


def test_slow_reader_of_a_sale_gets_its_parts_as_he_reads_and_then_what_changed() -> None:
    gallery = Gallery(0, sale_part_bytes_max=4_096)
    for place in range(20):
        gallery.list_lot(listing(f"L{place}"))
    gallery.loop.advance(1)
    seat = gallery.seat()
    gallery.fanout.watch_sale(seat, "S")
    seat.slow = True
    gallery.loop.advance(1)
    assert not seat.read()
    gallery.bid("L3")
    seat.slow = False
    gallery.fanout.drained(seat)
    gallery.loop.advance(1)
    messages = seat.read()
    assert [message["ev"] for message in messages] == ["sale"] * (len(messages) - 1) + ["states"]
    assert lots_in(messages) == ["L3"]


def test_slow_reader_of_a_sale_gets_each_lot_that_changed_once() -> None:
    gallery = Gallery(4)
    seat = watching(gallery)
    gallery.loop.advance(1)
    seat.read()
    seat.slow = True
    for lot in "ABABAB":
        gallery.bid(lot)
        gallery.loop.advance(0.2)
    gallery.list_lot(listing("N"))
    gallery.loop.advance(0.2)
    seat.slow = False
    gallery.fanout.drained(seat)
    gallery.loop.advance(0.2)
    messages = seat.read()
    assert messages[0]["ev"] == "lot_listed"
    assert sorted(lots_in(messages)) == ["A", "B", "N"]


def test_states_of_many_lots_are_in_parts_too() -> None:
    gallery = Gallery(60, sale_part_bytes_max=4_096)
    seat = watching(gallery)
    gallery.loop.advance(1)
    seat.read()
    for lot in gallery.lots:
        gallery.bid(lot)
    gallery.loop.advance(1)
    messages = seat.read()
    assert len(messages) > 3
    assert sorted(lots_in(messages)) == sorted(gallery.lots)


def test_bidder_is_told_how_he_stands_in_the_lots_of_a_sale() -> None:
    gallery = Gallery(5)
    gallery.max_bid("alice", 500, "B")
    gallery.max_bid("alice", 600, "D")
    seat = watching(gallery, MSGPACK, "alice")
    catalogue, *mine = seat.read()
    assert {lot["you"] for lot in catalogue["lots"]} == {None}
    assert [(you["lot"], you["max"]) for you in mine] == [("B", 500), ("D", 600)]
    gallery.max_bid("bob", 900, "B")
    gallery.loop.settle()
    (you,) = seat.read()
    assert (you["ev"], you["lot"], you["leading"]) == ("you", "B", False)


def test_who_says_who_he_is_in_a_sale_is_told_how_he_stands_in_its_lots() -> None:
    gallery = Gallery(3)
    gallery.max_bid("alice", 500, "B")
    seat = watching(gallery)
    seat.read()
    gallery.fanout.identify(seat, "alice")
    gallery.loop.settle()
    (you,) = seat.read()
    assert (you["lot"], you["max"]) == ("B", 500)


def test_wire_that_watches_lot_and_sale_is_told_once() -> None:
    gallery = Gallery(2)
    seat = watching(gallery, bidder="alice")
    gallery.fanout.watch_full(seat, "A", bidder="alice")
    gallery.loop.settle()
    seat.read()
    gallery.max_bid("alice", 500)
    gallery.loop.settle()
    assert seat.heard().count("you") == 1


def test_silent_sale_sends_heartbeats() -> None:
    gallery = Gallery(2, heartbeat_s=5.0)
    seat = watching(gallery)
    seat.read()
    gallery.loop.advance(6)
    (heartbeat,) = seat.read()
    assert heartbeat == {"ev": "heartbeat", "sale": "S", "now": heartbeat["now"]}


def test_second_watch_of_a_sale_replaces_the_first_and_unwatching_ends_it() -> None:
    gallery = Gallery(2)
    seat = watching(gallery)
    gallery.fanout.watch_sale(seat, "S")
    assert len(seat.watches) == 1
    gallery.loop.settle()
    gallery.fanout.unwatch_sale(seat, "S")
    gallery.fanout.unwatch_sale(seat, "S")
    seat.read()
    gallery.bid("A")
    gallery.loop.advance(60)
    assert not seat.read()
    assert gallery.loop.armed == 0
