"""A Redis for one peer: a server of its own, set up like the house's, on a real disk.

Refuses to know what is kept in it. Invariants: the settings are those of the house's own store (`appendfsync always`
among them), taken from there; beside its Unix socket it listens on a loopback port, by which it is seen to be up. The
directory is removed when it has ended.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import redis

from bench.peers.program import Program, on_path, started
from bench.server import directory_on_disk, free_port
from engine.embedded_redis import SETTINGS, SOCKET


class RedisStore(NamedTuple):
    """A running Redis: where it listens, and its process."""

    socket: Path
    program: Program

    def stream_len(self, key: str) -> int:
        """How many entries a stream has; 0 for one that is not there."""
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            return int(client.xlen(key))


@contextmanager
def redis_store() -> Iterator[RedisStore]:
    """Run a Redis for the length of a `with`. Raises NotInstalledError, PeerFailedError."""
    program, port = on_path("redis-server"), free_port()
    with directory_on_disk("kd-peer-") as directory, started(_command(program, port), port, cwd=directory) as running:
        yield RedisStore(directory / SOCKET, running)


def _command(program: str, port: int) -> list[str]:
    settings = {**SETTINGS, "port": str(port), "bind": "127.0.0.1", "logfile": ""}
    return [program, *(word for name, value in settings.items() for word in (f"--{name}", value))]
