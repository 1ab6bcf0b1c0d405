"""What a watcher heard: a full feed is checked for gaps, a live feed for running back.

Refuses to know sockets and what an event means. Invariants: a full feed counts 1 by 1 from its snapshot; a snapshot
with `reset` starts it anew; a live feed never runs back; how many watch is no frame of a feed. All watchers of a lot
get the same bytes, so a payload is decoded once and looked up after that. `seq` is the number of a public event.
"""

from collections.abc import Callable

import msgspec

_KNOWN_MAX = 4_096
_UNNUMBERED = frozenset({"hello", "status", "you", "error", "goodbye", "time", "heartbeat", "watchers"})


class Told(msgspec.Struct, frozen=True):
    """What a watcher reads of a message; all else is ignored."""

    ev: str
    lot: str = ""
    seq: int = 0
    head: str = ""
    reset: bool = False


def decoding() -> Callable[[bytes], Told]:
    """A decoder that remembers what it has seen."""
    decoder = msgspec.json.Decoder(Told)
    known: dict[bytes, Told] = {}

    def told(payload: bytes) -> Told:
        found = known.get(payload)
        if found is None:
            if len(known) >= _KNOWN_MAX:
                known.clear()
            found = known[payload] = decoder.decode(payload)
        return found

    return told


class Feed:
    """One watcher's copy of a lot: how far it got and what was wrong with it."""

    def __init__(self, lot: str, *, full: bool) -> None:
        self.lot = lot
        self.full = full
        self.seq = 0
        self.head = ""
        self.started = False
        self.frames = 0
        self.gaps = 0
        self.resets = 0
        self.drops = 0  # how often the line was lost and taken up again

    def hear(self, told: Told) -> None:
        """Take the next message."""
        self.frames += told.ev != "watchers"
        if told.ev in _UNNUMBERED:
            return
        if told.ev == "lot":
            self._start(told)
        elif told.ev == "resumed":
            self.gaps += told.head != self.head
        elif self.full:
            self._follow(told)
        elif told.ev == "state":
            self.gaps += told.seq < self.seq
            self.seq = told.seq

    def watch(self) -> dict[str, object]:
        """The `watch` message that starts this feed, or takes it up where it broke."""
        message: dict[str, object] = {"op": "watch", "lot": self.lot, "feed": "full" if self.full else "live"}
        if self.full and self.started:
            message |= {"after": self.seq, "head": self.head}
        return message

    def _start(self, told: Told) -> None:
        self.resets += told.reset
        self.seq, self.head, self.started = told.seq, told.head, True

    def _follow(self, told: Told) -> None:
        self.gaps += told.seq != self.seq + 1
        self.seq, self.head = told.seq, told.head
