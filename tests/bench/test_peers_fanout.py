"""The fan-out peers: each hears its own protocol, the arithmetic is plain; who is not there is named with why."""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench.drain import RawCost, Script, Studio
from bench.fanout_report import Baseline, Flight, FullFeed, report
from bench.load import Address, scan
from bench.machine import machine
from bench.one_lot import Spent
from bench.pace import Options
from bench.page import Page
from bench.peers import fan_protocols as say
from bench.peers.broadcasters import BROADCASTERS, Broadcaster, Station, nchan_module
from bench.peers.fanout import Measured, Pace, between_raws, measure, peer_row
from bench.peers.fanout_report import FanoutPeersReport, Row, house_row
from bench.peers.program import NotInstalledError, PeerFailedError

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on PATH")
HERE = Address("127.0.0.1", 8_000)
FRAME_LEN = 217
PAYLOAD_LEN = FRAME_LEN - say.HEADER_LEN
PEERS = {peer.name: peer for peer in BROADCASTERS}
RAW = [RawCost(3.0, 0), RawCost(5.0, 0)]


def unmasked(frame: bytes) -> bytes:
    """The payload of one client frame of at most 65,535 bytes, which is masked with a zero key."""
    assert frame[1] & 0x80
    start = 4 if frame[1] & 0x7F == 126 else 2
    assert frame[start : start + 4] == bytes(4)
    return frame[start + 4 :]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"))


# What is said to each peer.


@pytest.mark.parametrize(
    ("script", "path"),
    [
        (say.plain_script(HERE), "/watch"),
        (say.nats_script(HERE), "/"),
        (say.socketio_script(HERE), "/socket.io/?EIO=4&transport=websocket&watch=lot"),
    ],
)
def test_an_upgrade_asks_for_a_websocket_without_compression(script: Script, path: str) -> None:
    head, _, rest = script.request.decode().partition("\r\n\r\n")
    first, *fields = head.split("\r\n")
    assert first == f"GET {path} HTTP/1.1"
    assert {"Upgrade: websocket", "Sec-WebSocket-Version: 13", "Host: 127.0.0.1:8000"} <= set(fields)
    assert "Extensions" not in head
    assert rest == ""


def test_a_nats_watcher_subscribes_and_asks_for_a_sign_that_it_did() -> None:
    lines = unmasked(say.nats_script(HERE).first).split(b"\r\n")
    assert lines[0].startswith(b'CONNECT {"verbose":false')
    assert lines[1:] == [b"SUB lot 1", b"PING", b""]


@pytest.mark.parametrize("frame_len", [130, 131, 217, 300, 900, 1_020, 5_000])
def test_a_nats_message_fills_a_frame_exactly(frame_len: int) -> None:
    head, text, end = say.nats_event(frame_len).split(b"\r\n")
    assert head == b"PUB lot %d" % len(text)
    assert end == b""
    assert len(b"MSG lot 1 %d\r\n%b\r\n" % (len(text), text)) == frame_len - say.HEADER_LEN


def test_a_frame_that_no_nats_message_fills_is_refused() -> None:
    head = len(b"MSG lot 1 999\r\n\r\n")
    with pytest.raises(ValueError, match="gains a digit"):
        say.nats_event(say.HEADER_LEN + head + 1_000)


def test_a_socketio_event_fills_a_frame_exactly_once_the_server_has_renamed_it() -> None:
    emitted = unmasked(say.socketio_event(FRAME_LEN))
    text = emitted.removeprefix(b'42["bid","').removesuffix(b'"]')
    assert len(b'42["event","%b"]' % text) == PAYLOAD_LEN
    assert unmasked(say.socketio_script(HERE).first) == b"40"


def test_a_post_says_how_long_it_is() -> None:
    head, _, body = say.post(HERE, FRAME_LEN).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /publish HTTP/1.1\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))
    assert len(body) == PAYLOAD_LEN


def test_a_plain_event_is_one_binary_message() -> None:
    event = say.plain_event(FRAME_LEN)
    assert event[0] == 0x82
    assert len(unmasked(event)) == PAYLOAD_LEN


@pytest.mark.parametrize("frame_len", [100, 70_000])
def test_a_frame_with_another_header_is_refused(frame_len: int) -> None:
    with pytest.raises(ValueError, match="another header"):
        say.plain_event(frame_len)


def test_events_are_counted_however_many_a_frame_holds() -> None:
    single = b"\x82\x7e" + PAYLOAD_LEN.to_bytes(2, "big") + b"x" * PAYLOAD_LEN
    triple = b"\x82\x7e" + (3 * PAYLOAD_LEN).to_bytes(2, "big") + b"x" * 3 * PAYLOAD_LEN
    stream = single + triple + single
    assert say.delivered(len(scan(stream).messages), len(stream), FRAME_LEN) == 5


# What is found of it.


def measured(*, expected: int = 100_000, came: int = 100_000) -> Measured:
    return Measured(wall_s=4.0, cpu_s=1.0, idle=0.05, expected=expected, delivered=came)


def test_a_peer_is_charged_its_cpu_less_idle_by_what_it_delivered() -> None:
    row = peer_row(PEERS["ws"], measured(), RAW)
    assert row.us_per_frame == pytest.approx(8.0)
    assert row.ratio == pytest.approx(2.0)
    assert row.failure == ""


def test_a_lost_frame_is_a_failure_and_costs_nobody_less() -> None:
    row = peer_row(PEERS["ws"], measured(expected=160_000, came=80_000), RAW)
    assert row.us_per_frame == pytest.approx(10.0)
    assert row.failure == "Node ws: 80,000 of 160,000 frames were delivered"


def test_a_peer_that_delivered_nothing_has_no_cost() -> None:
    row = peer_row(PEERS["ws"], measured(came=0), RAW)
    assert (row.ratio, row.us_per_frame) == (None, None)
    assert "not one of 100,000" in row.failure


def test_the_store_of_the_house_stands_beside_since_no_frame_goes_through_it() -> None:
    single = Flight(10.0, Spent(3.0, 0.5), 500_000, 500_000, crowd_cpu_s=1.0)
    full = FullFeed(200.0, Baseline(0.1, 0.05), single, single, RAW)
    row = house_row(report(Options(watchers=1_000, rate=50.0), 10, full))
    assert row.us_per_frame == pytest.approx(4.0)
    assert row.ratio == pytest.approx(1.0)
    assert "1.00 us more in its store" in row.does
    assert row.ratio_without_deciding == pytest.approx(0.75)


def found(rows: list[Row]) -> FanoutPeersReport:
    return FanoutPeersReport(
        machine=machine(), watchers=1_000, rate=50.0, seconds=6.0, frame_bytes=FRAME_LEN, rows=rows
    )


class Never(AbstractContextManager[Station]):
    """A peer that does not come up."""

    def __init__(self, why: Exception) -> None:
        self._why = why

    def __enter__(self) -> Station:
        raise self._why

    def __exit__(self, *_: object) -> None:
        """Never reached."""


def started_by(why: Exception) -> Broadcaster:
    return PEERS["nats"]._replace(started=lambda _job: Never(why))


@needs_gcc
def test_a_peer_that_is_not_installed_is_named_with_the_reason_and_is_no_failure(studio: Studio) -> None:
    peer = started_by(NotInstalledError("nats-server is not on PATH"))
    row, before = between_raws(studio, peer, Pace(watchers=1, rate=1.0, seconds=0.1), FRAME_LEN, RAW[0])
    report = found([peer_row(PEERS["ws"], measured(), RAW), row])
    assert before is RAW[0]
    assert any("NATS" in line and "skipped: nats-server is not on PATH" in line for line in report.lines())
    assert report.failures == []
    assert set(report.figures()) == {"peers.fanout.ws.ratio", "peers.fanout.ws.us_per_frame"}


@needs_gcc
def test_a_peer_that_fails_says_why_and_ends_nothing_else(studio: Studio) -> None:
    peer = started_by(PeerFailedError("it said: no"))
    row, _ = between_raws(studio, peer, Pace(watchers=1, rate=1.0, seconds=0.1), FRAME_LEN, RAW[0])
    report = found([row])
    assert report.failures == ["NATS over WebSocket: it said: no"]
    assert any("failed: it said: no" in line for line in report.lines())
    assert report.figures() == {}


def test_the_page_has_a_row_for_each_and_a_bar_for_each_that_was_measured(tmp_path: Path) -> None:
    missing = Row(name="nats", title="NATS over WebSocket", does="", skipped="nats-server is not on PATH")
    page = Page("peers")
    found([peer_row(PEERS["ws"], measured(), RAW), missing]).show(page)
    page.write(tmp_path / "page.html")
    written = (tmp_path / "page.html").read_text("utf-8")
    assert written.count("<svg") == 1
    assert "skipped: nats-server is not on PATH" in written
    assert "(1 is a bare loop of send() in C): Node ws 2.00." in written


def test_nchan_is_loaded_from_where_nginx_keeps_its_modules(tmp_path: Path) -> None:
    options = f"configure arguments: --prefix=/x --modules-path={tmp_path} --with-threads"
    with pytest.raises(NotInstalledError, match="Nchan"):
        nchan_module(options)
    (tmp_path / "ngx_nchan_module.so").touch()
    assert nchan_module(options) == f"load_module {tmp_path}/ngx_nchan_module.so;"
    assert nchan_module("configure arguments: --add-module=../nchan-1.3.6") == ""


# One of them for real.


@needs_gcc
def test_a_real_peer_delivers_every_event_to_every_watcher(studio: Studio) -> None:
    pace = Pace(watchers=5, rate=40.0, seconds=0.25, warm_up_s=0.05, idle_s=0.05)
    seen = measure(studio, PEERS["websockets"], pace, FRAME_LEN)
    assert (seen.delivered, seen.expected) == (50, 50)
