"""The bidders of a storm: each on a line of his own, who sends again what was not answered when a line is lost.

Refuses to know when to bid, and what a fault is. Invariants: an offer keeps its ref whatever happens, so that it has
one effect; on a new line everything unanswered is sent once more, in the order of the first sending.
Instants: `time.perf_counter` seconds; of the wall, microseconds.
"""

import time
from collections.abc import Sequence

import msgspec

from bench.load import Address, Bounds, Line, frame
from bench.storms.kept_line import KeptLine
from bench.storms.mishaps import Kind, Mishap
from bench.storms.slips import Answer, Slip, Slips

_ANSWERS = frozenset({"accepted", "refused"})


class Contender:
    """One bidder.

    Attributes:
        resent: How many bids were sent again because a line was lost.
        rebuked: How many messages the house called errors.
    """

    def __init__(self, address: Address, token: str, lots: Sequence[str], slips: Slips) -> None:
        self.kept = KeptLine(address, token, self._hear, self._greet)
        self.resent = 0
        self.rebuked = 0
        self._lots = lots
        self._slips = slips
        self._mine: dict[str, Slip] = {}
        self._waiting: dict[str, Slip] = {}
        self._decoder = msgspec.json.Decoder(Answer)

    @property
    def unanswered(self) -> dict[str, Slip]:
        """What still waits for an answer, by ref."""
        return self._waiting

    def bid(self, ref: str, slip: Slip) -> None:
        """Send a bid, or send it again."""
        if not slip.answers:
            self._waiting[ref] = slip
        self._mine[ref] = slip
        if self.kept.is_away_by_plan and not slip.answers:
            slip.broken_off = True
        self._send(ref, slip)

    def befall(self, mishap: Mishap) -> bool:
        """Let a mishap happen; what waits for an answer now has been broken off by us."""
        happened = self.kept.befall(mishap)
        if happened and mishap.kind is not Kind.NONSENSE:
            for slip in self._waiting.values():
                slip.broken_off = True
        return happened

    def _send(self, ref: str, slip: Slip) -> None:
        offer = slip.offer
        text = b'{"op":"bid","lot":"%b","amount":%d,"ref":"%b","confirm":true}'
        if self.kept.write(frame(text % (self._lots[offer.lot].encode(), offer.amount, ref.encode()))):
            slip.sent += 1
            if slip.sent_us is None:
                slip.sent_us = time.time_ns() // 1_000

    def _greet(self, _line: Line) -> None:
        for ref, slip in self._waiting.items():
            self.resent += slip.sent > 0
            self._send(ref, slip)

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        now = time.perf_counter()
        for where in messages:
            answer = self._decoder.decode(data[where])
            if answer.ev in _ANSWERS and answer.ref in self._mine:
                slip = self._mine[answer.ref]
                self._waiting.pop(answer.ref, None)
                self._slips.hear(slip, self._lots[slip.offer.lot], answer, now)
            elif answer.ev == "error":
                self.rebuked += 1
