"""How busy a process was: CPU seconds by psutil, against the wall.

Refuses to know what the processes do. Invariants: the house is found by the port it listens on, its store among its
children; what cannot be seen (another user's process) is None, never 0. Shares are of one core: 2.0 is two full cores.
"""

import time
from typing import NamedTuple

import psutil

STORES = ("redis-server", "valkey-server")


class Busy(NamedTuple):
    """Shares of one core over a stretch of time."""

    own: float
    house: float | None
    store: float | None


class Spent(NamedTuple):
    """CPU seconds up to now."""

    wall: float
    own: float
    house: float | None
    store: float | None


def listening_pid(port: int) -> int | None:
    """The process that listens on a TCP port of this machine, if we may know."""
    try:
        found = [
            c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and _listens(c.status)
        ]
    except psutil.AccessDenied:
        return None
    return next((pid for pid in found if pid is not None), None)


def _listens(status: str) -> bool:
    return bool(status == psutil.CONN_LISTEN)


def cpu_s(process: psutil.Process | None) -> float | None:
    """CPU seconds of a process so far, or None if it is not ours to see or gone."""
    if process is None:
        return None
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def store_of(house: psutil.Process | None) -> psutil.Process | None:
    """The store that a house runs as its child."""
    if house is None:
        return None
    try:
        return next((child for child in house.children(recursive=True) if _is_store(child)), None)
    except psutil.Error:
        return None


def _is_store(process: psutil.Process) -> bool:
    return any(store in process.name() for store in STORES)


class CpuMeter:
    """Measures this process, the house at a port, and its store, from `start` to `stop`."""

    def __init__(self, port: int) -> None:
        pid = listening_pid(port)
        self.house = psutil.Process(pid) if pid is not None else None
        self.store = store_of(self.house)
        self._own = psutil.Process()
        self._from = self.spent()

    def start(self) -> None:
        """Start anew."""
        self._from = self.spent()

    def spent(self) -> Spent:
        """CPU seconds up to now."""
        own = cpu_s(self._own)
        return Spent(time.perf_counter(), own if own is not None else 0.0, cpu_s(self.house), cpu_s(self.store))

    def stop(self) -> Busy:
        """Shares since `start`."""
        then, now = self._from, self.spent()
        wall = now.wall - then.wall
        return Busy(
            round((now.own - then.own) / wall, 3),
            _share(then.house, now.house, wall),
            _share(then.store, now.store, wall),
        )


def _share(then: float | None, now: float | None, wall: float) -> float | None:
    return None if then is None or now is None else round((now - then) / wall, 3)
