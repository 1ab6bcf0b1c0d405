"""The C programs count what they send and drain what they are sent; the report's arithmetic is plain."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from bench.compile_c import CompilerMissingError, build
from bench.fanout import Baseline, Flight, RawCost, Studio, _report
from bench.load import Address
from bench.pace import Options

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on PATH")
PING = b"\x89\x02hi"
PONG = b"\x8a\x82\0\0\0\0hi"


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait for the drain to leave, then close this end too."""
    with suppress(ConnectionError):
        await reader.read()
        writer.close()
        await writer.wait_closed()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"))


@needs_gcc
async def test_the_raw_loop_sends_to_every_socket_at_every_beat(studio: Studio) -> None:
    async with asyncio.timeout(10):
        cost = await studio.raw(watchers=7, size=200, rate=100, seconds=0.1)
    assert cost.short == 0
    assert cost.us_per_frame > 0


@needs_gcc
@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1_000])
async def test_the_drain_counts_messages_however_they_are_cut(studio: Studio, cut: int) -> None:
    stream = b"\x81\x00" + b"\x81\x05hello" + b"\x82\x7e\x01\x00" + b"x" * 256

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for at in range(0, len(stream), cut):
            writer.write(stream[at : at + cut])
            await writer.drain()
        await hang_up(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(10), studio.watchers(Address("127.0.0.1", port), 3, []) as drain:
        counts = await drain.reaches(9)
    assert (counts.frames, counts.bytes) == (9, 3 * len(stream))


@needs_gcc
async def test_the_drain_answers_a_ping_and_does_not_count_it(studio: Studio) -> None:
    ponged: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PING)
        ponged.set_result(await reader.readexactly(len(PONG)))
        await hang_up(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(10), studio.watchers(Address("127.0.0.1", port), 1, []) as drain:
        assert await ponged == PONG
        assert (await drain.counts()).frames == 0


@needs_gcc
def test_what_gcc_will_not_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(CompilerMissingError, match=r"no_such_program\.c"):
        build("no_such_program", tmp_path)


def test_the_ratio_is_the_house_less_its_idle_time_over_the_mean_of_the_limits() -> None:
    flight = Flight(wall_s=10.0, cpu_s=3.0, frames=500_000, expected=500_000, crowd_cpu_s=1.0)
    raw = [RawCost(3.0, 0), RawCost(5.0, 1)]
    report = _report(Options(watchers=1_000, rate=50.0), 200.0, Baseline(0.1, 0.05), flight, raw)
    assert report.house_us_per_frame == pytest.approx(4.0)
    assert report.deciding_us_per_frame == pytest.approx(1.0)
    assert report.ratio == pytest.approx(1.0)
    assert report.raw_short == 1
