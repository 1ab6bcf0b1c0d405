"""The unit of latency: one fsynced XADD there and back, on the very store that the house writes to.

Refuses to know the house. Invariants: one command under way at a time, of 200 bytes, over a bare socket, so that no
client library stands in the figure; the key it fills is removed afterwards. Seconds.
"""

import socket
import time
from pathlib import Path

from bench.latency import Latency, latency

_KEY = b"knockdown-bench-round-trip"
_VALUE = b"x" * 200
_WAIT_S = 10.0


class RoundTripError(OSError):
    """The store hung up, or refused the command."""


def round_trip(store: Path, count: int = 500) -> Latency:
    """Measure it `count` times on the store behind a Unix socket. Raises RoundTripError, OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_WAIT_S)
        line.connect(str(store))
        xadd = _command(b"XADD", _KEY, b"*", b"f", _VALUE)
        try:
            return latency([_timed(line, xadd) for _ in range(count)])
        finally:
            _ask(line, _command(b"DEL", _KEY), lines=1)


def _timed(line: socket.socket, command: bytes) -> float:
    started = time.perf_counter()
    _ask(line, command, lines=2)
    return time.perf_counter() - started


def _ask(line: socket.socket, command: bytes, lines: int) -> None:
    line.sendall(command)
    answer = b""
    while answer.count(b"\r\n") < lines:
        chunk = line.recv(4_096)
        answer += chunk
        if not chunk or answer.startswith(b"-"):
            raise RoundTripError(f"the store answered {answer[:200]!r} to a command of the bench")


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
