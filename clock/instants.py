"""Instants and the only places that read them.

An instant is an integer of microseconds since the Unix epoch (UTC); a span is an integer of microseconds.
This file refuses to know what an instant is for.

Invariant: a clock never runs back. `SystemClock` stands still while the machine's clock is set back, which the
engine notices by comparing it with the store's (design.md, "Time").
"""

import time
from datetime import UTC, datetime
from typing import Protocol

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 24 * 60 * MINUTE_US


class Clock(Protocol):
    """What tells the time; injected wherever time is needed."""

    def now(self) -> int:
        """The current instant in microseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock, never running back."""

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> int:
        """The machine's time in microseconds, or the latest instant told so far if that is later."""
        wall = time.time_ns() // 1_000
        if wall > self._latest:  # noqa: PLR1730  every bid asks, and a call of max() would cost more than the clock
            self._latest = wall
        return self._latest


class ManualClock:
    """A clock that moves when it is told to: for tests, and for sales in virtual time."""

    def __init__(self, now: int = 0) -> None:
        self._now = now

    def now(self) -> int:
        """The instant last set, in microseconds."""
        return self._now

    def set(self, now: int) -> None:
        """Move to `now`; an earlier instant leaves the clock where it is."""
        self._now = max(self._now, now)

    def advance(self, span_us: int) -> None:
        """Move on by `span_us` microseconds."""
        self.set(self._now + span_us)


def parse_instant(text: str) -> int:
    """Read an ISO 8601 instant with a zone into microseconds since the epoch.

    Raises:
        ValueError: `text` is no ISO 8601 instant, or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone; write it like 2025-11-21T02:00:00Z")
    span = moment - datetime.fromtimestamp(0, UTC)
    return (span.days * 86_400 + span.seconds) * SECOND_US + span.microseconds


def format_instant(instant: int) -> str:
    """Write an instant as ISO 8601 in UTC with microseconds; the inverse of `parse_instant`."""
    seconds, rest = divmod(instant, SECOND_US)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def seconds_to_us(seconds: float) -> int:
    """Round seconds, as terms and settings give them, to whole microseconds."""
    return round(seconds * SECOND_US)
