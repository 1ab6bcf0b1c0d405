"""The parts of the bench, and with what sizes each is run when it is run among the others.

Refuses to know how a part measures and what becomes of it. Invariants: a part is imported when its turn comes, so that
one whose libraries are not installed does not keep the others from being measured; `FULL` has the sizes of the goals.
"""

from collections.abc import Sequence

import msgspec
import uvloop

from bench.measurement import Measure, Measurement, Progress

SEED = 1
IDLE_WATCHERS = 10_000
CLOSING_LOTS = 10_000
PEER_SECONDS = 8.0
STORM_LOTS = 40
STORM_WATCHERS = 200
STORM_SECONDS = 30.0
RECOVERED_EVENTS = 1_000_000
RECOVERED_LOTS = 10_000


class Part(msgspec.Struct, frozen=True):
    """One part: its name for people, how the names of its figures begin, and how it is measured."""

    name: str
    figures: tuple[str, ...]
    measure: Measure


def fanout(
    progress: Progress,
    *,
    watchers: int = 1_000,
    rate: float = 50.0,
    seconds: float = 10.0,
    idle: int = IDLE_WATCHERS,
) -> Measurement:
    """What a delivered frame costs, against a raw loop of send()."""
    from bench import fanout as room

    progress(0, 1, f"{watchers:,} watchers, then {idle:,} idle ones")
    return room.fanout(watchers=watchers, rate=rate, seconds=seconds, idle=idle)


def bids(progress: Progress, *, seconds: float = 10.0, seed: int = SEED, lots: int = CLOSING_LOTS) -> Measurement:
    """Durable bids against the store by itself, latency at a steady rate, and `lots` that end together."""
    from bench import bids as room

    return room.bids(seconds=seconds, seed=seed, lots=lots, progress=progress)


def fanout_peers(
    progress: Progress, *, watchers: int = 1_000, rate: float = 50.0, seconds: float = PEER_SECONDS
) -> Measurement:
    """The same fan-out by what others would take."""
    from bench.peers.fanout import fanout_peers as measure

    report: Measurement = measure(watchers=watchers, rate=rate, seconds=seconds, progress=progress)
    return report


def bidding_peers(progress: Progress, *, seconds: float = PEER_SECONDS, seed: int = SEED) -> Measurement:
    """The same bids by what others would build."""
    from bench.peers.bidding import bidding_peers as measure

    report: Measurement = measure(seconds=seconds, seed=seed, progress=progress)
    return report


def recovery(progress: Progress, *, events: int = RECOVERED_EVENTS, lots: int = RECOVERED_LOTS) -> Measurement:
    """How fast a house reads its streams back, and how soon it takes a bid."""
    from bench.recovery import recovery as measure

    report: Measurement = measure(events=events, lots=lots, progress=progress)
    return report


def scale(progress: Progress, *, full: bool = True, seed: int = SEED) -> Measurement:
    """How costs, rates and latencies grow."""
    from bench.scale.curves import scale as measure

    report: Measurement = measure(full=full, seed=seed, progress=progress)
    return report


def storm(progress: Progress, *, seed: int = SEED) -> Measurement:
    """A storm of the shape that real sales have, and whether everything held in it."""
    from bench.pace import Options
    from bench.server import house
    from bench.storms.storm import storm as measure

    options = Options(lots=STORM_LOTS, watchers=STORM_WATCHERS, seconds=STORM_SECONDS, seed=seed)
    with house() as running:
        report: Measurement = uvloop.run(measure(running.url, running.sign, options, progress))
    return report


def short(seed: int = SEED) -> Sequence[Part]:
    """Fan-out, bids and latency in under three minutes; fewer lots close together than the goal is for."""
    return (
        Part("Fan-out", ("fanout",), lambda shown: fanout(shown, seconds=5.0)),
        Part(
            "Bids, latency and closing",
            ("bids", "latency", "closing"),
            lambda shown: bids(shown, seconds=5.0, seed=seed, lots=1_000),
        ),
    )


def peers(seed: int = SEED, seconds: float = PEER_SECONDS) -> Sequence[Part]:
    """Both comparisons with what others would take."""
    return (
        Part("Fan-out of the peers", ("peers.fanout",), lambda shown: fanout_peers(shown, seconds=seconds)),
        Part("Bidding at the peers", ("peers.bids",), lambda shown: bidding_peers(shown, seconds=seconds, seed=seed)),
    )


def full(seed: int = SEED) -> Sequence[Part]:
    """Everything, with the sizes of the goals; 20 to 25 minutes on two cores."""
    return (
        Part("Fan-out", ("fanout",), fanout),
        Part("Bids, latency and closing", ("bids", "latency", "closing"), lambda shown: bids(shown, seed=seed)),
        *peers(seed),
        Part("Recovery", ("recovery",), recovery),
        Part("Scale", ("scale",), lambda shown: scale(shown, seed=seed)),
        Part("Storm", ("storm",), lambda shown: storm(shown, seed=seed)),
    )
