"""The house: everything the engine offers to the gateway, and the wiring between its parts.

`submit` stamps an order and puts it into its group's inbox; `publish` and `status` are given in by whoever tells
watchers. It refuses to know who asks, over what, and how answers are sent.

Invariants: `lots` holds only what is stored; an order is answered exactly once; a ring is never refused for a full
inbox; the bell is set from stored states only. Times are microseconds. Source: design.md, "The path of a bid".
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, TypeAlias

from clock.bell import Bell
from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer, Reply, Waiting
from engine.catalogue import read_catalogue
from engine.commit import Commit, PublicEvent, Standing
from engine.errors import LogDamaged, StoreError
from engine.figures import Figures
from engine.imports import Import
from engine.journal import Entry, Journal, Record, Top
from engine.limits import EngineLimits
from engine.listing_desk import ListingDesk, Seats
from engine.outages import Outage, hit, new_ends
from engine.pen import public_event, unpack
from engine.recovery import Recovered, is_open_ended, replay_all
from engine.registers import Registers
from engine.rostrum import OUT_OF_ORDER, Rostrum
from engine.watch import Watch
from lots.listing import Sale
from lots.orders import Attendance, ExtendForOutage, ListLot, Order, Ring
from lots.phases import OPEN, Phase
from lots.refusals import Code, Refused
from lots.state import Lot

log = logging.getLogger(__name__)

StoreStatus: TypeAlias = Literal["away", "back"]

_HAMMERED = (Phase.SOLD, Phase.PASSED)
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
        attendance: Says how many of some bidders are there; None where nobody counts them.
        lots: How every lot stands, by id.
        registers: The sales, the consignors, the exchange rates.
        listings: Where lots come in.
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
        self.attendance: Callable[[Collection[str]], Attendance | None] = _nobody_counts
        self.lots: dict[str, Standing] = {}
        self.registers = Registers(journal, clock)
        self._journal = journal
        self._events_kept = events_kept
        self._seats = Seats()
        self._bell: Bell | None = None
        self._closed_because: str | None = "The house is starting."
        self._outages: list[tuple[Outage, Actor | None]] = []
        self._watch = Watch(
            journal, clock, self.limits, self.figures, changed=self._fault_changed, outage=self._note_outage
        )
        self._rostrum = Rostrum(
            journal,
            clock,
            self.limits,
            self.figures,
            self._watch,
            prepare=self._before_deciding,
            publish=self._committed,
            healed=lambda actor, outage: self._note_outage(outage, actor),
        )
        self.listings = ListingDesk(self, journal, self._rostrum, self.registers, self._seats)

    # Orders -----------------------------------------------------------------------------------------------------------

    def submit(self, order: Order, reply: Reply) -> None:
        """Stamp an order and let it wait for its decision; `reply` gets the answer, at once or later.

        An order that the house cannot take now is refused at once: unknown lot, full inbox, store away for long.
        """
        actor = self._seats.of_lot.get(order.lot)
        if actor is None:
            self._refuse(reply, Refused(Code.UNKNOWN_LOT, f"There is no lot {order.lot!r} in this house."))
            return
        at = actor.stamp(self.clock.now())
        refused = self._cannot_take(actor, order, at)
        if refused is not None:
            self._refuse(reply, refused)
            return
        actor.inbox.append(Waiting(order, at, self._watch.lag_us, reply))
        self._rostrum.call(actor)

    async def ask(self, order: Order) -> Answer:
        """Give an order and wait for the answer; one that comes when nobody waits any more is let go."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.submit(order, lambda answer: None if answered.done() else answered.set_result(answer))
        return await answered

    def _refuse(self, reply: Reply, refused: Refused) -> None:
        self.figures.refused[refused.code] += 1
        reply(refused)

    def _cannot_take(self, actor: Actor, order: Order, at: int) -> Refused | None:
        if len(actor.inbox) >= self.limits.inbox_len_max:
            return Refused(Code.OVERLOADED, "Too many orders wait for this lot; send it again in a moment.", None, at)
        if actor.is_well and not self._watch.faults and self._closed_because is None:
            return None
        if actor.broken is not None or self._is_beyond_patience(actor):
            return Refused(Code.UNAVAILABLE, OUT_OF_ORDER, None, at)
        if order.lot in actor.uncatalogued and not isinstance(order, ListLot):
            return Refused(Code.UNAVAILABLE, "The lot is being listed; send it again in a moment.", None, at)
        sentence = self.out_of_service()
        return None if sentence is None else Refused(Code.UNAVAILABLE, sentence, None, at)

    def out_of_service(self) -> str | None:
        """Return why the house takes nothing now, as its guests are told; None while it does."""
        return self._closed_because or self._fault()

    def _fault(self) -> str | None:
        """Return what bidders are told of the faults that stand; None while orders may wait for them to end."""
        faults = self._watch.faults
        if not faults or (len(faults) == 1 and 0 < self._watch.silent_us() <= self.limits.store_patience_us):
            return None
        return "Bids cannot be stored at the moment; the lot will stay open long enough after the fault."

    def _ring(self, lot: str) -> None:
        """Put the ring of a deadline into the inbox, whatever waits there."""
        actor = self._seats.of_lot[lot]
        if actor.broken is None:
            ring = Ring(lot, self.attendance(self.lots[lot].state.paddles))
            actor.inbox.append(Waiting(ring, actor.stamp(self.clock.now()), self._watch.lag_us, _unheard))
            self._rostrum.call(actor)

    # Looking ----------------------------------------------------------------------------------------------------------

    @property
    def sales(self) -> Mapping[str, Sale]:
        """The sales by id."""
        return self.registers.sales

    def lots_of(self, sale: str) -> list[str]:
        """Return the ids of a sale's lots, in order of listing."""
        return [lot for lot in self.listings.order.get(sale, ()) if lot in self.lots]

    def lots_of_group(self, group: str) -> list[str]:
        """Return the ids of the lots that close in this group."""
        actor = self._seats.of_group.get(group)
        return [] if actor is None else list(actor.lots)

    async def events(self, lot: str, after: int, limit: int) -> list[PublicEvent]:
        """Read up to `limit` public events after `after` from the lot's log.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        group = self._seats.of_lot[lot].group
        found: list[PublicEvent] = []
        # An entry's number is never below the seq of its public part, so nothing is missed by starting at `after`.
        records = await self._journal.read(lot, group, after_n=after, limit=limit)
        while records and len(found) < limit:
            events = (public_event(entry, unpack(entry.public)) for entry in records if isinstance(entry, Entry))
            found += [event for event in events if event is not None and event.seq > after]
            read_to = Top(records[-1].epoch, records[-1].n)
            records = await self._journal.read(lot, group, limit=limit, after=read_to)
        return found[:limit]

    async def record(self, lot: str, after: Top, limit: int) -> list[Record]:
        """Read up to `limit` records of the lot's log, public and private, after this one; `NOTHING` for the first.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        return await self._journal.read(lot, self._seats.of_lot[lot].group, limit=limit, after=after)

    async def refusals(self, lot: str) -> list[bytes]:
        """Read the notes of the refusals that are kept for the lot, oldest first.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        return await self._journal.refusals(lot, self._seats.of_lot[lot].group)

    def troubles(self) -> list[str]:
        """Return why the house is not ready, one sentence each; none when it is."""
        sentences = list(self._watch.faults.values())
        if self._closed_because is not None:
            sentences.append(self._closed_because)
        broken = sum(actor.broken is not None for actor in self._seats.of_group.values())
        if broken:
            sentences.append(f"{broken} closing groups are out of order.")
        unwritten = sum(map(self._is_beyond_patience, self._rostrum.ailing()))
        if unwritten:
            sentences.append(f"The store refuses to write {unwritten} closing groups.")
        return sentences

    def notes(self) -> list[str]:
        """Return what the last look at the store could not check, or allowed."""
        return self._watch.notes

    def waiting(self) -> int:
        """Return how many orders wait in all inboxes."""
        return sum(len(actor.inbox) for actor in self._seats.of_group.values())

    def waiting_for(self, lot: str) -> int:
        """Return how many orders wait in the inbox that this lot shares."""
        return len(self._seats.of_lot[lot].inbox)

    # Life -------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recover all lots from the journal, take the open ones over, and move the ends that have passed meanwhile.

        Raises:
            StoreError: the store does not answer, cannot keep its promise, or holds a damaged log.
        """
        began = self.clock.now()
        done = self._laps(began)
        self._watch.notes = await self._journal.check()
        catalogue = read_catalogue(await self._journal.catalogue())
        self.registers.recover(catalogue)
        groups = catalogue.groups
        done("catalogue")
        recovered = await replay_all(self._journal, groups, self._events_kept)
        promised = {lot for imported in catalogue.unlisted() for lot, _, _ in imported.lots}
        for group, lots in groups.items():
            there = (lot for lot in lots if lot not in promised or recovered[lot].commit is not None)
            self._settle_in(group, {lot: recovered[lot] for lot in there})
        done("logs")
        await self._take_over_open_groups()
        done("take-over")
        await self._finish_imports(catalogue.unlisted())
        self._line_up(catalogue.lots)
        self._bell = Bell(self.clock, asyncio.get_running_loop().call_later, self._ring)
        self._note_outage(Outage(-1, self.clock.now()))
        asked_at = self.clock.now()
        self._watch.compare(await self._journal.now(), asked_at)
        self._watch.begin()
        self._closed_because = None
        for standing in self.lots.values():
            self._bell.set(standing.state.lot, standing.state.deadline)
        self.figures.recovery_us = self.clock.now() - began

    def _laps(self, began: int) -> Callable[[str], None]:
        """Return what notes how long each part of the start took since the one before."""
        latest = began

        def done(part: str) -> None:
            nonlocal latest
            since, latest = latest, self.clock.now()
            self.figures.recovery_parts_us[part] = latest - since

        return done

    def _settle_in(self, group: str, recovered: Mapping[str, Recovered]) -> None:
        actor = self._seats.of_group[group] = Actor(group)
        for lot, (commit, tail, entries) in recovered.items():
            self.figures.recovered_entries += entries
            self._seats.of_lot[lot] = actor
            if commit is None:
                raise LogDamaged(f"Lot {lot} is in the catalogue, but its log is empty.")
            actor.remember(commit.state, tail)
            self._seats.org_of.setdefault(group, commit.state.listing.org)
            self._watch.latest_at = max(self._watch.latest_at, commit.state.last_at)
            self._committed(commit)

    async def _finish_imports(self, imports: Iterable[Import]) -> None:
        for imported in imports:
            self._watch.latest_at = max(self._watch.latest_at, imported.at)
            self.listings.has_happened(imported, imported.listings())
        await self.listings.imports.see_through_at_start()

    def _line_up(self, lots: Iterable[str]) -> None:
        """Put the lots of each sale into the order in which they were listed; they were recovered group by group."""
        listings = {lot: promise.listing for lot, promise in self.listings.imports.promised.items()}
        listings |= {lot: standing.state.listing for lot, standing in self.lots.items()}
        self.listings.order.clear()
        for listing in (listings[lot] for lot in lots if lot in listings):
            self.listings.order.setdefault(listing.sale, {})[listing.lot] = None

    async def _take_over_open_groups(self) -> None:
        open_ended = [actor for actor in self._seats.of_group.values() if is_open_ended(actor.lots.values())]
        for start in range(0, len(open_ended), _TAKE_OVER_GROUPS_MAX):
            some = open_ended[start : start + _TAKE_OVER_GROUPS_MAX]
            await self._rostrum.between_rounds(lambda some=some: some)  # type: ignore[misc]

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            Fenced: another owner has taken a group over: this process must end.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._rostrum.run())
                group.create_task(self._watch.run())
                group.create_task(self._refuse_after_patience())
                group.create_task(self.listings.see_imports_through())
        except BaseExceptionGroup as several:
            error = _what_ended_it(several)
            self._closed_because = f"The house has stopped: {error}"
            raise error from several

    async def stop(self) -> None:
        """Close nothing and take nothing more; store and answer what waits, as far as the store answers."""
        if self._bell is not None:
            self._bell.stop()
            self._bell = None
        self._closed_because = "The house is closing."
        try:
            await self._rostrum.drain()
        except StoreError as error:
            log.warning("Stopping without the store: %s", error)
        self._refuse_waiting(self._seats.of_group.values(), "The house is closing; send it again.")

    async def _refuse_after_patience(self) -> None:
        """Refuse what waits once the store has been away for too long, and say so to watchers."""
        away = False
        while True:
            await asyncio.sleep(self.limits.probe_us / SECOND_US)
            self._refuse_waiting(filter(self._is_beyond_patience, self._rostrum.ailing()), OUT_OF_ORDER)
            was_away, away = away, self._fault() is not None
            if away != was_away:
                self.status("away" if away else "back")
            if away:
                self._refuse_waiting(
                    self._seats.of_group.values(), "Bids cannot be stored at the moment; nothing was kept."
                )

    def _refuse_waiting(self, actors: Iterable[Actor], sentence: str) -> None:
        for actor in actors:
            for waiting in actor.take_refusable():
                self._refuse(waiting.reply, Refused(Code.UNAVAILABLE, sentence, None, waiting.at))

    def _is_beyond_patience(self, actor: Actor) -> bool:
        since = actor.ailing_since
        return since is not None and self.clock.now() - since > self.limits.store_patience_us

    # What parts tell --------------------------------------------------------------------------------------------------

    def _committed(self, commit: Commit) -> None:
        lot = commit.state
        before = self.lots.get(lot.lot)
        self.lots[lot.lot] = Standing(lot, commit.head)
        if before is None:
            self.listings.order.setdefault(lot.sale, {})[lot.lot] = None
            self.registers.name_sale(lot.sale)
        if self._bell is not None and (before is None or before.state.deadline != lot.deadline):
            self._bell.set(lot.lot, lot.deadline)
        if before is not None and before.state.phase is OPEN and lot.phase in _HAMMERED:
            self._observe_closing(lot.ended_at, before.state.closes_at)
        self.publish(commit)

    def _observe_closing(self, ended_at: int, closes_at: int | None) -> None:
        """Measure how late the hammer fell; one that a clerk or a buyer let fall before the end was not late."""
        if closes_at is not None and ended_at >= closes_at:
            self.figures.closing_lag_us.observe(self.clock.now() - closes_at)

    def late_to_be_listed(self, outage: Outage, actor: Actor) -> None:
        """Take note that a lot could not be bid on before its end."""
        if self._bell is not None:  # at the start all lots are looked at together
            self._note_outage(outage, actor)

    def _fault_changed(self, begun: bool) -> None:
        self._rostrum.halt(halted=begun)

    def _note_outage(self, outage: Outage, actor: Actor | None = None) -> None:
        """Keep an outage of the whole house, or of one group, for the next round.

        Only then is known what the log says of the batch that was under way when it began.
        """
        self._outages.append((outage, actor))
        self._rostrum.wake()
        # What looked like a silence may have been a jump of the clock; the store's time is compared before it is used.
        asyncio.get_running_loop().call_later(2 * self.limits.probe_us / SECOND_US, self._rearm)

    def _rearm(self) -> None:
        if self._bell is not None:
            self._bell.rearm()

    def _before_deciding(self, quiet: bool) -> bool:
        """Move the ends that outages have passed over, before any order is decided that came in after them.

        An append that is on its way may hold a hammer that must not fall once it comes back as lost, so that one is
        waited for.
        """
        self._watch.look()
        if self._outages and quiet and not self._watch.faults:
            self._move_ends()
        return not self._outages

    def _move_ends(self) -> None:
        outages, self._outages = self._outages, []
        back_at = max(outage.back_at for outage, _ in outages)
        late = {lot.lot: lot for outage, actor in outages for lot in self._lots_in(actor) if hit(lot, outage)}
        for lot, end in new_ends(late.values(), back_at, self.limits.outage_notice_us).items():
            self._order_extension(late[lot], end)

    def _lots_in(self, actor: Actor | None) -> Iterable[Lot]:
        return (one.state for one in self.lots.values()) if actor is None else actor.lots.values()

    def _order_extension(self, lot: Lot, end: int) -> None:
        actor = self._seats.of_lot[lot.lot]
        if actor.broken is not None or lot.closes_at is None:
            return
        upcoming = lot.phase is Phase.UPCOMING
        opening: list[Order] = [Ring(lot.lot)] if upcoming else []
        due = lot.terms.opens_at if upcoming else lot.closes_at
        actor.put_in([*opening, ExtendForOutage(lot.lot, end)], due, self.clock.now())
        self._rostrum.call(actor)


def _what_ended_it(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to go by: that of the store if there is one."""
    error: BaseException = several.subgroup(StoreError) or several
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _unheard(_answer: Answer) -> None:
    """Take the answer to a ring, which asked for none."""


def _nobody_watches(_told: object) -> None:
    """Take what there is to tell while nobody has asked to hear it."""


def _nobody_counts(_bidders: Collection[str]) -> None:
    """Count nobody: a house without a gateway does not know who is there."""
