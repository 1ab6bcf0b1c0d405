"""What goes wrong outside of the house is one line on standard error and an exit code; it ends when told to."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

import knockdown
from engine.server_program import programs
from tests.engine.stores import RedisStore
from tests.promises.live import Live, open_house, said
from tests.promises.premises import ROOT, Premises, command, environment, is_gone

_PATIENCE_S = 20.0

LOTS = "lot,title,currency,start_price,opens_at,closes_at\n"
LOT = "a,A,EUR,100,2025-01-01T00:00:00Z,2025-01-01T01:00:00Z\n"
BIDS = "lot,at,bidder,amount\n"
TERMS = '{"ladder": [[0, 100]]}'


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """What it said on standard error of its own accord, which must be one line; its log has dates."""
        (line,) = [line for line in self.err.splitlines() if not line.startswith("20")]
        return line


async def run(*words: str, **settings: str) -> Ended:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        cwd=ROOT,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return Ended(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def store(directory: Path) -> Iterator[RedisStore]:
    """A Redis that somebody else runs."""
    (directory / "store").mkdir()
    server = RedisStore(next(programs()), directory / "store")
    yield server
    server.end()


async def test_a_port_that_is_taken_is_one_line_and_2(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await run("serve", "--port", port, "--data-dir", str(directory / "data"))
    assert (ended.status, ended.out) == (2, "")
    assert ended.line == f"knockdown: cannot listen on 127.0.0.1 port {port}: Address already in use"


async def test_a_data_directory_in_use_is_one_line_and_3_and_hurts_nobody(directory: Path) -> None:
    premises = Premises(directory, rate="20")
    try:
        async with open_house(premises) as live:
            ended = await run("serve", "--port", "0", "--data-dir", str(premises.data_dir))
            await live.is_undisturbed()
    finally:
        premises.clear_away()
    assert ended.status == 3
    assert str(premises.data_dir) in ended.line
    assert str(premises.process.pid) in ended.line


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("appendonly", "no", "set appendonly yes"),
        ("appendfsync", "everysec", "set appendfsync always"),
        ("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction"),
    ],
)
async def test_a_store_that_cannot_keep_the_promise_is_one_line_and_3(
    store: RedisStore, directory: Path, setting: str, value: str, told: str
) -> None:
    with store.open_redis() as client:
        client.config_set(setting, value)
    ended = await run("serve", "--port", "0", "--data-dir", str(directory / "data"), "--redis-url", store.url)
    assert ended.status == 3
    assert told in ended.line


async def test_a_store_that_is_not_there_is_one_line_and_3(directory: Path) -> None:
    url = f"unix://{directory}/nobody.sock"
    ended = await run("serve", "--port", "0", "--data-dir", str(directory / "data"), redis_url=url)
    assert ended.status == 3
    assert ended.line.startswith("knockdown: ")


async def test_a_bad_setting_is_2(directory: Path) -> None:
    bad: list[dict[str, str]] = [
        {"durability": "lax"},
        {"rate": "fast"},
        {"redis_url": "http://example.org"},
        {"sign_in_url": "javascript:alert(1)"},
    ]
    ends = await asyncio.gather(
        *(run("serve", "--data-dir", str(directory / str(n)), **({"port": "0"} | one)) for n, one in enumerate(bad))
    )
    assert [one for one, ended in zip(bad, ends, strict=True) if ended.status != 2 or "Traceback" in ended.err] == []


BAD_FILES = [
    (LOTS + LOT, BIDS + "a,2025-01-01T00:10:00Z,x,1.5\n", TERMS, "bids.csv, line 2: amount is '1.5'"),
    (LOTS + LOT, BIDS + "b,2025-01-01T00:10:00Z,x,100\n", TERMS, "bids.csv, line 2: lot 'b'"),
    (LOTS + LOT, BIDS + "a,yesterday,x,100\n", TERMS, "bids.csv, line 2: at is no instant"),
    (LOTS + LOT, BIDS + "a,2025-01-01T00:10:00,x,100\n", TERMS, "bids.csv, line 2: at is no instant"),
    (LOTS + LOT, BIDS + "a,2025-01-01T00:10:00Z,x\n", TERMS, "bids.csv, line 2: the row has another number"),
    (LOTS + LOT, "lot,at\n", TERMS, "bids.csv, line 1: the header lacks bidder"),
    (LOTS + LOT, "", TERMS, "bids.csv, line 1: the header lacks"),
    (LOTS + LOT + LOT, BIDS, TERMS, "lots.csv, line 3: lot 'a' is listed twice"),
    (LOTS + LOT.replace("100", "-1"), BIDS, TERMS, "lots.csv, line 2: start_price is '-1'"),
    (LOTS + LOT.replace("EUR", "euro"), BIDS, TERMS, "lots.csv, line 2: "),
    (LOTS + LOT.replace("T01", "T00"), BIDS, TERMS, "lots.csv, line 2: closes_at must be later"),
    (LOTS + LOT, BIDS, "{", "terms.json, line 1: not JSON"),
    (LOTS + LOT, BIDS, '{\n"ladder": 5\n}', "lots.csv, line 2: "),
]


@pytest.mark.parametrize(("lots", "bids", "terms", "told"), BAD_FILES)
def test_a_bad_file_is_one_line_with_file_line_and_reason_and_2(
    tmp_path: Path, lots: str, bids: str, terms: str, told: str
) -> None:
    for name, content in (("lots.csv", lots), ("bids.csv", bids), ("terms.json", terms)):
        (tmp_path / name).write_text(content)
    ended = simulate(tmp_path)
    assert (ended.status, ended.out) == (2, "")
    assert ended.line.startswith(f"knockdown: {told}")


def test_a_file_that_is_not_there_is_one_line_and_2(tmp_path: Path) -> None:
    ended = simulate(tmp_path)
    assert ended.status == 2
    assert "terms.json" in ended.line


def simulate(directory: Path) -> Ended:
    """Run `simulate` on the files of a directory."""
    return invoke("simulate", *(f"--{name}={directory / file}" for name, file in _FILES))


def invoke(*words: str) -> Ended:
    """Run a command to its end in this process."""
    result = CliRunner().invoke(knockdown.app, words)
    return Ended(result.exit_code, result.stdout, result.stderr)


_FILES = (("terms", "terms.json"), ("lots", "lots.csv"), ("bids", "bids.csv"))


def test_a_storm_is_aimed_at_this_machine_only(tmp_path: Path) -> None:
    ended = invoke("storm", "surge", "http://192.0.2.1:8000", f"--data-dir={tmp_path}")
    assert ended.status == 2
    assert "192.0.2.1" in ended.line


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_house_with_0_and_everyone_is_told(directory: Path, by: signal.Signals) -> None:
    premises = Premises(directory)
    try:
        await premises.open()
        store = premises.store()
        async with asyncio.timeout(_PATIENCE_S):
            await _part(premises, by)
        assert is_gone(store)
        assert "Traceback" not in premises.said
        assert " ERROR " not in premises.said
    finally:
        premises.clear_away()


async def _part(premises: Premises, by: signal.Signals) -> None:
    live = Live(premises)
    caller = await live.come_in("bidder")
    caller.say(said({"op": "time", "sent": 1}))
    await caller.hears("time")
    premises.process.send_signal(by)
    goodbye = await caller.hears("goodbye")
    assert goodbye["retry_ms"][0] < goodbye["retry_ms"][1]
    assert await caller.close_code() == 1012
    await live.see_out()
    assert await asyncio.to_thread(premises.process.wait, _PATIENCE_S) == 0


async def test_ctrl_c_at_the_terminal_reaches_the_house_before_its_store(directory: Path) -> None:
    """A terminal sends SIGINT to every process of its group at once."""
    premises = Premises(directory)
    try:
        await premises.open()
        assert os.getpgid(premises.store().pid) != os.getpgid(premises.process.pid)
    finally:
        premises.clear_away()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_during_the_start_ends_the_house_too(directory: Path, by: signal.Signals) -> None:
    """The store takes its time with the first answer, as one does that still reads its log."""
    asked = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        with suppress(asyncio.CancelledError, ConnectionError):
            await writer.wait_closed()
        writer.close()

    silent = await asyncio.start_unix_server(say_nothing, directory / "silent.sock")
    words = command("serve", "--port", "0", "--data-dir", str(directory / "data"))
    settings = environment({"redis_url": f"unix://{directory}/silent.sock"})
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=settings)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asked.wait()
        process.send_signal(by)
        async with asyncio.timeout(2):
            assert await process.wait() == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        silent.close()
        await silent.wait_closed()
