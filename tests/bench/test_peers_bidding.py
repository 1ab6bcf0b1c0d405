"""The bidding peers are counted by what their stores hold, and each is spoken to in its own dialect."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import orjson
import pytest

from bench.latency import latency
from bench.load import Address, Bounds, scan
from bench.pace import Options
from bench.page import Page
from bench.peers import bidding
from bench.peers.bid_flight import Landed
from bench.peers.bid_peers import CANDIDATES, Candidate, Running
from bench.peers.bid_report import BiddingPeersReport, PeerRun, Run
from bench.peers.bid_socketio import SocketIo, SocketIoVolley
from bench.peers.bidding import bidding_peers, differences, house_run
from bench.peers.program import NotInstalledError, PeerFailedError
from bench.receipts import Receipts
from bench.tally import Report

HERE = Address("127.0.0.1", 1)
LANDED = Landed(
    seconds=2.0,
    sent=110,
    accepted=100,
    accepted_in_time=90,
    refused={"below_ask": 10},
    unanswered=0,
    acknowledged_twice=0,
    generator_cpu_s=0.5,
    server_cpu_s=0.009,
    store_cpu_s=0.0018,
)


class Heard:
    """A line that only remembers what was written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, frames: bytes) -> None:
        self.written.append(frames)


def payloads(window: bytes) -> list[bytes]:
    """The payloads of masked client frames: with a zero key they stand as they are."""
    found, at = [], 0
    while at < len(window):
        size, start = window[at + 1] & 0x7F, at + 6
        if size == 126:
            size, start = int.from_bytes(window[at + 2 : at + 4], "big"), at + 8
        found.append(window[start : start + size])
        at = start + size
    return found


def came(*packets: bytes) -> tuple[bytes, list[Bounds]]:
    """Packets as one read brings them."""
    data = b"".join(bytes((0x81, len(packet))) + packet for packet in packets)
    return data, scan(data).messages


def heard(dialect: SocketIo, *packets: bytes) -> tuple[list[Any], list[bytes]]:
    """The answers that the dialect finds, decoded, and what it wrote."""
    line, (data, messages) = Heard(), came(*packets)
    answers = dialect.answers(line, data, messages)  # type: ignore[arg-type]  # of a line it only uses `write`
    return [orjson.loads(data[where]) for where in answers], line.written


@pytest.mark.parametrize("first", [0, 999_999])
def test_a_bid_to_socketio_is_an_event_that_asks_for_an_acknowledgement_by_its_ref(first: int) -> None:
    volley = SocketIoVolley(["hot"], 2, seed=1, window_len=4, turn=4)
    volley._made = first
    for number, packet in enumerate(payloads(volley.take()), start=first):
        mark = b"42%d" % number
        assert packet.startswith(mark)
        event, bid = orjson.loads(packet[len(mark) :])
        assert event == "bid"
        assert (bid["lot"], bid["ref"], bid["op"]) == ("hot", str(number), "bid")


def test_an_acknowledgement_of_socketio_is_an_answer_and_a_greeting_is_none() -> None:
    answers, written = heard(SocketIo(), b'0{"sid":"x"}', b'4312[{"ev":"accepted","ref":"12"}]', b'40{"sid":"y"}')
    assert answers == [{"ev": "accepted", "ref": "12"}]
    assert written == []


def test_a_ping_of_socketio_is_answered() -> None:
    answers, written = heard(SocketIo(), b"2")
    assert answers == []
    assert [payloads(frames) for frames in written] == [[b"3"]]


def test_what_socketio_acknowledged_counts_as_an_answer_each() -> None:
    receipts, line = Receipts(lambda _: 0.0), Heard()
    data, messages = came(
        b'430[{"ev":"accepted","ref":"0","lot":"hot","seq":1}]',
        b'431[{"ev":"refused","ref":"1","lot":"hot","code":"below_ask"}]',
    )
    bounds = SocketIo().answers(line, data, messages)  # type: ignore[arg-type]  # of a line it only uses `write`
    assert receipts.take(1.0, data, bounds) == 2
    receipts.settle()
    assert (receipts.accepted, receipts.refused["below_ask"]) == (1, 1)


async def test_a_line_to_socketio_opens_at_its_own_path() -> None:
    assert SocketIo().request(HERE).startswith(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("changes", "stored", "said"),
    [
        ({}, 100, []),
        ({}, 99, ["100 bids were accepted, its store holds 99"]),
        ({}, 101, ["100 bids were accepted, its store holds 101"]),
        ({"unanswered": 3}, 100, ["3 bids were never answered"]),
        ({"acknowledged_twice": 2}, 100, ["2 bids were accepted under a number already given out"]),
        ({"accepted": 0, "accepted_in_time": 0}, 0, ["no bid was accepted"]),
    ],
)
def test_a_planted_difference_is_told(changes: dict[str, int], stored: int, said: list[str]) -> None:
    assert differences(msgspec.structs.replace(LANDED, **changes), stored) == said


def run(per_s: float, store_us: float = 4.0) -> Run:
    return Run(
        accepted_per_s=per_s,
        server_us_per_bid=20.0,
        store_us_per_bid=store_us,
        generator_busy=0.1,
        refused=0,
        stored=round(per_s),
    )


def peer_run(name: str, per_s: float) -> PeerRun:
    return PeerRun(name=name, title=name.upper(), leaves_out="much", **msgspec.structs.asdict(run(per_s, 12.0)))


def compared() -> BiddingPeersReport:
    return BiddingPeersReport(
        seconds=6.0,
        house=[run(300.0, 2.0), run(500.0, 4.0), run(100.0, 6.0)],
        peers=[peer_run("ws_lua", 200.0), peer_run("postgres_row_lock", 10.0)],
        skipped={"socketio_lua": "node is not on PATH"},
        failures=["a promise did not hold"],
    )


def test_a_peer_is_held_against_the_two_house_runs_beside_it() -> None:
    figures = compared().figures()
    assert figures["peers.bids.ws_lua.knockdown_times"] == 2.0
    assert figures["peers.bids.postgres_row_lock.knockdown_times"] == 30.0


def test_the_houses_figures_are_the_means_of_its_runs_and_skipped_peers_have_none() -> None:
    figures = compared().figures()
    assert figures["peers.bids.knockdown.accepted_per_s"] == 300.0
    assert figures["peers.bids.knockdown.store_us_per_bid"] == 4.0
    assert figures["peers.bids.ws_lua.store_us_per_bid"] == 12.0
    assert not [key for key in figures if "socketio" in key]


def test_skipped_peers_and_failures_are_told() -> None:
    lines = compared().lines()
    assert "skipped socketio_lua: node is not on PATH" in lines
    assert "FAILED: a promise did not hold" in lines
    assert "leaves out much: WS_LUA, POSTGRES_ROW_LOCK" in lines


def test_the_page_shows_table_plot_and_who_was_skipped() -> None:
    page = Page("Peers")
    compared().show(page)
    written = "".join(page._parts)
    assert written.count("<svg") == 1
    assert "POSTGRES_ROW_LOCK" in written
    assert "node is not on PATH" in written


def test_a_surges_shares_of_a_core_become_microseconds_per_bid() -> None:
    report = Report(url="", run="r", options=Options(), accepted_per_s=20_000.0, house_busy=0.8, store_busy=0.1)
    found = house_run(msgspec.structs.replace(report, latency=latency([]), recorded=7))
    assert (found.server_us_per_bid, found.store_us_per_bid, found.stored) == (40.0, 5.0, 7)


def candidate(name: str, error: Exception) -> Candidate:
    @contextmanager
    def start() -> Iterator[Running]:
        raise error
        yield  # type: ignore[unreachable]  # what makes it a generator

    return Candidate(name, name.upper(), "much", start)


def test_a_peer_that_is_missing_is_skipped_and_one_that_breaks_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bidding, "_surge", lambda options: Report(url="", run="r", options=options))
    peers = [candidate("a", NotInstalledError("a is not on PATH")), candidate("b", PeerFailedError("it said no"))]
    report = bidding_peers(candidates=peers)
    assert report.skipped == {"a": "a is not on PATH"}
    assert report.failures == ["B could not be measured: it said no"]
    assert len(report.house) == 1


def test_what_starlette_accepted_is_in_its_redis() -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on PATH")
    (starlette,) = [peer for peer in CANDIDATES if peer.name == "starlette_lua"]
    landed, stored = bidding._measured(starlette, 0.3, 1)
    assert differences(landed, stored) == []
    assert landed.accepted + sum(landed.refused.values()) == landed.sent
    assert min(landed.server_cpu_s, landed.store_cpu_s) > 0
    assert differences(landed, stored - 1)
