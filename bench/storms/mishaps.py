"""What goes wrong among the people at a sale: who drops, dozes, hangs up in mid-word or talks nonsense, and when.

Refuses to know sockets and the house. Invariants: a plan is a function of the numbers and of the random numbers given,
so the same seed is the same bad luck; a party is never planned to break off while it is still away; a wave takes many
at one instant and lets each come back at a moment of its own. Seconds since the start of the storm.
"""

import random
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import orjson

from bench.load import frame


class Kind(StrEnum):
    """How somebody misbehaves."""

    WAVE = "wave"  # drops without a word, with many others
    RESET = "reset"  # drops without a word, alone
    CUT = "cut"  # hangs up in the middle of a frame
    GARBAGE = "garbage"  # sends bytes that are no frame
    NONSENSE = "nonsense"  # sends a frame that is no message; his line must survive it
    DOZE = "doze"  # reads nothing for a while


class Party(StrEnum):
    """Who misbehaves."""

    BIDDER = "bidder"
    WATCHER = "watcher"


class Mishap(NamedTuple):
    """One of them: `away_s` is for how long he stays away, or does not read."""

    at_s: float
    party: Party
    number: int
    kind: Kind
    away_s: float
    junk: bytes


class Habits(NamedTuple):
    """What share of a party misbehaves once in a storm, how, and what share each wave takes."""

    share: float
    kinds: tuple[Kind, ...]
    wave_share: float


HABITS = {
    Party.BIDDER: Habits(0.15, (Kind.RESET, Kind.CUT, Kind.GARBAGE, Kind.NONSENSE), 0.25),
    Party.WATCHER: Habits(0.25, (Kind.RESET, Kind.CUT, Kind.GARBAGE, Kind.NONSENSE, Kind.DOZE, Kind.DOZE), 0.35),
}
_WAVE_EVERY_S = 10.0
_AWAY_MAX_S = 1.0
_DOZE_LEAST_S = 2.0
_DOZE_MOST_S = 6.0
_RESERVED = 0xF3  # an opcode and bits that no frame may have
_OVERSIZE_LEN = 17 * 1024


def wave_instants(seconds: float, rng: random.Random) -> list[float]:
    """When waves come: one in ten seconds, at least one, none at the very start or end."""
    count = max(round(seconds / _WAVE_EVERY_S), 1)
    stretch = 0.7 * seconds / count
    return [0.15 * seconds + (n + rng.random()) * stretch for n in range(count)]


def mishaps(people: dict[Party, int], seconds: float, rng: random.Random) -> list[Mishap]:
    """All that goes wrong in a storm of so many people, in order of time."""
    found: list[Mishap] = []
    for at in wave_instants(seconds, rng):
        for party, count in people.items():
            found += _wave(at, party, count, seconds, rng)
    for party, count in people.items():
        found += _alone(party, count, seconds, rng)
    return list(_one_at_a_time(sorted(found)))


def _wave(at: float, party: Party, count: int, seconds: float, rng: random.Random) -> Iterator[Mishap]:
    for number in sorted(rng.sample(range(count), round(count * HABITS[party].wave_share))):
        yield Mishap(at, party, number, Kind.WAVE, _away(seconds, rng), b"")


def _alone(party: Party, count: int, seconds: float, rng: random.Random) -> Iterator[Mishap]:
    habits = HABITS[party]
    for number in sorted(rng.sample(range(count), round(count * habits.share))):
        kind = rng.choice(habits.kinds)
        length = _doze(seconds, rng) if kind is Kind.DOZE else _away(seconds, rng)
        yield Mishap(rng.uniform(0.1, 0.9) * seconds, party, number, kind, length, _junk(kind, rng))


def _away(seconds: float, rng: random.Random) -> float:
    return rng.uniform(0, min(_AWAY_MAX_S, seconds / 10))


def _doze(seconds: float, rng: random.Random) -> float:
    return min(rng.uniform(_DOZE_LEAST_S, _DOZE_MOST_S), seconds / 3)


def _junk(kind: Kind, rng: random.Random) -> bytes:
    match kind:
        case Kind.CUT:
            whole = frame(orjson.dumps({"op": "time", "sent": rng.randrange(10**9)}))
            return whole[: rng.randrange(1, len(whole))]
        case Kind.GARBAGE:
            return rng.choice([bytes((_RESERVED,)) + rng.randbytes(40), frame(rng.randbytes(_OVERSIZE_LEN))])
        case Kind.NONSENSE:
            return frame(rng.choice([b"not JSON", b'{"op":"dance"}', b'{"op":"watch","lot":7}', b"[]"]))
        case _:
            return b""


def _one_at_a_time(ordered: Iterable[Mishap]) -> Iterator[Mishap]:
    """Leave out what would befall somebody who is not back yet."""
    back: dict[tuple[Party, int], float] = {}
    for mishap in ordered:
        who = (mishap.party, mishap.number)
        if mishap.at_s > back.get(who, -1.0):
            back[who] = mishap.at_s + mishap.away_s
            yield mishap
