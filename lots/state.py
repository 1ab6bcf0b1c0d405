"""The state of one lot, and the fold that makes it from events: `evolve(lot, event) -> lot`.

It refuses to judge: what is in the log has happened. A `Lot` is a value; evolving it makes another one that shares all
that did not change, so that trying an order out costs no copy, and forgetting it costs nothing.

Invariants: `seq` counts the public events without gaps; `last_at` never runs back; the phase moves only
along the table of `phases`. Amounts are integer minor units, instants microseconds.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from clock.instants import seconds_to_us
from clock.soft_close import Ending, SoftClose
from lots.events import (
    BidderAdmitted,
    BidderBarred,
    BidPlaced,
    ByClerk,
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
)
from lots.ladder import Ladder
from lots.listing import Listing
from lots.phases import Phase, after
from lots.terms import Raise, Scope, SoftCloseTerms, Terms

E = TypeVar("E", bound=Event)


class Accepted(Struct, frozen=True, gc=False):
    """The answer to an order that was carried out, as the giver gets it now and with every retry.

    `seq` is that of his `bid_placed`, or the lot's when his order left no public trace.
    """

    ref: str
    lot: str
    seq: int
    at: int
    paddle: int | None = None
    price: int | None = None
    leading: bool = False
    repeat: bool = False


def repeated(accepted: Accepted) -> Accepted:
    """Return the answer to a retry: the first one, marked as a repetition."""
    return replace(accepted, repeat=True)


def first_answer(accepted: Accepted) -> Accepted:
    """Return the answer as it is given for the first time."""
    return replace(accepted, repeat=False)


class Kept(Struct, frozen=True, gc=False):
    """What was accepted under a `ref`: the order's name and body, to know a retry from another order."""

    op: str
    body: str | int | None
    accepted: Accepted


def ref_key(who: str, ref: str) -> str:
    """Return what a `ref` is kept under: unique to its giver, and one string, since a hot lot keeps a million."""
    return f"{who}\0{ref}"


class Reserve:
    """The public standing of a reserve, and nothing more of it."""

    NONE = "none"
    NOT_MET = "not_met"
    MET = "met"


class Lot(Struct, frozen=True, kw_only=True):
    """How a lot stands. The upper half is public, the lower is not."""

    lot: str
    listing: Listing
    terms: Terms
    ladder: Ladder
    soft_close: SoftClose | None
    is_linked: bool
    phase: Phase
    seq: int
    last_at: int
    price: int | None = None
    ask: int | None = None
    bids: int = 0
    leader: int | None = None
    reserve: str
    closes_at: int | None
    scheduled_close_at: int
    extensions: int = 0
    hammer_price: int | None = None
    notice: str | None = None
    warned: bool = False

    bid_extensions: int = 0
    hard_end_at: int | None
    left_us: int = 0
    paused_end: int = 0
    leader_bidder: str | None = None
    ceiling: int = 0
    paddles: Map[str, int] = Map()
    bidders: Map[int, str] = Map()
    barred: Map[str, str] = Map()
    refs: Map[str, Kept] = Map()

    @property
    def sale(self) -> str:
        """The sale it belongs to."""
        return self.listing.sale

    @property
    def group(self) -> str:
        """The closing group it is decided in."""
        return self.listing.group

    @property
    def deadline(self) -> int | None:
        """The instant at which the clock must ring it next: to open or to close; None when nothing is due."""
        if self.phase is Phase.UPCOMING:
            return self.terms.opens_at
        return self.closes_at if self.phase is Phase.OPEN else None

    @property
    def ending(self) -> Ending:
        """Where the end of an open lot stands, as the clock's arithmetic takes it."""
        if self.closes_at is None:
            raise AssertionError(f"lot {self.lot} is {self.phase}: it has no end")
        return Ending(self.closes_at, self.bid_extensions, self.hard_end_at)

    def least(self) -> int:
        """Return the least acceptable bid once the lot takes bids; while it does, that is its ask."""
        if self.ask is not None:
            return self.ask
        return self.terms.start_price if self.price is None else self.ask_above(self.price)

    def step(self) -> int:
        """Return the step that is asked now: that of the price, or of the start price before the first bid."""
        return self.ladder.step(self.terms.start_price if self.price is None else self.price)

    def ask_above(self, price: int) -> int:
        """Return the least bid that is acceptable once the price is `price`.

        Where offers stand above the start price by whole steps, one step above a price that does not (it may lie in
        another band of the ladder, or have been lifted to a reserve) is rounded up to the next that does.
        """
        ask = self.ladder.above(price)
        if self.terms.raise_ is Raise.MULTIPLE:
            ask += (self.terms.start_price - ask) % self.ladder.step(price)
        return ask


@lru_cache(maxsize=256)
def _ladder(bands: tuple[tuple[int, int], ...]) -> Ladder:
    return Ladder(bands)


@lru_cache(maxsize=256)
def _arithmetic(terms: SoftCloseTerms) -> SoftClose:
    return terms.arithmetic()


def listed(event: LotListed) -> Lot:
    """Make the lot that this event begins."""
    terms = event.listing.terms
    soft = terms.soft_close
    hard_end_us = None if soft is None or soft.hard_end_s is None else seconds_to_us(soft.hard_end_s)
    return Lot(
        lot=event.lot,
        listing=event.listing,
        terms=terms,
        ladder=_ladder(terms.ladder),
        soft_close=None if soft is None else _arithmetic(soft),
        is_linked=soft is not None and soft.scope is Scope.GROUP,
        phase=Phase.UPCOMING,
        seq=event.seq,
        last_at=event.at,
        reserve=event.reserve,
        closes_at=terms.closes_at,
        scheduled_close_at=terms.closes_at,
        hard_end_at=None if hard_end_us is None else terms.closes_at + hard_end_us,
    )


def evolve(lot: Lot | None, event: Event) -> Lot:
    """Return the lot after `event`; a lot begins with `LotListed`.

    Raises:
        AssertionError: the event cannot follow on this state: the log is broken.
    """
    if lot is None:
        if not isinstance(event, LotListed):
            raise AssertionError(f"the log of lot {event.lot} begins with {type(event).__name__}, not with LotListed")
        return listed(event)
    return _FOLD[type(event)](lot, event)


def accepted_bid(event: BidPlaced) -> Accepted:
    """Return what the bidder is told of his bid."""
    return Accepted(event.ref, event.lot, event.seq, event.at, event.paddle, event.price, event.leader == event.paddle)


def accepted_raise(lot: Lot, event: CeilingRaised) -> Accepted:
    """Return what the leader is told of the ceiling he raised; it has no number of its own."""
    return Accepted(event.ref, event.lot, lot.seq, event.at, lot.leader, lot.price, leading=True)


def _bid_placed(lot: Lot, event: BidPlaced) -> Lot:
    kept = Kept("bid" if event.kind == "bid" else "max_bid", event.amount, accepted_bid(event))
    return replace(
        lot,
        seq=event.seq,
        last_at=event.at,
        price=event.price,
        ask=event.ask,
        bids=event.bids,
        leader=event.leader,
        leader_bidder=event.bidder if event.leader == event.paddle else lot.leader_bidder,
        reserve=event.reserve,
        ceiling=event.ceiling,
        refs=lot.refs.set(ref_key(event.bidder, event.ref), kept),
    )


def _ceiling_raised(lot: Lot, event: CeilingRaised) -> Lot:
    kept = Kept("max_bid", event.amount, accepted_raise(lot, event))
    refs = lot.refs.set(ref_key(event.bidder, event.ref), kept)
    return replace(lot, last_at=event.at, ceiling=event.amount, refs=refs)


def _bidder_admitted(lot: Lot, event: BidderAdmitted) -> Lot:
    paddles = lot.paddles.set(event.bidder, event.paddle)
    bidders = lot.bidders.set(event.paddle, event.bidder)
    return _by_clerk(lot, event, "admit", paddles=paddles, bidders=bidders)


def _bidder_barred(lot: Lot, event: BidderBarred) -> Lot:
    kept = Kept("bar", event.body, Accepted(event.ref, event.lot, lot.seq, event.at))
    refs = lot.refs.set(ref_key(event.by, event.ref), kept)
    return replace(lot, last_at=event.at, barred=lot.barred.set(event.bidder, event.reason), refs=refs)


def _by_clerk(lot: Lot, event: ByClerk, op: str, **changes: Any) -> Lot:  # noqa: ANN401  fields of a Lot, each with its own type
    if event.by:
        kept = Kept(op, event.body, Accepted(event.ref, event.lot, event.seq, event.at))
        changes["refs"] = lot.refs.set(ref_key(event.by, event.ref), kept)
    return replace(lot, seq=event.seq, last_at=event.at, **changes)


def _lot_opened(lot: Lot, event: LotOpened) -> Lot:
    phase = after(lot.phase, "lot_opened")
    return _by_clerk(lot, event, "open", phase=phase, closes_at=event.closes_at, ask=event.ask)


def _lot_paused(lot: Lot, event: LotPaused) -> Lot:
    phase = after(lot.phase, "lot_paused")
    end = lot.ending.closes_at
    return _by_clerk(lot, event, "pause", phase=phase, left_us=end - event.at, paused_end=end, closes_at=None, ask=None)


def _lot_resumed(lot: Lot, event: LotResumed) -> Lot:
    return _by_clerk(
        lot,
        event,
        "resume",
        phase=after(lot.phase, "lot_resumed"),
        closes_at=event.closes_at,
        ask=event.ask,
        hard_end_at=_moved_hard_end(lot, event.closes_at - lot.paused_end),
    )


def _lot_withdrawn(lot: Lot, event: LotWithdrawn) -> Lot:
    phase = after(lot.phase, "lot_withdrawn")
    return _by_clerk(lot, event, "withdraw", phase=phase, closes_at=None, ask=None)


def _lot_extended(lot: Lot, event: LotExtended) -> Lot:
    by_bid = event.cause in ("bid", "group")
    return _by_clerk(
        lot,
        event,
        "extend",
        closes_at=event.closes_at,
        extensions=event.extensions,
        bid_extensions=lot.bid_extensions + by_bid,
        hard_end_at=lot.hard_end_at if by_bid else _moved_hard_end(lot, event.closes_at - lot.ending.closes_at),
    )


def _moved_hard_end(lot: Lot, span_us: int) -> int | None:
    """Move the hard end with the end: time lost to a fault or a pause, or granted by the house, is given whole."""
    return None if lot.hard_end_at is None else lot.hard_end_at + span_us


def _notice_posted(lot: Lot, event: NoticePosted) -> Lot:
    return _by_clerk(lot, event, "notice", notice=event.notice)


def _lot_sold(lot: Lot, event: LotSold) -> Lot:
    phase = after(lot.phase, "lot_sold")
    return replace(lot, seq=event.seq, last_at=event.at, phase=phase, hammer_price=event.hammer_price, ask=None)


def _lot_passed(lot: Lot, event: LotPassed) -> Lot:
    return replace(lot, seq=event.seq, last_at=event.at, phase=after(lot.phase, "lot_passed"), ask=None)


def _listed_twice(lot: Lot, event: LotListed) -> Lot:
    raise AssertionError(f"the log of lot {lot.lot} lists it again at seq {event.seq}")


_FOLD: dict[type[Event], Callable[[Lot, Any], Lot]] = {
    LotListed: _listed_twice,
    LotOpened: _lot_opened,
    LotPaused: _lot_paused,
    LotResumed: _lot_resumed,
    LotExtended: _lot_extended,
    LotWithdrawn: _lot_withdrawn,
    NoticePosted: _notice_posted,
    BidderAdmitted: _bidder_admitted,
    BidPlaced: _bid_placed,
    LotSold: _lot_sold,
    LotPassed: _lot_passed,
    CeilingRaised: _ceiling_raised,
    BidderBarred: _bidder_barred,
}
