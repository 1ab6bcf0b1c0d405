"""The house: everything the engine offers to the gateway, and the wiring between its parts.

`submit` stamps an order and puts it into its group's inbox; `publish` and `status` are given in by whoever tells watchers.
It refuses to know who asks, over what, and how answers are sent.

Invariants: `lots` holds only what is stored; an order is answered exactly once; a ring is never refused for a full
inbox; the bell is set from stored states only. Times are microseconds. Source: design.md, "The path of a bid".
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from clock.bell import Bell
from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer, Reply, Waiting
from engine.catalogue import lot_record, read_catalogue, sale_record
from engine.commit import Commit, PublicEvent, Standing
from engine.errors import JournalAway, LogDamaged
from engine.figures import Figures
from engine.journal import Entry, Journal, Marker
from engine.limits import EngineLimits
from engine.outages import Outage, hit, new_ends
from engine.pen import Tail, public_event, unpack
from engine.recovery import Recovered, is_open_ended, replay_all
from engine.rostrum import OUT_OF_ORDER, Rostrum
from engine.watch import Watch
from lots.listing import Listing, Sale
from lots.orders import ExtendForOutage, ListLot, Order, Ring
from lots.phases import Phase
from lots.refusals import Code, Refused
from lots.state import Accepted

log = logging.getLogger(__name__)

StoreStatus: TypeAlias = Literal["away", "back"]

_TAKE_OVER_GROUPS_MAX = 256


class House:
    """An auction house at work.

    Args:
        journal: Where every event is kept.
        clock: Tells the time.
        limits: What it bears.
        events_kept: How many of each lot's latest public events recovery hands to `publish`.

    Attributes:
        publish: Told of every commit; set it before `start`.
        status: Told when the store goes away and comes back.
        lots: How every lot stands, by id.
        sales: The sales by id; a sale that lots name before it is listed has its id for a title.
        figures: What the engine measures of itself.
    """

    def __init__(
        self, journal: Journal, clock: Clock, limits: EngineLimits | None = None, *, events_kept: int = 512
    ) -> None:
        self.clock = clock
        self.limits = limits or EngineLimits()
        self.figures = Figures()
        self.publish: Callable[[Commit], None] = _nobody_watches
        self.status: Callable[[StoreStatus], None] = _nobody_watches
        self.lots: dict[str, Standing] = {}
        self.sales: dict[str, Sale] = {}
        self._lots_of: dict[str, dict[str, None]] = {}
        self._journal = journal
        self._events_kept = events_kept
        self._actors: dict[str, Actor] = {}
        self._actor_of: dict[str, Actor] = {}
        self._in_catalogue: set[str] = set()
        self._bell: Bell | None = None
        self._closed_because: str | None = "The house is starting."
        self._watch = Watch(
            journal, clock, self.limits, self.figures, changed=self._fault_changed, outage=self._after_outage
        )
        self._rostrum = Rostrum(
            journal,
            clock,
            self.limits,
            self.figures,
            publish=self._committed,
            store_answered=self._watch.store_answered,
            store_away=self._watch.store_away,
        )

    # Orders -----------------------------------------------------------------------------------------------------------

    def submit(self, order: Order, reply: Reply) -> None:
        """Stamp an order and let it wait for its decision; `reply` gets the answer, at once or later.

        An order that the house cannot take now is refused at once: unknown lot, full inbox, store away for long.
        """
        actor = self._actor_of.get(order.lot)
        if actor is None:
            reply(Refused(Code.UNKNOWN_LOT, f"There is no lot {order.lot!r} in this house."))
            return
        at = actor.stamp(self.clock.now())
        refused = self._cannot_take(actor, at)
        if refused is not None:
            reply(refused)
            return
        actor.inbox.append(Waiting(order, at, self._watch.lag_us, reply))
        self._rostrum.call(actor)

    def _cannot_take(self, actor: Actor, at: int) -> Refused | None:
        if len(actor.inbox) >= self.limits.inbox_len_max:
            return Refused(Code.OVERLOADED, "Too many orders wait for this lot; send it again in a moment.", None, at)
        if actor.broken is not None or self._is_beyond_patience(actor):
            return Refused(Code.UNAVAILABLE, OUT_OF_ORDER, None, at)
        sentence = self._out_of_service()
        return None if sentence is None else Refused(Code.UNAVAILABLE, sentence, None, at)

    def _out_of_service(self) -> str | None:
        if self._closed_because is not None:
            return self._closed_because
        faults = self._watch.faults
        if not faults or (len(faults) == 1 and 0 < self._watch.silent_us() <= self.limits.store_patience_us):
            return None
        return "Bids cannot be stored at the moment; the lot will stay open long enough after the fault."

    def _ring(self, lot: str) -> None:
        """Put the ring of a deadline into the inbox, whatever waits there."""
        self._watch.look()
        actor = self._actor_of[lot]
        if actor.broken is None:
            actor.inbox.append(Waiting(Ring(lot), actor.stamp(self.clock.now()), self._watch.lag_us, _unheard))
            self._rostrum.call(actor)

    # Listings ---------------------------------------------------------------------------------------------------------

    async def list_sale(self, sale: Sale) -> Answer:
        """List a sale; the same again is harmless, another under its id is a conflict."""
        known = self.sales.get(sale.sale)
        if known == sale and sale.sale in self._in_catalogue:
            return Accepted("", "", 0, self.clock.now(), repeat=True)
        if sale.sale in self._in_catalogue:
            return Refused(Code.CONFLICT, f"Sale {sale.sale!r} is listed already, as something else.")
        try:
            await self._journal.enter_in_catalogue([sale_record(sale)])
        except JournalAway:
            return Refused(Code.UNAVAILABLE, "The sale could not be stored; list it again.")
        self.sales[sale.sale] = sale
        self._in_catalogue.add(sale.sale)
        return Accepted("", "", 0, self.clock.now())

    async def list_lot(self, listing: Listing) -> Answer:
        """List a lot: into its log first, then into the catalogue, so that a crash between the two heals by a retry."""
        refused = self._cannot_list(listing)
        if refused is not None:
            return refused
        try:
            if listing.lot not in self._actor_of:
                await self._rostrum.between_rounds(lambda: [self._make_room(listing)])
            answer = await self._ask(ListLot(listing))
            if isinstance(answer, Accepted) and _entry_of(listing.lot) not in self._in_catalogue:
                await self._journal.enter_in_catalogue([lot_record(listing)])
                self._in_catalogue.add(_entry_of(listing.lot))
        except JournalAway:
            return Refused(Code.UNAVAILABLE, "The lot could not be stored; list it again.")
        return answer

    def _cannot_list(self, listing: Listing) -> Refused | None:
        sentence = self._out_of_service()
        if sentence is not None:
            return Refused(Code.UNAVAILABLE, sentence)
        known = self._actor_of.get(listing.lot)
        if known is not None and known.group != listing.group:
            return Refused(Code.CONFLICT, f"Lot {listing.lot!r} is listed already, in another group.")
        if listing.terms.group in self._actor_of and listing.terms.group != listing.lot:
            return Refused(Code.MALFORMED, f"group {listing.terms.group!r} is the id of a lot.")
        if known is None and listing.terms.group is None and listing.lot in self._actors:
            return Refused(Code.CONFLICT, f"{listing.lot!r} is the name of a group.")
        return None

    def _make_room(self, listing: Listing) -> Actor:
        actor = self._actors.setdefault(listing.group, Actor(listing.group))
        actor.tails.setdefault(listing.lot, Tail())
        self._actor_of[listing.lot] = actor
        return actor

    async def _ask(self, order: Order) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.submit(order, lambda answer: None if answered.done() else answered.set_result(answer))
        return await answered

    # Looking ----------------------------------------------------------------------------------------------------------

    def lots_of(self, sale: str) -> list[str]:
        """Return the ids of a sale's lots, in order of listing."""
        return list(self._lots_of.get(sale, ()))

    async def events(self, lot: str, after: int, limit: int) -> list[PublicEvent]:
        """Read up to `limit` public events after `after` from the lot's log.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        group = self._actor_of[lot].group
        found: list[PublicEvent] = []
        # An entry's number is never below the seq of its public part, so nothing is missed by starting at `after`.
        n = after
        while len(found) < limit:
            records = await self._journal.read(lot, group, after_n=n, limit=limit)
            entries = [record for record in records if isinstance(record, Entry)]
            if not records or (not entries and isinstance(records[-1], Marker) and records[-1].n <= n):
                break
            for entry in entries:
                event = public_event(entry, unpack(entry.public))
                if event is not None and event.seq > after:
                    found.append(event)
            n = records[-1].n
        return found[:limit]

    def troubles(self) -> list[str]:
        """Return why the house is not ready, one sentence each; none when it is."""
        sentences = list(self._watch.faults.values())
        if self._closed_because is not None:
            sentences.append(self._closed_because)
        broken = sum(actor.broken is not None for actor in self._actors.values())
        return [*sentences, f"{broken} closing groups are out of order."] if broken else sentences

    def notes(self) -> list[str]:
        """Return what the last look at the store could not check, or allowed."""
        return self._watch.notes

    def waiting(self) -> int:
        """Return how many orders wait in all inboxes."""
        return sum(len(actor.inbox) for actor in self._actors.values())

    def waiting_for(self, lot: str) -> int:
        """Return how many orders wait in the inbox that this lot shares."""
        return len(self._actor_of[lot].inbox)

    # Life -------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recover all lots from the journal, take the open ones over, and move the ends that have passed meanwhile.

        Raises:
            StoreError: the store does not answer, cannot keep its promise, or holds a damaged log.
        """
        began = self.clock.now()
        self._watch.notes = await self._journal.check()
        catalogue = read_catalogue(await self._journal.catalogue())
        self.sales.update(catalogue.sales)
        self._in_catalogue.update(catalogue.sales)
        recovered = await replay_all(self._journal, catalogue.groups, self._events_kept)
        for group, lots in catalogue.groups.items():
            self._settle_in(group, {lot: recovered[lot] for lot in lots})
        await self._take_over_open_groups()
        self._bell = Bell(self.clock, asyncio.get_running_loop().call_later, self._ring)
        self._after_outage(Outage(-1, self.clock.now()))
        self._watch.compare(await self._journal.now())
        self._closed_because = None
        for standing in self.lots.values():
            self._bell.set(standing.state.lot, standing.state.deadline)
        self.figures.recovery_us = self.clock.now() - began

    def _settle_in(self, group: str, recovered: Mapping[str, Recovered]) -> None:
        actor = self._actors[group] = Actor(group)
        for lot, (commit, tail, entries) in recovered.items():
            self.figures.recovered_entries += entries
            self._actor_of[lot] = actor
            self._in_catalogue.add(_entry_of(lot))
            if commit is None:
                raise LogDamaged(f"Lot {lot} is in the catalogue, but its log is empty.")
            actor.remember(commit.state, tail)
            self._watch.latest_at = max(self._watch.latest_at, commit.state.last_at)
            self._committed(commit)

    async def _take_over_open_groups(self) -> None:
        open_ended = [actor for actor in self._actors.values() if is_open_ended(actor.lots.values())]
        for start in range(0, len(open_ended), _TAKE_OVER_GROUPS_MAX):
            some = open_ended[start : start + _TAKE_OVER_GROUPS_MAX]
            await self._rostrum.between_rounds(lambda some=some: some)  # type: ignore[misc]

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            Fenced: another owner has taken a group over: this process must end.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rostrum.run())
            group.create_task(self._watch.run())
            group.create_task(self._refuse_after_patience())

    async def stop(self) -> None:
        """Close nothing and take nothing more; store and answer what waits, as far as the store answers."""
        if self._bell is not None:
            self._bell.stop()
        self._closed_because = "The house is closing."
        try:
            await self._rostrum.drain()
        except JournalAway as away:
            log.warning("Stopping without the store: %s", away)
        self._refuse_waiting(self._actors.values(), "The house is closing; send it again.")

    async def _refuse_after_patience(self) -> None:
        """Refuse what waits once the store has been away for too long, and say so to watchers."""
        away = False
        while True:
            await asyncio.sleep(self.limits.probe_us / SECOND_US)
            self._refuse_waiting(filter(self._is_beyond_patience, self._rostrum.ailing()), OUT_OF_ORDER)
            if self._out_of_service() is None:
                if away:
                    self.status("back")
                away = False
                continue
            if not away:
                self.status("away")
            away = True
            self._refuse_waiting(self._actors.values(), "Bids cannot be stored at the moment; nothing was kept of it.")

    def _refuse_waiting(self, actors: Iterable[Actor], sentence: str) -> None:
        for actor in actors:
            actor.refuse_waiting(Refused(Code.UNAVAILABLE, sentence))

    def _is_beyond_patience(self, actor: Actor) -> bool:
        since = actor.ailing_since
        return since is not None and self.clock.now() - since > self.limits.store_patience_us

    # What parts tell --------------------------------------------------------------------------------------------------

    def _committed(self, commit: Commit) -> None:
        lot = commit.state
        before = self.lots.get(lot.lot)
        self.lots[lot.lot] = Standing(lot, commit.head)
        self._lots_of.setdefault(lot.sale, {})[lot.lot] = None
        if lot.sale not in self.sales:
            self.sales[lot.sale] = Sale(sale=lot.sale, title=lot.sale)
        if self._bell is not None:
            self._bell.set(lot.lot, lot.deadline)
        if before is not None and before.state.phase is Phase.OPEN and lot.phase in (Phase.SOLD, Phase.PASSED):
            self.figures.closing_lag_us.observe(self.clock.now() - before.state.ending.closes_at)
        self.publish(commit)

    def _fault_changed(self, begun: bool) -> None:
        self._rostrum.halt(halted=begun)

    def _after_outage(self, outage: Outage) -> None:
        """Put, before all that waits, orders that move the ends which the outage has passed over."""
        states = [standing.state for standing in self.lots.values()]
        upcoming = [lot for lot in states if lot.phase is Phase.UPCOMING and hit(lot, outage)]
        ends = new_ends(states, outage, self.limits.outage_notice_us)
        late = {lot.lot for lot in upcoming}
        for lot, end in ends.items():
            actor = self._actor_of[lot]
            orders: list[Order] = [Ring(lot)] if lot in late else []
            actor.put_first([*orders, ExtendForOutage(lot, end)], self.clock.now())
            self._rostrum.call(actor)


def _entry_of(lot: str) -> str:
    """Return the catalogue's name for a lot; sales and lots may have the same id."""
    return f"lot {lot}"


def _unheard(_answer: Answer) -> None:
    """Take the answer to a ring, which asked for none."""


def _nobody_watches(_told: object) -> None:
    """Take what there is to tell while nobody has asked to hear it."""
