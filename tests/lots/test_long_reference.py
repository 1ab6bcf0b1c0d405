"""Random sales: the real rules against the naive reference, and what must hold of any sale."""

from typing import Any

import msgpack
from hypothesis import given, settings
from msgspec import structs

from lots import views
from lots.events import join
from lots.orders import Admit, Bar, Bid, Clerk, ClerkOrder, Extend, ExtendForOutage, MaxBid, Order, Ring
from lots.refusals import Refused
from lots.state import Accepted, Lot, evolve
from tests.lots.reference import OK, PaperSale, Said
from tests.lots.saleroom import OPENS_AT, Saleroom, listing, pack
from tests.lots.scenarios import Script, scripts

START = OPENS_AT - 5_000_000
FOREVER_US = 10**12


class Pair:
    """The same script played by the rules and on paper."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.room = Saleroom(*(listing(lot, **terms) for lot, terms in script.terms.items()), at=START)
        self.paper = PaperSale(script.terms)
        self.at = START
        self.orders = 0

    def play(self) -> None:
        for step in self.script.steps:
            self.at += step.wait_us
            self.one(step.order)
            self.compare()
        self.at += FOREVER_US
        self.room.ring_until(self.at)
        for name, lot in self.room.lots.items():
            assert lot.phase == self.paper.lots[name].phase(self.at)
            assert lot.hammer_price == (self.paper.lots[name].price if lot.phase == "sold" else None)

    def one(self, order: Order) -> None:
        self.orders += 1
        if isinstance(order, Bid | MaxBid):
            self.offer(order)
        elif isinstance(order, Clerk):
            self.clerk(structs.replace(order, ref=f"secret-order-{self.orders}"))
        elif isinstance(order, ExtendForOutage):
            self.outage(order)
        elif isinstance(order, Ring):
            assert self.room.give(order, self.at) is None

    def offer(self, order: Bid | MaxBid) -> None:
        """Compare the answers to an offer; the bells of its group may all be late."""
        kind = "bid" if isinstance(order, Bid) else "max_bid"
        said = self.paper.offer(order.lot, kind, order.bidder, order.ref, order.amount, self.at, confirm=order.confirm)
        assert _told(self.room.give(order, self.at)) == said

    def clerk(self, order: ClerkOrder) -> None:
        """Compare the answers to an order of the house, given after the opening bell."""
        self.ring_opening(order.lot)
        name = type(order).__name__.lower()
        argument: str | int | None = None
        if isinstance(order, Extend):
            argument = order.closes_at
        elif isinstance(order, Admit | Bar):
            argument = order.bidder
        said = self.paper.lots[order.lot].clerk(name, argument, self.at)
        assert _told(self.room.give(order, self.at)).code == said

    def outage(self, order: ExtendForOutage) -> None:
        """An outage is given to open lots whose closing bell did not ring."""
        self.ring_opening(order.lot)
        paper = self.paper.lots[order.lot]
        if self.room.lots[order.lot].phase == "open":
            paper.outage(order.closes_at)
        self.room.give(order, self.at)

    def ring_opening(self, lot: str) -> None:
        if self.room.lots[lot].phase == "upcoming":
            self.room.give(Ring(lot), self.at)

    def compare(self) -> None:
        """See that both stand alike; the real phase may lag behind, by a bell."""
        for name, lot in self.room.lots.items():
            paper = self.paper.lots[name]
            assert (lot.price, lot.leader_bidder, lot.bids) == (paper.price, paper.leader, paper.bids)
            assert (lot.ceiling, lot.extensions) == (paper.ceiling, paper.moves)
            assert lot.reserve == _standing(paper.terms["reserve"], lot.price)
            if lot.phase not in ("paused", "withdrawn"):
                assert (lot.closes_at, lot.hard_end_at) == (paper.end, paper.hard_end)
            assert lot.ask == (paper.ask() if lot.phase == "open" else None)


def _standing(reserve: int | None, price: int | None) -> str:
    if reserve is None:
        return "none"
    return "met" if price is not None and price >= reserve else "not_met"


def _told(outcome: object) -> Said:
    if isinstance(outcome, Refused):
        return Said(outcome.code)
    assert isinstance(outcome, Accepted)
    return Said(OK, outcome.price, outcome.leading, outcome.repeat)


def _played(script: Script) -> Saleroom:
    """Play by the rules alone, with a punctual bell at the very end only."""
    pair = Pair(script)
    for step in script.steps:
        pair.at += step.wait_us
        order = step.order
        pair.orders += 1
        if isinstance(order, Clerk):
            order = structs.replace(order, ref=f"secret-order-{pair.orders}")
        pair.room.give(order, pair.at)
    pair.room.ring_until(pair.at + FOREVER_US)
    return pair.room


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_the_rules_decide_as_they_do_on_paper(script: Script) -> None:
    Pair(script).play()


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_public_events_are_numbered_without_gaps_and_never_run_back_in_time(script: Script) -> None:
    room = _played(script)
    for name, lot in room.lots.items():
        public = room.public(name)
        assert [part["seq"] for part in public] == list(range(1, lot.seq + 1))
        stamps = [event.at for event in room.events if event.lot == name]
        assert stamps == sorted(stamps)


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_a_replay_of_what_was_stored_gives_the_same_state(script: Script) -> None:
    room = _played(script)
    replayed: dict[str, Lot] = {}
    for event in room.events:
        public, private = (msgpack.unpackb(pack(part)) for part in event.parts())
        again = join(public, {**private, "salt": b"\x00", "lag_us": 7})
        assert again == event
        replayed[again.lot] = evolve(replayed.get(again.lot), again)
    assert replayed == room.lots


def _shown(lot: Lot) -> dict[str, Any]:
    """Return what a snapshot holds that depends on the lot alone."""
    snapshot = views.snapshot(lot, "", 0)
    for name in ("ev", "now", "head", "reset", "you"):
        del snapshot[name]
    return snapshot


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_a_snapshot_and_the_events_after_it_are_the_later_snapshot(script: Script) -> None:
    lots: dict[str, Lot] = {}
    folded: dict[str, dict[str, Any]] = {}
    for event in _played(script).events:
        earlier = lots.get(event.lot)
        lot = lots[event.lot] = evolve(earlier, event)
        public = event.parts()[0]
        folded[event.lot] = {**folded.get(event.lot, {}), **public}
        assert {name: folded[event.lot][name] for name in _shown(lot)} == _shown(lot)
        if earlier is not None:
            step = {**_shown(earlier), **{name: value for name, value in public.items() if name in _shown(lot)}}
            assert step == _shown(lot)


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_no_bidder_no_ref_and_no_clerk_shows_in_public(script: Script) -> None:
    room = _played(script)
    shown = [pack(part) for name in room.lots for part in room.public(name)]
    for lot in room.lots.values():
        shown += [pack(views.snapshot(lot, "", 0)), pack(views.live(lot, 0))]
    assert not [packed for packed in shown if b"secret" in packed]


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_an_end_never_moves_back_and_no_lot_closes_before_it(script: Script) -> None:
    lots: dict[str, Lot] = {}
    for event in _played(script).events:
        before = lots.get(event.lot)
        lot = lots[event.lot] = evolve(before, event)
        if before is None or before.closes_at is None or lot.closes_at is None:
            continue
        assert lot.closes_at >= before.closes_at
        if lot.phase in ("sold", "passed"):
            assert event.at >= before.closes_at
        if lot.bids > before.bids:
            assert event.at < before.closes_at


def _renamed(order: Order) -> Order:
    if isinstance(order, Bid | MaxBid):
        return structs.replace(order, bidder=order.bidder[::-1] + "-twin", ref="twin" + order.ref)
    if isinstance(order, Admit | Bar):
        return structs.replace(order, bidder=order.bidder[::-1] + "-twin", by="someone")
    return order


@settings(max_examples=4000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_who_bids_changes_no_public_byte(script: Script) -> None:
    twin = Script(script.terms, [step._replace(order=_renamed(step.order)) for step in script.steps])
    assert _public_bytes(_played(script)) == _public_bytes(_played(twin))


def _public_bytes(room: Saleroom) -> list[bytes]:
    return [pack(part) for event in room.events if (part := event.parts()[0])]
