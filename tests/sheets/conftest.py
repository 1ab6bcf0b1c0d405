"""Fixtures of the sheets: every table is played on the journal in memory, and on one real Redis."""

from collections.abc import Callable, Iterator

import pytest

from clock.instants import Clock
from engine.journal import Journal
from engine.memory_journal import MemoryJournal
from engine.server_program import programs
from tests.engine.stores import RedisStore

Journals = Callable[[Clock], Journal]


@pytest.fixture(scope="session")
def redis_of_sheets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisStore]:
    """The newest Redis of this machine, started when first asked for."""
    store = RedisStore(max(programs(), key=lambda program: program.edition.major), tmp_path_factory.mktemp("sheets"))
    yield store
    store.end()


@pytest.fixture(params=["memory", "redis"])
def journal(request: pytest.FixtureRequest) -> Journals:
    """A journal that holds nothing yet."""
    if request.param == "memory":
        return MemoryJournal
    store: RedisStore = request.getfixturevalue("redis_of_sheets")
    store.wipe()
    return lambda _clock: store.open()
