"""The full feed of one lot: every public event, numbered and without gaps, and the way back into it.

It refuses to conflate, and to know what an event means. A watcher enters by a snapshot or, with the last `seq` and
`head` he has seen, by exactly the events after it.
Invariants: a snapshot at seq n is followed by event n+1; whoever cannot be brought on from where he is gets a
snapshot with `reset`. Versions are the lot's `seq`.
"""

from typing import Final

from engine.commit import Commit
from gateway.feeds import Feed, Watch
from gateway.floor import Floor
from gateway.frames import CODECS, Message
from gateway.ring import Ring
from lots import views
from lots.state import Lot

SNAPSHOT_FRESH_US: Final = 100_000
"""So long one encoding of a snapshot serves all who come, if the lot does not move: its `now` is at most this old."""


class Channel(Feed):
    """A lot's full feed, its ring of events, and how it stood at the latest of them."""

    __slots__ = ("_floor", "_snapshots", "head", "lot", "ring", "state")

    def __init__(self, floor: Floor, state: Lot, seq: int, head: bytes, events_max: int) -> None:
        super().__init__(seq)
        self.state = state
        self.lot = state.lot
        self.head = head.hex()
        self.ring = Ring(seq, self.head, events_max)
        self._floor = floor
        self._snapshots: dict[tuple[int, bool], tuple[int, int, bytes]] = {}

    def take(self, commit: Commit) -> None:
        """Take what has happened into the ring; the next sweep tells it. What was told before is not told again."""
        as_text = self._counts[0] > 0
        for event in commit.said:
            if event.seq > self.ring.top:
                self.ring.add(event, as_text=as_text)
        self.state = commit.state
        self.head = commit.head.hex()
        self.latest = commit.state.seq

    def snapshot(self, kind: int, bidder: str | None = None, *, reset: bool = False) -> bytes:
        """Return the frame of the `lot` message; anyone's is encoded once for all who come in the same moment."""
        now = self._floor.clock.now()
        if bidder is not None:
            return CODECS[kind].frame(self._snapshot(now, bidder, reset=reset))
        seq, at, frame = self._snapshots.get((kind, reset), (-1, 0, b""))
        if seq != self.latest or now - at > SNAPSHOT_FRESH_US:
            frame = CODECS[kind].frame(self._snapshot(now, None, reset=reset))
            self._snapshots[kind, reset] = (self.latest, now, frame)
        return frame

    def resumption(self, kind: int, after: int, head: str | None) -> bytes | None:
        """Return the events after `after`, then `resumed`; None if they are not at hand or `head` does not match."""
        if not self.ring.reaches(after) or (head is not None and head != self.ring.head(after)):
            return None
        resumed = {"ev": "resumed", "lot": self.lot, "from": after, "to": self.latest, "head": self.head}
        return self.changes(kind, after, self.latest) + CODECS[kind].frame(resumed)

    def forget_snapshots(self) -> None:
        """Free what is only of use while many come."""
        self._snapshots.clear()

    def changes(self, kind: int, cursor: int, upto: int) -> bytes:
        """Return the events after `cursor`, joined."""
        return self.ring.frames(CODECS[kind], cursor, upto)

    def reaches(self, cursor: int) -> bool:
        """Whether the ring has all events after `cursor`."""
        return self.ring.reaches(cursor)

    def start_over(self, watch: Watch) -> bytes:
        """Return a snapshot with `reset`."""
        return self.snapshot(watch.kind, watch.bidder, reset=True)

    def heartbeat(self) -> Message:
        """Return where the lot stands, and the time."""
        return lot_heartbeat(self, self._floor.clock.now())

    def status(self, store: str) -> Message:
        """Return whether the store is there."""
        return {"ev": "status", "lot": self.lot, "store": store}

    def _snapshot(self, now: int, bidder: str | None, *, reset: bool) -> Message:
        you = None if bidder is None else views.you(self.state, bidder)
        return views.snapshot(self.state, self.head, now, you, reset=reset)


def lot_heartbeat(channel: Channel, now: int) -> Message:
    """Return the `heartbeat` of a lot."""
    return {
        "ev": "heartbeat",
        "now": now,
        "lot": channel.lot,
        "seq": channel.latest,
        "head": channel.head,
        "closes_at": channel.state.closes_at,
    }
