"""The order actor: one closing group, its inbox, and what deciding its orders would do.

It refuses to know the journal, tasks and sockets: it drafts synchronously, and is told later whether the draft was
stored. The inbox is the only order there is: between the bids, and between the bids and the hammer.

Invariants: a draft is made on values and changes nothing until `adopt`; stamps in the inbox never run back;
every order is answered exactly once. An order leaves the inbox when its draft is sent: what is drafted ahead, while
the batch before it is on its way, is only work done early, and is forgotten where that batch or the inbox turns out
otherwise. Times are microseconds.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from engine.commit import Commit, Standing
from engine.journal import Batch, Claim, Write
from engine.outages import Outage
from engine.pen import Pen, Salts, Tail
from lots.decision import Outcome
from lots.decisions import decide
from lots.events import BidPlaced, BidsOpened, BidVoided, Event, PrivateEvent
from lots.fold import evolve
from lots.orders import ExtendForOutage, Order, Ring
from lots.refusals import Refused
from lots.state import Accepted, Lot, first_answer

Answer: TypeAlias = Accepted | Refused
Reply: TypeAlias = Callable[[Answer], None]


class Waiting(Struct, frozen=True, gc=False):
    """An order in the inbox.

    Attributes:
        order: What is asked.
        at: Its stamp.
        lag_us: How late the loop was at that moment.
        reply: Takes the answer, once.
        drafted: The outcome in a draft whose fate is unknown; None: there is no such draft.
    """

    order: Order
    at: int
    lag_us: int
    reply: Reply
    drafted: Outcome = None

    @property
    def unsure(self) -> bool:
        """Whether it may be stored: it was accepted, for the first time, in a draft whose fate is unknown."""
        return isinstance(self.drafted, Accepted) and not self.drafted.repeat


class Answered(Struct, frozen=True, gc=False):
    """An order with the outcome that a draft gives it, and whether anyone but its giver hears of it."""

    waiting: Waiting
    outcome: Outcome
    is_heard: bool = True


class Draft:
    """What a batch of orders leads to, if the journal takes it.

    Args:
        actor: Whose orders.
        salts: For the private parts.
        on: The draft that it follows, which is not stored yet; None: it follows what is.

    Attributes:
        actor: Whose orders.
        epoch: The term in which it is written.
        lots: The group's lots after it.
        answered: The orders of the batch with their outcomes, in inbox order.
        heard: How many of them others than their givers hear of.
        pens: What is to be written, by lot.
        touched: The bidders whose standing may change, by lot.
    """

    __slots__ = ("_from", "_salts", "_tails", "actor", "answered", "epoch", "heard", "lots", "pens", "touched")

    def __init__(self, actor: "Actor", salts: Salts, on: "Draft | None" = None) -> None:
        self.actor = actor
        self.epoch = actor.epoch
        self._salts = salts
        self._from = actor.lots if on is None else on.lots
        self._tails = actor.tails if on is None else on.tails
        self.lots: dict[str, Lot] = dict(self._from)
        self.answered: list[Answered] = []
        self.heard = 0
        self.pens: dict[str, Pen] = {}
        self.touched: dict[str, set[str]] = {}

    def take(self, waiting: Waiting) -> None:
        """Decide one order on top of those before it."""
        decision = decide(self.lots, waiting.order, waiting.at)
        for event in decision.events:
            self._write(event, waiting.lag_us)
        outcome = decision.outcome
        if waiting.drafted is not None and waiting.unsure and isinstance(outcome, Accepted):
            outcome = first_answer(outcome)  # found in the log or not, this is no retry
        is_heard = not (decision.events and isinstance(decision.events[-1], PrivateEvent))
        self.heard += is_heard
        self.answered.append(Answered(waiting, outcome, is_heard))

    def _write(self, event: Event, lag_us: int) -> None:
        lot = event.lot
        before = self.lots.get(lot)
        after = self.lots[lot] = evolve(before, event)
        pen = self.pens.get(lot)
        if pen is None:
            pen = self.pens[lot] = Pen(self._tails[lot], self.epoch, self._salts)
            self.touched[lot] = set()
        pen.write(event, lag_us)
        self.touched[lot].update(_touched(before, event, after))

    def follows_on(self, actor: "Actor") -> bool:
        """Whether its actor stands where this draft was begun, and in the same term."""
        return self._from is actor.lots and self.epoch == actor.epoch

    @property
    def tails(self) -> dict[str, Tail]:
        """Where the group's logs end after it."""
        return self._tails | {lot: pen.tail for lot, pen in self.pens.items()}

    @property
    def batch(self) -> Batch:
        """What the journal is asked to append."""
        writes = [Write(lot, pen.start, pen.entries) for lot, pen in self.pens.items()]
        return Batch(self.actor.group, self.epoch, writes)

    def commits(self) -> list[Commit]:
        """Return what there is to tell about each lot that was written."""
        return [
            Commit(self.lots[lot], pen.tail.head, tuple(pen.said), frozenset(self.touched[lot]))
            for lot, pen in self.pens.items()
        ]


def _touched(before: Lot | None, event: Event, after: Lot) -> tuple[str, ...]:
    """Return the bidders whose own standing this event may change."""
    if isinstance(event, BidPlaced):
        deposed = before.leader_bidder if before is not None else None
        if deposed is None or deposed == after.leader_bidder:
            return (event.bidder,)
        return (event.bidder, deposed)
    if isinstance(event, BidVoided):
        led = None if before is None else before.leader_bidder
        return tuple(bidder for bidder in (led, after.leader_bidder) if bidder is not None)
    if isinstance(event, BidsOpened):
        return tuple(after.sealed)
    bidder: str | None = getattr(event, "bidder", None)
    return () if bidder is None else (bidder,)


class Actor:
    """One closing group.

    Attributes:
        group: Its name.
        lots: Its lots, as they are stored.
        tails: Where their logs end.
        epoch: The term under which it writes; 0 while the group is not known to be ours.
        inbox: What waits to be decided.
        owned: Whether it was ever ours; what another owner then writes is no longer for us to take.
        lost: The draft whose fate is unknown until the logs are read again, or None.
        claims: Take-overs that were asked for since the last one that was carried through.
        uncatalogued: Lots that are in their logs but not in the catalogue yet: a restart would not find their bids.
        ailing_since: Since when it waits to be taken over; None while it is healthy.
        ailed: When it waited last; None once it was written again.
        ailment: Why it could not be taken over at the last attempt; empty once it could.
        broken: Why it was stopped for good, or None.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.lots: dict[str, Lot] = {}
        self.tails: dict[str, Tail] = {}
        self.epoch = 0
        self.owned = False
        self.claims = 0
        self.lost: Draft | None = None
        self.uncatalogued: set[str] = set()
        self.inbox: deque[Waiting] = deque()
        self.ailing_since: int | None = None
        self.ailed: Outage | None = None
        self.ailment = ""
        self.broken: str | None = None
        self._ahead: Draft | None = None
        self._last_at = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing speaks against taking an order for any of its lots."""
        return self.ailing_since is None and self.broken is None and not self.uncatalogued

    @property
    def claim(self) -> Claim:
        """What must be taken over before this actor may write."""
        return Claim(self.group, tuple(self.tails))

    def stamp(self, now: int) -> int:
        """Return the instant of an order that comes in now: a group's time never runs back."""
        if now > self._last_at:  # noqa: PLR1730  as in the clock: every bid is stamped
            self._last_at = now
        return self._last_at

    def remember(self, lot: Lot, tail: Tail) -> None:
        """Take a lot as it was read from its log."""
        self.lots[lot.lot] = lot
        self.tails[lot.lot] = tail
        self._last_at = max(self._last_at, lot.last_at)

    def draft(self, orders_max: int, salts: Salts) -> Draft:
        """Take up to `orders_max` orders from the inbox and decide them; if that fails, they all wait as before."""
        ahead, self._ahead = self._ahead, None
        draft = ahead if ahead is not None and ahead.follows_on(self) else Draft(self, salts)
        self._decide_more(draft, orders_max)
        for _ in draft.answered:
            self.inbox.popleft()
        return draft

    def draft_ahead(self, on: Draft, orders_max: int, salts: Salts, orders_at_once: int) -> bool:
        """Decide what waits as if `on`, which is on its way to the store, were stored; `draft` will go on from there.

        Returns:
            Whether there is more to decide: at most `orders_at_once` are now.
        """
        ahead = self._ahead or Draft(self, salts, on)
        self._ahead = None  # should a decision fail, it fails again when it counts
        end = min(len(ahead.answered) + orders_at_once, orders_max)
        self._decide_more(ahead, end)
        self._ahead = ahead
        return len(ahead.answered) == end < min(orders_max, len(self.inbox))

    def _decide_more(self, draft: Draft, end: int) -> None:
        """Decide the orders of the inbox that a draft does not have yet, up to so many in all."""
        for waiting in islice(self.inbox, len(draft.answered), end):
            draft.take(waiting)

    def adopt(self, draft: Draft) -> None:
        """Make a draft that was stored the state of the group."""
        self.lots = draft.lots
        for lot, pen in draft.pens.items():
            self.tails[lot] = pen.tail

    def put_back(self, draft: Draft, *, unknown: bool) -> None:
        """Take back the orders of a draft, until the logs were read again.

        Args:
            draft: What was not stored.
            unknown: Whether it may be stored all the same.
        """
        self.epoch = 0
        self._ahead = None
        self.lost = draft if unknown else None
        for answered in reversed(draft.answered):
            waiting = answered.waiting
            self.inbox.appendleft(replace(waiting, drafted=answered.outcome) if unknown else waiting)

    def find_lost(self) -> list[Answered]:
        """Take the answers to a lost draft from the inbox if the logs, which were read again, hold all of it.

        If they hold nothing of it, its orders are decided again, from where they were decided first. If the store
        failed half-way, each order stands for itself: what is in the log is accepted again, the rest is decided anew.
        """
        draft, self.lost = self.lost, None
        self._ahead = None
        if draft is None:
            return []
        asked = sum(len(pen.entries) for pen in draft.pens.values())
        stored = sum(self.tails[lot].top.n - pen.start.n for lot, pen in draft.pens.items())
        if 0 < stored < asked:
            return []
        orders, self.inbox = self.inbox, deque()
        found = [Answered(waiting, waiting.drafted) for waiting in orders if stored and waiting.drafted is not None]
        self.inbox.extend(replace(waiting, drafted=None) for waiting in orders if not stored or waiting.drafted is None)
        return found

    def put_in(self, orders: list[Order], due: int, now: int) -> None:
        """Put orders of the house before all that came in at `due` or later; what came in before is decided before."""
        self._ahead = None
        inbox = self.inbox
        place = bisect_left(inbox, due, key=lambda waiting: waiting.at)
        at = inbox[place].at if place < len(inbox) else self.stamp(now)
        for order in reversed(orders):
            inbox.insert(place, Waiting(order, at, 0, _nobody_asked))

    def put_in_as_of(self, order: Order, at: int, reply: Reply) -> None:
        """Put in an order as of an earlier instant, before all that came in after it."""
        self._ahead = None
        place = bisect_right(self.inbox, at, key=lambda waiting: waiting.at)
        self.inbox.insert(place, Waiting(order, at, 0, reply))

    def take_refusable(self) -> list[Waiting]:
        """Take from the inbox what may be refused for a reason that is not the bidders'.

        Left are orders that may be stored already, and those of the house: a ring is not rung again.
        """
        self._ahead = None
        orders, self.inbox = self.inbox, deque(waiting for waiting in self.inbox if _stays(waiting))
        return [waiting for waiting in orders if not _stays(waiting)]

    def standing(self, lot: str) -> Standing:
        """Return how a lot stands in the log."""
        return Standing(self.lots[lot], self.tails[lot].head)


def _stays(waiting: Waiting) -> bool:
    return waiting.unsure or isinstance(waiting.order, Ring | ExtendForOutage)


def _nobody_asked(_answer: Answer) -> None:
    """Take the answer to an order of the house itself."""
