"""The watchers of a storm: each checks its feed as it hears it, and takes it up again where it broke.

Refuses to know the log and who misbehaves. Invariants: a full feed begins with the listing, so that it can be held
against the whole log; ushers watch every lot, so that none goes unseen; the same bytes are decoded once, however many
hear them. The first time that anyone hears of a close is kept, in microseconds of the wall.
"""

import time
from collections.abc import Mapping, Sequence

import orjson

from bench.feed import FullFeed, Message
from bench.feeds import Feed, Told
from bench.load import Address, Bounds, Line, frame
from bench.storms.kept_line import KeptLine
from bench.storms.mishaps import Mishap

ENDED = frozenset({"sold", "passed", "withdrawn"})
CLOSES = frozenset({"lot_sold", "lot_passed"})
LOTS_PER_USHER = 250
_KNOWN_MAX = 8_192


class Earshot:
    """What all watchers have in common: decoded messages, and when lots were heard to close."""

    def __init__(self) -> None:
        self.closed_us: dict[str, int] = {}  # lot -> first heard of, on the wall's clock
        self._known: dict[bytes, Message] = {}

    def decode(self, payload: bytes) -> Message:
        """The message in these bytes, shared among all who hear it: not to be changed."""
        found = self._known.get(payload)
        if found is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            found = self._known[payload] = orjson.loads(payload)
        return found

    def close(self, lot: str) -> None:
        """Somebody hears that a lot has closed."""
        self.closed_us.setdefault(lot, time.time_ns() // 1_000)


class Onlooker:
    """One watcher: of one lot, or of many full feeds if he is an usher."""

    def __init__(self, name: str, address: Address, earshot: Earshot, full: Sequence[str], live: Sequence[str]) -> None:
        self.name = name
        self.full: Mapping[str, FullFeed] = {lot: FullFeed(lot) for lot in full}
        self.live: Mapping[str, Feed] = {lot: Feed(lot, full=False) for lot in live}
        self.kept = KeptLine(address, None, self._hear, self._greet)
        self.frames = 0
        self.rebuked = 0
        self.is_seated = False
        self.resumed = 0
        self._earshot = earshot
        self._awaited = 0
        self._is_watching = False

    def watch(self) -> None:
        """Begin to watch: the lots are listed now."""
        self._is_watching = True
        if self.kept.line is not None:
            self._greet(self.kept.line)

    def befall(self, mishap: Mishap) -> bool:
        """Let a mishap happen to the line; False where it is away."""
        return self.kept.befall(mishap)

    def faults(self) -> int:
        """How many faults the feeds have heard so far, the kept ones at least."""
        return sum(len(feed.faults) for feed in self.full.values()) + sum(feed.gaps for feed in self.live.values())

    def resets(self) -> int:
        """How often the house began a feed anew instead of resuming it."""
        return sum(feed.resets for feed in self.full.values()) + sum(feed.resets for feed in self.live.values())

    def _greet(self, line: Line) -> None:
        if self._is_watching:
            self.resumed += self.is_seated
            asked = [*(feed.watch() for feed in self.full.values()), *(feed.watch() for feed in self.live.values())]
            self._awaited = len(asked)
            line.write(b"".join(frame(orjson.dumps(message)) for message in asked))

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        for where in messages:
            self._take(self._earshot.decode(data[where]))

    def _take(self, message: Message) -> None:
        self.frames += 1
        match message["ev"]:
            case "lot" | "resumed":
                self._awaited -= 1
                self.is_seated = self._awaited <= 0
            case "error":
                self.rebuked += 1
        lot = message.get("lot", "")
        if (full := self.full.get(lot)) is not None:
            if message["ev"] in CLOSES and message["seq"] == full.seq + 1:
                self._earshot.close(lot)
            full.hear(message)
        elif (live := self.live.get(lot)) is not None:
            live.hear(
                Told(message["ev"], lot, message.get("seq", 0), message.get("head", ""), bool(message.get("reset")))
            )
