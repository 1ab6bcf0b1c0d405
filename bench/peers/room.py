"""A directory for one peer's data: on a real disk where there is one, and gone afterwards.

Refuses to know what is put there.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.server import disk_directory


@contextmanager
def room() -> Iterator[Path]:
    """Make a directory for the length of a `with`."""
    directory = Path(tempfile.mkdtemp(prefix="kd-peer-", dir=disk_directory()))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
