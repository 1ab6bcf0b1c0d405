"""Premises: `knockdown serve` as a child process that may be killed and started again where it was.

It refuses to know what is sold in it. Invariants: the port, the secret and the data directory stay the same from one
start to the next; whatever was started here, stores that outlived their house included, is ended by `clear_away`.
Waits in seconds.
"""

import asyncio
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import jwt
import psutil

from bench.load import Address
from bench.server import disk_directory

ROOT = Path(__file__).resolve().parent.parent.parent
_PORTS = range(20_000, 32_000)
_READY_S = 20.0
_END_S = 15.0
_LOOK_S = 0.01
_HELD_S = 0.05
_STORES = ("redis", "valkey")


def quiet_port() -> int:
    """A free port that the kernel gives to nobody by itself.

    A client that dials a port of the kernel's own range while nobody listens there may be connected to itself.
    """
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def directory_on_disk() -> Iterator[Path]:
    """A new directory where an fsync is a real one."""
    path = Path(tempfile.mkdtemp(prefix="kd-promises-", dir=disk_directory()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def until(fact: Callable[[], bool], what: str, patience_s: float = _READY_S) -> None:
    """Wait for another process to do something that gives us no event."""
    give_up = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < give_up, f"{what} took more than {patience_s} s"
        await asyncio.sleep(_LOOK_S)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment without settings for a house, and these."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KNOCKDOWN_")}
    return ours | {f"KNOCKDOWN_{name.upper()}": value for name, value in settings.items()}


def command(*words: str) -> list[str]:
    """The command line of knockdown."""
    return [sys.executable, "-m", "knockdown", *words]


class Premises:
    """A house in a directory.

    Args:
        directory: Where its data directory and its log are made.
        store_url: The store it is given; by default its own.
        settings: KNOCKDOWN_* variables, by the rest of their names.

    Attributes:
        verb: What knockdown is told to do.
    """

    verb = "serve"

    def __init__(self, directory: Path, store_url: str = "", **settings: str) -> None:
        self.data_dir = directory / "data"
        self.address = Address("127.0.0.1", quiet_port())
        self.url = f"http://127.0.0.1:{self.address.port}"
        self.ws_url = f"ws://127.0.0.1:{self.address.port}/v1/ws"
        self.store_url = store_url or f"unix://{self.data_dir / 'redis.sock'}"
        self.starts = 0
        self._has_own_store = not store_url
        self._log = directory / "house.log"
        self._secret = secrets.token_hex(32)
        given = {"redis_url": store_url} if store_url else {}
        self._environment = environment({"rate": "0", **settings, **given, "secret": self._secret})
        self._process: subprocess.Popen[bytes] | None = None
        self._stores: dict[int, psutil.Process] = {}

    def sign(self, role: str, sub: str, *, ttl_s: int = 3_600, secret: str = "", org: str = "") -> str:
        """A token of this house, for somebody of a consignor where one is named; or one under another secret."""
        claims = {"sub": sub, "role": role, "exp": int(time.time()) + ttl_s}
        return jwt.encode({**claims, "org": org} if org else claims, secret or self._secret, algorithm="HS256")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process of the house."""
        assert self._process is not None, "the house was not started"
        return self._process

    @property
    def said(self) -> str:
        """Everything that the house has written to its log so far."""
        return self._log.read_text("utf-8", "replace")

    def store(self) -> psutil.Process:
        """The Redis that this house runs."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if any(make in child.name() for make in _STORES) and not is_gone(child):
                    self._stores[child.pid] = child
                    return child
        raise AssertionError(f"the house runs no store; it said: {self.said[-2_000:]}")

    async def open(self) -> None:
        """Start the house, and wait until it takes bids."""
        self._start()
        give_up = time.monotonic() + _READY_S
        while not await self.is_ready():
            assert self.process.poll() is None, f"the house ended: {self.said[-2_000:]}"
            assert time.monotonic() < give_up, f"the house is not ready: {self.said[-2_000:]}"
            await asyncio.sleep(_LOOK_S)
        if self._has_own_store:
            self.store()  # so that it is known, should it outlive the house

    def _start(self) -> None:
        words = command(self.verb, "--port", str(self.address.port), "--data-dir", str(self.data_dir))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(words, cwd=ROOT, env=self._environment, stdout=log, stderr=log)  # noqa: S603  our own
        self.starts += 1

    async def is_ready(self) -> bool:
        """Whether the house says that it takes bids."""
        try:
            reader, writer = await asyncio.open_connection(*self.address)
        except OSError:
            return False
        try:
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(2):
                return b" 200 " in await reader.readline()
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    async def kill(self, *, held: bool = False) -> None:
        """Kill the house alone: its store lives on.

        `held`: Stop it first for as long as the store needs for what is under way, so that the house dies after its
        append and before its answer.
        """
        if held:
            self.stop_running()
            await asyncio.sleep(_HELD_S)
        self.process.kill()
        self.process.wait()

    def kill_store(self) -> psutil.Process:
        """Kill the store alone; return what was killed."""
        store = self.store()
        store.kill()
        return store

    def kill_both(self, *, store_first: bool) -> None:
        """Kill the house and its store, one straight after the other."""
        store = self.store()
        if store_first:
            store.kill()
        self.process.kill()
        if not store_first:
            store.kill()
        self.process.wait()

    def stop_running(self) -> None:
        """Take the processor away from the house."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Give it back."""
        self.process.send_signal(signal.SIGCONT)

    async def close(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask the house to end; return its exit status."""
        self.process.send_signal(by)
        return await asyncio.to_thread(self.process.wait, _END_S)

    def clear_away(self) -> None:
        """End all that was started here."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self._process.kill()
            self._process.wait()
        for store in self._stores.values():
            with suppress(psutil.NoSuchProcess):
                if store.is_running() and store.status() != psutil.STATUS_ZOMBIE:
                    store.kill()


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has buried yet counts as ended."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
