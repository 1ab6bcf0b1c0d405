"""The limit of durable bids: how many XADDs of 200 bytes the very same Redis takes a second, with the very same fsync.

Refuses to know the house. `redis-benchmark -c 4 -P 100` of Debian's redis-tools where it is on PATH; otherwise our own
pipelined equivalent in this process, and the result says so. Invariant: the key it fills is removed afterwards.
Source of the shape: 4 connections, 100 commands in a pipeline, 200 bytes a value.
"""

import asyncio
import csv
import io
import shutil
import subprocess
import time
from pathlib import Path

import msgspec
import redis

KEY = "knockdown-bench-limit"
_CONNECTIONS = 4
_PIPELINE_LEN = 100
_VALUE = "x" * 200
_LINES_PER_REPLY = 2  # "$15\r\n1700000000000-0\r\n"


class StoreLimit(msgspec.Struct, frozen=True):
    """What the store takes by itself."""

    xadds_per_s: float
    measured_by: str
    appendfsync: str
    redis_version: str


class StoreLimitError(RuntimeError):
    """The comparison could not be made; the message says why."""


def store_limit(socket: Path, count: int = 400_000) -> StoreLimit:
    """Measure the limit on the store behind a Unix socket. Raises StoreLimitError."""
    store = redis.Redis(unix_socket_path=str(socket))
    try:
        fsync = str(store.config_get("appendfsync").get("appendfsync", "unknown"))
        version = str(store.info("server")["redis_version"])
        program = shutil.which("redis-benchmark")
        if program is not None:
            return StoreLimit(_by_redis_benchmark(program, socket, count), "redis-benchmark", fsync, version)
        return StoreLimit(
            _by_ourselves(socket, count), "our own pipelines (no redis-benchmark on PATH)", fsync, version
        )
    finally:
        store.delete(KEY)
        store.close()


def xadd(key: str) -> bytes:
    """The command that is measured, as it goes over the line: an XADD of 200 bytes to this key."""
    words = [word.encode() for word in ("XADD", key, "*", "f", _VALUE)]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _by_redis_benchmark(program: str, socket: Path, count: int) -> float:
    shape = ["-c", str(_CONNECTIONS), "-P", str(_PIPELINE_LEN), "-n", str(count), "--csv"]
    ran = subprocess.run(  # noqa: S603  a program found on PATH, our own arguments
        [program, "-s", str(socket), *shape, "XADD", KEY, "*", "f", _VALUE], capture_output=True, text=True, check=False
    )
    return rate_in_csv(ran.stdout, ran.stderr)


def rate_in_csv(output: str, errors: str = "") -> float:
    """The requests per second in `redis-benchmark --csv`: the second column of the last row."""
    rows = [row for row in csv.reader(io.StringIO(output)) if len(row) >= 2]
    try:
        return float(rows[-1][1])
    except (IndexError, ValueError):
        raise StoreLimitError(f"redis-benchmark gave no rate: {(errors or output).strip()[:300]}") from None


def _by_ourselves(socket: Path, count: int) -> float:
    return asyncio.run(_pipelines(str(socket), count))


async def _pipelines(socket: str, count: int) -> float:
    pipelines = max(count // (_CONNECTIONS * _PIPELINE_LEN), 1)
    started = time.perf_counter()
    await asyncio.gather(*(_pipeline(socket, pipelines) for _ in range(_CONNECTIONS)))
    return pipelines * _CONNECTIONS * _PIPELINE_LEN / (time.perf_counter() - started)


async def _pipeline(socket: str, pipelines: int) -> None:
    batch = xadd(KEY) * _PIPELINE_LEN
    reader, writer = await asyncio.open_unix_connection(socket)
    for _ in range(pipelines):
        writer.write(batch)
        await _replies(reader)
    writer.close()
    await writer.wait_closed()


async def _replies(reader: asyncio.StreamReader) -> None:
    lines = 0
    while lines < _PIPELINE_LEN * _LINES_PER_REPLY:
        chunk = await reader.read(65_536)
        if not chunk or chunk.startswith(b"-"):
            raise StoreLimitError(f"the store refused an XADD: {chunk[:200]!r}")
        lines += chunk.count(b"\n")
