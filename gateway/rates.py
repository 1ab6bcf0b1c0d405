"""Rates: how many of something an account or a connection may do, as buckets of tokens that fill evenly.

It refuses to know what is counted and what happens to what is too much. A bucket is one integer: the instant at which
it will be full again (the "generic cell rate algorithm"), so that waiting costs nothing and a full bucket need not be
kept at all.

Invariant: in any span at most `burst + rate * span` are let through. Instants and spans are microseconds; rates per
second. Source: ITU-T I.371, annex A.
"""

from clock.instants import SECOND_US


class Pace:
    """How fast a bucket fills and how much it holds; a rate of 0 is no limit."""

    __slots__ = ("_room_us", "_token_us")

    def __init__(self, per_second: float, burst: int) -> None:
        self._token_us = round(SECOND_US / per_second) if per_second > 0 else 0
        self._room_us = self._token_us * max(burst - 1, 0)

    def taken(self, full_at: int, now: int) -> int | None:
        """Return when the bucket will be full again after one more is taken; None when there is none to take."""
        if full_at <= now:
            return now + self._token_us
        return full_at + self._token_us if full_at - now <= self._room_us else None


class Rates:
    """A bucket for each account, all of one pace."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._full_at: dict[str, int] = {}
        self._kept_max = 1_024

    def take(self, account: str, now: int) -> bool:
        """Whether this account may do one more now."""
        full_at = self._pace.taken(self._full_at.get(account, 0), now)
        if full_at is None:
            return False
        if full_at > now:
            self._full_at[account] = full_at
            if len(self._full_at) > self._kept_max:
                self._forget_full(now)
        return True

    def _forget_full(self, now: int) -> None:
        """Drop the buckets that are full again; the next look is due when twice as many are kept."""
        self._full_at = {account: full_at for account, full_at in self._full_at.items() if full_at > now}
        self._kept_max = max(1_024, 2 * len(self._full_at))
