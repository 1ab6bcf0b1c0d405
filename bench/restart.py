"""A house started on a directory with a past, and where the time of its start went: by its own log and its store's.

Refuses to know what is in the directory. Invariants: modules are compiled before the clock starts, as in any house that
ran before; a house may be killed, its Redis then outlives it, and the next start sees to that as it would anywhere; the
shares of a start add up to the whole. Seconds, instants by the wall, which the logs are stamped by.
"""

import http.client
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec

from bench.load import Address
from bench.server import ROOT, House, HouseNotReadyError, free_port, stop

_RETRY_S = 0.003
_WAIT_S = 300.0
_STARTED = "Redis is starting"
_LOADED = "ready to accept connections"


class Start(msgspec.Struct, kw_only=True):
    """Where the time of one start went.

    `process_s`: until Redis was started: the interpreter, imports, seeing a Redis of the last run off. `redis_s`: until
    it had loaded its file. `recovery_s`: the house's own. `parts_s`: the same by part. `doors_s`: all the rest.
    """

    whole_s: float
    process_s: float
    redis_s: float
    recovery_s: float
    doors_s: float
    parts_s: dict[str, float]

    def line(self) -> str:
        """The shares in one line."""
        shares = {"process": self.process_s, "Redis": self.redis_s, **(self.parts_s or {"recovery": self.recovery_s})}
        told = ", ".join(f"{name} {share:.2f}" for name, share in {**shares, "doors": self.doors_s}.items())
        return f"{self.whole_s:.2f} s: {told}"


class Restart:
    """`knockdown serve` on a directory that is there already, for the length of a `with`; another port each time."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._log = data_dir / "house.log"

    def __enter__(self) -> Self:
        port, secret = free_port(), secrets.token_hex(32)
        environment = _environment(secret)
        # Any house but a new one finds its modules compiled; here they are, whoever keeps Python from writing them.
        subprocess.run([sys.executable, "-c", "import knockdown"], cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "knockdown", "serve", "--port", str(port), "--data-dir", str(self._data_dir)]
        with self._log.open("wb") as log:
            self._began = time.time()
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603  our own command line
        self.house = House(self._process, port, secret, self._data_dir)
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process, _WAIT_S)

    def kill(self) -> None:
        """Kill the house; its Redis outlives it, as it would any murder."""
        self._process.kill()
        self._process.wait(_WAIT_S)

    def await_ready(self) -> Start:
        """Wait until `/readyz` says yes. Raises HouseNotReadyError."""
        give_up = time.time() + _WAIT_S
        while time.time() < give_up and self._process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                if _get(self.house.address, "/readyz")[0] == http.client.OK:
                    return self.start(time.time())
            time.sleep(_RETRY_S)
        raise HouseNotReadyError(
            f"the house did not come back; it said: {self._log.read_text('utf-8', 'replace')[-500:]}"
        )

    def start(self, ended: float) -> Start:
        """Where the time from the start of the process to `ended` went."""
        started, loaded = loading(self._data_dir.joinpath("redis.log").read_text("utf-8", "replace"))
        _, metrics = _get(self.house.address, "/metrics")
        took = recovery_seconds(metrics.decode())
        return Start(
            whole_s=ended - self._began,
            process_s=started - self._began,
            redis_s=loaded - started,
            recovery_s=took,
            doors_s=ended - loaded - took,
            parts_s=parts(self._log.read_text("utf-8", "replace")),
        )


def loading(redis_log: str) -> tuple[float, float]:
    """When the Redis that started last was started, and when it had loaded its file, by its own log."""
    stamps = dict.fromkeys((_STARTED, _LOADED), 0.0)
    for line in redis_log.splitlines():
        for words in stamps:
            if words.lower() in line.lower() and (found := re.search(r"\d+ \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}", line)):
                stamps[words] = datetime.strptime(found[0], "%d %b %Y %H:%M:%S.%f").timestamp()  # noqa: DTZ007  it writes local time, without a zone
    return stamps[_STARTED], stamps[_LOADED]


def recovery_seconds(metrics: str) -> float:
    """The time of the house's own recovery, from `/metrics`. Raises HouseNotReadyError."""
    found = re.search(r"^knockdown_recovery_seconds ([\d.e+-]+)$", metrics, re.MULTILINE)
    if found is None:
        raise HouseNotReadyError("the house does not tell how long its recovery took")
    return float(found[1])


def parts(house_log: str) -> dict[str, float]:
    """What the house says of the parts of its recovery, in seconds; nothing if it does not."""
    said = re.search(r"entries read in [\d.]+ s \((.*)\)", house_log)
    found = re.findall(r"([a-z][a-z -]*) ([\d.]+)", said[1]) if said else []
    return {name: float(span) for name, span in found}


def _get(address: Address, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_WAIT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _environment(secret: str) -> dict[str, str]:
    """The caller's environment without what would change the house; its modules are compiled once for all restarts."""
    dropped = ("KNOCKDOWN_", "PYTHONDONTWRITEBYTECODE")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    compiled = Path(tempfile.gettempdir()) / f"knockdown-compiled-{os.getuid()}"
    return ours | {"KNOCKDOWN_SECRET": secret, "KNOCKDOWN_RATE": "0", "PYTHONPYCACHEPREFIX": str(compiled)}
