"""The crowd of watchers in a process of its own (drain.c), and the bare loop of `send` (raw_send.c): the C programs.

They are built at every run, started, asked and stopped here. Refuses to know who serves the crowd: a watcher says what
its script says, and counts what it hears. Invariants: a crowd is ready when all its lines are open; a program that says
something else than was due is an error with its own words. CPU in seconds, sizes in bytes.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bench.compile_c import build
from bench.load import Address

_ARRIVAL_WAIT_S = 10.0
_LAST_WORDS_WAIT_S = 1.0
_LAST_WORDS_LEN = 300
_US = 1_000_000
_PORTS_PER_SOURCE = 20_000


class ChildSilentError(RuntimeError):
    """One of our C programs ended or said something else than expected."""


class Script(NamedTuple):
    """What every watcher says: an HTTP upgrade, and the frames that follow it."""

    request: bytes
    first: bytes = b""


class Counts(NamedTuple):
    """What a drain has seen so far."""

    frames: int
    bytes: int
    closed: int
    cpu_s: float


class RawCost(NamedTuple):
    """What a raw run cost."""

    us_per_frame: float
    short: int


class Drain:
    """The child process that plays the watchers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def counts(self) -> Counts:
        """Ask for the counts so far."""
        words = (await ask(self._process)).split()
        return Counts(int(words[1]), int(words[3]), int(words[5]), float(words[7]))

    async def reaches(self, frames: int) -> Counts:
        """The counts once so many frames have come, or after a patient wait."""
        give_up = time.perf_counter() + _ARRIVAL_WAIT_S
        counts = await self.counts()
        while counts.frames < frames and time.perf_counter() < give_up:
            await asyncio.sleep(0.05)
            counts = await self.counts()
        return counts


class Studio:
    """The C programs, built, and the files they read."""

    def __init__(self, directory: Path) -> None:
        self.drain = build("drain", directory)
        self.raw_send = build("raw_send", directory)
        self._directory = directory

    @asynccontextmanager
    async def watchers(self, address: Address, count: int, script: Script | None) -> AsyncIterator[Drain]:
        """A drain with all its connections open; without a script the other end sends frames from the start."""
        sources = -(-count // _PORTS_PER_SOURCE)
        arguments = [address.host, str(address.port), str(count), str(sources), *self._written(script)]
        async with child(self.drain, arguments) as process:
            await expect(process, "ready")
            yield Drain(process)

    async def raw(self, watchers: int, size: int, rate: float, seconds: float) -> RawCost:
        """One run of the raw loop against a drain."""
        async with child(self.raw_send, [str(watchers), str(size), str(rate), str(seconds)]) as sender:
            port = int((await expect(sender, "port")).split()[1])
            async with self.watchers(Address("127.0.0.1", port), watchers, None):
                await expect(sender, "ready")
                words = (await ask(sender)).split()
        return RawCost(float(words[1]) * _US / int(words[3]), int(words[5]))

    def _written(self, script: Script | None) -> list[str]:
        if script is None:
            return []
        request, first = self._directory / "handshake", self._directory / "first"
        request.write_bytes(script.request)
        first.write_bytes(script.first)
        return [str(request), str(first)]


@asynccontextmanager
async def child(program: Path, arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A C program of ours for the length of a `with`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(program), *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def expect(process: asyncio.subprocess.Process, word: str) -> str:
    """The next line of a child, which must begin with `word`. Raises ChildSilentError."""
    assert process.stdout is not None  # noqa: S101  it was started with a pipe
    line = (await process.stdout.readline()).decode().strip()
    if not line or not line.startswith(word):
        raise ChildSilentError(f"a helper program said {line or await _last_words(process)!r} where {word!r} was due")
    return line


async def ask(process: asyncio.subprocess.Process) -> str:
    """Say go, and take the line it answers with. Raises ChildSilentError."""
    assert process.stdin is not None  # noqa: S101  it was started with a pipe
    process.stdin.write(b"\n")
    await process.stdin.drain()
    return await expect(process, "")


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """What a child that has ended complained of."""
    assert process.stderr is not None  # noqa: S101  it was started with a pipe
    try:
        said = await asyncio.wait_for(process.stderr.read(_LAST_WORDS_LEN), _LAST_WORDS_WAIT_S)
    except TimeoutError:
        return ""
    return said.decode("utf-8", "replace").strip()
