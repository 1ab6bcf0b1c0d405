"""What a figure was measured on, so that it can be judged: the machine, what runs on it, the commit and the day.

Refuses to know the figure. Invariants: a tree that differs from its commit says so; what cannot be found out is
"unknown", never left to be guessed. Memory in GiB of 2^30 bytes; the day is that of UTC.
"""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from bench.server import ROOT, disk_directory, file_system
from bench.versions import versions

_COMMIT_LEN = 10
_GIB = 1 << 30


class Machine(msgspec.Struct, frozen=True):
    """The machine in a few words, and what was measured on it."""

    processor: str
    cores: int
    system: str
    python: str
    data_on: str
    memory_gib: float = 0.0
    versions: dict[str, str] = {}
    commit: str = "unknown"
    is_dirty: bool = False
    date: str = ""

    def sentence(self) -> str:
        """One line for a terminal."""
        return f"{self.place()}, data on {self.data_on}, {self.state()}"

    def place(self) -> str:
        """The hardware and the system, with Python and the store."""
        store = f", Redis {self.versions['redis-server']}" if "redis-server" in self.versions else ""
        memory = f", {self.memory_gib:.0f} GiB" if self.memory_gib else ""
        return f"{self.processor}, {self.cores} cores{memory}, {self.system}, Python {self.python}{store}"

    def state(self) -> str:
        """The commit, and whether the tree was as it says."""
        return f"commit {self.commit}" + (" with changes that are not committed" if self.is_dirty else "")


def machine() -> Machine:
    """This machine, today."""
    commit, is_dirty = _commit()
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        data_on=file_system(Path(disk_directory())),
        memory_gib=round(psutil.virtual_memory().total / _GIB, 1),
        versions=versions(),
        commit=commit,
        is_dirty=is_dirty,
        date=datetime.now(tz=UTC).date().isoformat(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _commit() -> tuple[str, bool]:
    """The commit of this tree, and whether the tree differs from it."""
    try:
        commit = _git("rev-parse", f"--short={_COMMIT_LEN}", "HEAD")
        return commit, bool(_git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False


def _git(*words: str) -> str:
    ran = subprocess.run(  # noqa: S603  our own arguments
        ["git", *words],  # noqa: S607  git is found where the machine has it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()
