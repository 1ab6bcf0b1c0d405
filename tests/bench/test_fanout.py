"""The C programs count what they send and drain what they are sent; the report's arithmetic is plain."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from bench.compile_c import CompilerMissingError, build
from bench.drain import ChildSilentError, RawCost, Script, Studio
from bench.fanout_report import Baseline, FanoutReport, Flight, FullFeed, report
from bench.live_cost import LiveCost, Storm, compared
from bench.load import Address
from bench.one_lot import Spent
from bench.pace import Options
from bench.page import Page

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
    async with server, asyncio.timeout(10), studio.watchers(Address("127.0.0.1", port), 3, None) as drain:
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
    async with server, asyncio.timeout(10), studio.watchers(Address("127.0.0.1", port), 1, None) as drain:
        assert await ponged == PONG
        assert (await drain.counts()).frames == 0


@needs_gcc
def test_what_gcc_will_not_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(CompilerMissingError, match=r"no_such_program\.c"):
        build("no_such_program", tmp_path)


@needs_gcc
async def test_a_watcher_says_its_own_upgrade_and_its_first_frames(studio: Studio) -> None:
    script = Script(b"GET /elsewhere HTTP/1.1\r\n\r\n", b"first frames")
    said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi")
        said.set_result(request + await reader.readexactly(len(script.first)))
        await hang_up(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(10), studio.watchers(Address("127.0.0.1", port), 1, script) as drain:
        assert await said == script.request + script.first
        assert (await drain.reaches(1)).frames == 1


@needs_gcc
async def test_a_refused_upgrade_is_told_in_the_drains_own_words(studio: Studio) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    with pytest.raises(ChildSilentError, match="403 Forbidden"):
        async with server, asyncio.timeout(10), studio.watchers(address, 1, Script(b"GET / HTTP/1.1\r\n\r\n")):
            pytest.fail("the crowd was never ready")


def flight(cpu_s: float, frames: int, *, lost: int = 0, store_s: float = 0.0) -> Flight:
    return Flight(10.0, Spent(cpu_s, store_s), frames, frames + lost, crowd_cpu_s=1.0)


def told(single: Flight, burst: Flight) -> FanoutReport:
    raw = [RawCost(3.0, 0), RawCost(5.0, 1)]
    full = FullFeed(200.0, Baseline(0.1, 0.05, 0.01), single, burst, raw)
    return report(Options(watchers=1_000, rate=50.0), 10, full)


WHOLE = told(flight(3.0, 500_000, store_s=0.6), flight(2.0, 1_000_000))


def test_the_ratio_is_the_house_less_its_idle_time_over_the_mean_of_the_limits() -> None:
    assert WHOLE.house_us_per_frame == pytest.approx(4.0)
    assert WHOLE.deciding_us_per_frame == pytest.approx(1.0)
    assert WHOLE.store_us_per_frame == pytest.approx(1.0)
    assert WHOLE.ratio == pytest.approx(1.0)
    assert WHOLE.ratio_without_deciding == pytest.approx(0.75)
    assert WHOLE.raw_short == 1
    assert WHOLE.failures == []


def test_an_event_of_a_burst_is_held_against_a_single_frame_of_the_raw_loop() -> None:
    assert WHOLE.burst_us_per_event == pytest.approx(1.0)
    assert WHOLE.burst_ratio == pytest.approx(0.25)


def test_what_was_not_delivered_is_a_failure_and_is_said() -> None:
    short = told(flight(3.0, 500_000, lost=7), flight(2.0, 1_000_000, lost=10))
    assert [failure.split(" of ")[0] for failure in short.failures] == ["7", "10"]
    assert set(short.failures) <= set(short.lines())


def test_the_live_feed_is_charged_what_the_bids_alone_do_not_cost() -> None:
    quiet = Storm(wall_s=4.0, alone=0.01, watched=0.11, states=40_000)
    storm = Storm(wall_s=4.0, alone=0.20, watched=0.32, states=40_000)
    cost = compared(1_000, [100.0, 2_000.0], [quiet, storm])
    assert cost.us_per_state == [pytest.approx(10.0), pytest.approx(12.0)]
    assert cost.ratio == pytest.approx(1.2)


def test_a_crowd_on_live_that_heard_nothing_has_no_cost() -> None:
    with pytest.raises(ChildSilentError, match="not one state"):
        compared(1_000, [100.0, 2_000.0], [Storm(4.0, 0.0, 0.1, 0), Storm(4.0, 0.0, 0.1, 1)])


def test_only_what_was_measured_is_among_the_figures() -> None:
    always = {"ratio", "ratio_without_deciding", "burst_ratio", "raw_us"}
    assert set(WHOLE.figures()) == {f"fanout.{name}" for name in always}
    live = LiveCost(watchers=9, rates=[100.0, 2_000.0], states=[1, 1], us_per_state=[8.0, 9.0], ratio=1.125)
    everything = msgspec.structs.replace(WHOLE, live=live, idle_watchers=10, idle_bytes_per_watcher=5_000.0)
    assert everything.figures()["fanout.live_cost_ratio"] == pytest.approx(1.125)
    assert everything.figures()["fanout.idle_bytes"] == pytest.approx(5_000.0)


def test_the_page_shows_every_figure_beside_its_goal(tmp_path: Path) -> None:
    page = Page("fan-out")
    told(flight(3.0, 500_000, lost=7), flight(2.0, 1_000_000)).show(page)
    page.write(tmp_path / "page.html")
    written = (tmp_path / "page.html").read_text("utf-8")
    assert "at most 1.35" in written
    assert "7 of 500,007 frames were not delivered" in written
