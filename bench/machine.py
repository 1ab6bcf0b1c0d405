"""What a figure was measured on, so that it can be judged: processor, cores, versions, file system.

Refuses to know the figure.
"""

import os
import platform
from pathlib import Path

import msgspec

from bench.server import disk_directory, file_system


class Machine(msgspec.Struct, frozen=True):
    """The machine in a few words."""

    processor: str
    cores: int
    system: str
    python: str
    data_on: str

    def sentence(self) -> str:
        """One line for a terminal."""
        return f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}, data on {self.data_on}"


def machine() -> Machine:
    """This machine."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        data_on=file_system(Path(disk_directory())),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
