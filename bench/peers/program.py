"""A peer's process: started on a free port, waited for, measured, stopped, whatever happens in between.

Refuses to know what it serves. Invariants: it runs in a session of its own, so that its children (workers, one per
core or not) end with it; CPU counts all of them. CPU in seconds, memory in bytes.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_READY_WAIT_S = 30.0
_STOP_WAIT_S = 5.0
_SAID_LEN = 2_000


class NotInstalledError(RuntimeError):
    """The peer is not on this machine; the message says what is missing."""


class PeerFailedError(RuntimeError):
    """The peer did not come up; the message ends with what it said."""


class Program:
    """A running peer with all its processes."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def cpu_s(self) -> float:
        """CPU seconds so far, of the process and all that it started."""
        spent = 0.0
        for process in (self._root, *self._root.children(recursive=True)):
            with suppress(psutil.Error):  # a worker that has just ended
                times = process.cpu_times()
                spent += times.user + times.system
        return spent


def on_path(name: str, *elsewhere: Path) -> str:
    """Where a program is: on PATH, or among these files. Raises NotInstalledError."""
    found = shutil.which(name) or next((str(path) for path in elsewhere if os.access(path, os.X_OK)), None)
    if found is None:
        raise NotInstalledError(f"{name} is not on PATH")
    return found


@contextmanager
def started(command: Sequence[str], port: int, *, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Program]:
    """Run a peer for the length of a `with`; it is up once its port takes connections. Raises PeerFailedError."""
    said = cwd / f"said-{port}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  a program of this machine, our own arguments
            command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _await_port(process, port, said)
        yield Program(process.pid)
    finally:
        _stop(process)


def _await_port(process: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    give_up = time.monotonic() + _READY_WAIT_S
    while time.monotonic() < give_up and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    words = said.read_text("utf-8", "replace")[-_SAID_LEN:].strip()
    raise PeerFailedError(f"{process.args!r} did not come up; it said: {words or 'nothing'}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it started: the whole group, which is its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
