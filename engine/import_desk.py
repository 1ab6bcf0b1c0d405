"""The import desk: carries through what imports have promised.

An import that is whole has happened, whatever becomes of this process: its lots are promised until each of them is in
its log. The desk hands them to their actors like any listing, as of the import's own instant, and again for as long as
the store does not take them; one whose end has passed meanwhile is told as late, to be extended as after an outage.
It refuses to know what may be imported, and who asks.

Invariants: a name that is promised is taken; a promise ends with the lot in its log; only then the catalogue is told
that an import is done. Times are microseconds.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer
from engine.errors import StoreError
from engine.imports import Import, ImportWriter, listed_record
from engine.journal import Journal
from engine.limits import EngineLimits
from engine.outages import Outage
from engine.pen import Tail
from engine.rostrum import Rostrum
from lots.listing import Listing
from lots.orders import ListLot
from lots.refusals import Code, Refused

log = logging.getLogger(__name__)

_PORTION = 50
"""Lots that are handed in at once: bids on other lots wait for no more than these."""


class Promise(NamedTuple):
    """A lot that is to be listed."""

    listing: Listing
    imported: Import
    actor: Actor


class ImportDesk:
    """Writes imports, and sees them through.

    Args:
        journal: Where the catalogue is.
        clock: Tells the time.
        limits: How much is taken on at once.
        rostrum: Carries out what is handed to the actors.
        seat: Gives a lot its actor, under which its name is taken.
        late: Told that a lot could not be bid on before its end.
        barred: Says who may not bid on a lot from the first.

    Attributes:
        promised: The lots that are to be listed, by id.
        writer: Writes imports.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        limits: EngineLimits,
        rostrum: Rostrum,
        *,
        seat: Callable[[Listing], Actor],
        late: Callable[[Outage, Actor], None],
        barred: Callable[[Listing], tuple[str, ...]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._patience_s = limits.store_patience_us / SECOND_US
        self._rostrum = rostrum
        self._seat = seat
        self._late = late
        self._barred = barred
        self._seeing_through = asyncio.Lock()
        self._unfinished: list[Import] = []
        self.promised: dict[str, Promise] = {}
        self.writer = ImportWriter(journal, limits.import_part_bytes)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._unfinished and self.writer.unsure is None

    def promise(self, imported: Import, listings: Iterable[Listing]) -> None:
        """Take over an import that is whole, with those of its lots that are not in their logs yet."""
        self._unfinished.append(imported)
        for listing in listings:
            self.promised[listing.lot] = Promise(listing, imported, self._seat(listing))

    async def see_through(self) -> None:
        """List what is promised, and note which imports are done; what cannot be done now stays as it is."""
        async with self._seeing_through:
            try:
                for some in self._portions():
                    await self._answered(some, await self._hand_in(some))
                await self._note_done()
            except StoreError as error:
                log.warning("Imports are not seen through yet: %s", error)

    async def see_through_at_start(self) -> None:
        """Do the same while the rostrum does not run yet.

        Raises:
            StoreError: the store does not answer.
        """
        for some in self._portions():
            await self._hand_in(some)
            await self._rostrum.drain()
        await self._note_done()

    def _portions(self) -> Iterator[list[Promise]]:
        promises = [promise for promise in self.promised.values() if promise.actor.broken is None]
        for start in range(0, len(promises), _PORTION):
            yield promises[start : start + _PORTION]

    async def _hand_in(self, promises: Sequence[Promise]) -> "list[asyncio.Future[Answer]]":
        """Put listings into the inboxes of their actors, as of the instant of their import."""
        await self._rostrum.between_rounds(lambda: _make_room(promises))
        answers = []
        for promise in promises:
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            if promise.actor.broken is None:
                order, at = ListLot(promise.listing, self._barred(promise.listing)), promise.imported.at
                promise.actor.put_in_as_of(order, at, partial(self._heard, promise, answered))
                self._rostrum.call(promise.actor)
            answers.append(answered)
        return answers

    async def _answered(self, promises: Sequence[Promise], answers: "Sequence[asyncio.Future[Answer]]") -> None:
        """Wait for the answers, except from actors that have been stopped: some of theirs never come."""
        while waiting := [
            answer
            for promise, answer in zip(promises, answers, strict=True)
            if promise.actor.broken is None and not answer.done()
        ]:
            await asyncio.wait(waiting, timeout=self._patience_s)

    def _heard(self, promise: Promise, answered: "asyncio.Future[Answer]", answer: Answer) -> None:
        """Take the answer before anything else is decided: a late lot must be extended before its end is rung."""
        listing = promise.listing
        if not answered.done():
            answered.set_result(answer)
        if isinstance(answer, Refused):
            if answer.code is not Code.UNAVAILABLE:
                log.error("Lot %s was imported, and is refused: %s", listing.lot, answer.detail)
                self.promised.pop(listing.lot, None)
            return
        end, now = listing.terms.closes_at, self._clock.now()
        if self.promised.pop(listing.lot, None) is not None and end is not None and end <= now:
            self._late(Outage(promise.imported.at, now), promise.actor)

    async def _note_done(self) -> None:
        open_still = {promise.imported.name for promise in self.promised.values()}
        done = [imported for imported in self._unfinished if imported.name not in open_still]
        if done:
            await self._journal.enter_in_catalogue([listed_record(imported.name) for imported in done])
            self._unfinished = [imported for imported in self._unfinished if imported.name in open_still]


def _make_room(promises: Iterable[Promise]) -> list[Actor]:
    """Give each lot its place in its actor, and return the actors that must be taken over for it."""
    actors: dict[str, Actor] = {}
    for listing, _, actor in promises:
        if listing.lot not in actor.tails:
            actor.tails[listing.lot] = Tail()
            actors[actor.group] = actor
    return list(actors.values())
