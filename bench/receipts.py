"""The answers of a run: kept as they came, told apart cheaply, decoded when there is time.

Refuses to know sockets. Invariants: while bids fly an answer costs a byte search, not a decoding; nothing is dropped:
what was kept is decoded after the run, or bit by bit during it once `_KEPT_MAX_BYTES` are held. Only `accepted` and
`refused` count as answers. Instants are `time.perf_counter` seconds of the generator.
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from bench.latency import Timings
from bench.load import Bounds

ACCEPTED = b'"ev":"accepted"'  # cannot occur inside a JSON string: a quote there is escaped
_KEPT_MAX_BYTES = 512 * 1024 * 1024


class Answer(msgspec.Struct):
    """What the load generator reads of an answer; all else is ignored."""

    ev: str
    ref: str = ""
    lot: str = ""
    seq: int = 0
    paddle: int | str | None = None
    code: str = ""
    repeat: bool = False


class Kept(NamedTuple):
    """One read's messages and when they came."""

    at: float
    data: bytes
    messages: list[Bounds]


class Receipts:
    """Counts answers as they arrive; afterwards knows each one."""

    def __init__(self, sent_at: Callable[[int], float]) -> None:
        self.answered = 0
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.other: Counter[str] = Counter()  # messages that answer no bid, by kind
        self.repeats = 0
        self.latencies = Timings()  # from the intended send time to the answer's arrival
        self.booked: dict[str, dict[int, int | str | None]] = {}  # lot -> seq -> paddle of what was accepted
        self.doubles = 0  # two acceptances under one seq
        self._sent_at = sent_at
        self._kept: deque[Kept] = deque()
        self._kept_bytes = 0
        self._decoder = msgspec.json.Decoder(Answer)

    def take(self, at: float, data: bytes, messages: list[Bounds]) -> int:
        """Keep one read's messages; how many of them are answers."""
        accepted = data.count(ACCEPTED, messages[0].start, messages[-1].stop)
        answers = len(messages) if accepted == len(messages) else self._look_closer(data, messages)
        self.answered += answers
        self.accepted += accepted
        self._kept.append(Kept(at, data, messages))
        self._kept_bytes += len(data)
        if self._kept_bytes > _KEPT_MAX_BYTES:
            self._decode_oldest()
        return answers

    def settle(self) -> None:
        """Decode all that is kept; only then are the figures complete."""
        while self._kept:
            self._decode_oldest()
        self.accepted = sum(len(lot) for lot in self.booked.values())

    def _look_closer(self, data: bytes, messages: list[Bounds]) -> int:
        return sum(self._decoder.decode(data[where]).ev in {"accepted", "refused"} for where in messages)

    def _decode_oldest(self) -> None:
        at, data, messages = self._kept.popleft()
        self._kept_bytes -= len(data)
        for where in messages:
            self._enter(at, self._decoder.decode(data[where]))

    def _enter(self, at: float, answer: Answer) -> None:
        if answer.ev not in {"accepted", "refused"}:
            self.other[answer.ev] += 1
            return
        self.latencies.record(at - self._sent_at(int(answer.ref)))
        if answer.ev == "refused":
            self.refused[answer.code] += 1
            return
        self.repeats += answer.repeat
        booked = self.booked.setdefault(answer.lot, {})
        self.doubles += answer.seq in booked
        booked[answer.seq] = answer.paddle
