"""Feeds: how what is new reaches many watchers in order, exactly once, and without one of them holding up the others.

A feed has versions (a full feed counts events, a conflated one its turns) and is swept in rounds: a round writes to
every watcher who stands at the version where it begins, the same bytes to all of them. It refuses to know what the
bytes say; the kinds of feed (`channel`, `conflated`) do.

Theory of operation. `swept` is the version that all watchers *abreast* have; `latest` is the newest. A round takes
those abreast from `swept` to `latest`, in slices of a bounded number of writes per loop pass; what comes meanwhile
waits for the next round and goes out joined. Whoever is not abreast is skipped, because his cursor does not match: a
slow reader (his cursor stays where it is until he has drained), and a newcomer whose first answer is newer than the
round under way. Between rounds those *behind* are brought to `swept` one by one; those *ahead* are looked at again
after the next round.

Invariants: a watcher's cursor is the version of the last bytes written to him; bytes for the versions a+1 to b are
written only to a watcher whose cursor is a. A watch that was let go has the cursor GONE and is never written to.
Budgets count writes of up to 2 KiB.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from gateway.frames import CODECS, Message
from gateway.wire import Wire

GONE: Final = -1
_WEIGHT_SHIFT: Final = 11


def weight(frame: bytes) -> int:
    """What writing these bytes takes from a budget: 1, and 1 more per 2 KiB."""
    return 1 + (len(frame) >> _WEIGHT_SHIFT)


class Watch:
    """One wire watching one feed.

    Attributes:
        cursor: The version of what was last written, or GONE.
        kind: Which of a pair of frames is his: that of his wire's codec.
        bidder: Who watches, as far as he said; None is anyone.
        owed: Whether a message without a number was withheld from him while he was slow.
        parts: What is left of a long answer, written a part at a time.
        told: How he was last told he stands (`you`).
    """

    __slots__ = ("bidder", "cursor", "feed", "kind", "owed", "parts", "told", "transport", "wire")

    def __init__(self, wire: Wire, feed: "Feed", bidder: str | None) -> None:
        self.wire = wire
        self.transport = wire.transport
        self.kind = wire.codec.kind
        self.feed = feed
        self.bidder = bidder
        self.cursor = GONE
        self.owed = False
        self.parts: Iterator[bytes] | None = None
        self.told: Message | None = None


class _Round:
    """One way through the watchers of a moment, with a frame for each format."""

    __slots__ = ("_frames", "_place", "_watches", "_weight")

    def __init__(self, watches: Iterable[Watch], frames: list[bytes]) -> None:
        self._watches = list(watches)
        self._place = 0
        self._frames = frames
        self._weight = max(map(weight, frames))

    @property
    def is_over(self) -> bool:
        return self._place >= len(self._watches)

    def take(self, budget: int) -> list[Watch]:
        """Move past the next watchers, as many as the budget bears, and return them."""
        taken = self._watches[self._place : self._place + max(budget // self._weight, 1)]
        self._place += len(taken)
        return taken

    def go_on(self, budget: int) -> int:
        """Write to the next watchers; returns what is left of the budget."""
        raise NotImplementedError


class _Numbered(_Round):
    """A round that takes those abreast from one version to another."""

    __slots__ = ("_base", "top")

    def __init__(self, watches: Iterable[Watch], frames: list[bytes], base: int, top: int) -> None:
        super().__init__(watches, frames)
        self._base = base
        self.top = top

    def go_on(self, budget: int) -> int:
        taken = self.take(budget)
        base, top, frames = self._base, self.top, self._frames
        for watch in taken:
            if watch.cursor == base and not watch.wire.slow:
                watch.cursor = top
                watch.transport.write(frames[watch.kind])
        return budget - len(taken) * self._weight


class _Aside(_Round):
    """A round with something that has no number; to a slow reader it is owed."""

    __slots__ = ()
    is_owed: ClassVar = True

    def go_on(self, budget: int) -> int:
        taken = self.take(budget)
        for watch in taken:
            if watch.cursor == GONE:
                continue
            if watch.wire.slow:
                watch.owed = watch.owed or self.is_owed
            else:
                watch.transport.write(self._frames[watch.kind])
        return budget - len(taken) * self._weight


class _Remark(_Aside):
    """A round with something that has no number and that a slow reader may miss."""

    __slots__ = ()
    is_owed = False


class Feed(ABC):
    """A feed and its watchers; what is said in it is up to its kind."""

    __slots__ = (
        "_ahead",
        "_asides",
        "_behind",
        "_bidders",
        "_counts",
        "_memo",
        "_round",
        "is_queued",
        "latest",
        "swept",
        "watches",
    )

    def __init__(self, latest: int) -> None:
        self.latest = self.swept = latest
        self.is_queued = False
        self.watches: dict[Watch, None] = {}
        self._counts = [0] * len(CODECS)
        self._bidders: dict[str, tuple[Watch, ...]] = {}
        self._behind: dict[Watch, None] = {}
        self._ahead: list[Watch] = []
        self._asides: list[tuple[type[_Aside], Message]] = []
        self._round: _Numbered | _Aside | None = None
        self._memo: dict[tuple[int, int, int], bytes] = {}

    # What a kind of feed says.

    @abstractmethod
    def changes(self, kind: int, cursor: int, upto: int) -> bytes:
        """Return the frames in one format that bring a watcher from `cursor` to `upto`."""

    @abstractmethod
    def reaches(self, cursor: int) -> bool:
        """Whether `changes` can start from `cursor`."""

    @abstractmethod
    def start_over(self, watch: Watch) -> bytes:
        """Return a fresh start, up to `latest`, for a watcher whom `changes` does not reach."""

    @abstractmethod
    def heartbeat(self) -> Message:
        """Return what tells a client that silence is no fault."""

    @abstractmethod
    def status(self, store: str) -> Message:
        """Return what tells a client whether the store is there."""

    # Who watches.

    def join(self, watch: Watch, cursor: int) -> bool:
        """Take in a watcher who has everything up to `cursor`; True if the feed must be swept for him."""
        if not self.watches and self._round is None:
            self.swept = self.latest
        watch.cursor = cursor
        self.watches[watch] = None
        self._counts[watch.kind] += 1
        self._remember_bidder(watch)
        if watch.parts is None and cursor == self.swept and self._round is None:
            return False
        self._behind[watch] = None
        return True

    def leave(self, watch: Watch) -> None:
        """Let a watcher go."""
        del self.watches[watch]
        watch.cursor = GONE
        watch.parts = None
        self._counts[watch.kind] -= 1
        self._behind.pop(watch, None)
        self._forget_bidder(watch)

    def identify(self, watch: Watch, bidder: str | None) -> None:
        """Note that he who watches is somebody else than was thought."""
        self._forget_bidder(watch)
        watch.bidder = bidder
        self._remember_bidder(watch)

    def look_again(self, watch: Watch) -> None:
        """Look at a watcher who was slow; the feed must be swept for him."""
        self._behind[watch] = None

    def watches_of(self, bidder: str) -> tuple[Watch, ...]:
        """Return the watches of this bidder."""
        return self._bidders.get(bidder, ())

    @property
    def bidders(self) -> Iterable[str]:
        """Those who watch under their own names."""
        return self._bidders.keys()

    def _remember_bidder(self, watch: Watch) -> None:
        if watch.bidder is not None:
            self._bidders[watch.bidder] = (*self._bidders.get(watch.bidder, ()), watch)

    def _forget_bidder(self, watch: Watch) -> None:
        if watch.bidder is not None:
            others = tuple(other for other in self._bidders[watch.bidder] if other is not watch)
            if others:
                self._bidders[watch.bidder] = others
            else:
                del self._bidders[watch.bidder]

    # Sweeping.

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to sweep."""
        return self.swept == self.latest and self._round is None and not self._asides and not self._behind

    @property
    def is_remarking(self) -> bool:
        """Whether a remark is under way or waits: it keeps the feed busy and tells nobody where it stands."""
        return isinstance(self._round, _Remark) or any(kind is _Remark for kind, _ in self._asides)

    def say_aside(self, message: Message) -> None:
        """Say something without a number to all watchers in the next sweep."""
        self._asides.append((_Aside, message))

    def remark(self, message: Message) -> None:
        """Say something without a number that slow readers may miss, in the next sweep."""
        self._asides.append((_Remark, message))

    def sweep(self, budget: int) -> int:
        """Write about `budget` times at most; returns what is left of it: 0 if there may be more to do."""
        self._memo.clear()
        while budget > 0:
            if self._round is not None:
                budget = self._go_on(self._round, budget)
            elif self._behind:
                budget -= self._catch_up(self._behind.popitem()[0])
            elif self._asides:
                self._round = self._aside(*self._asides.pop(0))
            elif self.swept != self.latest:
                self._begin()
            else:
                return budget
        return 0

    def _begin(self) -> None:
        if not self.watches:
            self.swept = self.latest
        elif self.reaches(self.swept):
            frames = [
                self._recalled(kind, self.swept, self.latest) if many else b"" for kind, many in enumerate(self._counts)
            ]
            self._round = _Numbered(self.watches, frames, self.swept, self.latest)
        else:
            self.swept = self.latest
            self._behind.update(self.watches)

    def _aside(self, kind: type[_Aside], message: Message) -> _Aside | None:
        if not self.watches:
            return None
        frames = [codec.frame(message) if many else b"" for codec, many in zip(CODECS, self._counts, strict=True)]
        return kind(self.watches, frames)

    def _go_on(self, under_way: _Numbered | _Aside, budget: int) -> int:
        budget = under_way.go_on(budget)
        if under_way.is_over:
            self._round = None
            if isinstance(under_way, _Numbered):
                self.swept = under_way.top
                self._behind.update(dict.fromkeys(self._ahead))
                self._ahead.clear()
        return budget

    def _catch_up(self, watch: Watch) -> int:
        """Bring one watcher to `swept`; returns what that weighs."""
        if watch.cursor == GONE or watch.wire.slow:
            return 0
        frame = self._part(watch) or self._missed(watch)
        if watch.cursor > self.swept:
            self._ahead.append(watch)
        if not frame:
            return 0
        watch.transport.write(frame)
        return weight(frame)

    def _part(self, watch: Watch) -> bytes:
        part = next(watch.parts, b"") if watch.parts is not None else b""
        if part:
            self._behind[watch] = None
        else:
            watch.parts = None
        return part

    def _missed(self, watch: Watch) -> bytes:
        cursor, upto = watch.cursor, self.swept
        if cursor >= upto:
            return b""
        if self.reaches(cursor):
            watch.cursor = upto
            return self._recalled(watch.kind, cursor, upto)
        watch.cursor = self.latest
        return self.start_over(watch)

    def _recalled(self, kind: int, cursor: int, upto: int) -> bytes:
        key = (kind, cursor, upto)
        frames = self._memo.get(key)
        if frames is None:
            frames = self._memo[key] = self.changes(kind, cursor, upto)
        return frames
