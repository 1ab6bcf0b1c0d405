"""The stored format, literally.

A log written today must read the same in ten years: these dicts may gain fields with defaults, and nothing else may
change in them.
"""

from typing import Any, get_args

import msgpack
import msgspec
import pytest

from lots.events import (
    BidderAdmitted,
    BidderBarred,
    BidPlaced,
    CeilingRaised,
    Event,
    Happening,
    LotExtended,
    LotListed,
    LotOpened,
    LotPassed,
    LotPaused,
    LotResumed,
    LotSold,
    LotWithdrawn,
    NoticePosted,
    join,
)
from lots.listing import Listing
from lots.state import evolve
from tests.lots.saleroom import pack

Part = dict[str, Any]

CLERK = {"by": "kim", "ref": "o-1", "body": "smoke"}

OFFERED: Part = {
    "lot": "l-1",
    "sale": "s-1",
    "title": "A bowl",
    "description": "Blue and white",
    "category": "ceramics",
    "country": "NL",
    "place": "Delft",
    "consignor": "An estate",
    "images": ["https://example.com/1.jpg"],
}
PUBLIC_TERMS: Part = {
    "format": "english",
    "currency": "EUR",
    "start_price": 100,
    "ladder": [[0, 10], [200, 50]],
    "raise": "multiple",
    "proxy": True,
    "self_raise": False,
    "deposit": 500,
    "confirm_above": 10.0,
    "group": "g-1",
    "opens_at": 1000,
    "closes_at": 2000,
    "soft_close": {
        "window_s": 120.0,
        "extension_s": 60.5,
        "mode": "add_to_end",
        "trigger": "leader",
        "scope": "group",
        "max_extensions": 3,
        "hard_end_s": 3600.0,
    },
}
LISTING = msgspec.convert({**OFFERED, "terms": {**PUBLIC_TERMS, "reserve": 900}}, Listing)
PLAIN_TERMS = {**PUBLIC_TERMS, "raise": "at_least", "group": None, "confirm_above": None, "soft_close": None}
PLAIN_LISTING = msgspec.convert({"lot": "l-2", "sale": "s-1", "title": "A cup", "terms": PLAIN_TERMS}, Listing)
UNTOUCHED: Part = {
    "extensions": 0,
    "price": None,
    "ask": None,
    "bids": 0,
    "leader": None,
    "hammer_price": None,
    "notice": None,
    "warned": False,
}

STORED: list[tuple[Event, Part, Part]] = [
    (
        LotListed(lot="l-1", at=900, seq=1, listing=LISTING, reserve="not_met"),
        {
            "ev": "lot_listed",
            "seq": 1,
            "at": 900,
            **OFFERED,
            "terms": PUBLIC_TERMS,
            "phase": "upcoming",
            "closes_at": 2000,
            "scheduled_close_at": 2000,
            "reserve": "not_met",
            **UNTOUCHED,
        },
        {"hidden_reserve": 900},
    ),
    (
        LotListed(lot="l-2", at=900, seq=1, listing=PLAIN_LISTING, reserve="none"),
        {
            "ev": "lot_listed",
            "lot": "l-2",
            "seq": 1,
            "at": 900,
            "sale": "s-1",
            "title": "A cup",
            **dict.fromkeys(("description", "category", "country", "place", "consignor"), ""),
            "images": [],
            "terms": PLAIN_TERMS,
            "phase": "upcoming",
            "closes_at": 2000,
            "scheduled_close_at": 2000,
            "reserve": "none",
            **UNTOUCHED,
        },
        {},
    ),
    (
        LotOpened(lot="l-1", at=1000, seq=2, closes_at=2000, ask=100),
        {"ev": "lot_opened", "lot": "l-1", "at": 1000, "seq": 2, "phase": "open", "closes_at": 2000, "ask": 100},
        {},
    ),
    (
        LotOpened(lot="l-1", at=1000, seq=2, closes_at=2000, ask=100, by="kim", ref="o-1", body="smoke"),
        {"ev": "lot_opened", "lot": "l-1", "at": 1000, "seq": 2, "phase": "open", "closes_at": 2000, "ask": 100},
        CLERK,
    ),
    (
        LotPaused(lot="l-1", at=1100, seq=3, reason="smoke", by="kim", ref="o-1", body="smoke"),
        {
            "ev": "lot_paused",
            "lot": "l-1",
            "at": 1100,
            "seq": 3,
            "reason": "smoke",
            "phase": "paused",
            "closes_at": None,
            "ask": None,
        },
        CLERK,
    ),
    (
        LotResumed(lot="l-1", at=1200, seq=4, closes_at=2100, ask=110, by="kim", ref="o-1", body="smoke"),
        {"ev": "lot_resumed", "lot": "l-1", "at": 1200, "seq": 4, "phase": "open", "closes_at": 2100, "ask": 110},
        CLERK,
    ),
    (
        LotExtended(lot="l-1", at=1300, seq=5, closes_at=2200, extensions=1, cause="bid"),
        {
            "ev": "lot_extended",
            "lot": "l-1",
            "at": 1300,
            "seq": 5,
            "closes_at": 2200,
            "extensions": 1,
            "cause": "bid",
        },
        {},
    ),
    (
        LotExtended(
            lot="l-1", at=1300, seq=5, closes_at=2200, extensions=1, cause="operator", by="kim", ref="o-1", body=2200
        ),
        {
            "ev": "lot_extended",
            "lot": "l-1",
            "at": 1300,
            "seq": 5,
            "closes_at": 2200,
            "extensions": 1,
            "cause": "operator",
        },
        {"by": "kim", "ref": "o-1", "body": 2200},
    ),
    (
        LotWithdrawn(lot="l-1", at=1400, seq=6, reason="forged", by="kim", ref="o-1", body="forged"),
        {
            "ev": "lot_withdrawn",
            "lot": "l-1",
            "at": 1400,
            "seq": 6,
            "reason": "forged",
            "phase": "withdrawn",
            "closes_at": None,
            "ask": None,
        },
        {"by": "kim", "ref": "o-1", "body": "forged"},
    ),
    (
        NoticePosted(lot="l-1", at=1500, seq=7, text="a chip", notice="a chip", by="kim", ref="o-1", body="a chip"),
        {"ev": "notice_posted", "lot": "l-1", "at": 1500, "seq": 7, "text": "a chip", "notice": "a chip"},
        {"by": "kim", "ref": "o-1", "body": "a chip"},
    ),
    (
        BidderAdmitted(lot="l-1", at=1600, seq=8, paddle=123, bidder="ann"),
        {"ev": "bidder_admitted", "lot": "l-1", "at": 1600, "seq": 8, "paddle": 123},
        {"bidder": "ann"},
    ),
    (
        BidderAdmitted(lot="l-1", at=1600, seq=8, paddle=123, bidder="ann", by="kim", ref="o-1", body="ann"),
        {"ev": "bidder_admitted", "lot": "l-1", "at": 1600, "seq": 8, "paddle": 123},
        {"by": "kim", "ref": "o-1", "body": "ann", "bidder": "ann"},
    ),
    (
        BidPlaced(
            lot="l-1",
            at=1700,
            seq=9,
            paddle=123,
            kind="max_bid",
            offered=None,
            price=100,
            ask=110,
            bids=1,
            leader=123,
            reserve="not_met",
            bidder="ann",
            ref="r-1",
            amount=700,
            ceiling=700,
        ),
        {
            "ev": "bid_placed",
            "lot": "l-1",
            "at": 1700,
            "seq": 9,
            "paddle": 123,
            "kind": "max_bid",
            "offered": None,
            "price": 100,
            "ask": 110,
            "bids": 1,
            "leader": 123,
            "reserve": "not_met",
        },
        {"bidder": "ann", "ref": "r-1", "amount": 700, "ceiling": 700},
    ),
    (
        LotSold(lot="l-1", at=2200, seq=10, paddle=123, hammer_price=900),
        {
            "ev": "lot_sold",
            "lot": "l-1",
            "at": 2200,
            "seq": 10,
            "paddle": 123,
            "hammer_price": 900,
            "phase": "sold",
            "ask": None,
        },
        {},
    ),
    (
        LotPassed(lot="l-1", at=2200, seq=10, reason="no_bids"),
        {
            "ev": "lot_passed",
            "lot": "l-1",
            "at": 2200,
            "seq": 10,
            "reason": "no_bids",
            "phase": "passed",
            "ask": None,
        },
        {},
    ),
    (
        CeilingRaised(lot="l-1", at=1800, bidder="ann", ref="r-2", amount=800),
        {},
        {"ev": "ceiling_raised", "lot": "l-1", "at": 1800, "bidder": "ann", "ref": "r-2", "amount": 800},
    ),
    (
        BidderBarred(lot="l-1", at=1900, bidder="bob", reason="default", by="kim", ref="o-2", body="bob"),
        {},
        {
            "ev": "bidder_barred",
            "lot": "l-1",
            "at": 1900,
            "bidder": "bob",
            "reason": "default",
            "by": "kim",
            "ref": "o-2",
            "body": "bob",
        },
    ),
]
IDS = [f"{number}-{type(event).__name__}" for number, (event, _, _) in enumerate(STORED)]


def _stored(part: Part) -> object:
    return msgpack.unpackb(pack(part))


@pytest.mark.parametrize(("event", "public", "private"), STORED, ids=IDS)
def test_an_event_is_stored_under_these_names(event: Event, public: Part, private: Part) -> None:
    assert tuple(_stored(part) for part in event.parts()) == (public, private)


@pytest.mark.parametrize(("event", "public", "private"), STORED, ids=IDS)
def test_an_event_that_was_stored_so_is_read_back(event: Event, public: Part, private: Part) -> None:
    assert join(public, private) == event


@pytest.mark.parametrize(("event", "public", "private"), STORED, ids=IDS)
def test_fields_of_a_later_version_are_passed_over(event: Event, public: Part, private: Part) -> None:
    assert join(public and {**public, "head_of_later": 1}, {**private, "salt": b"x", "lag_us": 3}) == event


def test_every_kind_of_event_is_pinned() -> None:
    assert {type(event) for event, _, _ in STORED} == set(get_args(Happening))


@pytest.mark.parametrize(("event", "public", "private"), STORED, ids=IDS)
def test_no_public_part_names_what_is_private(event: Event, public: Part, private: Part) -> None:
    assert event.lot
    assert not public.keys() & {"bidder", "ref", "by", "body", "amount", "ceiling", "hidden_reserve", "salt", "lag_us"}
    assert not private.keys() & {"seq", "price"}


def test_a_field_of_another_type_is_an_error() -> None:
    _, public, private = next(row for row in STORED if isinstance(row[0], BidPlaced))
    with pytest.raises(msgspec.ValidationError):
        join({**public, "price": "100"}, private)
    with pytest.raises(msgspec.ValidationError):
        join(public, {})


def test_an_unknown_event_is_an_error() -> None:
    with pytest.raises(KeyError):
        join({"ev": "lot_teleported", "lot": "l-1", "at": 1, "seq": 2}, {})


def test_a_log_that_does_not_begin_with_the_listing_is_broken() -> None:
    with pytest.raises(AssertionError, match="begins with LotOpened"):
        evolve(None, LotOpened(lot="l-1", at=1, seq=1, closes_at=2, ask=1))


def test_a_log_that_lists_its_lot_twice_is_broken() -> None:
    event = LotListed(lot="l-2", at=1, seq=1, listing=PLAIN_LISTING, reserve="none")
    with pytest.raises(AssertionError, match="lists it again"):
        evolve(evolve(None, event), event)


def test_a_log_that_sells_a_lot_that_never_opened_is_broken() -> None:
    lot = evolve(None, LotListed(lot="l-2", at=1, seq=1, listing=PLAIN_LISTING, reserve="none"))
    with pytest.raises(AssertionError, match="upcoming"):
        evolve(lot, LotSold(lot="l-2", at=3, seq=2, paddle=100, hammer_price=5))
