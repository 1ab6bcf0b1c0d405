"""Recovery: from what the journal holds to lots that can be bid on.

It refuses to decide anything and to read a clock: the log says what has happened, and replay does the rest.
A log that is not sound is not opened; the error names the lot.

Invariants: a group's logs are read to their end only after it was taken over, so that nobody else can have added to
what was read; closed lots are read without being taken over until an order comes. Source: design.md, "The journal".
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.actor import Actor
from engine.commit import Commit
from engine.errors import Fenced, LogDamaged
from engine.journal import NOTHING, Claim, Entry, Journal, Marker, Record, Taken, Top
from engine.pen import Reader, Tail, marked, public_event, unpack
from lots.fold import Retelling
from lots.phases import ENDED
from lots.state import Lot


class Recovered(NamedTuple):
    """What reading on in one log has brought.

    Attributes:
        commit: The lot as it stands now, with the latest of the events that were read; None for a log without entries.
        tail: Where the log ends.
        entries: How many entries were read.
    """

    commit: Commit | None
    tail: Tail
    entries: int


class Replay:
    """Reads one log on, from a lot and a tail that are known (or from nothing)."""

    def __init__(self, lot: str, state: Lot | None = None, tail: Tail | None = None, keep: int | None = None) -> None:
        """Start where `tail` is; keep the latest `keep` public events (None: all)."""
        self._lot = lot
        self._reader = Reader(lot, tail)
        self._retelling = Retelling(state)
        self._said: deque[Entry] = deque(maxlen=keep)
        self._entries = 0

    def follow(self, records: Sequence[Record]) -> None:
        """Replay the next records.

        Raises:
            LogDamaged: the log is not sound.
        """
        events = self._reader.read_all(records)
        try:
            self._retelling.tell(events)
        except AssertionError as error:
            raise LogDamaged(f"The log of lot {self._lot} tells what cannot have happened: {error}.") from error
        self._entries += len(events)
        self._said.extend([record for record in records if type(record) is Entry and record.public])

    def result(self) -> Recovered:
        """Return what was read so far."""
        tail, state = self._reader.tail, self._retelling.lot
        if state is None:
            return Recovered(None, tail, self._entries)
        # Only what is kept becomes public events: of a million entries nearly all are forgotten again.
        said = (public_event(entry, unpack(entry.public)) for entry in self._said)
        # Who was touched is not worked out: after a recovery every bidder's own standing is looked at again.
        everyone = frozenset(state.paddles)
        commit = Commit(state, tail.head, tuple(event for event in said if event is not None), everyone)
        return Recovered(commit, tail, self._entries)


async def replay_all(journal: Journal, groups: Mapping[str, Iterable[str]], keep: int) -> dict[str, Recovered]:
    """Read all logs of a house from their beginnings; the result is by lot.

    Raises:
        LogDamaged: a log is not sound.
        JournalAway: the store does not answer.
    """
    replays: dict[str, Replay] = {}
    async for page in journal.read_many([Claim(group, tuple(lots)) for group, lots in groups.items()]):
        replay = replays.get(page.lot)
        if replay is None:
            replay = replays[page.lot] = Replay(page.lot, keep=keep)
        replay.follow(page.records)
    return {lot: replay.result() for lot, replay in replays.items()}


async def catch_up(journal: Journal, actor: Actor, taken: Taken) -> list[Recovered]:
    """Read on in the logs of a group that was just taken over, and make the actor its owner.

    Returns:
        What is new, for each lot whose log holds more than the actor knew.

    Raises:
        Fenced: somebody else has taken the group over since.
        LogDamaged: a log is not sound, or does not end where the take-over says.
        JournalAway: the store does not answer; the actor is as it was.
    """
    found: list[tuple[str, Recovered]] = []
    for lot, tail in list(actor.tails.items()):
        found.append((lot, await _read_on(journal, actor, lot, tail, taken.tops[lot])))
    for lot, recovered in found:
        actor.tails[lot] = recovered.tail
        if recovered.commit is not None:
            actor.remember(recovered.commit.state, recovered.tail)
    actor.epoch = taken.epoch
    actor.owned, actor.claims = True, 0
    return [recovered for _, recovered in found if recovered.entries]


async def has_another_owner(journal: Journal, actor: Actor) -> bool:
    """Tell whether somebody else has taken over a group that was ours: to take it back would begin a duel.

    What may stand behind the tails we know are our own entries, and the markers of take-overs whose replies were lost.
    Every log is looked at: the other owner may not know yet of a lot that was listed just now.

    Raises:
        JournalAway: the store does not answer.
    """
    if not actor.owned:
        return False
    known = [(lot, tail.top) for lot, tail in actor.tails.items() if tail.top != NOTHING]
    for lot, top in known:
        try:
            records = await journal.read(lot, actor.group, after=top)
        except LogDamaged:
            continue  # what is wrong with the log, the take-over will say
        if _are_anothers(records, top, actor.claims):
            return True
    return False


def _are_anothers(records: Iterable[Record], top: Top, claims: int) -> bool:
    markers = sum(isinstance(record, Marker) for record in records)
    return markers > claims or any(isinstance(record, Entry) and record.epoch != top.epoch for record in records)


async def _read_on(journal: Journal, actor: Actor, lot: str, tail: Tail, top: Top) -> Recovered:
    if top == Top(tail.top.epoch + 1, tail.top.n):
        # Nothing but our own marker can stand between these two ids, so there is nothing to read.
        return Recovered(None, marked(tail, top), 0)
    replay = Replay(lot, actor.lots.get(lot), tail)
    replay.follow(await journal.read(lot, actor.group, after=tail.top))
    recovered = replay.result()
    if recovered.tail.top.epoch > top.epoch:
        raise Fenced(f"the log of lot {lot} has gone on to {recovered.tail.top}, beyond our {top}")
    if recovered.tail.top != top:
        raise LogDamaged(f"The log of lot {lot} ends at {recovered.tail.top}, not at {top}.")
    return recovered


def is_open_ended(lots: Iterable[Lot]) -> bool:
    """Whether any of a group's lots still awaits something."""
    return any(lot.phase not in ENDED for lot in lots)
