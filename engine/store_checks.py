"""Checks that a store can keep the promise: what is acknowledged is on disk, and stays.

It refuses to know logs and scripts, and whose Redis it is.

Invariants: one sentence per fault, naming what to set; the first fault found is raised. What may not be looked at is
not taken for good: it comes back as a note.
Source: design.md, "Refuse a store that cannot keep the promise"; the Redis manual on persistence, eviction and INFO.
"""

from collections.abc import Iterator, Mapping, Sequence

from redis.exceptions import ResponseError

from engine.errors import StoreRefused
from engine.store_line import Line

OLDEST_VERSION = (6, 2)

_SETTINGS = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy")
_SECTIONS = ("server", "replication", "persistence", "memory")


async def check_store(line: Line, *, relaxed: bool = False) -> list[str]:
    """Check the store's settings and health.

    Args:
        line: To the store.
        relaxed: Accept an `appendfsync` other than always.

    Returns:
        What could not be checked, and what deserves a look, a sentence each.

    Raises:
        StoreRefused: The store cannot keep the promise; the sentence names what to set.
        JournalAway: The store did not answer.
    """
    calls = [("INFO", section) for section in _SECTIONS] + [("CONFIG", "GET", name) for name in _SETTINGS]
    replies = await line.ask_all(calls)
    infos, configs = replies[: len(_SECTIONS)], replies[len(_SECTIONS) :]
    facts = _facts(infos)
    settings = {name: reply[1].decode() for name, reply in zip(_SETTINGS, configs, strict=True) if _is_pair(reply)}
    for fault in _faults(facts, settings, relaxed=relaxed):
        raise StoreRefused(fault)
    return list(_notes(facts, settings))


async def check_lifetimes(line: Line, keys: Sequence[str]) -> None:
    """Check that no key of these will expire.

    Raises:
        StoreRefused: One will; the sentence names it.
        JournalAway: The store did not answer.
    """
    for key, ttl in zip(keys, await line.ask_all([("PTTL", key) for key in keys]), strict=True):
        if isinstance(ttl, int) and ttl >= 0:
            raise StoreRefused(f"{key} has a time to live and would be lost; PERSIST it, and find out who set it")


def _facts(infos: Sequence[object]) -> dict[str, str]:
    """The lines of INFO's sections; a section that may not be read adds nothing."""
    text = "\n".join(info.decode() for info in infos if isinstance(info, bytes))
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _is_pair(reply: object) -> bool:
    return not isinstance(reply, ResponseError) and isinstance(reply, list) and len(reply) == 2


def _faults(facts: Mapping[str, str], settings: Mapping[str, str], *, relaxed: bool) -> Iterator[str]:
    version = facts.get("redis_version", "")
    if version and tuple(map(int, version.split(".")[:2])) < OLDEST_VERSION:
        yield f"the store is Redis {version}; the journal needs Redis 6.2 or later"
    if facts.get("redis_mode") == "cluster":
        yield "the store is a Redis Cluster; the journal is kept on one primary: point KNOCKDOWN_REDIS_URL at one"
    if facts.get("role", "master") != "master":
        yield f"the store is a {facts['role']}, not a primary; point KNOCKDOWN_REDIS_URL at its primary"
    yield from _log_faults(facts, settings, relaxed=relaxed)
    policy = settings.get("maxmemory-policy") or facts.get("maxmemory_policy") or "noeviction"
    if policy != "noeviction":
        yield f"the store may evict logs (maxmemory-policy {policy}); set maxmemory-policy noeviction"


def _log_faults(facts: Mapping[str, str], settings: Mapping[str, str], *, relaxed: bool) -> Iterator[str]:
    if settings.get("appendonly", "yes") != "yes" or facts.get("aof_enabled", "1") != "1":
        yield "the store keeps no append-only file, so a crash loses bids; set appendonly yes"
    fsync = settings.get("appendfsync", "always")
    if fsync != "always" and not relaxed:
        yield (
            f"the store acknowledges before it is on disk (appendfsync {fsync}); "
            "set appendfsync always, or accept the loss with KNOCKDOWN_DURABILITY=relaxed"
        )
    if settings.get("no-appendfsync-on-rewrite", "no") != "no":
        yield "the store stops syncing while it rewrites its append-only file; set no-appendfsync-on-rewrite no"
    if facts.get("aof_last_write_status", "ok") != "ok":
        yield "the store cannot write its append-only file; look at its disk and its log"


def _notes(facts: Mapping[str, str], settings: Mapping[str, str]) -> Iterator[str]:
    unknown = [name for name in _SETTINGS if name not in settings and not _told_by_info(name, facts)]
    if unknown:
        yield f"CONFIG is not open to us, so these could not be checked: {', '.join(unknown)}"
    if "role" not in facts or "aof_last_write_status" not in facts:
        yield "INFO is not open to us, so the store's role and the state of its append-only file could not be checked"
    if facts.get("aof_last_bgrewrite_status", "ok") != "ok":
        # What was acknowledged stays on disk; the file only goes on growing. So it is no reason to stop a sale.
        yield "the store could not rewrite its append-only file the last time; look at its disk and memory"


def _told_by_info(name: str, facts: Mapping[str, str]) -> bool:
    return {"appendonly": "aof_enabled", "maxmemory-policy": "maxmemory_policy"}.get(name) in facts
