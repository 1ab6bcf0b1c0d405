"""One simulated bidder after one lot: what it is worth to him, when he acts, and what he offers.

It refuses to know sockets, clocks and what is private: a lot is what its messages said, an instant an argument.
Invariants: nobody offers more than the lot is worth to him (but for a slip of the finger, which the house must
catch); nobody has two offers on one lot unanswered; the same seed gives the same tastes.
Amounts are integer minor units, instants microseconds of the server's clock. Contract: protocol.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple

import msgspec

from bench.client import SEND_AGAIN
from clock.instants import SECOND_US

ENDED = frozenset({"sold", "passed", "withdrawn"})

_UNWANTED = 0.08  # the share of lots that nobody wants
_JUMP = 12  # a step bidder covers this part of what he has left at once, so that two of them meet in few bids
_FADES = 0.3  # how often a hesitant bidder leaves it at the bid he has made
_SNIPES_S = (0.6, 3.5)  # this long before the end
_PATIENCE = 5  # after so many refusals in a row he gives up
_WAIT_AND_SEE = frozenset({"lot_not_open", "lot_paused"})
_ONCE_MORE = frozenset({"below_ask", "below_ceiling", "off_increment", "above_limit", "already_leading", "below_start"})
AGAIN_UNCHANGED = SEND_AGAIN | {"unauthenticated"}
"""Refusals that say nothing of the bid: the same again, with the same `ref`, once a token that ran out is renewed."""


class Style(StrEnum):
    """How somebody bids."""

    CEILING = "ceiling"
    SNIPER = "sniper"
    STEPS = "steps"
    HESITANT = "hesitant"
    SLIP = "slip"


REACTION_S = {
    Style.CEILING: (2.0, 6.0),
    Style.SNIPER: (0.4, 1.6),
    Style.STEPS: (1.0, 5.0),
    Style.HESITANT: (3.0, 12.0),
    Style.SLIP: (2.0, 6.0),
}
"""From hearing that he must act until he acts: least and most."""


class Rules(msgspec.Struct, kw_only=True):
    """What a bidder reads of a lot's terms."""

    start_price: int
    ladder: list[tuple[int, int]]
    opens_at: int
    closes_at: int
    proxy: bool = True
    confirm_above: float | None = None

    def step(self, price: int) -> int:
        """The step of the band that `price` lies in."""
        return next(step for start, step in reversed(self.ladder) if start <= price)

    def rounded(self, amount: int, ask: int) -> int:
        """The ask and as many whole steps as `amount` bears: allowed under any terms, and how people bid."""
        return amount - (amount - ask) % self.step(ask)


class Seen(msgspec.Struct, kw_only=True):
    """A lot as the feed has shown it so far."""

    lot: str
    terms: Rules
    phase: str
    seq: int = 0
    price: int | None = None
    ask: int | None = None
    leader: int | None = None
    closes_at: int | None = None

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what a later message changes; an earlier one, which came late, changes nothing."""
        if message["seq"] < self.seq:
            return
        for name in ("seq", "phase", "price", "ask", "leader", "closes_at"):
            if name in message:
                setattr(self, name, message[name])


class Offer(NamedTuple):
    """What is sent: the `op` and the amount."""

    op: str
    amount: int


def worth(seed: int, lot: str, bidder: str, start_price: int) -> int:
    """Return what the lot is worth to the bidder; 0 when he does not want it."""
    lots_own, his_own = Random(f"{seed}/{lot}"), Random(f"{seed}/{lot}/{bidder}")
    appeal = lots_own.random()
    if appeal < _UNWANTED or his_own.random() > 0.08 + 0.45 * appeal**2:
        return 0
    value = round(start_price * (0.95 + 0.9 * lots_own.random()) * his_own.lognormvariate(0, 0.18))
    return value if value >= start_price else 0


class Pursuit:
    """One bidder after one lot."""

    def __init__(self, style: Style, value: int, chance: Random) -> None:
        self.paddle: int | None = None
        self.waiting = False  # for an answer
        self._style = style
        self._value = value
        self._chance = chance
        self._enters = chance.uniform(0.02, 0.6)  # the part of the lot's time after which he first acts
        self._slips = style is Style.SLIP
        self._over = False
        self._refusals = 0

    def when(self, seen: Seen, now: int) -> int | None:
        """Return the instant at which he will act if nothing changes, or None."""
        if self._offer(seen) is None or seen.closes_at is None:
            return None
        reacts_at = now + self._span_us(*REACTION_S[self._style])
        if self._style is Style.SNIPER:
            return max(seen.closes_at - self._span_us(*_SNIPES_S), reacts_at)
        open_us = seen.terms.closes_at - seen.terms.opens_at
        return max(seen.terms.opens_at + round(self._enters * open_us), reacts_at)

    def offer(self, seen: Seen, now: int) -> Offer | None:
        """Return what he offers now, or None: ask `when` again."""
        offer = self._offer(seen)
        if offer is None or self._is_early(seen, now):
            return None
        return self._slipped(seen, offer) if self._slips else offer

    def accepted(self, paddle: int | None) -> None:
        """His offer stands."""
        self.waiting = False
        self._refusals = 0
        if paddle is not None:
            self.paddle = paddle
        self._over = self._style is Style.HESITANT and self._chance.random() < _FADES

    def refused(self, code: str) -> None:
        """His offer was refused: he waits, offers anew what he now sees is asked, or gives up."""
        self.waiting = False
        self._refusals += 1
        self._over = code not in _ONCE_MORE | _WAIT_AND_SEE or self._refusals > _PATIENCE

    def _is_early(self, seen: Seen, now: int) -> bool:
        """Whether the end was moved while a sniper lay in wait for the old one."""
        end = seen.closes_at
        return self._style is Style.SNIPER and end is not None and end - now > _SNIPES_S[1] * SECOND_US

    def _slipped(self, seen: Seen, offer: Offer) -> Offer:
        """A zero too many, once, and only where the house asks to confirm such a bid."""
        self._slips = False
        limit, tenfold = seen.terms.confirm_above, offer.amount * 10
        return offer if limit is None or tenfold <= limit * (seen.ask or 0) else Offer("bid", tenfold)

    def _offer(self, seen: Seen) -> Offer | None:
        ask = seen.ask
        leads = self.paddle is not None and seen.leader == self.paddle
        if seen.phase != "open" or ask is None or ask > self._value or leads or self.waiting or self._over:
            return None
        terms = seen.terms
        most = terms.rounded(self._value, ask)
        if terms.proxy and self._style is Style.CEILING:
            return Offer("max_bid", most)
        if terms.proxy and self._style is Style.SNIPER:
            return Offer("max_bid", min(most, ask + 2 * terms.step(ask)))
        if self._style is Style.HESITANT:
            return Offer("bid", ask)
        jump = (most - ask) // _JUMP
        return Offer("bid", ask + jump - jump % terms.step(ask))

    def _span_us(self, least_s: float, most_s: float) -> int:
        return round(self._chance.uniform(least_s, most_s) * SECOND_US)
