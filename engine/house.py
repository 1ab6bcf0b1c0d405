"""The house: everything the engine offers to the gateway, and the wiring between its parts.

`submit` stamps an order and puts it into its group's inbox; `publish` and `status` are given in by whoever tells
watchers. It refuses to know who asks, over what, and how answers are sent.

Invariants: `lots` holds only what is stored; an order is answered exactly once; a ring is never refused for a full
inbox; the bell is set from stored states only. Times are microseconds. Source: design.md, "The path of a bid".
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from clock.bell import Bell
from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer, Reply, Waiting
from engine.catalogue import consignor_record, lot_record, rates_record, read_catalogue, sale_record
from engine.commit import Commit, PublicEvent, Standing
from engine.errors import LogDamaged, StoreError
from engine.figures import Figures
from engine.import_desk import ImportDesk
from engine.imports import Import
from engine.journal import Entry, Journal, Record, Top
from engine.limits import EngineLimits
from engine.outages import Outage, hit, new_ends
from engine.pen import Tail, public_event, unpack
from engine.recovery import Recovered, is_open_ended, replay_all
from engine.rostrum import OUT_OF_ORDER, Rostrum
from engine.watch import Watch
from lots.decisions import decide
from lots.exchange import ExchangeRates, PostedRates
from lots.listing import Consignor, Listing, Sale
from lots.orders import Attendance, ExtendForOutage, ListLot, Order, Ring
from lots.phases import Phase
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot

log = logging.getLogger(__name__)

StoreStatus: TypeAlias = Literal["away", "back"]

_TAKE_OVER_GROUPS_MAX = 256
_LOOKED_AT_ONCE = 200
"""Lots of an import that are looked at in one pass of the loop."""


class Objection(NamedTuple):
    """Why an import cannot be made: because of one of its lots, or, without a lot, because of its sale."""

    lot: str | None
    refused: Refused


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
        sales: The sales by id; a sale that lots name before it is listed has its id for a title.
        consignors: The consignors that were taken on, by id.
        rates: The exchange rates that count; None before any were posted.
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
        self.sales: dict[str, Sale] = {}
        self.consignors: dict[str, Consignor] = {}
        self.rates: PostedRates | None = None
        self._lots_of: dict[str, dict[str, None]] = {}
        self._journal = journal
        self._events_kept = events_kept
        self._actors: dict[str, Actor] = {}
        self._actor_of: dict[str, Actor] = {}
        self._in_catalogue: set[str] = set()
        self._bell: Bell | None = None
        self._closed_because: str | None = "The house is starting."
        self._outages: list[tuple[Outage, Actor | None]] = []
        self._at_the_catalogue = asyncio.Lock()
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
        self._in_hand: list[str] = []
        self._imports = ImportDesk(
            journal,
            clock,
            self.limits,
            self._rostrum,
            seat=self._seat,
            late=self._late_to_be_listed,
            barred=self._defaulters_before,
        )

    # Orders -----------------------------------------------------------------------------------------------------------

    def submit(self, order: Order, reply: Reply) -> None:
        """Stamp an order and let it wait for its decision; `reply` gets the answer, at once or later.

        An order that the house cannot take now is refused at once: unknown lot, full inbox, store away for long.
        """
        actor = self._actor_of.get(order.lot)
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

    def _refuse(self, reply: Reply, refused: Refused) -> None:
        self.figures.refused[refused.code] += 1
        reply(refused)

    def _cannot_take(self, actor: Actor, order: Order, at: int) -> Refused | None:
        if len(actor.inbox) >= self.limits.inbox_len_max:
            return Refused(Code.OVERLOADED, "Too many orders wait for this lot; send it again in a moment.", None, at)
        if actor.broken is not None or self._is_beyond_patience(actor):
            return Refused(Code.UNAVAILABLE, OUT_OF_ORDER, None, at)
        if order.lot in actor.uncatalogued and not isinstance(order, ListLot):
            return Refused(Code.UNAVAILABLE, "The lot is being listed; send it again in a moment.", None, at)
        sentence = self._out_of_service()
        return None if sentence is None else Refused(Code.UNAVAILABLE, sentence, None, at)

    def _out_of_service(self) -> str | None:
        return self._closed_because or self._fault()

    def _fault(self) -> str | None:
        """Return what bidders are told of the faults that stand; None while orders may wait for them to end."""
        faults = self._watch.faults
        if not faults or (len(faults) == 1 and 0 < self._watch.silent_us() <= self.limits.store_patience_us):
            return None
        return "Bids cannot be stored at the moment; the lot will stay open long enough after the fault."

    def _ring(self, lot: str) -> None:
        """Put the ring of a deadline into the inbox, whatever waits there."""
        actor = self._actor_of[lot]
        if actor.broken is None:
            ring = Ring(lot, self.attendance(self.lots[lot].state.paddles))
            actor.inbox.append(Waiting(ring, actor.stamp(self.clock.now()), self._watch.lag_us, _unheard))
            self._rostrum.call(actor)

    # Listings ---------------------------------------------------------------------------------------------------------

    async def list_sale(self, sale: Sale) -> Answer:
        """List a sale; the same again is harmless, another under its id is a conflict."""
        async with self._at_the_catalogue:
            if not await self._imports_are_known():
                return Refused(Code.UNAVAILABLE, "The sale could not be stored; list it again.")
            if sale.sale not in self._in_catalogue:
                return await self._enter_sale(sale)
        if self.sales[sale.sale] == sale:
            return self._kept(repeat=True)
        return Refused(Code.CONFLICT, f"Sale {sale.sale!r} is listed already, as something else.")

    async def _enter_sale(self, sale: Sale) -> Answer:
        if not await self._enter(sale_record(sale)):
            return Refused(Code.UNAVAILABLE, "The sale could not be stored; list it again.")
        self.sales[sale.sale] = sale
        self._in_catalogue.add(sale.sale)
        return self._kept()

    async def take_on(self, consignor: Consignor) -> Answer:
        """Take a consignor on; the same again is harmless, another under its id is a conflict."""
        async with self._at_the_catalogue:
            known = self.consignors.get(consignor.consignor)
            if known is None:
                return await self._enter_consignor(consignor)
        if known == consignor:
            return self._kept(repeat=True)
        return Refused(Code.CONFLICT, f"Consignor {consignor.consignor!r} was taken on already, as somebody else.")

    async def _enter_consignor(self, consignor: Consignor) -> Answer:
        if not await self._enter(consignor_record(consignor)):
            return Refused(Code.UNAVAILABLE, "The consignor could not be stored; take it on again.")
        self.consignors[consignor.consignor] = consignor
        return self._kept()

    async def post_rates(self, rates: ExchangeRates) -> Answer:
        """Let these exchange rates count from now on; those that count already, again, are harmless."""
        async with self._at_the_catalogue:
            if self.rates is not None and self.rates.rates == rates:
                return self._kept(repeat=True)
            posted = PostedRates(rates, self.clock.now())
            if not await self._enter(rates_record(posted)):
                return Refused(Code.UNAVAILABLE, "The rates could not be stored; post them again.")
            self.rates = posted
            return self._kept()

    async def _enter(self, record: bytes) -> bool:
        """Store a record in the catalogue; False when the store would not take it."""
        try:
            await self._journal.enter_in_catalogue([record])
        except StoreError:
            return False
        return True

    def _kept(self, *, repeat: bool = False) -> Accepted:
        return Accepted("", "", 0, self.clock.now(), repeat=repeat)

    async def list_lot(self, listing: Listing) -> Answer:
        """List a lot: into its log first, then into the catalogue, so that a crash between the two heals by a retry.

        It takes no bids before it is in both: one whose listing nobody repeats would be lost with a restart. Who has
        defaulted on the lot that it offers again may not bid on it from the first.
        """
        refused = self.cannot_list(listing)
        if refused is not None:
            return refused
        self._in_hand.append(listing.lot)
        try:
            async with self._at_the_catalogue:
                refused = await self._place(listing)
            if refused is not None:
                return refused
            answer = await self._ask(ListLot(listing, self._defaulters_before(listing)))
            uncatalogued = self._actor_of[listing.lot].uncatalogued
            if isinstance(answer, Accepted) and listing.lot in uncatalogued:
                await self._journal.enter_in_catalogue([lot_record(listing)])
                uncatalogued.discard(listing.lot)
        except StoreError:
            return Refused(Code.UNAVAILABLE, "The lot could not be stored; list it again.")
        finally:
            self._in_hand.remove(listing.lot)
        return answer

    async def _place(self, listing: Listing) -> Refused | None:
        """Give a lot its place in its group, unless an import was faster."""
        if not await self._imports_are_known() or listing.lot in self._imports.promised:
            return Refused(Code.UNAVAILABLE, "An import is not finished yet; list the lot again in a moment.")
        refused = self.cannot_list(listing)
        if refused is None and listing.lot not in self._actor_of:
            await self._rostrum.between_rounds(lambda: [self._make_room(listing)])
        return refused

    def cannot_list(self, listing: Listing) -> Refused | None:
        """Return why a lot cannot be listed whatever its log says, if so; nothing is changed by asking."""
        sentence = self._out_of_service()
        if sentence is not None:
            return Refused(Code.UNAVAILABLE, sentence)
        known = self._actor_of.get(listing.lot)
        closes_at = listing.terms.closes_at
        if known is None and closes_at is not None and closes_at <= self.clock.now():
            return Refused(Code.MALFORMED, "closes_at has passed: the lot could not be bid on.")
        if known is not None and known.group != listing.group:
            return Refused(Code.CONFLICT, f"Lot {listing.lot!r} is listed already, in another group.")
        if listing.terms.group in self._actor_of and listing.terms.group != listing.lot:
            return Refused(Code.MALFORMED, f"group {listing.terms.group!r} is the id of a lot.")
        if known is None and listing.lot in self._actors:
            return Refused(Code.CONFLICT, f"{listing.lot!r} is the name of a group.")
        return None

    def _make_room(self, listing: Listing) -> Actor:
        actor = self._seat(listing)
        actor.tails.setdefault(listing.lot, Tail())
        actor.uncatalogued.add(listing.lot)
        return actor

    def _seat(self, listing: Listing) -> Actor:
        """Give a lot its actor; from then on its name is taken."""
        actor = self._actors.setdefault(listing.group, Actor(listing.group))
        self._actor_of[listing.lot] = actor
        return actor

    async def _ask(self, order: Order) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.submit(order, lambda answer: None if answered.done() else answered.set_result(answer))
        return await answered

    # Imports ----------------------------------------------------------------------------------------------------------

    async def import_sale(self, sale: Sale, listings: Sequence[Listing]) -> Answer | list[Objection]:
        """List a sale with all its lots, or nothing of it; the same again is harmless.

        Returns:
            The acceptance; all objections, where there are any; or the refusal when the store is away, after which
            the same import may be made again: it is then finished, or made.
        """
        async with self._at_the_catalogue:
            if not await self._imports_are_known():
                return Refused(Code.UNAVAILABLE, "The import could not be stored; send it again.")
            objections = await self.objections_to(sale, listings)
            if objections:
                return objections
            new = [listing for listing in listings if self._is_new(listing.lot)]
            repeat = not new and sale.sale in self._in_catalogue
            if not repeat and not await self._write_import(sale, new):
                return Refused(Code.UNAVAILABLE, "The import could not be stored; send it again.")
        await self._imports.see_through()
        if any(listing.lot in self._imports.promised for listing in listings):
            return Refused(Code.UNAVAILABLE, "The import is stored, but its lots wait for the store; send it again.")
        return self._kept(repeat=repeat)

    async def objections_to(self, sale: Sale, listings: Sequence[Listing]) -> list[Objection]:
        """Return all that stands against importing this sale now, in the order of its lots."""
        sentence = self._out_of_service()
        if sentence is not None:
            return [Objection(None, Refused(Code.UNAVAILABLE, sentence))]
        found: list[Objection] = []
        if sale.sale in self._in_catalogue and self.sales[sale.sale] != sale:
            conflict = Refused(Code.CONFLICT, f"Sale {sale.sale!r} is listed already, as something else.")
            found.append(Objection(None, conflict))
        beside = _Beside(listings)
        for number, listing in enumerate(listings, start=1):
            refused = beside.clash(listing) or self._cannot_import(listing)
            if refused is not None:
                found.append(Objection(listing.lot, refused))
            if number % _LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _cannot_import(self, listing: Listing) -> Refused | None:
        """Say why a lot would not be listed as it is."""
        promise = self._imports.promised.get(listing.lot)
        if promise is not None and promise.listing == listing:
            return None
        refused = self.cannot_list(listing)
        if refused is not None:
            return refused
        if promise is not None or self._is_unclear(listing.lot):
            return Refused(Code.UNAVAILABLE, f"Lot {listing.lot!r} is being listed; send the import again in a moment.")
        actor = self._actors.get(listing.group) or Actor(listing.group)
        if actor.broken is not None:
            return Refused(Code.UNAVAILABLE, f"Group {listing.group!r} is out of order; the house has been told.")
        outcome = decide(actor.lots, ListLot(listing), self.clock.now()).outcome
        return outcome if isinstance(outcome, Refused) else None

    def _is_unclear(self, lot: str) -> bool:
        """Whether somebody else is listing a lot of this name, or has tried to and only its log knows the outcome."""
        actor = self._actor_of.get(lot)
        return lot in self._in_hand or (actor is not None and lot not in self.lots and not actor.epoch)

    def _is_new(self, lot: str) -> bool:
        """Whether a lot must be imported: the catalogue does not have it yet."""
        if lot in self._imports.promised:
            return False
        return lot not in self.lots or lot in self._actor_of[lot].uncatalogued

    async def _write_import(self, sale: Sale, listings: Sequence[Listing]) -> bool:
        try:
            imported = await self._imports.writer.write(sale, listings, self.clock.now())
        except StoreError:
            return False
        self._has_happened(imported, listings)
        return True

    async def _imports_are_known(self) -> bool:
        """Find out what became of an import whose fate is unknown, before anything else takes a name from it."""
        try:
            imported = await self._imports.writer.settle()
        except StoreError:
            return False
        if imported is not None:
            self._has_happened(imported, imported.listings())
        return True

    def _has_happened(self, imported: Import, listings: Iterable[Listing]) -> None:
        """Take in an import that is whole: its sale is listed, its lots are promised, and in the catalogue."""
        self.sales[imported.sale.sale] = imported.sale
        self._in_catalogue.add(imported.sale.sale)
        order = self._lots_of.setdefault(imported.sale.sale, {})
        for packed in imported.lots:
            order.setdefault(packed.lot)
            if packed.lot in self.lots:
                self._actor_of[packed.lot].uncatalogued.discard(packed.lot)
        self._imports.promise(imported, [listing for listing in listings if listing.lot not in self.lots])

    def _defaulters_before(self, listing: Listing) -> tuple[str, ...]:
        """Return who may not bid on a lot because he did not pay for the one that it offers again."""
        before = self.lots.get(listing.before or "")
        return () if before is None else before.state.defaulters

    def _late_to_be_listed(self, outage: Outage, actor: Actor) -> None:
        if self._bell is not None:  # at the start all lots are looked at together
            self._note_outage(outage, actor)

    async def _see_imports_through(self) -> None:
        """Go on with imports that the store has kept from being finished."""
        while True:
            await asyncio.sleep(self.limits.probe_us / SECOND_US)
            if not self._imports.is_idle and self._out_of_service() is None:
                async with self._at_the_catalogue:
                    await self._imports_are_known()
                await self._imports.see_through()

    # Looking ----------------------------------------------------------------------------------------------------------

    def lots_of(self, sale: str) -> list[str]:
        """Return the ids of a sale's lots, in order of listing."""
        return [lot for lot in self._lots_of.get(sale, ()) if lot in self.lots]

    def lots_of_group(self, group: str) -> list[str]:
        """Return the ids of the lots that close in this group."""
        actor = self._actors.get(group)
        return [] if actor is None else list(actor.lots)

    async def events(self, lot: str, after: int, limit: int) -> list[PublicEvent]:
        """Read up to `limit` public events after `after` from the lot's log.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        group = self._actor_of[lot].group
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
        return await self._journal.read(lot, self._actor_of[lot].group, limit=limit, after=after)

    async def refusals(self, lot: str) -> list[bytes]:
        """Read the notes of the refusals that are kept for the lot, oldest first.

        Raises:
            KeyError: no such lot.
            JournalAway: the store does not answer.
        """
        return await self._journal.refusals(lot, self._actor_of[lot].group)

    def troubles(self) -> list[str]:
        """Return why the house is not ready, one sentence each; none when it is."""
        sentences = list(self._watch.faults.values())
        if self._closed_because is not None:
            sentences.append(self._closed_because)
        broken = sum(actor.broken is not None for actor in self._actors.values())
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
        self.consignors.update(catalogue.consignors)
        self.rates = catalogue.rates
        groups = catalogue.groups
        recovered = await replay_all(self._journal, groups, self._events_kept)
        promised = {lot for imported in catalogue.unlisted() for lot, _, _ in imported.lots}
        for group, lots in groups.items():
            there = (lot for lot in lots if lot not in promised or recovered[lot].commit is not None)
            self._settle_in(group, {lot: recovered[lot] for lot in there})
        await self._take_over_open_groups()
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

    def _settle_in(self, group: str, recovered: Mapping[str, Recovered]) -> None:
        actor = self._actors[group] = Actor(group)
        for lot, (commit, tail, entries) in recovered.items():
            self.figures.recovered_entries += entries
            self._actor_of[lot] = actor
            if commit is None:
                raise LogDamaged(f"Lot {lot} is in the catalogue, but its log is empty.")
            actor.remember(commit.state, tail)
            self._watch.latest_at = max(self._watch.latest_at, commit.state.last_at)
            self._committed(commit)

    async def _finish_imports(self, imports: Iterable[Import]) -> None:
        for imported in imports:
            self._watch.latest_at = max(self._watch.latest_at, imported.at)
            self._has_happened(imported, imported.listings())
        await self._imports.see_through_at_start()

    def _line_up(self, lots: Iterable[str]) -> None:
        """Put the lots of each sale into the order in which they were listed; they were recovered group by group."""
        listings = {lot: promise.listing for lot, promise in self._imports.promised.items()}
        listings |= {lot: standing.state.listing for lot, standing in self.lots.items()}
        self._lots_of.clear()
        for listing in (listings[lot] for lot in lots if lot in listings):
            self._lots_of.setdefault(listing.sale, {})[listing.lot] = None

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
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._rostrum.run())
                group.create_task(self._watch.run())
                group.create_task(self._refuse_after_patience())
                group.create_task(self._see_imports_through())
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
        self._refuse_waiting(self._actors.values(), "The house is closing; send it again.")

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
                self._refuse_waiting(self._actors.values(), "Bids cannot be stored at the moment; nothing was kept.")

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
        self._lots_of.setdefault(lot.sale, {})[lot.lot] = None
        if lot.sale not in self.sales:
            self.sales[lot.sale] = Sale(sale=lot.sale, title=lot.sale)
        if self._bell is not None and (before is None or before.state.deadline != lot.deadline):
            self._bell.set(lot.lot, lot.deadline)
        if before is not None and before.state.phase is Phase.OPEN and lot.phase in (Phase.SOLD, Phase.PASSED):
            self._observe_closing(lot.ended_at, before.state.closes_at)
        self.publish(commit)

    def _observe_closing(self, ended_at: int, closes_at: int | None) -> None:
        """Measure how late the hammer fell; one that a clerk or a buyer let fall before the end was not late."""
        if closes_at is not None and ended_at >= closes_at:
            self.figures.closing_lag_us.observe(self.clock.now() - closes_at)

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
        actor = self._actor_of[lot.lot]
        if actor.broken is not None or lot.closes_at is None:
            return
        upcoming = lot.phase is Phase.UPCOMING
        opening: list[Order] = [Ring(lot.lot)] if upcoming else []
        due = lot.terms.opens_at if upcoming else lot.closes_at
        actor.put_in([*opening, ExtendForOutage(lot.lot, end)], due, self.clock.now())
        self._rostrum.call(actor)


class _Beside:
    """The lots of an import beside each other."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._names = {listing.lot for listing in listings}
        self._seen: set[str] = set()

    def clash(self, listing: Listing) -> Refused | None:
        """Say why the next lot cannot be imported with the others."""
        lot, group = listing.lot, listing.terms.group
        if lot in self._seen:
            return Refused(Code.CONFLICT, f"Lot {lot!r} stands twice in this import.")
        self._seen.add(lot)
        if group in self._names:
            return Refused(Code.MALFORMED, f"group {group!r} is the id of a lot in this import.")
        return None


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
