"""The reception: who is on each wire, and what becomes of what he says.

All of it is synchronous and runs inside `data_received`: no coroutine per message, no task per connection. It refuses
to know how bytes travel (`wire`), how watchers are told (`fanout`) and how bids are decided (the house).

Invariants: every frame is answered or the connection ends; a frame that is a bidder's order by `op` and `ref` is always
answered `accepted` or `refused`; an identity ends at its `exp`, also on a connection that says nothing; a connection
whose token is signed out ends with it; nobody hears on a wire what is meant for somebody else. Instants are
microseconds. Source: protocol.md, "WebSocket".
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from websockets.http11 import Request

from clock.instants import SECOND_US, Clock
from engine.actor import Answer
from engine.house import House
from engine.limits import GatewayLimits
from gateway import answers
from gateway.auth import BadTokenError, Doorkeeper, Identity, Pass
from gateway.bid_desk import BidDesk
from gateway.fanout import Fanout
from gateway.messages import Auth, Bid, Join, Malformed, MaxBid, Time, Unwatch, Watch, read_json, read_msgpack
from gateway.origins import Origins, address_behind, is_loopback
from gateway.presence import Presence
from gateway.rates import Pace
from gateway.wire import Wire
from lots.refusals import Code, Refused
from lots.state import Accepted

log = logging.getLogger(__name__)

PATH: Final = "/v1/ws"
UNAUTHENTICATED: Final = 4401
TOO_MANY_MESSAGES: Final = 4429
UNKNOWN_SALE: Final = "unknown_sale"
TOO_MANY_WATCHES: Final = "too_many_watches"


class Guest:
    """Who is on a wire.

    Attributes:
        identity: Who he has said to be, while his token lasts.
        mark: By what that token is known again (`Pass`).
        address: Where he connects from.
        full_at: The bucket of his messages (`Pace`).
    """

    __slots__ = ("address", "full_at", "identity", "mark")

    def __init__(self, address: str, shown: Pass | None) -> None:
        self.address = address
        self.full_at = 0
        self.shows(shown)

    def shows(self, shown: Pass | None) -> None:
        """Be who this says from now on."""
        self.identity: Identity | None = None if shown is None else shown.identity
        self.mark: bytes | None = None if shown is None else shown.mark

    @property
    def bidder(self) -> str | None:
        """Under which name he watches: only bidders have standings of their own."""
        return self.identity.sub if self.identity is not None and self.identity.may_bid else None


class Reception:
    """Receives everyone who connects.

    Args:
        house: Where lots stand and bids are decided.
        desk: Takes bids in.
        doorkeeper: Looks at what people show to say who they are.
        limits: What one connection may do.
        origins: Which pages may connect.
        presence: Is told which bidders come and go.
    """

    def __init__(
        self,
        house: House,
        desk: BidDesk,
        doorkeeper: Doorkeeper,
        limits: GatewayLimits,
        origins: Origins,
        presence: Presence,
    ) -> None:
        self._house = house
        self._clock = house.clock
        self._desk = desk
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._origins = origins
        self._presence = presence
        self._fanout: Fanout | None = None
        self._is_limited = limits.bids_per_second > 0
        self._pace = Pace(limits.messages_per_second, limits.messages_burst)
        self._from: Counter[str] = Counter()
        self._endings = Endings()
        self._is_closing = False
        self.connections = 0
        self.roles: Counter[str] = Counter()
        self.malformed = 0
        self._hear: dict[type, Callable[[Wire, Guest, Any], None]] = {
            Bid: self._take_bid,
            MaxBid: self._take_bid,
            Join: self._take_joining,
            Watch: self._watch,
            Unwatch: self._unwatch,
            Auth: self._authenticate,
            Time: self._tell_time,
            Malformed: self._answer_malformed,
        }

    def attend(self, fanout: Fanout) -> None:
        """Get to know the fan-out, which is made after the wires' switchboard."""
        self._fanout = fanout

    @property
    def fanout(self) -> Fanout:
        """Who tells watchers."""
        if self._fanout is None:
            raise AssertionError("the reception needs a fan-out before the doors open")
        return self._fanout

    # The door ---------------------------------------------------------------------------------------------------------

    def admit(self, wire: Wire, request: Request) -> tuple[int, str] | None:
        """Let a connection in, or say with which HTTP status and sentence it is turned away."""
        headers = request.headers.get_all
        if urlsplit(request.path).path != PATH:
            return 404, f"WebSockets are served at {PATH} only."
        if self._is_closing:
            return 503, "The house is closing; come back in a moment."
        if not self._origins.admits(headers("Origin"), headers("Host")):
            return 403, "This page may not connect to this house."
        address = address_behind(wire.peer, headers("X-Forwarded-For"))
        if not is_loopback(address) and self._from[address] >= self._limits.connections_per_address_max:
            return 429, "There are too many connections from your address."
        try:
            shown = self._doorkeeper.shown(headers, self._clock.now())
        except BadTokenError as error:
            return 401, str(error)
        wire.guest = Guest(address, shown)
        return None

    def opened(self, wire: Wire) -> None:
        """Greet somebody who has come in."""
        guest: Guest = wire.guest
        self.connections += 1
        self._from[guest.address] += 1
        self._now_counts(wire, guest)
        self._greet(wire, guest)

    def closed(self, wire: Wire) -> None:
        """Forget somebody who has left."""
        guest: Guest = wire.guest
        self.connections -= 1
        self._from[guest.address] -= 1
        if not self._from[guest.address]:
            del self._from[guest.address]
        self._take_for(wire, guest, None)
        self.fanout.drop(wire)

    def drained(self, wire: Wire) -> None:
        """Bring somebody up to date who did not read for a while."""
        self.fanout.drained(wire)

    def leaving(self, wire: Wire) -> None:
        """Say goodbye, as the house closes."""
        self._is_closing = True
        wire.send(answers.goodbye("The house restarts; what was accepted is kept.", self.connections))

    def look_at_tokens(self, now: int) -> None:
        """Take the identity from everyone whose token has expired; called once a second."""
        for wire in self._endings.due(now):
            self._expire(wire, wire.guest)

    def sign_out(self, shown: Pass) -> None:
        """Part with everyone who came in with this token, or showed it later."""
        for wire in self._endings.at(shown.identity.exp):
            if wire.guest.mark == shown.mark:
                wire.close(UNAUTHENTICATED, "signed out")

    # What is said -----------------------------------------------------------------------------------------------------

    def message(self, wire: Wire, payload: bytes, text: bool) -> None:
        """Take one whole message and see to its answer."""
        guest: Guest = wire.guest
        if self._is_limited and not self._may_say_more(guest):
            wire.close(TOO_MANY_MESSAGES, "too many messages")
            return
        said = read_json(payload) if text else read_msgpack(payload)
        self._hear[type(said)](wire, guest, said)

    def _may_say_more(self, guest: Guest) -> bool:
        full_at = self._pace.taken(guest.full_at, self._clock.now())
        if full_at is None:
            return False
        guest.full_at = full_at
        return True

    def _take_bid(self, wire: Wire, guest: Guest, said: Bid | MaxBid) -> None:
        self._desk.hand_in(guest.identity, said, Replying(wire, self._clock, said.ref, said.lot))

    def _take_joining(self, wire: Wire, guest: Guest, said: Join) -> None:
        self._desk.join(guest.identity, said, Replying(wire, self._clock, said.ref, said.lot))

    def _answer_malformed(self, wire: Wire, _guest: Guest, said: Malformed) -> None:
        self.malformed += 1
        if said.is_order:
            refused = Refused(Code.MALFORMED, said.detail)
            wire.send(answers.refused(refused, said.ref, said.lot, self._clock.now()))
        else:
            wire.send(answers.error(Code.MALFORMED, said.detail, said.op, said.lot))

    def _tell_time(self, wire: Wire, _guest: Guest, said: Time) -> None:
        wire.send({"ev": "time", "sent": said.sent, "now": self._clock.now()})

    # Watching ---------------------------------------------------------------------------------------------------------

    def _watch(self, wire: Wire, guest: Guest, said: Watch) -> None:
        if len(wire.watches) >= self._limits.watches_per_connection_max:
            most = self._limits.watches_per_connection_max
            detail = f"One connection may watch at most {most} lots; watch their sale instead."
            wire.send(answers.error(TOO_MANY_WATCHES, detail, "watch", said.lot))
        elif said.lot is not None:
            self._watch_lot(wire, guest, said, said.lot)
        elif said.sale is not None:
            self._watch_sale(wire, guest, said.sale)
        else:
            self._watch_operations(wire, guest)

    def _watch_lot(self, wire: Wire, guest: Guest, said: Watch, lot: str) -> None:
        if lot not in self._house.lots:
            wire.send(answers.error(Code.UNKNOWN_LOT, f"There is no lot {lot!r} in this house.", "watch", lot))
        elif said.feed == "live":
            self.fanout.watch_live(wire, lot, guest.bidder)
        else:
            self.fanout.watch_full(wire, lot, said.after, said.head, guest.bidder)

    def _watch_sale(self, wire: Wire, guest: Guest, sale: str) -> None:
        if sale not in self._house.sales:
            wire.send(answers.error(UNKNOWN_SALE, f"There is no sale {sale!r} in this house.", "watch"))
        else:
            self.fanout.watch_sale(wire, sale, guest.bidder)

    def _watch_operations(self, wire: Wire, guest: Guest) -> None:
        objection = self._objection(guest.identity)
        if objection is not None:
            wire.send(answers.error(objection.code, objection.detail, "watch"))
        else:
            self.fanout.watch_operations(wire)

    def _objection(self, identity: Identity | None) -> Refused | None:
        """Return why he may not watch the operations, if so."""
        if identity is None:
            return Refused(Code.UNAUTHENTICATED, "Say who you are first.")
        if not identity.may_direct:
            return Refused(Code.FORBIDDEN, "The operations are for operators.")
        if not identity.may_run(identity.org, self._house.registers.consignors):
            return Refused(Code.NOT_YOURS, "Your organisation was not taken on by this house.")
        return None

    def by_org(self, operators: Iterable[Wire]) -> dict[str | None, list[Wire]]:
        """Sort wires that watch the operations by whose lots are shown there; None: those of the whole house."""
        wires_of: dict[str | None, list[Wire]] = {}
        for wire in operators:
            identity: Identity = wire.guest.identity
            wires_of.setdefault(None if identity.runs_house else identity.org, []).append(wire)
        return wires_of

    def _unwatch(self, wire: Wire, _guest: Guest, said: Unwatch) -> None:
        if said.lot is not None:
            self.fanout.unwatch_lot(wire, said.lot)
        elif said.sale is not None:
            self.fanout.unwatch_sale(wire, said.sale)
        else:
            self.fanout.unwatch_operations(wire)

    # Identities -------------------------------------------------------------------------------------------------------

    def _authenticate(self, wire: Wire, guest: Guest, said: Auth) -> None:
        try:
            shown = self._doorkeeper.read(said.token, self._clock.now())
        except BadTokenError as error:
            wire.send(answers.error(Code.UNAUTHENTICATED, str(error), "auth"))
            wire.close(UNAUTHENTICATED, "unauthenticated")
            return
        self._take_for(wire, guest, shown)
        self._greet(wire, guest)
        self._tell_fanout(wire, guest)

    def _expire(self, wire: Wire, guest: Guest) -> None:
        self._take_for(wire, guest, None)
        wire.send(answers.error(Code.UNAUTHENTICATED, "Your token has expired; sign in again.", None))
        self._greet(wire, guest)
        self._tell_fanout(wire, guest)

    def _take_for(self, wire: Wire, guest: Guest, shown: Pass | None) -> None:
        """Note who is on a wire from now on."""
        before, bidder = guest.identity, guest.bidder
        guest.shows(shown)
        if before is not None:
            self._endings.forget(wire, before.exp)
        self._now_counts(wire, guest)  # before he goes: who signs in again was never away
        if bidder is not None:
            self._presence.goes(bidder)

    def _now_counts(self, wire: Wire, guest: Guest) -> None:
        """Let count who he is, until it ends."""
        if guest.bidder is not None:
            self._presence.comes(guest.bidder)
        if guest.identity is not None:
            self._endings.note(wire, guest.identity.exp)

    def _greet(self, wire: Wire, guest: Guest) -> None:
        wire.send(answers.hello(guest.identity, self._clock.now(), self._limits.heartbeat_s))

    def _tell_fanout(self, wire: Wire, guest: Guest) -> None:
        self.fanout.identify(wire, guest.bidder)
        if self._objection(guest.identity) is not None:
            self.fanout.unwatch_operations(wire)


class Replying(Struct, frozen=True, gc=False):
    """Sends the answer to one bid over a wire; once the wire has ended, it does nothing."""

    wire: Wire
    clock: Clock
    ref: str
    lot: str

    def __call__(self, answer: Answer) -> None:
        """Send it."""
        if type(answer) is Accepted:
            self.wire.send(answers.accepted(answer))
        elif type(answer) is Refused:
            self.wire.send(answers.refused(answer, self.ref, self.lot, self.clock.now()))


class Endings:
    """When identities end: wires by the second in which they do, so that no wire needs a timer of its own."""

    def __init__(self) -> None:
        self._wires: dict[int, set[Wire]] = {}

    def note(self, wire: Wire, exp: int) -> None:
        """Remember when the identity on this wire ends."""
        self._wires.setdefault(_second(exp), set()).add(wire)

    def forget(self, wire: Wire, exp: int) -> None:
        """Drop a wire whose identity has changed, or that is gone."""
        wires = self._wires.get(_second(exp))
        if wires is not None:
            wires.discard(wire)
            if not wires:
                del self._wires[_second(exp)]

    def at(self, exp: int) -> list[Wire]:
        """Return the wires whose identity ends in the same second as this."""
        return list(self._wires.get(_second(exp), ()))

    def due(self, now: int) -> list[Wire]:
        """Return the wires whose identity has ended."""
        seconds = [second for second in self._wires if second * SECOND_US <= now]
        return [wire for second in seconds for wire in self._wires[second]]


def _second(instant: int) -> int:
    """Return the first whole second that is not before this instant."""
    return -(-instant // SECOND_US)
