"""The fan-out: from the one engine that says what happened to all the wires that watch.

It keeps who watches what, and which bidder is told how he stands. It refuses to await anything, to know who may watch
(the session), how a feed is written (`feeds`), when (`sweeper`), and who hears how many watch (`headcount`).

Invariants: a lot that nobody watches costs a place in its ring and nothing else; on one wire a lot and a sale are
watched once each, the latest wish counting; a bidder's `you` goes to his own wires only, and not again unless it
changed. Instants are microseconds.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import Literal

from engine.chains import HEAD_GENESIS
from engine.commit import Commit, PublicEvent
from engine.limits import GatewayLimits
from gateway.channel import Channel
from gateway.conflated import LiveFeed, SaleFeed
from gateway.feeds import Feed, Watch
from gateway.floor import Floor
from gateway.frames import CODECS, Message
from gateway.headcount import Headcount
from gateway.sweeper import Sweeper
from gateway.switchboard import Timers
from gateway.wire import Wire
from lots import views

Store = Literal["away", "back"]


class Fanout:
    """Everything that watchers are sent unasked.

    Args:
        floor: Shows how the lots stand.
        timers: The event loop, or a stand-in.
        flush: Writes out what is gathered on the wires (`Switchboard.flush`).
        limits: How much at a time, and how often.
    """

    def __init__(self, floor: Floor, timers: Timers, flush: Callable[[], None], limits: GatewayLimits) -> None:
        self._floor = floor
        self._limits = limits
        self._sweeper = Sweeper(timers, flush, limits)
        self._headcount = Headcount(self, self._sweeper, timers, floor.clock, limits)
        self._channels: dict[str, Channel] = {}
        self._lives: dict[str, LiveFeed] = {}
        self._sales: dict[str, SaleFeed] = {}
        self._operators: dict[Wire, None] = {}
        self._store: Store = "back"

    # What the engine says.

    def publish(self, commit: Commit) -> None:
        """Tell all who watch this lot or its sale."""
        channel = self._channels.get(commit.state.lot) or self._channel_before(commit)
        channel.take(commit)
        if commit.said:
            self._spread(channel, commit)
        if commit.touched:
            self._tell_bidders(channel, commit.touched)

    def status(self, store: Store) -> None:
        """Tell all who watch anything that the store went away, or is back."""
        self._store = store
        for feed in self._sweeper.attended:
            feed.say_aside(feed.status(store))
            self._sweeper.sweep_soon(feed)

    def recall(self, lot: str, events: Sequence[PublicEvent]) -> None:
        """Fill a lot's ring with its latest events, oldest first, as recovery reads them."""
        self._channel(lot).ring.fill(events)

    # What watchers wish.

    def watch_full(
        self, wire: Wire, lot: str, after: int | None = None, head: str | None = None, bidder: str | None = None
    ) -> None:
        """Answer with a snapshot, or with what he has missed; from there on every event.

        Raises:
            KeyError: there is no such lot.
        """
        channel = self._channel(lot)
        self.unwatch_lot(wire, lot)
        watch = Watch(wire, channel, bidder)
        missed = None if after is None else channel.resumption(watch.kind, after, head)
        wire.write(missed or channel.snapshot(watch.kind, bidder, reset=after is not None))
        self._join(watch, channel.latest)
        if missed and watch.told is not None:
            wire.send(watch.told)

    def watch_live(self, wire: Wire, lot: str, bidder: str | None = None) -> None:
        """Answer with a snapshot; from there on the latest state, at most once per period.

        Raises:
            KeyError: there is no such lot.
        """
        channel = self._channel(lot)
        self.unwatch_lot(wire, lot)
        live = self._lives.get(lot)
        if live is None:
            live = self._lives[lot] = LiveFeed(self._floor, channel)
        watch = Watch(wire, live, bidder)
        wire.write(channel.snapshot(watch.kind, bidder))
        self._join(watch, live.latest)

    def watch_sale(self, wire: Wire, sale: str, bidder: str | None = None) -> None:
        """Answer with the sale's catalogue in parts; from there on what changes, at most once per period.

        Raises:
            KeyError: there is no such sale.
        """
        if sale not in self._floor.sales:
            raise KeyError(sale)
        self.unwatch_sale(wire, sale)
        feed = self._sales.get(sale)
        if feed is None:
            feed = self._sales[sale] = SaleFeed(self._floor, sale, self._limits.sale_part_bytes_max)
        watch = Watch(wire, feed, bidder)
        watch.parts, version = feed.parts(watch.kind, bidder)
        self._join(watch, version)

    def watch_operations(self, wire: Wire) -> None:
        """Count this wire among the operators' (see `operators`)."""
        self._operators[wire] = None

    def unwatch_lot(self, wire: Wire, lot: str) -> None:
        """Send nothing more of this lot."""
        self._unwatch(wire, self.feeds_of(lot))

    def unwatch_sale(self, wire: Wire, sale: str) -> None:
        """Send nothing more of this sale."""
        feed = self._sales.get(sale)
        self._unwatch(wire, () if feed is None else (feed,))

    def unwatch_operations(self, wire: Wire) -> None:
        """Count this wire no more among the operators'."""
        self._operators.pop(wire, None)

    def identify(self, wire: Wire, bidder: str | None) -> None:
        """Note who is on this wire from now on, and tell him how he stands in what he watches."""
        for watch in wire.watches:
            watch.feed.identify(watch, bidder)
            watch.told = None
            self._tell_watch(watch)

    def drained(self, wire: Wire) -> None:
        """Bring a wire that was slow up to date: events from its cursor, or the latest state."""
        for watch in wire.watches:
            if watch.owed:
                watch.owed = False
                wire.send(watch.feed.status(self._store))
                self._tell_watch(watch)
            watch.feed.look_again(watch)
            self._sweeper.sweep_soon(watch.feed)

    def drop(self, wire: Wire) -> None:
        """Forget a wire that is gone."""
        self._operators.pop(wire, None)
        watches, wire.watches = wire.watches, []
        for watch in watches:
            self._leave(watch)

    # What others ask.

    def watchers(self, lot: str) -> int:
        """How many wires watch this lot, its sale's watchers not counted."""
        return sum(len(feed.watches) for feed in self.feeds_of(lot))

    def bidders(self, lot: str) -> Collection[str]:
        """Who watches this lot under his own name."""
        return {bidder for feed in self.feeds_of(lot) for bidder in feed.bidders}

    def feeds_of(self, lot: str) -> tuple[Channel | LiveFeed, ...]:
        """Return the lot's own feeds."""
        channel, live = self._channels.get(lot), self._lives.get(lot)
        return tuple(feed for feed in (channel, live) if feed is not None)

    def sale_feed_of(self, lot: str) -> SaleFeed | None:
        """Return the feed of the lot's sale, if somebody watches it."""
        channel = self._channels.get(lot)
        return None if channel is None else self._sales.get(channel.state.sale)

    @property
    def operators(self) -> Collection[Wire]:
        """The wires that watch operations."""
        return self._operators.keys()

    def broadcast(self, wires: Iterable[Wire], message: Message) -> None:
        """Send one message to many wires, encoded once per format; those who do not read miss it."""
        frames: list[bytes | None] = [None] * len(CODECS)
        for wire in wires:
            if not wire.slow:
                kind = wire.codec.kind
                frame = frames[kind] or CODECS[kind].frame(message)
                frames[kind] = frame
                wire.write(frame)

    def stop(self) -> None:
        """Disarm the timers."""
        self._sweeper.stop()
        self._headcount.stop()

    # Feeds and who watches them.

    def _spread(self, channel: Channel, commit: Commit) -> None:
        if channel.watches:
            self._sweeper.has_spoken(channel)
            self._sweeper.sweep_soon(channel)
        live, sale = self._lives.get(channel.lot), self._sales.get(commit.state.sale)
        if live is not None:
            self._sweeper.turn_soon(live)
        if sale is not None:
            sale.note(channel.lot, next((event for event in commit.said if event.public["ev"] == "lot_listed"), None))
            self._sweeper.turn_soon(sale)

    def _channel(self, lot: str) -> Channel:
        channel = self._channels.get(lot)
        if channel is None:
            state, head = self._floor.lots[lot]
            channel = self._channels[lot] = Channel(
                self._floor, state, state.seq, head, self._limits.ring_events_per_lot
            )
        return channel

    def _channel_before(self, commit: Commit) -> Channel:
        """Open a lot's channel at the seq before this commit; its head there is known only for a lot that begins."""
        seq = commit.state.seq - len(commit.said)
        head = HEAD_GENESIS if seq == 0 else b"" if commit.said else commit.head
        channel = Channel(self._floor, commit.state, seq, head, self._limits.ring_events_per_lot)
        self._channels[channel.lot] = channel
        return channel

    def _join(self, watch: Watch, cursor: int) -> None:
        feed = watch.feed
        watch.wire.watches.append(watch)
        if watch.bidder is not None and isinstance(feed, Channel | LiveFeed):
            watch.told = views.you(feed.state, watch.bidder)
        if feed.join(watch, cursor):
            self._sweeper.sweep_soon(feed)
        self._sweeper.attend(feed)
        if self._store == "away":
            watch.wire.send(feed.status(self._store))
        self._headcount.came(watch)

    def _unwatch(self, wire: Wire, feeds: Sequence[Feed]) -> None:
        for watch in wire.watches:
            if watch.feed in feeds:
                wire.watches.remove(watch)
                self._leave(watch)
                return

    def _leave(self, watch: Watch) -> None:
        feed = watch.feed
        feed.leave(watch)
        if not feed.watches:
            self._sweeper.neglect(feed)
            self._put_away(feed)
        self._headcount.went(feed)

    def _put_away(self, feed: Feed) -> None:
        """Free what a feed without watchers does not need."""
        match feed:
            case Channel():
                feed.forget_snapshots()
            case LiveFeed():
                del self._lives[feed.channel.lot]
            case SaleFeed():
                del self._sales[feed.sale]

    # How bidders stand.

    def _tell_bidders(self, channel: Channel, bidders: Iterable[str]) -> None:
        """Tell bidders how they stand on all their wires that watch the lot or its sale."""
        near = (channel, self._lives.get(channel.lot), self._sales.get(channel.state.sale))
        feeds = [feed for feed in near if feed is not None and feed.bidders]
        for bidder in bidders if feeds else ():
            watches = [watch for feed in feeds for watch in feed.watches_of(bidder)]
            if watches:
                whisper(watches, views.you(channel.state, bidder))

    def _tell_watch(self, watch: Watch) -> None:
        """Tell who watches how he stands there, unless he knows."""
        feed = watch.feed
        if watch.bidder is None:
            return
        if isinstance(feed, SaleFeed):
            watch.parts = chain(watch.parts or (), feed.yours(watch.kind, watch.bidder))
            feed.look_again(watch)
            self._sweeper.sweep_soon(feed)
        elif isinstance(feed, Channel | LiveFeed):
            whisper((watch,), views.you(feed.state, watch.bidder))


def whisper(watches: Iterable[Watch], you: Message) -> None:
    """Send a bidder's `you` once to each of his wires that was not told the same before; to a slow one it is owed."""
    heard = set()
    for watch in watches:
        wire = watch.wire
        if wire in heard:
            continue
        heard.add(wire)
        if wire.slow:
            watch.owed = True
        elif watch.told != you:
            watch.told = you
            wire.send(you)
