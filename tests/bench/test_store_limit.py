"""The limit is read from redis-benchmark as it prints it, and measured by ourselves where there is none."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from bench.store_limit import KEY, StoreLimitError, rate_in_csv, store_limit

PRINTED = (
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n'
    '"XADD k * f x","144092.22","2.701","0.304","2.655","3.319","4.079","9.511"\n'
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on PATH")
    socket = tmp_path / "s"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path), "--save", "", "--appendonly", "yes"]
    process = subprocess.Popen(  # noqa: S603  our own arguments
        [program, *options, "--appendfsync", "always"], stdout=subprocess.DEVNULL
    )
    while not _answers(socket):
        assert process.poll() is None
    yield socket
    process.terminate()
    process.wait()


def _answers(socket: Path) -> bool:
    client = redis.Redis(unix_socket_path=str(socket))
    with suppress(redis.ConnectionError):
        return bool(client.ping())
    client.close()
    return False


def test_the_rate_is_the_second_column_of_the_last_row() -> None:
    assert rate_in_csv(PRINTED) == 144092.22


def test_an_output_without_a_rate_is_an_error_with_its_words() -> None:
    with pytest.raises(StoreLimitError, match="Could not connect"):
        rate_in_csv("", "Could not connect to Redis")


@pytest.mark.parametrize("installed", [True, False])
def test_the_limit_is_measured_and_the_key_removed(
    store: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    if not installed:
        monkeypatch.setattr("bench.store_limit.shutil.which", lambda _: None)
    elif shutil.which("redis-benchmark") is None:
        pytest.skip("no redis-benchmark on PATH")
    limit = store_limit(store, count=2_000)
    assert limit.xadds_per_s > 0
    assert limit.appendfsync == "always"
    assert limit.measured_by.startswith("redis-benchmark" if installed else "our own")
    client = redis.Redis(unix_socket_path=str(store))
    assert client.exists(KEY) == 0
    client.close()
