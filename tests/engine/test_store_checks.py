"""A store that cannot keep the promise is refused, with the sentence that says what to set."""

from collections.abc import AsyncIterator, Callable

import pytest
import redis

from engine.errors import StoreRefused
from engine.redis_journal import RedisJournal
from engine.store_checks import check_lifetimes, check_store
from engine.store_line import Line, exchange_for
from tests.engine.stores import RedisStore


@pytest.fixture
async def line(redis_store: RedisStore) -> AsyncIterator[Line]:
    line = Line(exchange_for(redis_store.url, 2), 5)
    yield line
    await line.hang_up()


def setting(name: str, value: str) -> Callable[["redis.Redis"], object]:
    return lambda client: client.config_set(name, value)


async def test_the_embedded_servers_settings_keep_the_promise(line: Line) -> None:
    assert await check_store(line) == []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (setting("appendonly", "no"), "set appendonly yes"),
        (setting("appendfsync", "everysec"), "set appendfsync always"),
        (setting("appendfsync", "no"), "set appendfsync always"),
        (setting("no-appendfsync-on-rewrite", "yes"), "set no-appendfsync-on-rewrite no"),
        (setting("maxmemory-policy", "allkeys-lru"), "set maxmemory-policy noeviction"),
        (setting("maxmemory-policy", "volatile-ttl"), "set maxmemory-policy noeviction"),
        (lambda client: client.replicaof("127.0.0.1", 1), "not a primary"),
    ],
)
async def test_a_setting_that_breaks_the_promise_is_refused_and_named(
    line: Line, redis_store: RedisStore, spoil: Callable[["redis.Redis"], object], sentence: str
) -> None:
    with redis_store.open_redis() as client:
        spoil(client)
    with pytest.raises(StoreRefused, match=sentence):
        await check_store(line)


async def test_relaxed_accepts_a_later_sync_but_nothing_else(line: Line, redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.config_set("appendfsync", "everysec")
        assert await check_store(line, relaxed=True) == []
        client.config_set("appendonly", "no")
    with pytest.raises(StoreRefused, match="set appendonly yes"):
        await check_store(line, relaxed=True)


async def test_the_journal_checks_as_it_was_told(redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.config_set("appendfsync", "everysec")
    strict, relaxed = RedisJournal(redis_store.url), RedisJournal(redis_store.url, relaxed=True)
    assert await relaxed.check() == []
    with pytest.raises(StoreRefused):
        await strict.check()
    await strict.aclose()
    await relaxed.aclose()


def clerk(redis_store: RedisStore, *commands: str) -> Line:
    """A line of a user who may not use some commands, as with a managed Redis."""
    with redis_store.open_redis() as client:
        client.acl_setuser("clerk", enabled=True, nopass=True, keys=["*"], commands=["+@all", *commands], reset=True)
    return Line(exchange_for(redis_store.url.replace("unix://", "unix://clerk:any@"), 2), 5)


async def test_without_config_what_could_not_be_checked_is_said(redis_store: RedisStore) -> None:
    line = clerk(redis_store, "-config")
    (note,) = await check_store(line)
    assert note == "CONFIG is not open to us, so these could not be checked: appendfsync, no-appendfsync-on-rewrite"
    await line.hang_up()


async def test_without_config_what_info_tells_is_still_checked(redis_store: RedisStore) -> None:
    line = clerk(redis_store, "-config")
    with redis_store.open_redis() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(StoreRefused, match="noeviction"):
            await check_store(line)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "no")
    with pytest.raises(StoreRefused, match="appendonly"):
        await check_store(line)
    await line.hang_up()


async def test_without_config_and_info_all_of_it_is_said(redis_store: RedisStore) -> None:
    line = clerk(redis_store, "-config", "-info")
    config, info = await check_store(line)
    assert "appendonly, appendfsync, no-appendfsync-on-rewrite, maxmemory-policy" in config
    assert "INFO is not open to us" in info
    await line.hang_up()


class Told:
    """A line to a store that says of itself what the test wants."""

    def __init__(self, **facts: str) -> None:
        self._facts = {"redis_version": "7.0.15", "role": "master", "aof_enabled": "1", "aof_last_write_status": "ok"}
        self._facts |= facts

    async def ask_all(self, calls: list[tuple[str, ...]]) -> list[object]:
        info = "\r\n".join(f"{name}:{value}" for name, value in self._facts.items()).encode()
        good = {
            "appendonly": b"yes",
            "appendfsync": b"always",
            "no-appendfsync-on-rewrite": b"no",
            "maxmemory-policy": b"noeviction",
        }
        return [info if call[0] == "INFO" else [call[2].encode(), good[call[2]]] for call in calls]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"aof_last_write_status": "err"}, "cannot write its append-only file"),
        ({"redis_mode": "cluster"}, "is a Redis Cluster"),
        ({"redis_version": "6.0.16"}, "needs Redis 6.2 or later"),
        ({"role": "slave"}, "not a primary"),
    ],
)
async def test_a_state_that_breaks_the_promise_is_refused(facts: dict[str, str], sentence: str) -> None:
    with pytest.raises(StoreRefused, match=sentence):
        await check_store(Told(**facts))  # type: ignore[arg-type]


async def test_a_failed_rewrite_is_a_note_since_what_was_acknowledged_stays() -> None:
    (note,) = await check_store(Told(aof_last_bgrewrite_status="err"))  # type: ignore[arg-type]
    assert "could not rewrite" in note


async def test_a_key_that_will_expire_is_named(line: Line, redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.set("stays", 1)
        client.set("goes", 1, ex=1_000)
    await check_lifetimes(line, ["stays", "missing"])
    with pytest.raises(StoreRefused, match="goes has a time to live"):
        await check_lifetimes(line, ["stays", "goes"])
