"""Premises that outlive their house: opened, closed and opened again on the same data, with the stopwatch running.

Refuses to know what is in the data. Invariants: like any house under test it has a secret of its own, the embedded
store with `appendfsync always` and nothing of the caller's environment; the time counts from the start of the process
to the first 200 of `/readyz`, with the interpreter and the store's own reading of its file in it; the directory is
removed whatever happens. Seconds.
"""

import http.client
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.server import ROOT, House, HouseNotReadyError, directory_on_disk, free_port, raise_open_files, stop

_READY_WAIT_S = 180.0
_STOP_WAIT_S = 60.0
_LOOK_S = 0.01
_SAID_LEN = 2_000
_GAUGE = "knockdown_recovery_seconds"


class Opened(NamedTuple):
    """A house that is ready: how long that took in all, and how long it says it read."""

    house: House
    ready_s: float
    recovery_s: float


class Premises:
    """A data directory, a port and a secret, for one house after the other."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._port = free_port()
        self._secret = secrets.token_hex(32)

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Run a house on these premises for the length of a `with`. Raises HouseNotReadyError."""
        started = time.perf_counter()
        with (self._data_dir / "house.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "knockdown", "serve"], cwd=ROOT, env=self._environment(), stdout=log, stderr=log
            )
        try:
            self._await_ready(process)
            ready_s = time.perf_counter() - started
            house = House(process, self._port, self._secret, self._data_dir)
            yield Opened(house, ready_s, gauge(self._answer("/metrics")[1], _GAUGE))
        finally:
            stop(process, _STOP_WAIT_S)

    def _environment(self) -> dict[str, str]:
        settings = {"SECRET": self._secret, "RATE": "0", "PORT": str(self._port), "DATA_DIR": str(self._data_dir)}
        others = {name: value for name, value in os.environ.items() if not name.startswith("KNOCKDOWN_")}
        return others | {f"KNOCKDOWN_{name}": value for name, value in settings.items()}

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up = time.perf_counter() + _READY_WAIT_S
        while time.perf_counter() < give_up and process.poll() is None:
            if self._is_ready():
                return
            time.sleep(_LOOK_S)
        said = (self._data_dir / "house.log").read_text("utf-8", "replace")[-_SAID_LEN:].strip()
        raise HouseNotReadyError(f"`knockdown serve` was not ready again; it said: {said or 'nothing'}")

    def _is_ready(self) -> bool:
        try:
            return self._answer("/readyz")[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def _answer(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@contextmanager
def premises() -> Iterator[Premises]:
    """Have premises for the length of a `with`, on a real disk where there is one."""
    raise_open_files()
    with directory_on_disk() as data_dir:
        yield Premises(data_dir)


def gauge(metrics: str, name: str) -> float:
    """A figure among a house's own (the text format of Prometheus). Raises HouseNotReadyError where it is not."""
    found = next((line.split() for line in metrics.splitlines() if line.startswith(f"{name} ")), None)
    if found is None:
        raise HouseNotReadyError(f"the house has no figure {name} among its metrics")
    return float(found[1])
