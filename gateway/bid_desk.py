"""The bid desk: where every bid is handed in, and every registration, whatever it came over.

Who is it, may he, not too often: then the bid becomes an order and goes to the house. It refuses to know sockets and
HTTP, and whether the bid is a good one.

Invariants: a bid is answered exactly once, here or by the house; one account has one rate over all its connections;
the same bid over WebSocket and over HTTP is the same order. Amounts are minor units, instants microseconds.
"""

import os
import struct
from typing import Final

from engine.actor import Reply
from engine.house import House
from gateway.auth import Identity
from gateway.messages import Bid, Join, MaxBid, RegistrationBody
from gateway.rates import Pace, Rates
from lots import orders
from lots.orders import Attendance
from lots.refusals import Code, Refused

_DRAWN_TOGETHER: Final = 512
_CHANCES: Final = struct.Struct(f"{_DRAWN_TOGETHER}Q")


class Chances:
    """Random integers of 64 bits from the system, fetched many at a time because a call costs more than a number."""

    def __init__(self) -> None:
        self._left: list[int] = []

    def draw(self) -> int:
        """Return one that was never returned before."""
        if not self._left:
            self._left = list(_CHANCES.unpack(os.urandom(_CHANCES.size)))
        return self._left.pop()


_WHO: Final = Refused(Code.UNAUTHENTICATED, "Say who you are first; only bidders may bid.")
_ENDED: Final = Refused(Code.UNAUTHENTICATED, "Your token has expired; sign in again.")
_NOT_A_BIDDER: Final = Refused(Code.FORBIDDEN, "Only bidders may bid.")
_TOO_OFTEN: Final = Refused(Code.RATE_LIMITED, "You bid too often; send it again in a moment.")


class BidDesk:
    """Takes bids in.

    Args:
        house: Decides them.
        pace: How often one account may bid.
    """

    def __init__(self, house: House, pace: Pace) -> None:
        self._house = house
        self._rates = Rates(pace)
        self._chances = Chances()
        self.rate_limited = 0

    def hand_in(self, identity: Identity | None, bid: Bid | MaxBid, reply: Reply) -> None:
        """Check who bids and hand his bid to the house; `reply` gets the answer, at once or later."""
        bidder = self._let_in(identity, reply)
        if bidder is None:
            return
        lot, chance = bid.lot, self._chances.draw()
        order: orders.Offer
        if type(bid) is MaxBid:
            order = orders.MaxBid(lot, bidder, bid.ref, bid.amount, bid.confirm, chance)
        else:
            order = orders.Bid(lot, bidder, bid.ref, bid.amount, bid.confirm, chance, self._attendance(lot))
        self._house.submit(order, reply)

    def _attendance(self, lot: str) -> Attendance | None:
        """Count who is there, where a bid may be the hammer: the record of every close says so."""
        standing = self._house.lots.get(lot)
        if standing is None or standing.state.is_simple:
            return None
        terms = standing.state.terms
        may_be_hammer = terms.dutch is not None or terms.buy_now is not None
        return self._house.attendance(standing.state.paddles) if may_be_hammer else None

    def register(self, identity: Identity | None, lot: str, said: RegistrationBody, reply: Reply) -> None:
        """Check who registers and hand it to the house; `reply` gets the answer, at once or later."""
        bidder = self._let_in(identity, reply)
        if bidder is None:
            return
        chance = self._chances.draw()
        order = orders.Register(lot=lot, bidder=bidder, ref=said.ref, accepts=said.accepts, chance=chance)
        self._house.submit(order, reply)

    def join(self, identity: Identity | None, said: Join, reply: Reply) -> None:
        """Check who joins and hand it to the house; `reply` gets the answer, at once or later."""
        bidder = self._let_in(identity, reply)
        if bidder is None:
            return
        self._house.submit(orders.Join(lot=said.lot, bidder=bidder, ref=said.ref), reply)

    def chance(self) -> int:
        """Return a random integer for an order that needs one."""
        return self._chances.draw()

    def _let_in(self, identity: Identity | None, reply: Reply) -> str | None:
        """Return who it is if he may say something now; otherwise he is told why not."""
        now = self._house.clock.now()
        if identity is not None and identity.may_bid and not identity.has_ended(now):
            if self._rates.take(identity.sub, now):
                return identity.sub
            self.rate_limited += 1
        reply(_kept_out(identity, now))
        return None


def _kept_out(identity: Identity | None, now: int) -> Refused:
    """Return why somebody whom the desk did not let in may not bid now."""
    if identity is None:
        return _WHO
    if identity.has_ended(now):
        return _ENDED
    return _TOO_OFTEN if identity.may_bid else _NOT_A_BIDDER
