"""The sample sale: 72 invented lots, ready to be listed, that close one after another within about five minutes.

It refuses to know the house and its clock: the caller says when the sale begins, and posts what it gets.
Invariants: the same arguments give the same sale; the lots end in the order in which they are returned; every id
begins with the sale's, so that sales with other ids stand beside it in one house.
Amounts are integer minor units, instants microseconds, spans seconds. Source: `sample_sale.json`, made up for this.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

from clock.instants import SECOND_US, seconds_to_us

PREVIEW_S = 120
"""A lot takes bids for this long before it is to close; before that it is upcoming."""

CONFIRM_ABOVE = 5
"""A bid above this many times the ask is taken for a slip of the finger until it is confirmed."""

_SALE_FIELDS = ("title", "description", "consignor", "country", "place", "zone")
_LISTING_FIELDS = ("title", "description", "category", "country", "place", "consignor")


def sample_sale(
    now_us: int, first_close_s: float = 20, gap_s: float = 4, seed: int = 1, sale: str = "sample"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the bodies for `POST /v1/sales` and, lot by lot, for `POST /v1/lots`.

    Args:
        now_us: When the sale begins, microseconds since the epoch.
        first_close_s: From then until the first lot is to close.
        gap_s: Between the scheduled ends of one lot and the next.
        seed: Decides the order of the lots.
        sale: The id of the sale; those of its lots and linked groups begin with it.
    """
    book = json.loads(Path(__file__).with_name("sample_sale.json").read_text(encoding="utf-8"))
    first_us, gap_us = now_us + seconds_to_us(first_close_s), seconds_to_us(gap_s)
    lots = [
        {
            "lot": f"{sale}-{number:02}",
            "sale": sale,
            **{name: entry[name] for name in _LISTING_FIELDS},
            "images": [],
            "terms": {**_rules(book, entry, sale), **_hours(now_us, first_us + (number - 1) * gap_us)},
        }
        for number, entry in enumerate(_running_order(book["lots"], seed), start=1)
    ]
    return {"sale": sale, **{name: book[name] for name in _SALE_FIELDS}}, lots


def _running_order(entries: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Mix the categories, but keep lots that are linked side by side, as a catalogue would."""
    blocks: dict[str, list[dict[str, Any]]] = {}
    for number, entry in enumerate(entries):
        blocks.setdefault(entry.get("linked", str(number)), []).append(entry)
    order = list(blocks.values())
    Random(seed).shuffle(order)
    return [entry for block in order for entry in block]


def _rules(book: dict[str, Any], entry: dict[str, Any], sale: str) -> dict[str, Any]:
    return {
        "format": "english",
        "currency": entry["currency"],
        "start_price": entry["start_price"],
        "ladder": book["ladders"][entry["ladder"]] if "ladder" in entry else [[0, entry["step"]]],
        "raise": entry.get("raise", "at_least"),
        "proxy": entry.get("proxy", True),
        "self_raise": False,
        "reserve": entry.get("reserve"),
        "deposit": 0,
        "confirm_above": CONFIRM_ABOVE,
        "group": f"{sale}-{entry['linked']}" if "linked" in entry else None,
        "soft_close": book["soft_closes"][entry.get("close", "soft")],
    }


def _hours(now_us: int, closes_at: int) -> dict[str, int]:
    return {"opens_at": max(now_us, closes_at - PREVIEW_S * SECOND_US), "closes_at": closes_at}
