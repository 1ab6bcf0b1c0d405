"""The state of one lot: what a decision looks at, and what `fold` makes of events.

It refuses to judge and to change: a `Lot` is a value; the fold makes another one that shares all that did not change,
so that trying an order out costs no copy, and forgetting it costs nothing.

Invariants: `seq` counts the public events without gaps; `last_at` never runs back; the phase moves only
along the table of `phases`. Amounts are integer minor units, instants microseconds.
"""

from collections.abc import Mapping

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from clock.soft_close import Ending, SoftClose
from lots.formats import Format, Stage
from lots.ladder import Ladder
from lots.ledger import NOTHING, Deposit
from lots.listing import Listing
from lots.phases import OPEN, Phase
from lots.terms import BuyNowUntil, Raise, Terms

_MULTIPLE = Raise.MULTIPLE  # as `OPEN` in `phases`


class Accepted(Struct, frozen=True, gc=False):
    """The answer to an order that was carried out, as the giver gets it now and with every retry.

    `seq` is that of his `bid_placed`, or the lot's when his order left no public trace. `pending`: it waits for a
    second operator.
    """

    ref: str
    lot: str
    seq: int
    at: int
    paddle: int | None = None
    price: int | None = None
    leading: bool = False
    repeat: bool = False
    pending: bool = False


def repeated(accepted: Accepted) -> Accepted:
    """Return the answer to a retry: the first one, marked as a repetition."""
    return replace(accepted, repeat=True)


def first_answer(accepted: Accepted) -> Accepted:
    """Return the answer as it is given for the first time."""
    return replace(accepted, repeat=False)


class Kept(Struct, frozen=True, gc=False):
    """What was accepted under a `ref`: the order's name and body, to know a retry from another order.

    `n` is how many refs the lot had before it: the order of acceptance, also of what has no seq. `placed` is the seq of
    the `bid_placed` that it led to; 0 for what left no public trace. `step` is the clerk's step that it had to take.
    `bought`: it took the lot at its price to buy at once, whatever it offered beyond that.
    """

    op: str
    body: str | int | None
    accepted: Accepted
    n: int = 0
    placed: int = 0
    step: int | None = None
    voided: bool = False
    bought: bool = False

    @property
    def is_offer(self) -> bool:
        """Whether it is a bid that stood in public, or a leader's raise of his ceiling."""
        return self.placed > 0 or self.op == "max_bid"

    @property
    def has_felt(self) -> bool:
        """Whether it came from the room and met a ceiling: bid and taken back again and again, it would tell it."""
        return self.op == "floor_bid" and not self.accepted.leading


def ref_key(who: str, ref: str) -> str:
    """Return what a `ref` is kept under: unique to its giver, and one string, since a hot lot keeps a million."""
    return f"{who}\0{ref}"


class Reserve:
    """The public standing of a reserve, and nothing more of it."""

    NONE = "none"
    NOT_MET = "not_met"
    MET = "met"


class Settlement:
    """Whether a lot that was sold has been paid."""

    DUE = "due"
    PAID = "paid"
    DEFAULTED = "defaulted"


class Application(Struct, frozen=True):
    """Where a bidder stands on his way to a paddle.

    Attributes:
        registered: Whether he has asked for it himself, and accepted the statements.
        approved: Whether the consignor has let him in.
        declined: Whether the consignor has kept him out.
        rank: That of a priority purchaser, 1 the highest; None for all others.
    """

    registered: bool = False
    approved: bool = False
    declined: bool = False
    rank: int | None = None


class Sealed(Struct, frozen=True, gc=False):
    """What a bidder has offered unseen, and when in the order of acceptance."""

    amount: int
    n: int


class Proposal(Struct, frozen=True):
    """An order that waits for a second operator; `order` is its fields."""

    op: str
    by: str
    order: Mapping[str, object]


class Lot(Struct, frozen=True, kw_only=True):
    """How a lot stands. The upper half is public, the lower is not.

    `is_simple`: a bid raises the price, and may move the end, and that is all: most lots, and all hot ones, are such.
    `needs_admission`: a bidder must be admitted before he bids.

    Of the lower half: `bid_extensions` counts what bids have moved. `paused_end` and `left_us` are the end it had when
    it was paused, and the time to it; `lower_left_us` is the time to the next fall of its price, `fallen_to` where that
    is, also while there is no ask. `next_step` is the clerk's. `counting`: its first bid has started the countdown.
    `was_timed`: its timed phase has begun once. `is_disclosed`: somebody has read who is behind the paddles.
    `is_returned`: deposits have moved since its close. `unshown` are paddles that nobody has seen yet, `sealed` is what
    was offered unseen; `defaulters` bought it and did not pay.
    """

    lot: str
    listing: Listing
    terms: Terms
    ladder: Ladder
    soft_close: SoftClose | None
    is_linked: bool
    is_simple: bool
    needs_admission: bool
    phase: Phase
    seq: int
    last_at: int
    price: int | None = None
    ask: int | None = None
    bids: int = 0
    leader: int | None = None
    reserve: str
    closes_at: int | None
    scheduled_close_at: int | None
    extensions: int = 0
    hammer_price: int | None = None
    notice: str | None = None
    warned: bool = False
    stage: Stage | None = None
    lowers_at: int | None = None
    resume_by: int | None = None
    provisional: bool = False
    settlement: str | None = None
    successor: str | None = None

    was_timed: bool = False
    is_disclosed: bool = False
    is_returned: bool = False
    bid_extensions: int = 0
    hard_end_at: int | None
    left_us: int = 0
    paused_end: int = 0
    lower_left_us: int = 0
    fallen_to: int | None = None
    next_step: int | None = None
    counting: bool = False
    opened_at: int = 0
    ended_at: int = 0
    release_at: int | None = None
    consent_until: int | None = None
    leader_bidder: str | None = None
    ceiling: int = 0
    paddles: Map[str, int] = Map()
    bidders: Map[int, str] = Map()
    unshown: Map[str, int] = Map()
    barred: Map[str, str] = Map()
    refs: Map[str, Kept] = Map()
    applications: Map[str, Application] = Map()
    ranks: Map[str, int] = Map()
    ledger: Map[str, Deposit] = Map()
    payments: Map[str, Accepted] = Map()
    joined: Map[str, bool] = Map()
    sealed: Map[str, Sealed] = Map()
    proposals: Map[str, Proposal] = Map()
    defaulters: tuple[str, ...] = ()

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
        """The instant at which the clock must ring it next; None when nothing is due.

        An upcoming lot is due to open, an open one to end or to be lowered, one that has ended to give deposits back.
        """
        if self.phase is OPEN:
            return self.closes_at if self.lowers_at is None else _earlier(self.closes_at, self.lowers_at)
        match self.phase:
            case Phase.UPCOMING:
                return None if self.terms.format is Format.SALEROOM else self.terms.opens_at
            case Phase.PAUSED:
                return None
        return _earlier(self.release_at, self.consent_until)

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
        if self.price is None:
            return self.terms.start_price if self.fallen_to is None else self.fallen_to
        if self.next_step is None:
            return self.ask_above(self.price)
        return self._within_ceiling(self.price + self.next_step, self.price)

    def step(self) -> int:
        """Return the step that is asked now: the clerk's, else that of the price, or of the start price."""
        if self.next_step is not None:
            return self.next_step
        return self.ladder.step(self.terms.start_price if self.price is None else self.price)

    def ask_above(self, price: int) -> int:
        """Return the least bid that is acceptable once the price is `price`.

        Where offers stand above the start price by whole steps, one step above a price that does not (it may lie in
        another band of the ladder, or have been lifted to a reserve) is rounded up to the next that does.
        """
        ask = self.ladder.above(price)
        if self.terms.raise_ is _MULTIPLE:
            ask += (self.terms.start_price - ask) % self.ladder.step(price)
        return ask if self.is_simple else self._within_ceiling(ask, price)

    def _within_ceiling(self, ask: int, price: int) -> int:
        """Return an ask that may be bid: the price ceiling of a two-phase lot is no whole number of steps away."""
        ceiling = self.price_ceiling
        return ask if ceiling is None else min(ask, max(ceiling, price))

    @property
    def price_ceiling(self) -> int | None:
        """The price at which a two-phase lot goes over to quotes; None where no price ends the bidding."""
        return None if self.terms.two_phase is None else self.terms.two_phase.ceiling

    @property
    def is_free(self) -> bool:
        """Whether it may be offered again: nobody has bought it, or whoever did will not pay."""
        if self.provisional:
            return False
        return self.phase in (Phase.PASSED, Phase.WITHDRAWN) or self.settlement == Settlement.DEFAULTED

    def sells_now(self, amount: int, *, plain: bool) -> bool:
        """Whether an offer takes the lot at its price to buy at once: a plain bid of that, while it is to be had."""
        price = self.terms.buy_now
        if price is None or not plain or amount < price:
            return False
        if self.terms.buy_now_until is BuyNowUntil.FIRST_BID:
            return self.price is None
        return self.least() <= price

    def held(self, bidder: str) -> int:
        """Return what the house holds of this bidder's deposit."""
        return self.ledger.get(bidder, NOTHING).held

    def outranks(self, bidder: str, other: str) -> bool:
        """Whether a bidder goes before another at the same amount, whoever was earlier."""
        rank, others = self.ranks.get(bidder), self.ranks.get(other)
        return rank is not None and (others is None or rank < others)


def _earlier(one: int | None, other: int | None) -> int | None:
    """Return the earlier of two instants, either of which may not be there."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
