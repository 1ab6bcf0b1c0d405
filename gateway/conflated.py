"""Conflated feeds: the latest state of a lot, or of all lots of a sale; who misses a turn misses nothing.

They refuse to number and to repeat: only the latest counts, so a slow reader costs nothing but his cursor. A sale
begins with its catalogue, in parts that are encoded once for all who come within a second.

Invariants: after a turn every watcher who reads has the state at that turn, or a later one; a lot that did not change
is not repeated; no message is longer than a part. Versions count turns; sizes are bytes, instants microseconds.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from clock.instants import SECOND_US
from engine.commit import PublicEvent, Standing
from gateway.channel import Channel, lot_heartbeat
from gateway.feeds import Feed, Watch
from gateway.floor import Floor
from gateway.frames import CODECS, Codec, Message
from lots import views
from lots.phases import ENDED
from lots.state import Lot

CATALOGUE_FRESH_US: Final = SECOND_US
FIELDS_MAX: Final = 1_024
"""Room in a part for everything but its lots."""


class Conflated(Feed):
    """What conflated feeds have in common: they take turns."""

    __slots__ = ()

    def turn(self) -> None:
        """Let the next sweep tell what has changed since the last turn."""
        self.latest += 1

    def reaches(self, cursor: int) -> bool:
        """From everywhere, since only the latest counts."""
        return cursor <= self.latest

    def start_over(self, watch: Watch) -> bytes:
        """Never needed."""
        raise AssertionError(f"a conflated feed at {self.latest} does not reach {watch.cursor}")


class LiveFeed(Conflated):
    """The latest state of one lot."""

    __slots__ = ("_floor", "channel")

    def __init__(self, floor: Floor, channel: Channel) -> None:
        super().__init__(0)
        self._floor = floor
        self.channel = channel

    @property
    def state(self) -> Lot:
        """The lot as of now."""
        return self.channel.state

    def changes(self, kind: int, cursor: int, upto: int) -> bytes:
        """Return the `state` message as of now."""
        del cursor, upto
        return CODECS[kind].frame(views.live(self.state, self._floor.clock.now()))

    def heartbeat(self) -> Message:
        """Return where the lot stands, and the time."""
        return lot_heartbeat(self.channel, self._floor.clock.now())

    def status(self, store: str) -> Message:
        """Return whether the store is there."""
        return self.channel.status(store)


class SaleFeed(Conflated):
    """The states of all lots of one sale, and what is newly listed in it."""

    __slots__ = ("_catalogues", "_changed", "_floor", "_listed", "_part_bytes_max", "sale")

    def __init__(self, floor: Floor, sale: str, part_bytes_max: int) -> None:
        super().__init__(0)
        self.sale = sale
        self._floor = floor
        self._part_bytes_max = part_bytes_max
        self._changed: dict[str, int] = {}
        self._listed: dict[str, tuple[int, PublicEvent]] = {}
        self._catalogues: dict[int, Catalogue] = {}

    def note(self, lot: str, listed: PublicEvent | None) -> None:
        """Remember that a lot has changed, or was listed, for the next turn."""
        self._changed.pop(lot, None)
        self._changed[lot] = self.latest + 1
        if listed is not None:
            self._listed[lot] = (self.latest + 1, listed)
            self._catalogues.clear()

    def parts(self, kind: int, bidder: str | None) -> tuple[Iterator[bytes], int]:
        """Return the catalogue for a newcomer, part by part, and the version at which it was begun."""
        catalogue = self._catalogue(kind)
        if bidder is None:
            return iter(catalogue), catalogue.version
        return chain(catalogue, self.yours(kind, bidder)), catalogue.version

    def yours(self, kind: int, bidder: str) -> Iterator[bytes]:
        """Return how he stands in each lot he has a paddle in, since the catalogue is anyone's."""
        standings = (self._floor.lots[lot].state for lot in self._floor.lots_of(self.sale))
        frames = (CODECS[kind].frame(views.you(state, bidder)) for state in standings if bidder in state.paddles)
        for items, _ in in_parts(frames, self._part_bytes_max):
            if items:
                yield b"".join(items)

    def changes(self, kind: int, cursor: int, upto: int) -> bytes:
        """Return what was listed since `cursor`, and the states of the lots that changed since, as of now."""
        del upto
        codec = CODECS[kind]
        changed = list(self._changed_since(cursor))
        listed = (self._listed[lot] for lot in changed if lot in self._listed)
        announced = [codec.event_frame(event) for version, event in listed if version > cursor]
        return b"".join((*announced, *self._states(codec, changed)))

    def heartbeat(self) -> Message:
        """Return the time."""
        return {"ev": "heartbeat", "now": self._floor.clock.now(), "sale": self.sale}

    def status(self, store: str) -> Message:
        """Return whether the store is there."""
        return {"ev": "status", "sale": self.sale, "store": store}

    @property
    def _is_dirty(self) -> bool:
        return bool(self._changed) and self._changed[next(reversed(self._changed))] > self.latest

    def _changed_since(self, cursor: int) -> Iterator[str]:
        for lot, version in reversed(self._changed.items()):
            if version <= cursor:
                return
            yield lot

    def _states(self, codec: Codec, changed: list[str]) -> Iterator[bytes]:
        now = self._floor.clock.now()
        states = (codec.encode(views.live(self._floor.lots[lot].state, now)) for lot in reversed(changed))
        for items, _ in in_parts(states, self._part_bytes_max - FIELDS_MAX):
            if items:
                yield codec.joined({"ev": "states", "sale": self.sale, "now": now}, "states", items)

    def _catalogue(self, kind: int) -> "Catalogue":
        now = self._floor.clock.now()
        catalogue = self._catalogues.get(kind)
        if catalogue is None or now - catalogue.at > CATALOGUE_FRESH_US:
            if self._is_dirty:
                self.turn()
            catalogue = Catalogue(self._floor, self.sale, CODECS[kind], self.latest, self._part_bytes_max)
            self._catalogues[kind] = catalogue
        return catalogue


class Catalogue:
    """A sale's lots at one version by time to close, in parts encoded when the first reader comes to them."""

    __slots__ = ("_made", "_to_make", "at", "version")

    def __init__(self, floor: Floor, sale: str, codec: Codec, version: int, part_bytes_max: int) -> None:
        self.version = version
        self.at = floor.clock.now()
        standings = sorted((floor.lots[lot] for lot in floor.lots_of(sale)), key=_time_to_close)
        snapshots = (codec.encode(views.snapshot(state, head.hex(), self.at)) for state, head in standings)
        named = {"ev": "sale", "sale": sale, "title": floor.sales[sale].title}
        self._made: list[bytes] = []
        self._to_make = (
            codec.joined({**named, "more": more}, "lots", items)
            for items, more in in_parts(snapshots, part_bytes_max - FIELDS_MAX)
        )

    def __iter__(self) -> Iterator[bytes]:
        place = 0
        while place < len(self._made) or self._make():
            yield self._made[place]
            place += 1

    def _make(self) -> bool:
        part = next(self._to_make, b"")
        if part:
            self._made.append(part)
        return bool(part)


def _time_to_close(standing: Standing) -> tuple[bool, bool, int, str]:
    """Order lots by their end, the earliest first; then those whose end is open; then those that are over."""
    lot = standing.state
    end = lot.closes_at or lot.scheduled_close_at or lot.terms.opens_at
    return lot.phase in ENDED, lot.closes_at is None, end, lot.lot


def in_parts(items: Iterator[bytes], bytes_max: int) -> Iterator[tuple[list[bytes], bool]]:
    """Gather items into parts of at most `bytes_max`, each with whether another follows.

    An item that is longer is a part of its own; without any item there is one empty part.
    """
    part: list[bytes] = []
    size = 0
    for item in items:
        if part and size + len(item) + 1 > bytes_max:
            yield part, True
            part, size = [], 0
        part.append(item)
        size += len(item) + 1
    yield part, False
