"""A copy of one lot made from its full feed, checked against itself as it is heard and against the log afterwards.

It refuses to know sockets, and what the events mean beyond the fields that they change. Invariants: events are numbered
one by one; each head follows from the one before and the event's own public part, so that two copies with equal
heads hold equal events, and a copy keeps heads alone; a snapshot plus the events after it is the later snapshot.
Amounts and instants pass through untouched. Source: protocol.md, "Server to client"; design.md, "The journal":
head_n = SHA-256(head_{n-1} || public msgpack without head), cut to 16 bytes, shown as 32 hex digits.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgpack

Message = dict[str, Any]

GENESIS = bytes(16).hex()
"""The head before the first event."""

STANDING = (
    "phase",
    "price",
    "ask",
    "bids",
    "leader",
    "reserve",
    "closes_at",
    "extensions",
    "hammer_price",
    "notice",
    "warned",
)
"""What the events of a full feed change."""

_ANSWERS = frozenset({"lot", "resumed"})
_UNNUMBERED = frozenset({"hello", "status", "you", "error", "goodbye", "time", "accepted", "refused", "watchers"})
_FAULTS_KEPT = 5


def next_head(head: str, event: Mapping[str, Any]) -> str:
    """Work out the head after `event` from the one before it; the event's own `head` has no part in it."""
    public: bytes = msgpack.packb({name: value for name, value in event.items() if name != "head"})
    return sha256(bytes.fromhex(head) + public).hexdigest()[: len(GENESIS)]


def standing(message: Mapping[str, Any]) -> Message:
    """Pick the fields of `STANDING` that a snapshot or an event carries."""
    return {name: message[name] for name in STANDING if name in message}


class FullFeed:
    """One watcher's copy of a lot.

    Attributes:
        seq: The number of the last event heard, or of the snapshot it began with.
        head: The public chain's value there, 32 hex digits.
        state: The fields of `STANDING` there.
        heads: The head of every event heard, by its number.
        resets: How often the server began the feed anew instead of resuming it.
        faults: What was wrong, as sentences; the first few are kept.
    """

    def __init__(self, lot: str, *, from_start: bool = True) -> None:
        """Make an empty copy: `from_start` asks for every event since the listing, else it begins with a snapshot."""
        self.lot = lot
        self.seq = 0
        self.head = GENESIS
        self.state: Message = {}
        self.heads: dict[int, str] = {}
        self.resets = 0
        self.faults: list[str] = []
        self._begun = from_start

    def watch(self) -> Message:
        """Return the message that starts this feed, or takes it up where it broke."""
        message: Message = {"op": "watch", "lot": self.lot, "feed": "full"}
        return {**message, "after": self.seq, "head": self.head} if self._begun else message

    def hear(self, message: Message) -> None:
        """Take the next message about this lot."""
        match message["ev"]:
            case "lot":
                self._start(message)
            case "resumed":
                self._expect(message["to"], message["head"], "resumed")
            case "heartbeat":
                self._expect(message["seq"], message["head"], "the heartbeat")
            case ev if ev not in _UNNUMBERED:
                self._follow(message)

    def differences(self, log: Sequence[Message]) -> list[str]:
        """Say how this copy differs from the lot's log, which is given from its first event and has been checked."""
        heads = {event["seq"]: event["head"] for event in log}
        wrong = [seq for seq, head in self.heads.items() if heads.get(seq) != head]
        faults = [f"event {seq} of the feed is not that of the log" for seq in sorted(wrong)[:1]]
        if not log or self.seq != log[-1]["seq"]:
            faults.append(f"the feed ends at seq {self.seq}, the log at {log[-1]['seq'] if log else 0}")
        elif self.head != log[-1]["head"]:
            faults.append(f"the feed ends with head {self.head}, the log with {log[-1]['head']}")
        return faults

    def _start(self, snapshot: Message) -> None:
        shown = standing(snapshot)
        if snapshot["seq"] == self.seq and self.state and shown != self.state:
            self._fault(f"the snapshot at seq {self.seq} is not what its events led to: {_unlike(self.state, shown)}")
        if self._begun and not snapshot["reset"]:
            self._fault(f"a snapshot at seq {snapshot['seq']} came in place of the events after {self.seq}")
        self.resets += self._begun
        self._begun = True
        self.seq, self.head, self.state = snapshot["seq"], snapshot["head"], shown

    def _follow(self, event: Message) -> None:
        seq, head = event["seq"], event["head"]
        if seq != self.seq + 1:
            self._fault(f"seq {seq} follows {self.seq}")
        elif head != next_head(self.head, event):
            self._fault(f"the head of event {seq} does not follow from the events before it")
        self.seq, self.head = seq, head
        self.heads[seq] = head
        self.state.update(standing(event))

    def _expect(self, seq: int, head: str, where: str) -> None:
        if (seq, head) != (self.seq, self.head):
            self._fault(f"{where} tells of seq {seq} and head {head}, the feed is at {self.seq} and {self.head}")

    def _fault(self, sentence: str) -> None:
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(sentence)


def is_answer(message: Message) -> bool:
    """Whether this message answers a `watch`."""
    return message["ev"] in _ANSWERS


def read_log(lot: str, events: Sequence[Message]) -> FullFeed:
    """Make a copy from a lot's whole log, with the same checks as a watcher's."""
    copy = FullFeed(lot)
    for event in events:
        copy.hear(event)
    return copy


def _unlike(one: Message, other: Message) -> str:
    names = [name for name in STANDING if one.get(name) != other.get(name)]
    return ", ".join(f"{name} {one.get(name)!r} / {other.get(name)!r}" for name in names)
