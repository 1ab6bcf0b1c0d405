"""Bids made ahead rise on every lot in the order they are sent, and a seed is a run."""

from itertools import pairwise

import orjson
import pytest

from bench.volley import START_PRICE, Volley, turn_len

LOTS = ["a", "b", "c"]


def unmasked(window: bytes) -> list[dict[str, object]]:
    """The bids in a window: with a zero key, dropping the mask bit and the key gives a server frame."""
    bids, at = [], 0
    while at < len(window):
        size = window[at + 1] & 0x7F
        assert size <= 125
        bids.append(orjson.loads(window[at + 6 : at + 6 + size]))
        at += 6 + size
    return bids


def made(seed: int, windows: int = 10) -> list[dict[str, object]]:
    volley = Volley(LOTS, 4, seed=seed, window_len=16, turn=16)
    return [bid for _ in range(windows) for bid in unmasked(volley.take())]


def test_amounts_rise_strictly_on_every_lot() -> None:
    for lot in LOTS:
        amounts = [int(str(bid["amount"])) for bid in made(seed=5) if bid["lot"] == lot]
        assert amounts
        assert amounts[0] > START_PRICE
        assert all(later > earlier for earlier, later in pairwise(amounts))


def test_refs_count_up_over_all_lots() -> None:
    assert [bid["ref"] for bid in made(seed=5)] == [str(n) for n in range(160)]


def test_the_same_seed_makes_the_same_bids() -> None:
    assert made(seed=7) == made(seed=7)
    assert made(seed=7) != made(seed=8)


def test_a_window_not_ready_is_made_and_counted() -> None:
    volley = Volley(LOTS, 4, seed=1, window_len=16, turn=16)
    volley.make(1)
    volley.take()
    assert volley.made_late == 0
    volley.take()
    assert (volley.made_late, volley.taken) == (1, 32)


@pytest.mark.parametrize(("bidders", "flight"), [(1, 2_048), (2, 2_048), (5, 2_048), (49, 2_048), (1_000, 2_048)])
def test_a_bidder_comes_again_late_or_only_when_all_is_answered(bidders: int, flight: int) -> None:
    turn = turn_len(bidders, flight, 64)
    volley = Volley(LOTS, bidders, seed=1, window_len=64, turn=turn)
    assert turn % 64 == 0
    assert bidders == 1 or volley.is_handed_over or (bidders - 1) * turn >= 1.5 * flight


def test_only_the_first_bid_of_a_long_turn_waits() -> None:
    volley = Volley(LOTS, 2, seed=1, window_len=16, turn=32)
    waits = []
    for _ in range(4):
        waits.append(volley.is_handed_over)
        volley.take()
    assert waits == [True, False, True, False]


def test_every_bidder_gets_his_turn() -> None:
    volley = Volley(LOTS, 5, seed=3, window_len=16, turn=32)
    assert sorted(volley.bidder(ref) for ref in range(0, 160, 32)) == [0, 1, 2, 3, 4]
    assert {volley.bidder(ref) for ref in range(32)} == {volley.bidder(0)}
