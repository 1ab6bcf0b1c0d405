"""Many lots that end at the same instant: how long after it each close is decided, and announced to a watcher.

Refuses to know the house's clock beyond what it says: `at` in its events, and the `time` message by which the
watchers' clock is set to it. Invariants: the lots are imported in whole sales, for one by one a large number would take
minutes; every lot has one bid and is watched on `full`; a close before its time is counted and is a failure. Instants
in microseconds of the house's clock.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec
import orjson

from bench.desk import Desk, NotInTimeError, lot_listing
from bench.latency import Latency, latency
from bench.load import Bounds, Line, dial, frame, until
from bench.pace import no_collection
from bench.server import House
from bench.volley import START_PRICE

IN_TIME_US = 50_000
PROMPT_US = 500_000
"""Within which 99 of 100 closes are to be announced, however many lots end together."""
SALE_LEN = 2_000
"""Lots of one import: the house takes more, but is held less by each."""
_TRIAL_LEN = 100
_SPARE_S = 2.5
_LISTING_MARGIN = 3.0
"""How many times as long as a trial says: the lots must also be bid on and watched before they end."""
_WATCHES_PER_LINE = 50
_WAIT_S = 20.0
_US = 1_000_000
_CLOCK_PROBES = 20


class ClosingReport(msgspec.Struct, kw_only=True):
    """How late the closes were."""

    lots: int
    closed: int
    early: int
    decided: Latency
    announced: Latency
    in_time: float
    within_500ms: float

    def lines(self) -> list[str]:
        """The report for a terminal."""
        return [
            f"{self.lots:,} lots ending at the same instant: {self.closed:,} closed, {self.early} before their time",
            f"decided after the end: {self.decided.sentence()}",
            f"announced after the end: {self.announced.sentence()}",
            f"announced within {IN_TIME_US // 1000} ms: {self.in_time:.1%}",
            f"announced within {PROMPT_US // 1000} ms: {self.within_500ms:.1%}",
        ]


class Heard(msgspec.Struct, frozen=True):
    """What is read of a message here."""

    ev: str
    lot: str = ""
    at: int = 0
    now: int = 0
    sent: int = 0


class Ears:
    """Hears the closes, and knows the house's clock."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.answers = 0
        self.closes: dict[str, tuple[int, int]] = {}  # lot -> decided at, announced at
        self._offset_us = 0
        self._narrowest_us = _US
        self._decoder = msgspec.json.Decoder(Heard)

    def hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        """Take what came in one read."""
        now_us = time.time_ns() // 1000
        for where in messages:
            self._take(self._decoder.decode(data[where]), now_us)

    def _take(self, heard: Heard, now_us: int) -> None:
        if heard.ev in {"lot_sold", "lot_passed"}:
            self.closes.setdefault(heard.lot, (heard.at, now_us + self._offset_us))
        elif heard.ev == "lot":
            self.snapshots += 1
        elif heard.ev in {"accepted", "refused"}:
            self.answers += 1
        elif heard.ev == "time":
            self._set_clock(heard, now_us)

    def _set_clock(self, heard: Heard, now_us: int) -> None:
        """The probe with the shortest way there and back tells the offset best."""
        if now_us - heard.sent < self._narrowest_us:
            self._narrowest_us = now_us - heard.sent
            self._offset_us = heard.now - (heard.sent + now_us) // 2


async def closing(house: House, lots: int = 1_000) -> ClosingReport:
    """Let `lots` lots end together. Raises NotInTimeError."""
    ends_at, names = await _list(house, lots)
    ears = Ears()
    lines = await _seat(house, ears, names)
    if time.time_ns() // 1000 > ends_at - _US:
        raise NotInTimeError(f"{lots:,} lots were not all listed and watched a second before their end")
    with no_collection():
        await asyncio.sleep(max(ends_at / _US - time.time(), 0.0))
        await until(lambda: len(ears.closes) == lots, _WAIT_S)
    for line in lines:
        line.close()
    return judged(lots, ends_at, list(ears.closes.values()))


def judged(lots: int, ends_at: int, closes: list[tuple[int, int]]) -> ClosingReport:
    """The report on closes given as (decided, announced)."""
    announced = [told - ends_at for _, told in closes]
    return ClosingReport(
        lots=lots,
        closed=len(closes),
        early=sum(at < ends_at for at, _ in closes),
        decided=latency([(at - ends_at) / _US for at, _ in closes]),
        announced=latency([lag_us / _US for lag_us in announced]),
        in_time=_share_within(IN_TIME_US, announced, lots),
        within_500ms=_share_within(PROMPT_US, announced, lots),
    )


def _share_within(limit_us: int, lags_us: list[int], lots: int) -> float:
    return round(sum(0 <= lag_us <= limit_us for lag_us in lags_us) / lots, 4)


def import_lots(desk: Desk, sale: str, names: Sequence[str], opens_at: int, ends_at: int) -> None:
    """List lots under the plainest terms, in whole sales. Instants in us. Raises DeskError."""
    for first in range(0, len(names), SALE_LEN):
        part = [{"lot": name, "title": f"Load {name}"} for name in names[first : first + SALE_LEN]]
        terms = lot_listing("any", sale, opens_at, ends_at)["terms"]
        there = {"sale": f"{sale}-{first}", "title": "All at once"}
        desk.call("POST", "/v1/imports", {"sale": there, "terms": terms, "lots": part})


async def _list(house: House, lots: int) -> tuple[int, list[str]]:
    """List the lots with one end, set by how long a few took to list."""
    names = [f"closing-{n}" for n in range(lots)]
    return await asyncio.to_thread(_list_all, Desk(house.address, house.sign("operator", "closing-operator")), names)


def _list_all(desk: Desk, names: list[str]) -> tuple[int, list[str]]:
    started, opens_at = time.perf_counter(), time.time_ns() // 1000
    import_lots(desk, "trial", [f"trial-{n}" for n in range(_TRIAL_LEN)], opens_at, opens_at + 3600 * _US)
    per_lot_s = (time.perf_counter() - started) / _TRIAL_LEN
    ends_at = time.time_ns() // 1000 + round((_SPARE_S + _LISTING_MARGIN * per_lot_s * len(names)) * _US)
    import_lots(desk, "closing", names, opens_at, ends_at)
    desk.close()
    return ends_at, names


async def _seat(house: House, ears: Ears, names: list[str]) -> list[Line]:
    bidder = await dial(house.address, house.sign("bidder", "closing-bidder"), ears.hear)
    for _ in range(_CLOCK_PROBES):
        bidder.write(_message(op="time", sent=time.time_ns() // 1000))
        await asyncio.sleep(0.005)
    bidder.write(b"".join(_message(op="bid", lot=n, amount=START_PRICE, ref=n, confirm=True) for n in names))
    watchers = [
        await _watcher(house, ears, names[n : n + _WATCHES_PER_LINE]) for n in range(0, len(names), _WATCHES_PER_LINE)
    ]
    await until(lambda: ears.answers >= len(names) and ears.snapshots >= len(names), _WAIT_S)
    return [bidder, *watchers]


async def _watcher(house: House, ears: Ears, names: list[str]) -> Line:
    line = await dial(house.address, None, ears.hear)
    line.write(b"".join(_message(op="watch", lot=name, feed="full") for name in names))
    return line


def _message(**fields: object) -> bytes:
    return frame(orjson.dumps(fields))
