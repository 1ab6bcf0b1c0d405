"""Random sales of every format: the real rules against the naive reference, and what must hold of any sale."""

from collections.abc import Iterator
from typing import Any

import msgpack
from hypothesis import given, note

from lots import views
from lots.decisions import decide
from lots.events import (
    BidPlaced,
    CountdownStarted,
    DepositMoved,
    Event,
    LotPassed,
    LotPaused,
    LotSold,
    SealedBidPlaced,
    StageBegun,
    join,
)
from lots.fold import evolve
from lots.formats import Stage
from lots.orders import Attendance, Bid, Clerk, Hammer, Order, Pass, Ring
from lots.phases import Phase, after
from lots.refusals import Refused
from lots.state import Accepted, Lot
from tests.lots.pair import Pair, Player
from tests.lots.paper.desk import ACCOUNTS
from tests.lots.saleroom import Saleroom
from tests.lots.scenarios import Script, many, scripts

MOVES_OF_PHASE = {"lot_opened", "lot_paused", "lot_resumed", "lot_reopened", "lot_withdrawn", "lot_sold", "lot_passed"}


def _played(script: Script) -> Saleroom:
    return Player(script).play()


def _changes(room: Saleroom) -> Iterator[tuple[Lot | None, Event, Lot]]:
    """Yield every event with the lot before and after it."""
    lots: dict[str, Lot] = {}
    for event in room.events:
        before = lots.get(event.lot)
        lots[event.lot] = evolve(before, event)
        yield before, event, lots[event.lot]


@many(700)
@given(scripts())
def test_the_rules_decide_as_they_do_on_paper(script: Script) -> None:
    pair = Pair(script)
    try:
        pair.play()
    except AssertionError:
        note(pair.story())
        raise


class Watchful(Player):
    """Plays by the rules alone, and looks at every decision."""

    def give(self, order: Order, at: int) -> Accepted | Refused | None:
        before = dict(self.room.lots)
        written = len(self.room.events)
        outcome = super().give(order, at)
        events = self.room.events[written:]
        if isinstance(outcome, Refused):
            assert not events
            assert self.room.lots == before
        self._ends_in_time(order, before, events)
        self._the_ask_can_be_bid(at)
        return outcome

    def _ends_in_time(self, order: Order, before: dict[str, Lot], events: list[Event]) -> None:
        """No lot closes before its end, but by the hammer, by a buyer or because the debt is covered."""
        by_word = isinstance(order, Hammer | Pass) or (isinstance(order, Clerk) and order.by)
        for event in events:
            if isinstance(event, LotSold | LotPassed) and not by_word and isinstance(order, Ring):
                end = before[event.lot].closes_at
                assert end is not None
                assert event.at >= end

    def _the_ask_can_be_bid(self, at: int) -> None:
        """A newcomer may bid what is asked, and not less; without him nothing has happened."""
        for lot in self.room.lots.values():
            if lot.ask is None or lot.needs_admission or not _takes_newcomers(lot, at):
                continue
            bid = decide(self.room.lots, Bid(lot.lot, "a-newcomer", "1", lot.ask, confirm=True), at)
            assert isinstance(bid.outcome, Accepted), bid.outcome
            less = decide(self.room.lots, Bid(lot.lot, "a-newcomer", "1", lot.ask - 1, confirm=True), at)
            assert isinstance(less.outcome, Refused), less.outcome


def _takes_newcomers(lot: Lot, at: int) -> bool:
    """Whether all bells have rung, and nobody must have joined before."""
    is_rung = lot.deadline is None or at < lot.deadline
    is_joined = lot.terms.two_phase is not None and lot.terms.two_phase.confirm_s is not None
    return is_rung and (lot.stage is Stage.FREE or not is_joined)


@many(400)
@given(scripts())
def test_a_refusal_changes_nothing_the_ask_can_be_bid_and_no_lot_closes_early(script: Script) -> None:
    Watchful(script).play()


@many(300)
@given(scripts())
def test_public_events_are_numbered_without_gaps_and_never_run_back_in_time(script: Script) -> None:
    room = _played(script)
    for name, lot in room.lots.items():
        public = room.public(name)
        assert [part["seq"] for part in public] == list(range(1, lot.seq + 1))
        stamps = [event.at for event in room.events if event.lot == name]
        assert stamps == sorted(stamps)


@many(300)
@given(scripts())
def test_phases_never_leave_the_table(script: Script) -> None:
    for before, event, lot in _changes(_played(script)):
        name = event.__struct_config__.tag
        if before is not None and name in MOVES_OF_PHASE:
            assert lot.phase == after(before.phase, str(name))
        elif before is not None:
            assert lot.phase == before.phase


@many(300)
@given(scripts())
def test_the_ledger_balances_after_every_entry(script: Script) -> None:
    """Keep the books anew from the entries, bidder by bidder and for the lot, and see that they are the lot's own."""
    books: dict[tuple[str, str], dict[str, int]] = {}
    for _, event, lot in _changes(_played(script)):
        if not isinstance(event, DepositMoved):
            continue
        purse = books.setdefault((event.lot, event.bidder), dict.fromkeys(ACCOUNTS, 0))
        purse[event.source] += event.amount if event.source == "received" else -event.amount
        purse[event.to] += event.amount
        of_this_lot = [purse for (name, _), purse in books.items() if name == event.lot]
        for purse in of_this_lot:
            assert purse["received"] == sum(purse.values()) - purse["received"]
            assert min(purse.values()) >= 0
        for account in ACCOUNTS:
            entered = sum(purse[account] for purse in of_this_lot)
            assert entered == sum(getattr(deposit, account) for deposit in lot.ledger.values())


@many(300)
@given(scripts())
def test_no_deposit_is_held_once_all_bells_have_rung(script: Script) -> None:
    room = _played(script)
    for lot in room.lots.values():
        ended = lot.phase in (Phase.SOLD, Phase.PASSED, Phase.WITHDRAWN)
        assert not ended or not [bidder for bidder in lot.ledger if lot.held(bidder)]
        assert lot.deadline is None


@many(300)
@given(scripts())
def test_a_replay_of_what_was_stored_gives_the_same_state(script: Script) -> None:
    room = _played(script)
    replayed: dict[str, Lot] = {}
    for event in room.events:
        public, private = (msgpack.unpackb(msgpack.packb(part)) for part in event.parts())
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


@many(300)
@given(scripts())
def test_a_snapshot_and_the_events_after_it_are_the_later_snapshot(script: Script) -> None:
    folded: dict[str, dict[str, Any]] = {}
    for before, event, lot in _changes(_played(script)):
        public = event.parts()[0]
        folded[event.lot] = {**folded.get(event.lot, {}), **public}
        assert {name: folded[event.lot][name] for name in _shown(lot)} == _shown(lot)
        if before is not None:
            step = {**_shown(before), **{name: value for name, value in public.items() if name in _shown(lot)}}
            assert step == _shown(lot)


@many(300)
@given(scripts())
def test_an_end_never_moves_back_and_no_bid_is_taken_at_or_after_it(script: Script) -> None:
    """Only a countdown, another stage or a reopening may bring an end that is earlier."""
    for before, event, lot in _changes(_played(script)):
        if before is None or before.closes_at is None:
            continue
        if isinstance(event, BidPlaced | SealedBidPlaced):
            assert event.at < before.closes_at
        may_come_earlier = (CountdownStarted, StageBegun)
        reopened = before.phase is not Phase.OPEN and lot.phase is Phase.OPEN
        if lot.closes_at is not None and not reopened and not isinstance(event, may_come_earlier):
            assert lot.closes_at >= before.closes_at


@many(300)
@given(scripts())
def test_a_close_tells_who_was_there_and_too_many_lost_suspend_it(script: Script) -> None:
    room = _played(script)
    for before, event, _ in _changes(room):
        if isinstance(event, LotPaused) and event.cause == "connections":
            assert before is not None
            assert before.terms.suspend_lost_percent is not None
        if isinstance(event, LotSold | LotPassed) and isinstance(event.connected, int) and not event.by:
            assert before is not None
            there = Attendance(event.connected, event.lost if isinstance(event.lost, int) else 0)
            percent = before.terms.suspend_lost_percent
            assert percent is None or there.lost * 100 <= percent * (there.connected + there.lost)


@many(200)
@given(scripts())
def test_the_same_script_gives_the_same_log(script: Script) -> None:
    assert _played(script).events == _played(script).events
