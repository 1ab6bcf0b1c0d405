"""Stores that tests run against: the memory, and every Redis server this machine has, each as a house would run it."""

import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clock.instants import ManualClock
from engine.embedded_redis import SERVER_LOG, SOCKET, command
from engine.journal import Journal
from engine.memory_journal import MemoryJournal, Shelf
from engine.redis_journal import RedisJournal
from engine.server_program import Program


class Store(Protocol):
    """A store that any number of processes may open."""

    def open(self) -> Journal:
        """Another process's journal on it."""
        ...


class MemoryStore:
    """A store in memory, empty at first."""

    def __init__(self) -> None:
        self.shelf = Shelf()

    def open(self) -> Journal:
        return MemoryJournal(ManualClock(1), self.shelf)


class RedisStore:
    """A Redis server with the settings of the embedded one, in a directory of its own."""

    def __init__(self, program: Program, directory: Path) -> None:
        self.program = program
        self.directory = directory
        self.url = f"unix://{directory / SOCKET}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def open(self) -> Journal:
        return RedisJournal(self.url)

    def open_redis(self) -> "redis.Redis":
        """A plain client, for looking and for doing damage."""
        return redis.Redis.from_url(self.url, protocol=2, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self, *settings: str) -> None:
        """Start it, with further settings, and do not wait."""
        words = [*command(self.program.path), *settings]
        self._process = subprocess.Popen(words, cwd=self.directory)  # noqa: S603 - the server under test

    def wait(self) -> None:
        """Wait until it answers."""
        client = self.open_redis()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(redis.ConnectionError, redis.exceptions.BusyLoadingError):
                if client.ping():
                    client.close()
                    return
            time.sleep(0.005)
        raise AssertionError(f"{self.program} did not start: {(self.directory / SERVER_LOG).read_text()}")

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def end(self) -> None:
        if self._process is not None:
            self.kill()

    def wipe(self) -> None:
        """Everything as at first: no data, no scripts, the settings of the embedded server."""
        with self.open_redis() as client:
            client.replicaof("NO", "ONE")
            client.flushall()
            client.script_flush()
            for name, value in (("appendfsync", "always"), ("appendonly", "yes"), ("maxmemory-policy", "noeviction")):
                client.config_set(name, value)
            client.config_set("no-appendfsync-on-rewrite", "no")
            client.config_set("maxmemory", 0)
