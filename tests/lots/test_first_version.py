"""Logs of the first version, literally as it stored them: they must be read for ten years, whatever is added later.

Nothing in these dicts is ever changed. How today's events are stored stands in `test_events`.
"""

from typing import Any

import msgspec
import pytest

from lots.events import (
    BidderAdmitted,
    BidderBarred,
    BidPlaced,
    CeilingRaised,
    Event,
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
from lots.fold import evolve
from lots.ledger import Deposit
from lots.listing import Listing
from lots.orders import Reopen, Ring, Settle
from lots.state import Accepted, Lot
from tests.lots.saleroom import Saleroom

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

OLD: list[tuple[Event, Part, Part]] = [
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
IDS = [f"{number}-{type(event).__name__}" for number, (event, _, _) in enumerate(OLD)]


@pytest.mark.parametrize(("event", "public", "private"), OLD, ids=IDS)
def test_an_event_of_the_first_version_is_read(event: Event, public: Part, private: Part) -> None:
    assert join(public, private) == event


LISTED = OLD[0][1] | {"seq": 1, "head": "00" * 16}


def _event(name: str, seq: int, **fields: object) -> Part:
    return {"ev": name, "lot": "l-1", "seq": seq, "at": 1_000 + seq, "head": "00" * 16, **fields}


LOG: list[tuple[Part, Part]] = [
    (LISTED, {"hidden_reserve": 900, "salt": b"x"}),
    (_event("lot_opened", 2, phase="open", closes_at=2000, ask=100), {"salt": b"x"}),
    (_event("bidder_admitted", 3, paddle=123), {"by": "kim", "ref": "o-1", "body": "ann", "bidder": "ann"}),
    (_event("bidder_admitted", 4, paddle=456), {"by": "kim", "ref": "o-2", "body": "bob", "bidder": "bob"}),
    (
        _event(
            "bid_placed",
            5,
            paddle=123,
            kind="max_bid",
            offered=None,
            price=100,
            ask=110,
            bids=1,
            leader=123,
            reserve="not_met",
        ),
        {"bidder": "ann", "ref": "r-1", "amount": 800, "ceiling": 800, "lag_us": 40},
    ),
    ({}, {"ev": "ceiling_raised", "lot": "l-1", "at": 1_006, "bidder": "ann", "ref": "r-2", "amount": 850}),
    (
        _event("lot_paused", 6, reason="smoke", phase="paused", closes_at=None, ask=None),
        {"by": "kim", "ref": "o-3", "body": "smoke"},
    ),
    (_event("lot_resumed", 7, phase="open", closes_at=2_001, ask=110), {"by": "kim", "ref": "o-4", "body": ""}),
    (
        _event(
            "bid_placed",
            8,
            paddle=456,
            kind="bid",
            offered=950,
            price=950,
            ask=1_000,
            bids=2,
            leader=456,
            reserve="met",
        ),
        {"bidder": "bob", "ref": "r-1", "amount": 950, "ceiling": 950},
    ),
    (_event("lot_sold", 9, paddle=456, hammer_price=950, phase="sold", ask=None), {}),
]
"""A whole log: with a deposit, ceilings, a pause, and the fields that the journal adds."""


def _read(log: list[tuple[Part, Part]]) -> Lot:
    lot = None
    for public, private in log:
        lot = evolve(lot, join(public, private))
    assert lot is not None
    return lot


def test_a_log_of_the_first_version_is_read() -> None:
    lot = _read(LOG)
    assert (lot.phase, lot.hammer_price, lot.leader_bidder, lot.seq) == ("sold", 950, "bob", 9)
    assert (lot.bids, lot.reserve, lot.closes_at, lot.hard_end_at) == (2, "met", 2_001, 3_600_002_001)
    assert (lot.settlement, lot.provisional, lot.stage, lot.successor) == (None, False, None, None)
    assert dict(lot.paddles) == {"ann": 123, "bob": 456}


def test_who_was_admitted_in_the_first_version_had_paid_his_deposit() -> None:
    lot = _read(LOG)
    assert dict(lot.ledger) == dict.fromkeys(("ann", "bob"), Deposit(received=500, held=500))
    assert _read(LOG[:3]).ledger["ann"].is_balanced


def test_an_old_log_goes_on_under_the_rules_of_today() -> None:
    room = Saleroom(at=1_009)
    room.lots["l-1"] = lot = _read(LOG)
    assert lot.release_at is not None
    room.give(Ring("l-1"), lot.release_at)
    held = {bidder: (deposit.released, deposit.applied) for bidder, deposit in room.lots["l-1"].ledger.items()}
    assert held == {"ann": (500, 0), "bob": (0, 500)}
    assert isinstance(room.give(Settle(lot="l-1", by="kim", ref="o-5"), lot.release_at), Accepted)
    assert room.lots["l-1"].settlement == "paid"


def test_an_old_lot_that_is_reopened_has_the_bids_that_stood() -> None:
    room = Saleroom(at=1_009)
    room.lots["l-1"] = _read(LOG)
    room.give(Reopen(lot="l-1", by="kim", ref="o-5", closes_at=5_000), 3_000)
    lot = room.lots["l-1"]
    assert (lot.phase, lot.price, lot.ask, lot.leader_bidder) == ("open", 950, 1_000, "bob")
