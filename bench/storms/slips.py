"""Bid slips: what became of each planned bid, from the instant it was due to the last answer it got.

Refuses to know sockets and the log. Invariants: a latency counts from the instant a bid was meant to leave to its first
answer, whatever happened in between; a bid whose line we broke ourselves meanwhile is kept apart, so that neither our
bad manners nor a stall of the house is hidden in the other; an accepted ref has one effect: every later answer repeats
the first. Due and heard in seconds of `time.perf_counter`, stamps in microseconds of the wall.
"""

from collections import Counter

import msgspec

from bench.latency import Timings
from bench.storms.faults import Broken, Fault, Faults
from bench.storms.plan import Offer

PASSING = frozenset({"rate_limited", "overloaded", "unavailable"})
"""Refusals that say nothing of the bid itself."""


class Answer(msgspec.Struct):
    """What is read of a message to a bidder; all else is ignored."""

    ev: str
    ref: str | None = None
    lot: str | None = None
    seq: int = 0
    at: int | None = None
    paddle: int | None = None
    code: str = ""
    repeat: bool = False


class Slip:
    """One bid.

    Attributes:
        sent_us: When it was sent for the first time, on the wall's clock.
        sent: How often it was sent.
        answers: How often it was answered.
        broken_off: Whether a mishap of our own came between sending and answer.
        acceptance: The first acceptance.
        too_late_at: The stamp under which it was refused as too late.
    """

    __slots__ = ("acceptance", "answers", "broken_off", "due_at", "offer", "sent", "sent_us", "too_late_at")

    def __init__(self, offer: Offer, due_at: float) -> None:
        self.offer = offer
        self.due_at = due_at
        self.sent_us: int | None = None
        self.sent = 0
        self.answers = 0
        self.broken_off = False
        self.acceptance: Answer | None = None
        self.too_late_at: int | None = None


class Slips:
    """All slips of a storm, by ref."""

    def __init__(self, faults: Faults) -> None:
        self.latency = Timings()
        self.over_breaks = Timings()
        self.lately = Timings()  # since somebody last looked
        self.refused: Counter[str] = Counter()
        self.accepted = 0
        self.answered = 0
        self.repeats = 0
        self._faults = faults

    def hear(self, slip: Slip, lot: str, answer: Answer, now: float) -> None:
        """Take an answer to a bid on `lot`."""
        if not slip.answers:
            self._first(slip, now)
        slip.answers += 1
        if answer.ev == "accepted":
            self._accepted(slip, lot, answer)
        else:
            self._refused(slip, lot, answer)

    def _first(self, slip: Slip, now: float) -> None:
        self.answered += 1
        took = now - slip.due_at
        (self.over_breaks if slip.broken_off else self.latency).record(took)
        if not slip.broken_off:
            self.lately.record(took)

    def _accepted(self, slip: Slip, lot: str, answer: Answer) -> None:
        first = slip.acceptance
        if first is None:
            slip.acceptance = answer
            self.accepted += 1
            if answer.repeat and slip.sent < 2:
                self._fault(Broken.REPEAT, lot, f"ref {answer.ref} was sent once and its answer says repeat")
            return
        self.repeats += 1
        if not answer.repeat or answer.seq != first.seq:
            self._fault(Broken.SECOND_EFFECT, lot, f"ref {answer.ref} was accepted as seq {first.seq} and {answer.seq}")
        elif (answer.at, answer.paddle) != (first.at, first.paddle):
            self._fault(Broken.REPEAT, lot, f"ref {answer.ref} was answered with other fields the second time")

    def _refused(self, slip: Slip, lot: str, answer: Answer) -> None:
        self.refused[answer.code] += 1
        if answer.code == "too_late":
            slip.too_late_at = answer.at
        if slip.acceptance is not None and answer.code not in PASSING:
            self._fault(Broken.REPEAT, lot, f"ref {answer.ref} was accepted and then refused as {answer.code}")

    def _fault(self, broken: Broken, lot: str, sentence: str) -> None:
        self._faults.extend([Fault(broken, lot, sentence)])
