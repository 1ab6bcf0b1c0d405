"""Fixtures of the engine's tests: every store that a journal is kept in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.server_program import Program, programs
from tests.engine.stores import MemoryStore, RedisStore, Store

PROGRAMS = {f"{p.edition.make.lower()}-{p.edition.major}": p for p in reversed(list(programs()))}


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[dict[str, RedisStore]]:
    """The servers of this machine, each started when first asked for."""
    servers: dict[str, RedisStore] = {}
    yield servers
    for server in servers.values():
        server.end()


def _server(name: str, servers: dict[str, RedisStore], directories: pytest.TempPathFactory) -> RedisStore:
    if name not in servers:
        servers[name] = RedisStore(PROGRAMS[name], directories.mktemp(name))
    servers[name].wipe()
    return servers[name]


@pytest.fixture(params=list(PROGRAMS))
def redis_store(
    request: pytest.FixtureRequest, redis_servers: dict[str, RedisStore], tmp_path_factory: pytest.TempPathFactory
) -> RedisStore:
    """Each Redis server of this machine, empty."""
    return _server(request.param, redis_servers, tmp_path_factory)


@pytest.fixture(params=["memory", *PROGRAMS])
def store(
    request: pytest.FixtureRequest, redis_servers: dict[str, RedisStore], tmp_path_factory: pytest.TempPathFactory
) -> Store:
    """Each kind of store, empty."""
    if request.param == "memory":
        return MemoryStore()
    return _server(request.param, redis_servers, tmp_path_factory)


@pytest.fixture(params=list(PROGRAMS))
def program(request: pytest.FixtureRequest) -> Program:
    """Each server program of this machine."""
    return PROGRAMS[request.param]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"
