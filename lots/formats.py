"""STORED FORMAT: logs and catalogue hold these names and fields. Add with defaults; never rename or remove.

Formats: the ways in which a lot can be bid for, and the terms that belong to one of them alone.

It refuses to know how a lot is decided under them. Amounts are integer minor units, spans seconds with decimals.
Sources: rules.md, sections 1, 2 and 5.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from lots.money import AMOUNT_MAX, Amount

Seconds = Annotated[float, Meta(ge=0, le=10_000_000_000, description="seconds; decimals are allowed")]
Span = Annotated[float, Meta(gt=0, le=10_000_000, description="seconds; decimals are allowed")]


class Format(StrEnum):
    """How a lot is bid for."""

    ENGLISH = "english"
    DUTCH = "dutch"
    SEALED = "sealed"
    SALEROOM = "saleroom"
    TWO_PHASE = "two_phase"

    @property
    def is_ascending(self) -> bool:
        """Whether bids raise an open price by the steps of a ladder."""
        return self in (Format.ENGLISH, Format.SALEROOM, Format.TWO_PHASE)


class Pricing(StrEnum):
    """What the winner of sealed bids pays: his own bid, or the second highest."""

    FIRST = "first"
    SECOND = "second"


class Stage(StrEnum):
    """Where a two-phase lot is while it is open."""

    FREE = "free"
    JOINING = "joining"
    TIMED = "timed"
    QUOTES = "quotes"


class DutchTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the price falls: from the start price by `step` every so many seconds, never below `floor`."""

    step: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="integer minor units")]
    every_s: Span
    floor: Amount = 0


class SealedTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the winner of sealed bids pays."""

    pricing: Pricing = Pricing.FIRST


class TwoPhaseTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows the free period, which ends at `closes_at`.

    Attributes:
        confirm_s: So long bidders may confirm that they join; None: all may bid in the timed phase.
        countdown_s: The timed phase ends so long after its latest bid.
        ceiling: Once a bid reaches it, each bidder may give one quote, unseen; the highest wins.
        quote_s: So long quotes are taken.
    """

    confirm_s: Span | None = None
    countdown_s: Span
    ceiling: Amount | None = None
    quote_s: Span = 300


OWN_TERMS: Mapping[str, Format] = {
    "dutch": Format.DUTCH,
    "sealed": Format.SEALED,
    "two_phase": Format.TWO_PHASE,
}
"""The terms that belong to one format, and are needed by it."""
