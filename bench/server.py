"""A house under test: `knockdown serve` as a child process on a free port, with a data directory of its own.

Refuses to know what is measured on it. Invariants: it has its own secret, no limit on bids per account, the embedded
store with `appendfsync always`, and nothing of the caller's environment that would change that; it is stopped and its
directory removed whatever happens. The directory is on a real disk where there is one: on a memory file system an fsync
costs nothing and the figures would flatter. CPU in seconds, memory in bytes.
"""

import http.client
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import psutil

from bench.load import Address

ROOT = Path(__file__).resolve().parent.parent
_READY_WAIT_S = 30.0
_STOP_WAIT_S = 20.0
_TOKEN_TTL_S = 6 * 3600
_LOG_TAIL_LEN = 2_000


class HouseNotReadyError(RuntimeError):
    """The house did not come up; the message ends with what it said."""


class House:
    """A running house: its address, its process, its directory."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, secret: str, data_dir: Path) -> None:
        self.address = Address("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{port}"
        self.pid = process.pid
        self.data_dir = data_dir
        self.store_socket = data_dir / "redis.sock"
        self._secret = secret

    def sign(self, role: str, sub: str) -> str:
        """A token that this house honours."""
        claims = {"sub": sub, "role": role, "exp": int(time.time()) + _TOKEN_TTL_S}
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def rss_bytes(self) -> int:
        """Resident memory of the house itself, without its store."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def cpu_s(self) -> float:
        """CPU seconds of the house itself, without its store."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def house(*, rate: str = "0") -> Iterator[House]:
    """Run a house for the length of a `with`. `rate` is KNOCKDOWN_RATE. Raises HouseNotReadyError."""
    raise_open_files()
    data_dir = Path(tempfile.mkdtemp(prefix="kd-bench-", dir=disk_directory()))
    port, secret = free_port(), secrets.token_hex(32)
    try:
        with (data_dir / "house.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  our own command line, nothing of it from outside
                _command(port, data_dir), cwd=ROOT, env=_environment(secret, rate), stdout=log, stderr=log
            )
        try:
            _await_ready(process, port, data_dir)
            yield House(process, port, secret, data_dir)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def disk_directory() -> str:
    """Where temporary files survive a restart, so that an fsync there is a real one."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108  the name inside it is random


def file_system(path: Path) -> str:
    """The kind of file system under a path, for the record: an fsync on tmpfs is worth nothing."""
    mounts = sorted(psutil.disk_partitions(all=True), key=lambda mount: len(mount.mountpoint), reverse=True)
    where = str(path.resolve())
    return next((str(mount.fstype) for mount in mounts if where.startswith(mount.mountpoint)), "unknown")


def raise_open_files() -> int:
    """Raise the limit on open files to the hard limit, for us and for the children; the limit now."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _command(port: int, data_dir: Path) -> list[str]:
    return [sys.executable, "-m", "knockdown", "serve", "--port", str(port), "--data-dir", str(data_dir)]


def _environment(secret: str, rate: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KNOCKDOWN_")}
    return ours | {"KNOCKDOWN_SECRET": secret, "KNOCKDOWN_RATE": rate}


def _await_ready(process: "subprocess.Popen[bytes]", port: int, data_dir: Path) -> None:
    give_up = time.monotonic() + _READY_WAIT_S
    while time.monotonic() < give_up and process.poll() is None:
        if _is_ready(port):
            return
        time.sleep(0.05)
    said = (data_dir / "house.log").read_text("utf-8", "replace")[-_LOG_TAIL_LEN:]
    raise HouseNotReadyError(f"`knockdown serve` did not become ready; it said: {said.strip() or 'nothing'}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
