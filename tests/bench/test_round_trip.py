"""A round trip is one write, fsynced, and read to the last byte of its reply."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
import redis

from bench.round_trip import KEY, _one, round_trip, round_trips
from bench.server import House, house
from bench.store_limit import StoreLimitError


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with house() as started:
        yield started


def test_every_write_is_in_the_store_and_the_key_is_removed(running: House) -> None:
    with redis.Redis(unix_socket_path=str(running.store_socket)) as store:
        before = (
            store.info("commandstats")["cmdstat_xadd"]["calls"] if "cmdstat_xadd" in store.info("commandstats") else 0
        )
        trips = round_trips(running.store_socket, times=20)
        assert store.info("commandstats")["cmdstat_xadd"]["calls"] - before >= len(trips) == 20
        assert store.exists(KEY) == 0
    assert all(seconds > 0 for seconds in trips)


def test_a_store_that_does_not_fsync_is_refused(running: House) -> None:
    with redis.Redis(unix_socket_path=str(running.store_socket)) as store:
        store.config_set("appendfsync", "no")
        try:
            with pytest.raises(StoreLimitError, match="appendfsync is no"):
                round_trips(running.store_socket, times=1)
        finally:
            store.config_set("appendfsync", "always")


def test_the_median_and_the_hundredth_are_in_microseconds() -> None:
    trip = round_trip([n / 1_000_000 for n in range(1, 1_000)])
    assert (trip.count, trip.median_us, trip.p99_us) == (999, 500.0, 990.0)


@contextmanager
def answering(*pieces: bytes) -> Iterator[socket.socket]:
    """A line whose other end reads one command, answers in pieces, and hangs up."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with theirs:
            theirs.recv(4_096)
            for piece in pieces:
                theirs.sendall(piece)

    thread = Thread(target=answer)
    thread.start()
    with ours:
        yield ours
    thread.join()


def test_a_reply_may_come_in_pieces() -> None:
    with answering(b"$3\r", b"\n1-0", b"\r\n") as line:
        assert _one(line, b"XADD") > 0


@pytest.mark.parametrize(
    ("reply", "words"), [((b"-OOM no\r\n",), "OOM no"), ((b"$3\r\n1",), "hung up"), ((), "hung up")]
)
def test_a_refusal_and_a_cut_line_are_errors(reply: tuple[bytes, ...], words: str) -> None:
    with answering(*reply) as line, pytest.raises(StoreLimitError, match=words):
        _one(line, b"XADD")
