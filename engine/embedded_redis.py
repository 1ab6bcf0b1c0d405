"""The Redis of one's own: a real server on a Unix socket in the data directory, for houses without one.

It refuses to know what is kept in it, and what a log is: `redis_journal` uses it through its URL like any other.

Invariants. One process per data directory, one Redis. The process holds a lock on `lock`; the server inherits a lock
on `redis.lock`, so the kernel knows of one that outlived us, even one that does not listen yet. Such a survivor is shut
down and started afresh, so the server is always our child. It has a session of its own: Ctrl-C does not reach it before
our last append. A server that was killed is started again; one that ended on an error of its own is not, since it could
not write or read its disk.

Units: seconds for time limits. Source: design.md, "Embedded default"; the Redis manual on persistence.
"""

import asyncio
import fcntl
import logging
import os
import re
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from redis.exceptions import ResponseError

from clock.instants import SECOND_US
from engine.errors import JournalAway, StoreError, StoreInUse
from engine.limits import EngineLimits
from engine.server_program import Program, choose, programs, recall, remember
from engine.store_line import Line, exchange_for

SOCKET = "redis.sock"
SERVER_LOG = "redis.log"
SERVER_PID = "redis.pid"
SOCKET_PATH_BYTES_MAX = 107
FIRST_LOOK_S = 0.005
LONGEST_LOOK_S = 0.25
SAID_AGAIN_S = 5.0

_log = logging.getLogger(__name__)

SETTINGS = {
    "port": "0",
    "unixsocket": SOCKET,
    "unixsocketperm": "700",
    "daemonize": "no",
    "pidfile": SERVER_PID,
    "logfile": SERVER_LOG,
    "databases": "1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
    # Logs only grow: a rewrite gains a faster start and costs a fork, so it waits until there is something to gain.
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "256mb",
}
"""The server's settings. All paths are relative: it runs in the data directory, whose own path may be too long."""


def command(program: str) -> list[str]:
    """The command line of a server with these settings, to be run in its data directory."""
    return [program, *(word for name, value in SETTINGS.items() for word in (f"--{name}", value))]


class EmbeddedRedis:
    """A Redis server in a data directory, ours alone; an async context manager.

    Args:
        data_dir: Where everything is kept; made with mode 0700 if it is not there.
        program: The server to run; by default the first on this machine that may open the data.
        limits: How long it may take to end, and when it is started again.

    Attributes:
        url: Where it listens.
        trouble: Why it ended for good, one sentence; None while it runs or is started again.
    """

    def __init__(self, data_dir: Path, program: Program | None = None, limits: EngineLimits | None = None) -> None:
        self._limits = limits or EngineLimits()
        self.data_dir = data_dir.absolute()
        self.url = ""
        self.trouble: str | None = None
        self._found = None if program is None else [program]
        self._open: list[int] = []
        self._short_way: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._command: list[str] = []
        self._lock_handed_down = -1

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id; None when none was started."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Lock the data directory, start the server and wait until it answers.

        Raises:
            StoreInUse: Another process holds the directory.
            StoreRefused: No server here may open the data.
            StoreError: The server did not start; the sentence says what it wrote last.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_directory()
        self.url = f"unix://{quote(self._socket_path())}"
        await self._see_survivor_off()
        program = choose(self._found or list(programs()), recall(self.data_dir))
        remember(self.data_dir, program.edition)
        self._command = command(program.path)
        await self._launch()
        await self._answers()
        self._watch = asyncio.create_task(self._keep_running(), name="embedded Redis")

    def _lock_directory(self) -> None:
        lock = self._open_file("lock")
        if not _locked(lock):
            holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
            raise StoreInUse(
                f"the data directory {self.data_dir} is in use by process {holder}; stop it or use another"
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _open_file(self, name: str) -> int:
        self._open.append(os.open(self.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return self._open[-1]

    def _socket_path(self) -> str:
        """A path to the socket that the kernel takes, whatever the working directory is or becomes."""
        path = str(self.data_dir / SOCKET)
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
            return path
        directory = os.open(self.data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._open.append(directory)
        by_number = Path(f"/proc/{os.getpid()}/fd/{directory}")
        return str((by_number if by_number.exists() else self._short_link()) / SOCKET)

    def _short_link(self) -> Path:
        """A short way to the directory, for systems without /proc."""
        self._short_way = Path(tempfile.mkdtemp(prefix="knockdown-")) / "data"
        self._short_way.symlink_to(self.data_dir)
        return self._short_way

    async def _see_survivor_off(self) -> None:
        """Shut down a server that outlived an earlier process of ours, and wait until the kernel says it is gone."""
        lock = self._lock_handed_down = self._open_file("redis.lock")
        if _locked(lock):
            return
        _log.warning("a Redis of an earlier run (process %s) still holds %s; shutting it down", *self._survivor())
        try:
            async with asyncio.timeout(self._limits.server_end_us / SECOND_US):
                while not _locked(lock):
                    await self._say("SHUTDOWN", "NOSAVE")
                    await asyncio.sleep(FIRST_LOOK_S)
        except TimeoutError:
            pid, data_dir = self._survivor()
            raise StoreInUse(
                f"a Redis of an earlier run (process {pid}) holds {data_dir} and does not end; kill it"
            ) from None

    def _survivor(self) -> tuple[str, Path]:
        try:
            return (self.data_dir / SERVER_PID).read_text().strip(), self.data_dir
        except OSError:
            return "unknown", self.data_dir

    async def _launch(self) -> None:
        try:
            await self._spawn()
        except OSError as error:
            raise StoreError(f"the embedded Redis cannot be started with {self._command[0]}: {error}") from error

    async def _spawn(self) -> None:
        with (self.data_dir / SERVER_LOG).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self.data_dir,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self._lock_handed_down,),
                # Python ignores SIGXFSZ, and so shall the server: past its quota it says so instead of being killed.
                # (Under uvloop it is killed all the same, so `_keep_running` knows that signal.)
                restore_signals=False,
            )

    async def _answers(self) -> None:
        """Wait until the server has read its log; however long that takes, as long as it lives."""
        look_s = FIRST_LOOK_S
        loop = asyncio.get_running_loop()
        say_at = loop.time() + SAID_AGAIN_S
        while not await self._say("PING"):
            if self._process is not None and self._process.returncode is not None:
                raise StoreError(self._obituary(self._process.returncode))
            if loop.time() >= say_at:
                _log.warning("waiting for the embedded Redis to read its log in %s", self.data_dir)
                say_at += SAID_AGAIN_S
            await asyncio.sleep(look_s)
            look_s = min(look_s * 1.5, LONGEST_LOOK_S)

    async def _say(self, *words: str) -> bool:
        """Say something to whatever listens on the socket; whether it agreed."""
        limits = self._limits
        line = Line(exchange_for(self.url, limits.store_dial_us / SECOND_US), limits.store_reply_us / SECOND_US)
        try:
            await line.ask(*words)
        except (JournalAway, ResponseError):
            return False
        finally:
            await line.hang_up()
        return True

    async def _keep_running(self) -> None:
        """Start the server again when it was killed; leave it when it gave up by itself."""
        loop, limits = asyncio.get_running_loop(), self._limits
        pause_us = 0
        while self._process is not None:
            since = loop.time()
            status = await self._process.wait()
            if status > 0 or status == -signal.SIGXFSZ:
                self._give_up(self._obituary(status))
                return
            if (loop.time() - since) * SECOND_US > limits.server_healthy_us:
                pause_us = 0
            _log.error("the embedded Redis was ended (%s); starting it again", _cause(status))
            await asyncio.sleep(pause_us / SECOND_US)
            pause_us = min(max(2 * pause_us, limits.server_restart_first_us), limits.server_restart_longest_us)
            try:
                await self._launch()
            except StoreError as error:
                self._give_up(str(error))
                return

    def _give_up(self, trouble: str) -> None:
        self.trouble = trouble
        _log.critical("%s", trouble)

    def _obituary(self, status: int) -> str:
        return (
            f"the embedded Redis ended ({_cause(status)}): {self._last_words()}; see {self.data_dir / SERVER_LOG}, "
            "put it right and start again"
        )

    def _last_words(self) -> str:
        """The last warning in the server's log, without its stamp."""
        try:
            lines = (self.data_dir / SERVER_LOG).read_bytes()[-8192:].decode(errors="replace").splitlines()
        except OSError:
            return "it left no word"
        warnings = [line.split(" # ", 1)[1] for line in lines if " # " in line]
        told = warnings or [re.sub(r"^\S+ .*? \* ", "", line) for line in lines if line.strip()]
        return told[-1].strip().rstrip(".") if told else "it left no word"

    async def stop(self) -> None:
        """End the server after its last write, and let go of the directory."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            await self._end(self._process)
        self._watch = self._process = None
        self._let_go()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._limits.server_end_us / SECOND_US):
                await process.wait()
        except TimeoutError:
            # Every write that was acknowledged is on disk already.
            _log.warning("the embedded Redis does not end and is killed")
            process.kill()
            await process.wait()

    def _let_go(self) -> None:
        if self._short_way is not None:
            self._short_way.unlink(missing_ok=True)
            self._short_way.parent.rmdir()
            self._short_way = None
        while self._open:
            os.close(self._open.pop())


def _locked(file: int) -> bool:
    """Take the lock on an open file, if nobody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cause(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
