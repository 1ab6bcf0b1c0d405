"""The listing desk: how lots come into the house, one by one or a whole sale at once.

A lot goes into its log first and then into the catalogue; a whole sale goes into the catalogue first, and is then
carried through by the import desk. It refuses to know who may list, and how an order is decided.

Invariants: a name is taken by one lot for ever, and while somebody is listing it by nobody else; an import is refused
with all that stands against it, before anything is written. Times are microseconds. Source: design.md, "The journal".
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer
from engine.catalogue import lot_record
from engine.commit import Standing
from engine.errors import StoreError
from engine.import_desk import ImportDesk
from engine.imports import Import
from engine.journal import Journal
from engine.limits import EngineLimits
from engine.outages import Outage
from engine.pen import Tail
from engine.registers import Registers
from engine.rostrum import Rostrum
from lots.decisions import decide
from lots.listing import Listing, Sale
from lots.orders import ListLot, Order
from lots.refusals import Code, Refused
from lots.state import Accepted

_LOOKED_AT_ONCE = 200
"""Lots of an import that are looked at in one pass of the loop."""


class Seats:
    """Which actor a lot and a group belong to; a name that is here is taken.

    `org_of`: which consignor runs a group. It is one for ever: lots of a group extend and stop each other.
    """

    def __init__(self) -> None:
        self.of_group: dict[str, Actor] = {}
        self.of_lot: dict[str, Actor] = {}
        self.org_of: dict[str, str | None] = {}

    def take(self, listing: Listing) -> Actor:
        """Give a lot its actor."""
        actor = self.of_group.setdefault(listing.group, Actor(listing.group))
        self.of_lot[listing.lot] = actor
        self.org_of.setdefault(listing.group, listing.org)
        return actor


class Obstacle(NamedTuple):
    """Why an import cannot be made: because of one of its lots, or, without a lot, because of its sale."""

    lot: str | None
    refused: Refused


class Host(Protocol):
    """What the desk needs of the house."""

    @property
    def clock(self) -> Clock:
        """The house's clock."""
        ...

    @property
    def limits(self) -> EngineLimits:
        """What the house bears."""
        ...

    @property
    def lots(self) -> Mapping[str, Standing]:
        """How every lot stands, by id."""
        ...

    async def ask(self, order: Order) -> Answer:
        """Give an order and wait for the answer."""
        ...

    def out_of_service(self) -> str | None:
        """Say why the house takes nothing now, if so."""
        ...

    def late_to_be_listed(self, outage: Outage, actor: Actor) -> None:
        """Hear that a lot could not be bid on before its end."""
        ...


class ListingDesk:
    """Takes lots in.

    Args:
        host: The house.
        journal: Where logs and catalogue are.
        rostrum: Carries out what is handed to the actors.
        registers: Where sales are.
        seats: Which actors there are.

    Attributes:
        imports: Carries imports through.
        order: The lots of each sale, in the order in which they were listed.
    """

    def __init__(self, host: Host, journal: Journal, rostrum: Rostrum, registers: Registers, seats: Seats) -> None:
        self._host = host
        self._journal = journal
        self._rostrum = rostrum
        self._registers = registers
        self._seats = seats
        self._in_hand: list[str] = []
        self.order: dict[str, dict[str, None]] = {}
        self.imports = ImportDesk(
            journal,
            host.clock,
            host.limits,
            rostrum,
            seat=seats.take,
            late=host.late_to_be_listed,
            barred=self._defaulters_before,
        )
        registers.imports_are_known = self.imports_are_known

    # One lot ----------------------------------------------------------------------------------------------------------

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
            async with self._registers.turn:
                refused = await self._place(listing)
            if refused is not None:
                return refused
            answer = await self._host.ask(ListLot(listing, self._defaulters_before(listing)))
            uncatalogued = self._seats.of_lot[listing.lot].uncatalogued
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
        if not await self.imports_are_known() or listing.lot in self.imports.promised:
            return Refused(Code.UNAVAILABLE, "An import is not finished yet; list the lot again in a moment.")
        refused = self.cannot_list(listing)
        if refused is None and listing.lot not in self._seats.of_lot:
            await self._rostrum.between_rounds(lambda: [self._make_room(listing)])
        return refused

    def cannot_list(self, listing: Listing) -> Refused | None:
        """Return why a lot cannot be listed whatever its log says, if so; nothing is changed by asking."""
        sentence = self._host.out_of_service()
        if sentence is not None:
            return Refused(Code.UNAVAILABLE, sentence)
        known = self._seats.of_lot.get(listing.lot)
        if known is None:
            return self._cannot_begin(listing)
        if known.group != listing.group:
            return Refused(Code.CONFLICT, f"Lot {listing.lot!r} is listed already, in another group.")
        return None

    def _cannot_begin(self, listing: Listing) -> Refused | None:
        """Return what stands against a lot that is not here yet."""
        group, closes_at = listing.terms.group, listing.terms.closes_at
        before = self._host.lots.get(listing.before or "")
        if closes_at is not None and closes_at <= self._host.clock.now():
            return Refused(Code.MALFORMED, "closes_at has passed: the lot could not be bid on.")
        if group in self._seats.of_lot:
            return Refused(Code.MALFORMED, f"group {group!r} is the id of a lot.")
        if listing.lot in self._seats.of_group:
            return Refused(Code.CONFLICT, f"{listing.lot!r} is the name of a group.")
        if self._seats.org_of.get(listing.group, listing.org) != listing.org:
            return Refused(Code.CONFLICT, f"Group {group!r} is run by another consignor.")
        if before is not None and not before.state.is_free:
            return Refused(Code.CONFLICT, f"Lot {listing.before!r} was bought, or is still on offer.")
        return None

    def _make_room(self, listing: Listing) -> Actor:
        actor = self._seats.take(listing)
        actor.tails.setdefault(listing.lot, Tail())
        actor.uncatalogued.add(listing.lot)
        return actor

    # Whole sales ------------------------------------------------------------------------------------------------------

    async def import_sale(self, sale: Sale, listings: Sequence[Listing]) -> Answer | list[Obstacle]:
        """List a sale with all its lots, or nothing of it; the same again is harmless.

        Returns:
            The acceptance; all objections, where there are any; or the refusal when the store is away, after which
            the same import may be made again: it is then finished, or made.
        """
        async with self._registers.turn:
            if not await self.imports_are_known():
                return Refused(Code.UNAVAILABLE, "The import could not be stored; send it again.")
            objections = await self.objections_to(sale, listings)
            if objections:
                return objections
            new = [listing for listing in listings if self._is_new(listing.lot)]
            repeat = not new and self._registers.is_listed(sale.sale)
            if not repeat and not await self._write_import(sale, new):
                return Refused(Code.UNAVAILABLE, "The import could not be stored; send it again.")
        await self.imports.see_through()
        if any(listing.lot in self.imports.promised for listing in listings):
            return Refused(Code.UNAVAILABLE, "The import is stored, but its lots wait for the store; send it again.")
        return self._registers.kept(repeat=repeat)

    async def objections_to(self, sale: Sale, listings: Sequence[Listing]) -> list[Obstacle]:
        """Return all that stands against importing this sale now, in the order of its lots."""
        sentence = self._host.out_of_service()
        if sentence is not None:
            return [Obstacle(None, Refused(Code.UNAVAILABLE, sentence))]
        found: list[Obstacle] = []
        if self._registers.is_listed(sale.sale) and self._registers.sales[sale.sale] != sale:
            conflict = Refused(Code.CONFLICT, f"Sale {sale.sale!r} is listed already, as something else.")
            found.append(Obstacle(None, conflict))
        beside = _Beside(listings)
        for number, listing in enumerate(listings, start=1):
            refused = beside.clash(listing) or self._cannot_import(listing)
            if refused is not None:
                found.append(Obstacle(listing.lot, refused))
            if number % _LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _cannot_import(self, listing: Listing) -> Refused | None:
        """Say why a lot would not be listed as it is."""
        promise = self.imports.promised.get(listing.lot)
        if promise is not None and promise.listing == listing:
            return None
        refused = self.cannot_list(listing)
        if refused is not None:
            return refused
        if promise is not None or self._is_unclear(listing.lot):
            return Refused(Code.UNAVAILABLE, f"Lot {listing.lot!r} is being listed; send the import again in a moment.")
        actor = self._seats.of_group.get(listing.group) or Actor(listing.group)
        if actor.broken is not None:
            return Refused(Code.UNAVAILABLE, f"Group {listing.group!r} is out of order; the house has been told.")
        outcome = decide(actor.lots, ListLot(listing), self._host.clock.now()).outcome
        return outcome if isinstance(outcome, Refused) else None

    def _is_unclear(self, lot: str) -> bool:
        """Whether somebody else is listing a lot of this name, or has tried to and only its log knows the outcome."""
        actor = self._seats.of_lot.get(lot)
        return lot in self._in_hand or (actor is not None and lot not in self._host.lots and not actor.epoch)

    def _is_new(self, lot: str) -> bool:
        """Whether a lot must be imported: the catalogue does not have it yet."""
        if lot in self.imports.promised:
            return False
        return lot not in self._host.lots or lot in self._seats.of_lot[lot].uncatalogued

    async def _write_import(self, sale: Sale, listings: Sequence[Listing]) -> bool:
        try:
            imported = await self.imports.writer.write(sale, listings, self._host.clock.now())
        except StoreError:
            return False
        self.has_happened(imported, listings)
        return True

    async def imports_are_known(self) -> bool:
        """Find out what became of an import whose fate is unknown, before anything else takes a name from it."""
        try:
            imported = await self.imports.writer.settle()
        except StoreError:
            return False
        if imported is not None:
            self.has_happened(imported, imported.listings())
        return True

    def has_happened(self, imported: Import, listings: Iterable[Listing]) -> None:
        """Take in an import that is whole: its sale is listed, its lots are promised, and in the catalogue."""
        self._registers.note_sale(imported.sale)
        order = self.order.setdefault(imported.sale.sale, {})
        for packed in imported.lots:
            order.setdefault(packed.lot)
            if packed.lot in self._host.lots:
                self._seats.of_lot[packed.lot].uncatalogued.discard(packed.lot)
        self.imports.promise(imported, [listing for listing in listings if listing.lot not in self._host.lots])

    def _defaulters_before(self, listing: Listing) -> tuple[str, ...]:
        """Return who may not bid on a lot because he did not pay for one that it offers again, however often since."""
        defaulters: dict[str, None] = {}
        behind = {listing.lot}
        before = listing.before
        while before is not None and before in self._host.lots and before not in behind:
            behind.add(before)
            lot = self._host.lots[before].state
            defaulters |= dict.fromkeys(lot.defaulters)
            before = lot.listing.before
        return tuple(defaulters)

    async def see_imports_through(self) -> None:
        """Go on with imports that the store has kept from being finished."""
        while True:
            await asyncio.sleep(self._host.limits.probe_us / SECOND_US)
            if not self.imports.is_idle and self._host.out_of_service() is None:
                async with self._registers.turn:
                    await self.imports_are_known()
                await self.imports.see_through()


class _Beside:
    """The lots of an import beside each other."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._names = {listing.lot for listing in listings}
        self._seen: set[str] = set()
        self._org_of: dict[str, str | None] = {}

    def clash(self, listing: Listing) -> Refused | None:
        """Say why the next lot cannot be imported with the others."""
        lot, group = listing.lot, listing.terms.group
        if lot in self._seen:
            return Refused(Code.CONFLICT, f"Lot {lot!r} stands twice in this import.")
        self._seen.add(lot)
        if group in self._names:
            return Refused(Code.MALFORMED, f"group {group!r} is the id of a lot in this import.")
        if self._org_of.setdefault(listing.group, listing.org) != listing.org:
            return Refused(Code.CONFLICT, f"Group {group!r} has lots of several consignors in this import.")
        return None
