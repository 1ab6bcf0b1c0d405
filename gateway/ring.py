"""The ring: the latest public events of one lot as ready frames, to bring a watcher up to date from.

It refuses to know who watches. Every event is kept as the journal's bytes and its head, and becomes a MessagePack frame
when somebody asks for it; that is also the source of its JSON frame. Lots that nobody watches cost no frames.

Invariants: the events kept are `floor + 1 .. top` without gaps; of many, the last `events_max` at least, and at most
an eighth more, so that forgetting is rare and cheap. `seq` counts from 1; a head is 32 hex digits, "" where it is not
known.
"""

from collections.abc import Sequence
from typing import TypeAlias

from engine.chains import HEAD_GENESIS
from engine.commit import PublicEvent
from gateway.frames import JSON, MSGPACK, Codec, unpacked_event

_HEAD_DIGITS = 32

Stored: TypeAlias = tuple[bytes, bytes]
"""An event as the journal has it: its packed fields, and its head."""


class Ring:
    """The latest events of a lot."""

    __slots__ = ("_events_max", "_floor_head", "_kept", "_text", "floor")

    def __init__(self, seq: int, head: str, events_max: int) -> None:
        self.floor = seq
        self._floor_head = head
        self._events_max = events_max
        self._kept: list[bytes | Stored] = []
        self._text: dict[int, bytes] = {}

    @property
    def top(self) -> int:
        """The number of the latest event, kept or not."""
        return self.floor + len(self._kept)

    def head(self, seq: int) -> str:
        """Return the public chain's value at `seq`, "" where it is not known; `floor <= seq <= top`."""
        if seq == self.floor:
            return self._floor_head
        kept = self._kept[seq - self.floor - 1]
        return kept[-_HEAD_DIGITS:].decode() if isinstance(kept, bytes) else kept[1].hex()

    def reaches(self, seq: int) -> bool:
        """Whether all events after `seq` are here."""
        return self.floor <= seq <= self.top

    def add(self, event: PublicEvent, *, as_text: bool) -> None:
        """Keep the next event; one that leaves a gap begins the ring anew."""
        if event.seq != self.top + 1:
            self._begin_anew(event.seq - 1)
        self._kept.append((event.packed, event.head))
        if as_text:
            self._text[event.seq] = JSON.event_frame(event)
        extra = len(self._kept) - self._events_max
        if extra > self._events_max // 8:
            self._forget(extra)

    def fill(self, events: Sequence[PublicEvent]) -> None:
        """Put in what recovery read from the journal: the latest events, oldest first, up to where the ring begins."""
        if self._kept or not events or events[-1].seq != self.floor:
            return
        self._begin_anew(events[0].seq - 1)
        for event in events:
            self.add(event, as_text=False)

    def frames(self, codec: Codec, after: int, upto: int) -> bytes:
        """Return the frames of the events `after + 1 .. upto`, joined; both within the ring."""
        if codec is MSGPACK:
            frames = [self._as_binary(seq) for seq in range(after + 1, upto + 1)]
        else:
            frames = [self._as_text(seq) for seq in range(after + 1, upto + 1)]
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def _as_binary(self, seq: int) -> bytes:
        place = seq - self.floor - 1
        kept = self._kept[place]
        if isinstance(kept, bytes):
            return kept
        frame = self._kept[place] = MSGPACK.stored_frame(*kept)
        return frame

    def _as_text(self, seq: int) -> bytes:
        frame = self._text.get(seq)
        if frame is None:
            frame = self._text[seq] = JSON.frame(unpacked_event(self._as_binary(seq)))
        return frame

    def _forget(self, count: int) -> None:
        floor = self.floor + count
        self._floor_head = self.head(floor)
        del self._kept[:count]
        self._text = {seq: frame for seq, frame in self._text.items() if seq > floor}
        self.floor = floor

    def _begin_anew(self, seq: int) -> None:
        self.floor, self._floor_head = seq, "" if seq else HEAD_GENESIS.hex()
        self._kept.clear()
        self._text.clear()
