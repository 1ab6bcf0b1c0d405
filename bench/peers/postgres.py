"""A PostgreSQL for one peer: a cluster of its own, freshly made, as durable as it is by default.

Refuses to know what is kept in it. Invariants: `fsync` and `synchronous_commit` are on and nothing else is loosened;
what is tuned is what anyone tunes first, room for shared buffers and for the log between two checkpoints; it takes
connections from this machine alone, and needs no password for them. PostgreSQL refuses to run as root: for root it runs
as the user `postgres`, who owns its directory. The directory is removed when it has ended. Sizes in PostgreSQL's units.
"""

import asyncio
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from bench.peers.program import NotInstalledError, PeerFailedError, Program, on_path, started
from bench.peers.room import room
from bench.server import free_port

USER = "postgres"
_INSTALLED = Path("/usr/lib/postgresql")
_INITDB_WAIT_S = 60.0
_READY_WAIT_S = 20.0
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
}


class Postgres(NamedTuple):
    """A running PostgreSQL: how it is connected to, and its processes."""

    dsn: str
    program: Program

    def run(self, statements: str) -> None:
        """Run statements that give nothing back."""
        asyncio.run(self._run(statements))

    def value(self, query: str, *arguments: str) -> int:
        """The one number that a query gives."""
        return asyncio.run(self._value(query, *arguments))

    async def _run(self, statements: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def _value(self, query: str, *arguments: str) -> int:
        connection = await asyncpg.connect(self.dsn)
        try:
            return int(await connection.fetchval(query, *arguments))
        finally:
            await connection.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL for the length of a `with`. Raises NotInstalledError, PeerFailedError."""
    initdb, server = _program("initdb"), _program("postgres")
    with room() as directory:
        prefix = _as_its_user(directory)
        data, port = directory / "data", free_port()
        _make_cluster([*prefix, initdb], data)
        command = [*prefix, server, "-D", str(data), "-k", str(directory), "-p", str(port), *_settings()]
        with started(command, port, cwd=directory) as running:
            found = Postgres(f"postgresql://{USER}@/postgres?host={directory}&port={port}", running)
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
            found.value("SELECT 1")
        except (asyncpg.CannotConnectNowError, OSError) as not_yet:
            if time.monotonic() > give_up:
                raise PeerFailedError(f"PostgreSQL does not answer: {not_yet}") from not_yet
            time.sleep(0.05)
        else:
            return
