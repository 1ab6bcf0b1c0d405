"""A PostgreSQL for one peer: a cluster of its own, freshly made, as durable as it is by default.

Refuses to know what is kept in it. Invariants: `fsync` and `synchronous_commit` are on and nothing else is loosened;
what is tuned is what anyone tunes first, room for shared buffers and for the log between two checkpoints; it takes
connections from this machine alone, and needs no password for them. PostgreSQL refuses to run as root: for root it runs
as the user `postgres`, who owns its directory. The directory is removed when it has ended. Sizes in PostgreSQL's units.
"""

import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.peers.program import NotInstalledError, PeerFailedError, Program, on_path, started
from bench.server import directory_on_disk, free_port

USER = "postgres"
_INSTALLED = Path("/usr/lib/postgresql")
_INITDB_WAIT_S = 60.0
_READY_WAIT_S = 20.0
_PSQL_WAIT_S = 30.0
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
}


class Postgres(NamedTuple):
    """A running PostgreSQL: where its socket lies, its port, and its processes."""

    directory: Path
    port: int
    program: Program

    @property
    def dsn(self) -> str:
        """How a client connects to it."""
        return f"postgresql://{USER}@/postgres?host={self.directory}&port={self.port}"

    def run(self, statements: str, **values: str) -> str:
        """Have psql run statements, with `:'name'` for a value; what they give. Raises PeerFailedError."""
        told = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
        command = [_program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *told, self.dsn]
        ran = subprocess.run(  # noqa: S603  a program of this machine, our own arguments
            command, input=statements, capture_output=True, text=True, check=False, timeout=_PSQL_WAIT_S
        )
        if ran.returncode:
            raise PeerFailedError(f"psql failed: {ran.stderr.strip()}")
        return ran.stdout.strip()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL for the length of a `with`. Raises NotInstalledError, PeerFailedError."""
    initdb, server = _program("initdb"), _program("postgres")
    with directory_on_disk("kd-peer-") as directory:
        prefix = _as_its_user(directory)
        data, port = directory / "data", free_port()
        _make_cluster([*prefix, initdb], data)
        command = [*prefix, server, "-D", str(data), "-k", str(directory), "-p", str(port), *_settings()]
        with started(command, port, cwd=directory) as running:
            found = Postgres(directory, port, running)
            _await_ready(found)
            yield found


def _program(name: str) -> str:
    """Where a program of the newest PostgreSQL here is."""
    versions = [path for path in _INSTALLED.glob("*/bin") if path.parent.name.isdecimal()]
    newest_first = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    return on_path(name, *(path / name for path in newest_first))


def _as_its_user(directory: Path) -> list[str]:
    """What goes before a command so that it does not run as root; the directory is made that user's."""
    if os.geteuid() != 0:
        return []
    setpriv = on_path("setpriv")
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise NotInstalledError(f"PostgreSQL does not run as root, and there is no user {USER}") from None
    os.chown(directory, user.pw_uid, user.pw_gid)
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _make_cluster(initdb: list[str], data: Path) -> None:
    command = [*initdb, "-D", str(data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    try:
        subprocess.run(  # noqa: S603  a program of this machine, our own arguments
            command, check=True, capture_output=True, text=True, timeout=_INITDB_WAIT_S, cwd=data.parent
        )
    except subprocess.CalledProcessError as failed:
        raise PeerFailedError(f"initdb failed: {failed.stderr.strip()}") from failed
    except subprocess.TimeoutExpired as failed:
        raise PeerFailedError(f"initdb did not end within {_INITDB_WAIT_S:g} s") from failed


def _settings() -> list[str]:
    return [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]


def _await_ready(found: Postgres) -> None:
    """Its port takes connections a moment before it answers on them."""
    give_up = time.monotonic() + _READY_WAIT_S
    while True:
        try:
            found.run("SELECT 1")
        except PeerFailedError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return
