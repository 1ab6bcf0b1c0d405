"""One durable write by itself: how long an XADD of 200 bytes takes there and back on the very same store, with fsync.

One connection, one command at a time, over the house's own Unix socket, while nobody else asks anything of the store.
Written to the bare socket, so that the time is the kernel's, the store's and the disk's, and not that of a client
library. Refuses to know the house. Invariants: it is refused where `appendfsync` is not `always`; the key it fills is
removed afterwards. Timed from just before the write to the last byte of the reply, in seconds; told in
microseconds.
"""

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

import msgspec
import redis

from bench.store_limit import StoreLimitError, xadd

KEY = "knockdown-bench-round-trip"
TIMES = 1_000
_WARM_UP = 50
_REPLY_LINES = 2  # "$15\r\n1700000000000-0\r\n"
_WAIT_S = 5.0
_US = 1_000_000


class RoundTrip(msgspec.Struct, frozen=True):
    """How long one write took: the median, and what one in a hundred exceeded."""

    count: int
    median_us: float
    p99_us: float

    def sentence(self) -> str:
        """The figures in one line."""
        return (
            f"one XADD of 200 bytes there and back, fsynced, alone on a bare socket: median {self.median_us:,.0f} us, "
            f"p99 {self.p99_us:,.0f} us of {self.count:,}"
        )


def round_trips(store_socket: Path, times: int = TIMES) -> list[float]:
    """Seconds of each of `times` writes, one after the other. Raises StoreLimitError."""
    store = redis.Redis(unix_socket_path=str(store_socket))
    try:
        fsync = str(store.config_get("appendfsync").get("appendfsync", "unknown"))
        if fsync != "always":
            raise StoreLimitError(f"a round trip without fsync says nothing: appendfsync is {fsync}")
        return _timed(store_socket, times)
    finally:
        store.delete(KEY)
        store.close()


def round_trip(seconds: Sequence[float]) -> RoundTrip:
    """The figures of two or more writes."""
    return RoundTrip(len(seconds), round(median(seconds) * _US, 1), round(quantiles(seconds, n=100)[98] * _US, 1))


def _timed(store_socket: Path, times: int) -> list[float]:
    command = xadd(KEY)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_WAIT_S)
        line.connect(str(store_socket))
        return [_one(line, command) for _ in range(_WARM_UP + times)][_WARM_UP:]


def _one(line: socket.socket, command: bytes) -> float:
    started = time.perf_counter()
    line.sendall(command)
    reply = _reply(line)
    took = time.perf_counter() - started
    if not reply.startswith(b"$"):
        raise StoreLimitError(f"the store refused an XADD: {reply[:200]!r}")
    return took


def _reply(line: socket.socket) -> bytes:
    reply = b""
    while reply.count(b"\n") < _REPLY_LINES and not reply.startswith(b"-"):
        chunk = line.recv(4_096)
        if not chunk:
            raise StoreLimitError("the store hung up in the middle of a round trip")
        reply += chunk
    return reply
