"""STORED FORMAT: logs and catalogue hold these names and fields. Add with defaults; never rename or remove.

Bounds: what a listing under a house's rules must keep to, so that a slip is refused instead of sold.

It refuses to know whose rules they are: a rule sheet brings its own. Shares are whole per cent, spans seconds.
Source: Fa Shi [2016] 18, articles 10, 17, 20 and 26 (rules.md, section 1).
"""

from typing import Protocol

from msgspec import Struct

from clock.instants import seconds_to_us
from lots.formats import Seconds
from lots.money import HUNDRED_PERCENT, Percent, is_share


class Bounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a listing, and of the lot that offers it again."""

    start_percent_of_appraisal_min: Percent | None = None
    deposit_percent_min: Percent | None = None
    deposit_percent_max: Percent | None = None
    open_s_min: Seconds | None = None
    reoffer_drop_percent_max: Percent | None = None
    reoffer_within_s: Seconds | None = None


class Bounded(Protocol):
    """The terms that bounds look at."""

    @property
    def start_price(self) -> int:
        """Where bidding begins."""
        ...

    @property
    def appraisal(self) -> int | None:
        """What the lot was appraised at."""
        ...

    @property
    def deposit(self) -> int:
        """What a bidder pays before he bids."""
        ...

    @property
    def opens_at(self) -> int:
        """When bids are taken first."""
        ...

    @property
    def closes_at(self) -> int | None:
        """The scheduled end."""
        ...


def check_bounds(bounds: Bounds, terms: Bounded) -> None:
    """See that the terms keep to their bounds.

    Raises:
        ValueError: they do not; the sentence says which.
    """
    _check_start(bounds, terms)
    _check_deposit(bounds, terms)
    least_s = bounds.open_s_min
    if least_s is not None and terms.closes_at is not None:
        open_us = terms.closes_at - terms.opens_at
        if open_us < seconds_to_us(least_s):
            raise ValueError(f"bounds: the lot must be open for at least {least_s:g} s")


def _check_start(bounds: Bounds, terms: Bounded) -> None:
    percent = bounds.start_percent_of_appraisal_min
    if percent is None:
        return
    if terms.appraisal is None:
        raise ValueError("bounds: an appraisal is needed")
    if not is_share(terms.start_price, percent, terms.appraisal):
        raise ValueError(f"bounds: start_price must be at least {percent} % of the appraisal")


def _check_deposit(bounds: Bounds, terms: Bounded) -> None:
    least, most = bounds.deposit_percent_min, bounds.deposit_percent_max
    if least is not None and not is_share(terms.deposit, least, terms.start_price):
        raise ValueError(f"bounds: the deposit must be at least {least} % of start_price")
    if most is not None and terms.deposit * HUNDRED_PERCENT > terms.start_price * most:
        raise ValueError(f"bounds: the deposit may be at most {most} % of start_price")
