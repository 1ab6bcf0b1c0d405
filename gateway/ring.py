"""The ring: the latest public events of one lot as ready frames, to bring a watcher up to date from.

It refuses to know who watches. Every event is kept as its MessagePack frame (the journal's bytes and its head), which
is also the source of its JSON frame when somebody who reads JSON asks for it; lots that nobody watches so cost one
`bytes` object per event.

Invariants: the events kept are `floor + 1 .. top` without gaps; of many, the last `events_max` at least, and at most
an eighth more, so that forgetting is rare and cheap. `seq` counts from 1; a head is 32 hex digits, "" where it is not
known.
"""

from collections.abc import Sequence

from engine.chains import HEAD_GENESIS
from engine.commit import PublicEvent
from gateway.frames import JSON, MSGPACK, Codec, unpacked_event

_HEAD_DIGITS = 32


class Ring:
    """The latest events of a lot."""

    __slots__ = ("_binary", "_events_max", "_floor_head", "_text", "floor")

    def __init__(self, seq: int, head: str, events_max: int) -> None:
        self.floor = seq
        self._floor_head = head
        self._events_max = events_max
        self._binary: list[bytes] = []
        self._text: dict[int, bytes] = {}

    @property
    def top(self) -> int:
        """The number of the latest event, kept or not."""
        return self.floor + len(self._binary)

    def head(self, seq: int) -> str:
        """Return the public chain's value at `seq`, "" where it is not known; `floor <= seq <= top`."""
        if seq == self.floor:
            return self._floor_head
        return self._binary[seq - self.floor - 1][-_HEAD_DIGITS:].decode()

    def reaches(self, seq: int) -> bool:
        """Whether all events after `seq` are here."""
        return self.floor <= seq <= self.top

    def add(self, event: PublicEvent, *, as_text: bool) -> None:
        """Keep the next event; one that leaves a gap begins the ring anew."""
        if event.seq != self.top + 1:
            self._begin_anew(event.seq - 1)
        self._binary.append(MSGPACK.event_frame(event))
        if as_text:
            self._text[event.seq] = JSON.event_frame(event)
        extra = len(self._binary) - self._events_max
        if extra > self._events_max // 8:
            self._forget(extra)

    def fill(self, events: Sequence[PublicEvent]) -> None:
        """Put in what recovery read from the journal: the latest events, oldest first, up to where the ring begins."""
        if self._binary or not events or events[-1].seq != self.floor:
            return
        self._begin_anew(events[0].seq - 1)
        for event in events:
            self.add(event, as_text=False)

    def frames(self, codec: Codec, after: int, upto: int) -> bytes:
        """Return the frames of the events `after + 1 .. upto`, joined; both within the ring."""
        if codec is MSGPACK:
            start = after - self.floor
            kept = self._binary[start : upto - self.floor]
        else:
            kept = [self._as_text(seq) for seq in range(after + 1, upto + 1)]
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def _as_text(self, seq: int) -> bytes:
        frame = self._text.get(seq)
        if frame is None:
            frame = self._text[seq] = JSON.frame(unpacked_event(self._binary[seq - self.floor - 1]))
        return frame

    def _forget(self, count: int) -> None:
        floor = self.floor + count
        self._floor_head = self.head(floor)
        del self._binary[:count]
        self._text = {seq: frame for seq, frame in self._text.items() if seq > floor}
        self.floor = floor

    def _begin_anew(self, seq: int) -> None:
        self.floor, self._floor_head = seq, "" if seq else HEAD_GENESIS.hex()
        self._binary.clear()
        self._text.clear()
