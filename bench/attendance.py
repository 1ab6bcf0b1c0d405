"""Who attends a replay: its bidders, and the watchers who follow every lot.

It refuses to know what is compared in the end. Invariants: a bidder is here while he has offers to make, on one line
of his own; the first watcher is told every event since the listing, so that it knows when a lot has ended. Nobody is
waited for without a bound. Instants are microseconds of this machine's clock, which is also the house's.
"""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256

from bench.client import JSON, MSGPACK, Bidder, Watcher
from bench.feed import FullFeed, Message
from bench.load import Address
from clock.instants import SECOND_US
from lots.phases import ENDED

Sign = Callable[[str, str], str]
"""Signs a token for a role and a sub."""

END_SLACK_S = 15.0
"""So long after the last known end a lot may still be open; the rest is reported as it stands."""

_SEATED_AHEAD_S = 5.0
_SEATED_TOGETHER = 32
_SEAT_PATIENCE_S = 30.0
_LOTS_PER_LINE = 500
_SETTLE_S = 10.0
_LOOK_S = 0.05
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}")


def now_us() -> int:
    """Return this machine's time."""
    return time.time_ns() // 1_000


def _few(names: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    return (names[start : start + most] for start in range(0, len(names), most))


def account(name: str) -> str:
    """Return the id of a bidder's account: his name, or its digest where no id may look like that."""
    return name if _ACCOUNT.fullmatch(name) else f"b-{sha256(name.encode()).hexdigest()[:32]}"


class Crowd:
    """The bidders of the files, each with an identity and a line of his own while he has offers to make."""

    def __init__(self, address: Address, sign: Sign) -> None:
        self._address = address
        self._sign = sign
        self._here: dict[str, Bidder] = {}
        self._left: Counter[str] = Counter()
        self._leaving: set[asyncio.Task[None]] = set()
        self._resent: Counter[str] = Counter()
        self._dropped = 0

    def bidder(self, name: str) -> Bidder:
        """Return the bidder of this name, who comes in if he is not here."""
        if name not in self._here:
            self._here[name] = Bidder(self._address, partial(self._sign, "bidder", account(name)))
            self._here[name].arrive()
        return self._here[name]

    async def seat(self, names: Iterable[str]) -> None:
        """Let bidders come in, a few at a time."""
        for few in _few(list(dict.fromkeys(names)), _SEATED_TOGETHER):
            await asyncio.gather(*(self._seated(name) for name in few))

    async def _seated(self, name: str) -> None:
        try:
            async with asyncio.timeout(_SEAT_PATIENCE_S):
                await self.bidder(name).opened.wait()
        except TimeoutError:
            return  # his offers will say so

    async def usher(self, due: Mapping[str, int]) -> None:
        """Let each bidder come in shortly before his first offer is `due`, so that no offer waits for a handshake."""
        for name, at in sorted(due.items(), key=lambda pair: pair[1]):
            await asyncio.sleep((at - now_us()) / SECOND_US - _SEATED_AHEAD_S)
            if self._left[name]:
                await self._seated(name)

    def expect(self, offers: Iterable[str]) -> None:
        """Say whose offers will come: a bidder leaves after his last."""
        self._left = Counter(offers)

    def done(self, name: str) -> None:
        """Count one offer of this bidder as made."""
        self._left[name] -= 1
        if not self._left[name] and (bidder := self._here.pop(name, None)) is not None:
            leaving = asyncio.create_task(self._see_off(bidder))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _see_off(self, bidder: Bidder) -> None:
        self._resent += bidder.resent
        self._dropped += bidder.dropped
        await bidder.leave()

    def resent(self) -> dict[str, int]:
        """How often offers were sent again, by reason."""
        return dict(sum((bidder.resent for bidder in self._here.values()), +self._resent))

    def dropped(self) -> int:
        """How many lines were lost."""
        return self._dropped + sum(bidder.dropped for bidder in self._here.values())

    def hindered(self) -> bool:
        """Whether the house or its store was away while somebody bid."""
        return bool(self.dropped() or self.resent().get("unavailable"))

    async def leave(self) -> None:
        """Let everyone go."""
        for name in list(self._here):
            self._left[name] = 1
            self.done(name)
        if self._leaving:
            await asyncio.wait(self._leaving)


class Gallery:
    """The watchers. The first follows every lot from its listing on, and tells when a lot has ended.

    Attributes:
        ended: The lots that have.
    """

    def __init__(self, address: Address, lots: Sequence[str], watchers: int) -> None:
        self.ended: set[str] = set()
        self._lots = lots
        self._news = asyncio.Event()
        self._watchers = [
            Watcher(
                address,
                some,
                JSON if number % 2 else MSGPACK,
                from_start=number % 4 < 2,
                told=None if number else self._told,
            )
            for number in range(max(watchers, 1))
            for some in _few(lots, _LOTS_PER_LINE)
        ]

    def _told(self, feed: FullFeed) -> None:
        if feed.state.get("phase") in ENDED:
            self.ended.add(feed.lot)
        self._news.set()

    async def fill(self) -> None:
        """Let all watchers take their seats."""
        for watcher in self._watchers:
            watcher.arrive()
            async with asyncio.timeout(_SEAT_PATIENCE_S):
                await watcher.seated.wait()

    async def await_ends(self, show: Callable[[], None]) -> None:
        """Return when every lot has ended, or the last known end is `END_SLACK_S` past."""
        while len(self.ended) < len(self._lots):
            show()
            self._news.clear()
            try:
                async with asyncio.timeout(self._last_end_s() + END_SLACK_S):
                    await self._news.wait()
            except TimeoutError:
                return

    def _last_end_s(self) -> float:
        """Seconds until the last end that is known of."""
        feeds = [feed for watcher in self._watchers for lot, feed in watcher.feeds.items() if lot not in self.ended]
        ends = [feed.state["closes_at"] for feed in feeds if feed.state.get("closes_at")]
        return max(0.0, (max(ends, default=0) - now_us()) / SECOND_US)

    async def settle(self) -> None:
        """Give the other watchers a moment to hear what the first has heard."""
        patience = int(_SETTLE_S / _LOOK_S)
        while patience and not self._agree():
            patience -= 1
            await asyncio.sleep(_LOOK_S)

    def _agree(self) -> bool:
        seqs: dict[str, set[int]] = defaultdict(set)
        for watcher in self._watchers:
            for lot, feed in watcher.feeds.items():
                seqs[lot].add(feed.seq)
        return all(len(heard) == 1 for heard in seqs.values())

    def differences(self, log_copy: FullFeed, log: Sequence[Message]) -> list[str]:
        """Say what is wrong with the copies of one lot, and where they differ from the log."""
        faults = []
        for number, watcher in enumerate(self._watchers, start=1):
            feed = watcher.feeds.get(log_copy.lot)
            if feed is None:
                continue
            found = [*feed.faults, *feed.differences(log)]
            if not found and feed.state != log_copy.state:
                found = ["the feed's events lead elsewhere than the log's"]
            if feed.resets and not watcher.dropped:
                found.append(f"the feed began anew {feed.resets} times on a line that was never lost")
            faults += [f"watcher {number}: {fault}" for fault in found]
        return faults

    def troubles(self) -> list[str]:
        """Say what the house answered to watchers other than what they asked for."""
        return [
            f"watcher {number}: {trouble}"
            for number, watcher in enumerate(self._watchers, start=1)
            for trouble in watcher.troubles
        ]

    def figures(self) -> dict[str, int]:
        """Count lines, events heard, resets and lost lines."""
        feeds = [feed for watcher in self._watchers for feed in watcher.feeds.values()]
        return {
            "lines": len(self._watchers),
            "feeds": len(feeds),
            "events": sum(len(feed.heads) for feed in feeds),
            "begun anew": sum(feed.resets for feed in feeds),
            "lines lost": sum(watcher.dropped for watcher in self._watchers),
        }

    async def leave(self) -> None:
        """Close every line."""
        await asyncio.gather(*(watcher.leave() for watcher in self._watchers))
