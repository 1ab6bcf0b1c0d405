"""How long a house takes to come back: `knockdown serve` on a data directory with a past, until it can be bid in.

(a) One lot with a log of a million events: events a second of the house's own recovery, beside what a bare reader gets
by XRANGE from the same stream, and how long Redis takes to load its file. (b) A house of ten thousand open lots, killed
and started again: from the start of the process to the first bid that is accepted.
Refuses to know how a log is read. Invariants: every lot stands after the restart as it stood before; the store that is
read is the very one that was written; modules are compiled before the clock starts, as in any house that ran before.
Seconds; rates per second.
"""

import asyncio
import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self, cast

import hiredis
import msgspec
import orjson
import uvloop

from bench.desk import Desk
from bench.evidence.goals import bound
from bench.load import Address, Bounds, Line, LineError, dial, frame
from bench.machine import Machine, machine
from bench.page import Page
from bench.server import ROOT, House, HouseNotReadyError, directory_on_disk, free_port, raise_open_files
from bench.stock import HOT_LOT, Standing, hot_lot, many_lots
from bench.surge import Progress, nothing_shown
from engine.redis_journal import log_key

_PAGE_RECORDS = 1_000
_RETRY_S = 0.003
_AMOUNT = 100_000
_LOTS_PER_PAGE = 200
_WAIT_S = 300.0
_READ_BYTES = 1 << 16
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


class RecoveryReport(msgspec.Struct, kw_only=True):
    """What recovery costs. `failures` are sentences; a goal that is not reached is none."""

    machine: Machine
    events: int
    lots: int
    ready: Start
    bare_events_per_s: float
    first_bid: Start
    refused_before: int
    failures: list[str]

    @property
    def events_per_s(self) -> float:
        """Events of the long log per second of the house's own recovery."""
        return self.events / self.ready.recovery_s

    def figures(self) -> dict[str, float]:
        """The figures that goals are set for."""
        return {
            "recovery.events_per_s": round(self.events_per_s),
            "recovery.first_bid_s": round(self.first_bid.whole_s, 3),
            "recovery.ready_s": round(self.ready.whole_s, 3),
        }

    def lines(self) -> list[str]:
        """The report for a terminal."""
        rate_goal, first_bid_goal_s = bound("recovery.events_per_s"), bound("recovery.first_bid_s")
        reader = f"{self.bare_events_per_s:,.0f} a second by bare XRANGE"
        return [
            f"a log of {self.events:,} events: {self.events_per_s:,.0f} a second (goal {rate_goal:,.0f})",
            f"  {reader}; ratio {self.events_per_s / self.bare_events_per_s:.2f}",
            f"  ready after {self.ready.line()}",
            f"{self.lots:,} open lots, killed: first bid accepted after {self.first_bid.line()}",
            f"  (goal {first_bid_goal_s:g} s; {self.refused_before} refused as unavailable before)",
            *(f"FAILED: {failure}" for failure in self.failures),
        ]

    def show(self, page: Page) -> None:
        """Write the report into a page."""
        page.heading("Recovery")
        page.text(*self.lines())
        starts = {f"{self.events:,} events, until ready": self.ready, f"{self.lots:,} lots, first bid": self.first_bid}
        page.table(
            ("start", "whole, s", "process", "Redis", "recovery", "doors"),
            [(name, s.whole_s, s.process_s, s.redis_s, s.recovery_s, s.doors_s) for name, s in starts.items()],
        )


def recovery(*, events: int = 1_000_000, lots: int = 10_000, progress: Progress = nothing_shown) -> RecoveryReport:
    """Measure both. Raises HouseNotReadyError, NotStockedError, DeskError, LineError."""
    raise_open_files()
    with directory_on_disk() as data_dir:
        long_log = _read_back(data_dir, events, progress)
    with directory_on_disk() as data_dir:
        killed = _bid_in_again(data_dir, lots, progress)
    return RecoveryReport(
        machine=machine(),
        events=long_log.events,
        lots=lots,
        ready=long_log.ready,
        bare_events_per_s=long_log.bare_events_per_s,
        first_bid=killed.first_bid,
        refused_before=killed.refused_before,
        failures=[*long_log.failures, *killed.failures],
    )


class _LongLog(NamedTuple):
    """What came of reading a long log back."""

    events: int
    ready: Start
    bare_events_per_s: float
    failures: list[str]


class _Killed(NamedTuple):
    """What came of a house that was killed."""

    first_bid: Start
    refused_before: int
    failures: list[str]


def _read_back(data_dir: Path, events: int, progress: Progress) -> _LongLog:
    before = uvloop.run(hot_lot(data_dir, events, progress))
    progress(0, 1, "the house reads its log")
    with _Restart(data_dir) as again:
        ready = again.await_ready()
        bare = bare_reader(data_dir / "redis.sock", log_key(HOT_LOT, HOT_LOT))
        failures = differences(before, _standings(again.house, list(before)))
    return _LongLog(before[HOT_LOT].seq, ready, bare, failures)  # every event of such a log is public


def _bid_in_again(data_dir: Path, lots: int, progress: Progress) -> _Killed:
    before = uvloop.run(many_lots(data_dir, lots, progress))
    progress(0, 1, "the house is killed and started again")
    with _Restart(data_dir) as first:
        first.await_ready()
        first.kill()
    with _Restart(data_dir) as again:
        bidder = FirstBid(again.house.address, again.house.sign("bidder", "first-bidder"), "lot-0")
        uvloop.run(bidder.get_through())
        first_bid = again.start(time.time())
        after = _standings(again.house, list(before))
    failures = differences(before, after, but=bidder.lot)
    failures += [] if after[bidder.lot].seq > before[bidder.lot].seq else ["the first bid left no trace"]
    return _Killed(first_bid, bidder.refused, failures)


class _Restart:
    """`knockdown serve` on a directory that is there already, for the length of a `with`."""

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
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(_WAIT_S)

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


def differences(before: dict[str, Standing], after: dict[str, Standing], *, but: str | None = None) -> list[str]:
    """Which lots do not stand as they stood, a sentence; `but` one that was bid on meanwhile."""
    changed = [lot for lot, standing in before.items() if lot != but and after.get(lot) != standing]
    if not changed:
        return []
    first = changed[0]
    return [f"{len(changed):,} lots changed in the restart: {first} was {before[first]}, is {after.get(first)}"]


def bare_reader(store: Path, key: str) -> float:
    """How many entries a second XRANGE gives to a reader who does nothing with them, in pages as the house reads."""
    reader, start, entries = hiredis.Reader(), "-", 0
    began = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(store))
        while True:
            words = ("XRANGE", key, start, "+", "COUNT", str(_PAGE_RECORDS))
            line.sendall(hiredis.pack_command(cast("tuple[str]", words)))  # its stub means words of any number
            while (rows := reader.gets()) is False:
                reader.feed(line.recv(_READ_BYTES))
            entries += len(rows)
            if len(rows) < _PAGE_RECORDS:
                return entries / (time.perf_counter() - began)
            start = f"({rows[-1][0].decode()}"


class FirstBid:
    """A bidder at a door that is still closed: he knocks every few milliseconds until his bid is accepted."""

    def __init__(self, address: Address, token: str, lot: str) -> None:
        self.lot = lot
        self.refused = 0
        self.code = "unavailable"
        self._address = address
        self._token = token
        self._heard = asyncio.Event()
        self._accepted = False

    async def get_through(self) -> None:
        """Return once the bid is accepted. Raises LineError when it never is."""
        async with asyncio.timeout(_WAIT_S):
            while not self._accepted:
                if self.code != "unavailable":
                    raise LineError(f"the first bid was refused: {self.code}")
                with suppress(OSError):
                    line = await dial(self._address, self._token, self._hear)
                    await self._bid(line)
                    line.close()
                await asyncio.sleep(_RETRY_S)

    async def _bid(self, line: Line) -> None:
        """Bid on this line until it is accepted, or the line ends."""
        bid = frame(orjson.dumps({"op": "bid", "lot": self.lot, "amount": _AMOUNT, "ref": "first", "confirm": True}))
        line.ended.add_done_callback(lambda _: self._heard.set())
        while not (self._accepted or line.ended.done() or self.code != "unavailable"):
            self._heard.clear()
            line.write(bid)
            await self._heard.wait()

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        for where in messages:
            message = orjson.loads(data[where])
            if message["ev"] == "accepted":
                self._accepted = True
            elif message["ev"] == "refused":
                self.refused += 1
                self.code = message["code"]
            else:
                continue
            self._heard.set()


def _standings(house: House, lots: list[str]) -> dict[str, Standing]:
    """How lots stand by the house's own word: the first by its page, thousands in pages of the catalogue."""
    desk = Desk(house.address)
    found: dict[str, Standing] = {}
    cursor = ""
    while len(found) < len(lots):
        page = desk.call("GET", f"/v1/lots?limit={_LOTS_PER_PAGE}{cursor}")
        found |= {one["lot"]: Standing(one["seq"], one["head"], one["price"]) for one in page["lots"]}
        if not page.get("cursor"):
            break
        cursor = f"&cursor={page['cursor']}"
    desk.close()
    return found


def _get(address: Address, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_WAIT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _environment(secret: str) -> dict[str, str]:
    """The caller's environment without what would change the house; its modules are compiled once, beside the data."""
    dropped = ("KNOCKDOWN_", "PYTHONDONTWRITEBYTECODE")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    compiled = Path(tempfile.gettempdir()) / f"knockdown-compiled-{os.getuid()}"
    return ours | {"KNOCKDOWN_SECRET": secret, "KNOCKDOWN_RATE": "0", "PYTHONPYCACHEPREFIX": str(compiled)}
