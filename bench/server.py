"""A house under test: `knockdown serve` as a child process on a free port, with a data directory of its own.

Refuses to know what is measured on it. Invariants: it has its own secret, no limit on bids per account, the embedded
store with `appendfsync always`, and nothing of the caller's environment that would change that; it is stopped and its
directory removed whatever happens. The directory is on a real disk where there is one: on a memory file system an fsync
costs nothing and the figures would flatter. CPU in seconds, memory in bytes.
"""

import errno
import http.client
import os
import random
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import jwt
import psutil

from bench.load import Address

ROOT = Path(__file__).resolve().parent.parent
_READY_WAIT_S = 30.0
_STOP_WAIT_S = 20.0
_TOKEN_TTL_S = 6 * 3600
_LOG_TAIL_LEN = 2_000
_PORTS = range(10_000, 65_536)
_GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The ports that the kernel gives to whoever dials without choosing one."""
_GIVEN_OUT_ELSEWHERE = "49152 65535"
"""The same where nobody says it: the dynamic ports of IANA."""


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
    port, secret = free_port(), secrets.token_hex(32)
    with directory_on_disk() as data_dir:
        with (data_dir / "house.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  our own command line, nothing of it from outside
                _command(port, data_dir), cwd=ROOT, env=_environment(secret, rate), stdout=log, stderr=log
            )
        try:
            _await_ready(process, port, data_dir)
            yield House(process, port, secret, data_dir)
        finally:
            stop(process)


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


@contextmanager
def directory_on_disk(prefix: str = "kd-bench-") -> Iterator[Path]:
    """A directory of our own for the length of a `with`, where an fsync is a real one."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=disk_directory()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, and that the kernel gives to nobody by itself.

    It is another at each call, so that several can be chosen before the first is taken. Raises OSError.
    """
    return first_free(_quiet_ports())


def first_free(ports: Iterable[int]) -> int:
    """The first of these that nobody listens on. Raises OSError when there is none."""
    for port in ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no port of 127.0.0.1 is free")


def ports_beyond(given_out: str) -> list[int]:
    """The ports outside a range that is written as first and last; all of ours where that leaves none."""
    first, last = map(int, given_out.split())
    return [port for port in _PORTS if not first <= port <= last] or list(_PORTS)


@cache
def _quiet_ports() -> Iterator[int]:
    """Those ports, each once, in no order that another process would take them in as well."""
    given_out = _GIVEN_OUT.read_text("ascii") if _GIVEN_OUT.exists() else _GIVEN_OUT_ELSEWHERE
    ports = ports_beyond(given_out)
    return iter(random.sample(ports, len(ports)))


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


def stop(process: "subprocess.Popen[bytes]", wait_s: float = _STOP_WAIT_S) -> None:
    """End a house as its operator would; kill it when that takes longer than `wait_s`."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
