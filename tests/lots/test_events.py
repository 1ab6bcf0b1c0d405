"""The stored format, literally.

A log written today must read the same in ten years: these dicts may gain fields with defaults, and nothing else may
change in them. What the first version stored stands in `test_first_version`.
"""

from typing import Any, get_args

import msgpack
import msgspec
import pytest

from lots.events import (
    AccountsOpened,
    ApplicationChecked,
    BidderAdmitted,
    BidderBarred,
    BidderJoined,
    BidderRegistered,
    BidPlaced,
    BidsOpened,
    BidVoided,
    CeilingRaised,
    ConsentLapsed,
    CountdownStarted,
    DepositMoved,
    DepositsReturned,
    Event,
    FairWarningGiven,
    Happening,
    LotExtended,
    LotListed,
    LotOpened,
    LotPassed,
    LotPaused,
    LotReoffered,
    LotReopened,
    LotResumed,
    LotSettled,
    LotSold,
    LotWithdrawn,
    NoticePosted,
    OrderProposed,
    PaddleAssigned,
    PriceLowered,
    ProposalClosed,
    SealedBidPlaced,
    StageBegun,
    StepSet,
    WinnerDefaulted,
    join,
)
from lots.fold import evolve
from lots.formats import Stage
from lots.ledger import Account
from lots.listing import Listing
from tests.lots.saleroom import pack

Part = dict[str, Any]

CLERK: Part = {"by": "kim", "ref": "o-1", "body": "smoke"}

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
    "org": "court-7",
    "before": "l-0",
}
UNUSED: Part = {
    "dutch": None,
    "sealed": None,
    "two_phase": None,
    "first_bid_closes_s": None,
    "buy_now": None,
    "buy_now_until": "first_bid",
    "reserve_public": False,
    "provisional_s": None,
    "priority": False,
    "registration": None,
    "release_after_s": 3600.0,
    "premium": [],
    "debt": None,
    "four_eyes": [],
    "suspend_lost_percent": None,
    "appraisal": None,
    "bounds": None,
}
"""Terms that are later than the first version, as they are stored where a lot has none of them."""
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
    **UNUSED,
}
LISTING = msgspec.convert({**OFFERED, "terms": {**PUBLIC_TERMS, "reserve": 900}}, Listing)
PLAIN_TERMS = {**PUBLIC_TERMS, "raise": "at_least", "group": None, "confirm_above": None, "soft_close": None}
PLAIN_LISTING = msgspec.convert({"lot": "l-2", "sale": "s-1", "title": "A cup", "terms": PLAIN_TERMS}, Listing)
RICH_TERMS: Part = {
    **PLAIN_TERMS,
    "format": "two_phase",
    "two_phase": {"confirm_s": 300.0, "countdown_s": 240.0, "ceiling": 900, "quote_s": 60.0},
    "reserve_public": True,
    "reserve": 800,
    "provisional_s": 86400.0,
    "priority": True,
    "registration": {"statements": ["I am of age."], "check": True},
    "release_after_s": 7200.0,
    "premium": [[0, 2500], [100000, 2000]],
    "debt": 5000,
    "group": "g-2",
    "four_eyes": ["withdraw"],
    "suspend_lost_percent": 30,
    "appraisal": 120,
    "bounds": {
        "start_percent_of_appraisal_min": 70,
        "deposit_percent_min": 5,
        "deposit_percent_max": 20,
        "open_s_min": 0.0001,
        "reoffer_drop_percent_max": 20,
        "reoffer_within_s": 2592000.0,
    },
}
"""All that a lot may have beside the terms of the first version, but for what belongs to other formats."""
RICH_LISTING = msgspec.convert({"lot": "l-3", "sale": "s-1", "title": "A plot", "terms": RICH_TERMS}, Listing)
PLAIN_OFFER: Part = {
    **dict.fromkeys(("description", "category", "country", "place", "consignor"), ""),
    "images": [],
    "org": None,
    "before": None,
}
UNTOUCHED: Part = {
    "extensions": 0,
    "price": None,
    "ask": None,
    "bids": 0,
    "leader": None,
    "hammer_price": None,
    "notice": None,
    "warned": False,
    "stage": None,
    "lowers_at": None,
    "resume_by": None,
    "provisional": False,
    "settlement": None,
    "successor": None,
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
            **PLAIN_OFFER,
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
        LotListed(lot="l-3", at=900, seq=1, listing=RICH_LISTING, reserve="not_met", barred=("eve",)),
        {
            "ev": "lot_listed",
            "lot": "l-3",
            "seq": 1,
            "at": 900,
            "sale": "s-1",
            "title": "A plot",
            **PLAIN_OFFER,
            "terms": RICH_TERMS,
            "phase": "upcoming",
            "closes_at": 2000,
            "scheduled_close_at": 2000,
            "reserve": "not_met",
            **UNTOUCHED,
        },
        {"barred": ["eve"]},
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
            "cause": "clerk",
            "phase": "paused",
            "closes_at": None,
            "ask": None,
        },
        CLERK,
    ),
    (
        LotPaused(
            lot="l-1",
            at=1100,
            seq=3,
            reason="smoke",
            cause="suspension",
            lowers_at=None,
            resume_by=9000,
            op="suspend",
            proposal="lea\0p-1",
            **CLERK,
        ),
        {
            "ev": "lot_paused",
            "lot": "l-1",
            "at": 1100,
            "seq": 3,
            "reason": "smoke",
            "cause": "suspension",
            "phase": "paused",
            "closes_at": None,
            "ask": None,
            "lowers_at": None,
            "resume_by": 9000,
        },
        {**CLERK, "op": "suspend", "proposal": "lea\0p-1"},
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
    (
        LotOpened(lot="l-1", at=1000, seq=2, closes_at=None, ask=100, stage=Stage.FREE, lowers_at=1500),
        {
            "ev": "lot_opened",
            "lot": "l-1",
            "at": 1000,
            "seq": 2,
            "phase": "open",
            "closes_at": None,
            "ask": 100,
            "stage": "free",
            "lowers_at": 1500,
        },
        {},
    ),
    (
        LotResumed(lot="l-1", at=1200, seq=4, closes_at=2100, ask=110, lowers_at=1300, resume_by=None, **CLERK),
        {
            "ev": "lot_resumed",
            "lot": "l-1",
            "at": 1200,
            "seq": 4,
            "phase": "open",
            "closes_at": 2100,
            "ask": 110,
            "lowers_at": 1300,
            "resume_by": None,
        },
        CLERK,
    ),
    (
        LotReopened(lot="l-1", at=2300, seq=11, reason="smoke", closes_at=3000, ask=950, stage=Stage.TIMED, **CLERK),
        {
            "ev": "lot_reopened",
            "lot": "l-1",
            "at": 2300,
            "seq": 11,
            "reason": "smoke",
            "phase": "open",
            "closes_at": 3000,
            "ask": 950,
            "hammer_price": None,
            "warned": False,
            "provisional": False,
            "settlement": None,
            "stage": "timed",
        },
        CLERK,
    ),
    (
        LotWithdrawn(lot="l-1", at=1400, seq=6, reason="debt_covered", lowers_at=None, resume_by=None),
        {
            "ev": "lot_withdrawn",
            "lot": "l-1",
            "at": 1400,
            "seq": 6,
            "reason": "debt_covered",
            "phase": "withdrawn",
            "closes_at": None,
            "ask": None,
            "lowers_at": None,
            "resume_by": None,
        },
        {},
    ),
    (
        CountdownStarted(lot="l-1", at=1700, seq=10, closes_at=9000),
        {"ev": "countdown_started", "lot": "l-1", "at": 1700, "seq": 10, "closes_at": 9000},
        {},
    ),
    (
        StageBegun(lot="l-1", at=2000, seq=10, stage=Stage.JOINING, closes_at=2300, ask=None),
        {
            "ev": "stage_begun",
            "lot": "l-1",
            "at": 2000,
            "seq": 10,
            "stage": "joining",
            "closes_at": 2300,
            "ask": None,
        },
        {},
    ),
    (
        PriceLowered(lot="l-1", at=1500, seq=3, ask=90, lowers_at=2000),
        {"ev": "price_lowered", "lot": "l-1", "at": 1500, "seq": 3, "ask": 90, "lowers_at": 2000},
        {},
    ),
    (
        FairWarningGiven(lot="l-1", at=1500, seq=3, reason="smoke", **CLERK),
        {"ev": "fair_warning_given", "lot": "l-1", "at": 1500, "seq": 3, "reason": "smoke", "warned": True},
        CLERK,
    ),
    (
        StepSet(lot="l-1", at=1500, seq=3, step=25, ask=125, by="kim", ref="o-1", body=25, grounds="slow"),
        {"ev": "step_set", "lot": "l-1", "at": 1500, "seq": 3, "step": 25, "ask": 125},
        {"by": "kim", "ref": "o-1", "body": 25, "grounds": "slow"},
    ),
    (
        BidVoided(
            lot="l-1",
            at=1800,
            seq=12,
            voided=9,
            reason="smoke",
            price=100,
            ask=110,
            bids=1,
            leader=123,
            reserve="not_met",
            leader_bidder="ann",
            ceiling=700,
            op="undo",
            **CLERK,
        ),
        {
            "ev": "bid_voided",
            "lot": "l-1",
            "at": 1800,
            "seq": 12,
            "voided": 9,
            "reason": "smoke",
            "price": 100,
            "ask": 110,
            "bids": 1,
            "leader": 123,
            "reserve": "not_met",
            "warned": False,
        },
        {**CLERK, "op": "undo", "leader_bidder": "ann", "ceiling": 700},
    ),
    (
        BidPlaced(
            lot="l-1",
            at=1700,
            seq=9,
            paddle=123,
            kind="floor",
            offered=200,
            price=200,
            ask=250,
            bids=2,
            leader=123,
            reserve="not_met",
            bidder="@floor:left",
            ref="o-1",
            amount=200,
            ceiling=200,
            rank=1,
            warned=False,
            by="kim",
        ),
        {
            "ev": "bid_placed",
            "lot": "l-1",
            "at": 1700,
            "seq": 9,
            "paddle": 123,
            "kind": "floor",
            "offered": 200,
            "price": 200,
            "ask": 250,
            "bids": 2,
            "leader": 123,
            "reserve": "not_met",
            "warned": False,
        },
        {"bidder": "@floor:left", "ref": "o-1", "amount": 200, "ceiling": 200, "rank": 1, "by": "kim"},
    ),
    (
        BidsOpened(
            lot="l-1", at=2000, seq=3, offers=((456, 900), (123, 700)), bids=2, price=700, leader=456, reserve="none"
        ),
        {
            "ev": "bids_opened",
            "lot": "l-1",
            "at": 2000,
            "seq": 3,
            "offers": [[456, 900], [123, 700]],
            "bids": 2,
            "price": 700,
            "leader": 456,
            "reserve": "none",
        },
        {},
    ),
    (
        LotSold(
            lot="l-1",
            at=2200,
            seq=10,
            paddle=123,
            hammer_price=900,
            lowers_at=None,
            provisional=False,
            settlement="due",
            connected=7,
            lost=1,
            op="consent",
            **CLERK,
        ),
        {
            "ev": "lot_sold",
            "lot": "l-1",
            "at": 2200,
            "seq": 10,
            "paddle": 123,
            "hammer_price": 900,
            "phase": "sold",
            "ask": None,
            "lowers_at": None,
            "provisional": False,
            "settlement": "due",
            "connected": 7,
            "lost": 1,
        },
        {**CLERK, "op": "consent"},
    ),
    (
        LotPassed(
            lot="l-1",
            at=2200,
            seq=10,
            reason="reserve_not_met",
            lowers_at=None,
            provisional=True,
            connected=0,
            lost=0,
            **CLERK,
        ),
        {
            "ev": "lot_passed",
            "lot": "l-1",
            "at": 2200,
            "seq": 10,
            "reason": "reserve_not_met",
            "phase": "passed",
            "ask": None,
            "lowers_at": None,
            "provisional": True,
            "connected": 0,
            "lost": 0,
        },
        CLERK,
    ),
    (
        ConsentLapsed(lot="l-1", at=2400, seq=11),
        {"ev": "consent_lapsed", "lot": "l-1", "at": 2400, "seq": 11, "provisional": False},
        {},
    ),
    (
        LotReoffered(lot="l-1", at=2400, seq=11, reason="smoke", kind="reauction", successor="l-9", **CLERK),
        {
            "ev": "lot_reoffered",
            "lot": "l-1",
            "at": 2400,
            "seq": 11,
            "reason": "smoke",
            "kind": "reauction",
            "successor": "l-9",
        },
        CLERK,
    ),
    (
        LotSettled(lot="l-1", at=2500, seq=11, **CLERK),
        {"ev": "lot_settled", "lot": "l-1", "at": 2500, "seq": 11, "settlement": "paid"},
        CLERK,
    ),
    (
        WinnerDefaulted(lot="l-1", at=2500, seq=11, reason="smoke", bidder="ann", **CLERK),
        {
            "ev": "winner_defaulted",
            "lot": "l-1",
            "at": 2500,
            "seq": 11,
            "reason": "smoke",
            "settlement": "defaulted",
        },
        {**CLERK, "bidder": "ann"},
    ),
    (
        BidderRegistered(lot="l-1", at=950, bidder="ann", ref="r-0", accepted=("I am of age.",)),
        {},
        {
            "ev": "bidder_registered",
            "lot": "l-1",
            "at": 950,
            "bidder": "ann",
            "ref": "r-0",
            "accepted": ["I am of age."],
        },
    ),
    (
        ApplicationChecked(lot="l-1", at=960, bidder="ann", admitted=True, rank=2, grounds="heir", **CLERK),
        {},
        {
            "ev": "application_checked",
            "lot": "l-1",
            "at": 960,
            "bidder": "ann",
            "admitted": True,
            "rank": 2,
            "grounds": "heir",
            **CLERK,
        },
    ),
    (
        ApplicationChecked(lot="l-1", at=960, bidder="ann", admitted=False),
        {},
        {"ev": "application_checked", "lot": "l-1", "at": 960, "bidder": "ann", "admitted": False},
    ),
    (
        PaddleAssigned(lot="l-1", at=970, bidder="ann", paddle=123),
        {},
        {"ev": "paddle_assigned", "lot": "l-1", "at": 970, "bidder": "ann", "paddle": 123},
    ),
    (
        DepositMoved(
            lot="l-1",
            at=970,
            bidder="ann",
            source=Account.RECEIVED,
            to=Account.HELD,
            amount=500,
            payment="p-1",
            op="deposit",
            **CLERK,
        ),
        {},
        {
            "ev": "deposit_moved",
            "lot": "l-1",
            "at": 970,
            "bidder": "ann",
            "source": "received",
            "to": "held",
            "amount": 500,
            "payment": "p-1",
            "op": "deposit",
            **CLERK,
        },
    ),
    (
        AccountsOpened(lot="l-1", at=5790, by="otto"),
        {},
        {"ev": "accounts_opened", "lot": "l-1", "at": 5790, "by": "otto"},
    ),
    (
        DepositsReturned(lot="l-1", at=5800),
        {},
        {"ev": "deposits_returned", "lot": "l-1", "at": 5800},
    ),
    (
        SealedBidPlaced(lot="l-1", at=1700, bidder="ann", ref="r-1", amount=700),
        {},
        {"ev": "sealed_bid_placed", "lot": "l-1", "at": 1700, "bidder": "ann", "ref": "r-1", "amount": 700},
    ),
    (
        BidderJoined(lot="l-1", at=2001, bidder="ann", ref="r-2"),
        {},
        {"ev": "bidder_joined", "lot": "l-1", "at": 2001, "bidder": "ann", "ref": "r-2"},
    ),
    (
        OrderProposed(
            lot="l-1",
            at=1750,
            op="void_bid",
            order={"lot": "l-1", "by": "kim", "ref": "o-1", "reason": "smoke", "seen": None, "seq": 9},
            by="kim",
            ref="o-1",
            body=9,
            grounds="smoke",
        ),
        {},
        {
            "ev": "order_proposed",
            "lot": "l-1",
            "at": 1750,
            "op": "void_bid",
            "order": {"lot": "l-1", "by": "kim", "ref": "o-1", "reason": "smoke", "seen": None, "seq": 9},
            "by": "kim",
            "ref": "o-1",
            "body": 9,
            "grounds": "smoke",
        },
    ),
    (
        ProposalClosed(lot="l-1", at=1760, by="lea", ref="c-1", op="countersign", body="kim o-1", proposal="kim\0o-1"),
        {},
        {
            "ev": "proposal_closed",
            "lot": "l-1",
            "at": 1760,
            "by": "lea",
            "ref": "c-1",
            "op": "countersign",
            "body": "kim o-1",
            "proposal": "kim\0o-1",
        },
    ),
]
PRIVATE_NAMES = {
    *("bidder", "leader_bidder", "barred", "by", "ref", "op", "body", "grounds", "proposal"),
    *("amount", "ceiling", "hidden_reserve", "payment", "salt", "lag_us"),
}
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
    assert not public.keys() & PRIVATE_NAMES
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
