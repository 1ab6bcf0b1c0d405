"""Ladders, paddles, terms, listings and codes: the small things that the rules rest on."""

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from lots import views
from lots.ladder import Ladder
from lots.listing import Listing
from lots.money import AMOUNT_MAX
from lots.paddles import draw
from lots.phases import Phase
from lots.refusals import LIMITS, Code
from lots.terms import Terms
from tests.lots.saleroom import CLOSES_AT, EBAY_LADDER, OPENS_AT, Saleroom, instant, listing, pack, play

PROTOCOL_EXAMPLE = """
    {"format": "english", "currency": "CAD", "start_price": 100,
     "ladder": [[0, 100], [1001, 300], [4001, 500], [10001, 1000]],
     "raise": "at_least", "proxy": true, "self_raise": false, "reserve": null, "deposit": 0, "confirm_above": null,
     "group": null, "opens_at": 1762639200000000, "closes_at": 1763690400000000,
     "soft_close": {"window_s": 120, "extension_s": 120, "mode": "from_bid", "trigger": "price_or_leader",
                    "scope": "lot", "max_extensions": null, "hard_end_s": null}}
"""
LATER_TERMS: dict[str, Any] = {
    **dict.fromkeys(("dutch", "sealed", "two_phase", "first_bid_closes_s", "buy_now", "provisional_s")),
    **dict.fromkeys(("registration", "debt", "suspend_lost_percent", "appraisal", "bounds")),
    "buy_now_until": "first_bid",
    "reserve_public": False,
    "priority": False,
    "release_after_s": 3600,
    "premium": [],
    "four_eyes": [],
}
"""What a lot has of the terms that came after the protocol's first page, when it says nothing of them."""
PROTOCOL_CODES = """
    unauthenticated forbidden unknown_lot malformed rate_limited overloaded unavailable ref_reused lot_not_open
    lot_paused lot_withdrawn too_late not_admitted deposit_required barred below_start below_ask below_ceiling
    off_increment above_limit already_leading proxy_not_allowed format_mismatch
"""
LATER_CODES = """
    wrong_phase conflict not_yours stale already_done unknown_bid not_registered needs_another unknown_proposal
    wrong_amount no_bids reserve_not_met too_early drop_too_large above_ceiling already_quoted not_joined not_in_stage
"""


@pytest.mark.parametrize(
    ("price", "step"),
    [(0, 5), (1, 5), (99, 5), (100, 25), (499, 25), (500, 50), (24_999, 250), (25_000, 500), (10**9, 10_000)],
)
def test_a_price_lies_in_the_band_that_starts_at_or_below_it(price: int, step: int) -> None:
    assert Ladder(EBAY_LADDER).step(price) == step
    assert Ladder(EBAY_LADDER).above(price) == price + step


def test_the_example_of_the_protocol_is_read_and_shown_again_without_the_reserve() -> None:
    terms = msgspec.json.decode(PROTOCOL_EXAMPLE, type=Terms)
    terms.check()
    shown = msgspec.json.decode(msgspec.json.encode(terms.public()))
    expected = msgspec.json.decode(PROTOCOL_EXAMPLE) | LATER_TERMS
    del expected["reserve"]
    assert shown == expected


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"closes_at": OPENS_AT}, "later than opens_at"),
        ({"ladder": [[1, 10]]}, "start at 0"),
        ({"ladder": [[0, 10], [5, 0]]}, "at least 1"),
        ({"ladder": [[0, 10], [9, 1], [7, 1]]}, "rise"),
        ({"group": "A"}, "group may not be the id of a lot"),
        ({"start_price": AMOUNT_MAX + 1}, "start_price"),
        ({"start_price": -1}, "start_price"),
        ({"start_price": 1.5}, "start_price"),
        ({"start_price": "100"}, "start_price"),
        ({"currency": "EUR\n"}, "currency"),
        ({"group": "g\n"}, "group"),
        ({"closes_at": 2**53}, "closes_at"),
        ({"confirm_above": 0.99}, "confirm_above"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_terms_that_do_not_fit_are_an_error(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listing(**terms)


@pytest.mark.parametrize("lot", ["", "a b", "a/b", "é", "a\n", "x" * 65])
def test_an_id_is_1_to_64_plain_characters(lot: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        listing(lot)
    assert listing("A-z_0.9" + "x" * 57).lot


def test_a_lot_that_names_no_group_is_a_group_of_its_own() -> None:
    assert listing("A").group == "A"
    assert listing("A", group="linked").group == "linked"


def test_every_code_of_the_protocol_is_there_by_its_name() -> None:
    assert set(Code) == {*PROTOCOL_CODES.split(), *LATER_CODES.split()}
    assert LIMITS.issubset(set(Code))


def test_the_phases_are_those_of_the_protocol() -> None:
    assert [str(phase) for phase in Phase] == ["upcoming", "open", "paused", "sold", "passed", "withdrawn"]


@settings(max_examples=50, deadline=None, derandomize=False, print_blob=True)
@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 3), min_size=1, max_size=60))
def test_a_paddle_is_unique_in_its_lot(chances: list[int]) -> None:
    taken: Map[int, str] = Map()
    for number, chance in enumerate(chances):
        paddle = draw(taken, chance)
        assert 100 <= paddle <= 999
        assert paddle not in taken
        taken = taken.set(paddle, str(number))


def test_paddles_never_run_out() -> None:
    taken: Map[int, str] = Map()
    for number in range(6_000):
        paddle = draw(taken, 7)
        assert paddle not in taken
        taken = taken.set(paddle, str(number))
    assert max(taken) < 100_000


NOTHING_YET: dict[str, Any] = {
    **dict.fromkeys(("stage", "lowers_at", "resume_by", "settlement", "successor")),
    "provisional": False,
}
"""What the public state has besides, on a plain lot that is open."""


def test_a_snapshot_holds_what_the_protocol_says() -> None:
    room = play(
        "1 ann max 500 -> 100 ann\n 2 bob bid 200 -> 210 ann\n 3 clerk notice hello -> done", listing(reserve=900)
    )
    shown = views.snapshot(room.lots["A"], "ab" * 16, instant("4"), {"ev": "you"}, reset=True)
    assert pack(shown)
    assert shown.pop("terms") == listing().terms.public()
    assert shown == {
        "ev": "lot",
        "lot": "A",
        "seq": 7,
        "head": "ab" * 16,
        "now": instant("4"),
        "sale": "S",
        "title": "Lot A",
        **dict.fromkeys(("description", "category", "country", "place", "consignor"), ""),
        "images": (),
        "org": None,
        "before": None,
        "phase": "open",
        "closes_at": CLOSES_AT,
        "scheduled_close_at": CLOSES_AT,
        "extensions": 0,
        "price": 210,
        "ask": 220,
        "bids": 2,
        "leader": room.lots["A"].leader,
        "reserve": "not_met",
        "hammer_price": None,
        "notice": "hello",
        "warned": False,
        **NOTHING_YET,
        "reset": True,
        "you": {"ev": "you"},
    }


def test_a_state_holds_what_the_protocol_says() -> None:
    room = Saleroom(listing())
    assert views.live(room.lots["A"], 5) == {
        "ev": "state",
        "lot": "A",
        "seq": 1,
        "now": 5,
        "phase": "upcoming",
        "price": None,
        "ask": None,
        "leader": None,
        "bids": 0,
        "closes_at": CLOSES_AT,
        "extensions": 0,
        "reserve": "none",
        "hammer_price": None,
        "notice": None,
        "warned": False,
        **NOTHING_YET,
    }


def test_a_listing_is_shown_as_it_was_sent() -> None:
    sent = {"lot": "A", "sale": "S", "title": "T", "images": ["https://example.com/1"], "place": "Delft"}
    value = msgspec.convert({**sent, "terms": msgspec.json.decode(PROTOCOL_EXAMPLE)}, Listing)
    shown = msgspec.json.decode(msgspec.json.encode(value.public()))
    assert {name: shown[name] for name in sent} == sent


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def test_the_pure_rooms_know_neither_loop_nor_chance_nor_disk_and_one_file_knows_the_time() -> None:
    root = Path(__file__).parents[2]
    files = [path for room in ("clock", "lots") for path in (root / room).glob("*.py")]
    refused = {"asyncio", "io", "os", "pathlib", "random", "redis", "secrets", "socket", "threading", "uuid"}
    assert not {path.name: found for path in files if (found := _imported(path) & refused)}
    assert [path.name for path in files if "time" in _imported(path)] == ["instants.py"]
