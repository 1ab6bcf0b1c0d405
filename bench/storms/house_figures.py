"""What the house says of itself during a storm: batches, appends, lags, once a second from the `operations` feed.

Refuses to judge it. Invariants: a house that is away leaves a hole, not a zero; quantiles are the house's own, over its
latest observations. Seconds since the start of the storm; spans in microseconds as the house gives them.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from bench.load import Address, Bounds, Line, frame
from bench.storms.kept_line import KeptLine


class HouseMoment(msgspec.Struct, frozen=True):
    """The engine's figures at one instant; each spread has `p50`, `p99` and `max`."""

    at_s: float
    batch_orders: dict[str, int]
    append_us: dict[str, int]
    loop_lag_us: dict[str, int]
    closing_lag_us: dict[str, int]
    inbox_orders: int
    slow_readers_dropped: int


class HouseFigures:
    """An operator's line that only watches."""

    def __init__(self, address: Address, token: str, elapsed: Callable[[], float]) -> None:
        self.moments: list[HouseMoment] = []
        self.kept = KeptLine(address, token, self._hear, _greet)
        self._elapsed = elapsed

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        at_s = self._elapsed()
        for where in messages:
            message: dict[str, Any] = orjson.loads(data[where])
            if message["ev"] == "operations" and at_s >= 0:
                self.moments.append(msgspec.convert({"at_s": round(at_s, 3), **message["engine"]}, HouseMoment))


def _greet(line: Line) -> None:
    line.write(frame(orjson.dumps({"op": "watch", "feed": "operations"})))
