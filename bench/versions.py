"""The versions of the programs and packages that figures depend on, as this machine has them.

Refuses to know what they are used for. Invariants: a program is asked itself; one that is not here is left out; nothing
is started for longer than it takes to say its version.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson

_ELSEWHERE = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin")
"""Where daemons lie that an ordinary user's PATH may not name."""
_PROGRAMS = {
    "redis-server": ("redis-server", "--version"),
    "node": ("node", "--version"),
    "nginx": ("nginx", "-v"),
    "nats-server": ("nats-server", "--version"),
    "postgresql": ("psql", "--version"),
}
_PACKAGES = ("uvloop", "websockets", "starlette", "uvicorn", "redis", "hiredis", "asyncpg")
_NODE_PACKAGES = Path(__file__).parent / "peers" / "package.json"
_ASK_WAIT_S = 5.0
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@cache
def versions() -> dict[str, str]:
    """Version by name: programs first, then Python packages, then those of Node.js as the peers pin them."""
    return {**dict(_programs()), **dict(_packages()), **_node_packages()}


def version_in(words: str) -> str | None:
    """The version in what a program says of itself: the first number with a dot in it."""
    found = _NUMBER.search(words)
    return found[0] if found else None


def _programs() -> Iterator[tuple[str, str]]:
    for name, command in _PROGRAMS.items():
        found = version_in(_said(*command))
        if found is not None:
            yield name, found


def _said(program: str, option: str) -> str:
    path = shutil.which(program) or shutil.which(program, path=":".join(_ELSEWHERE))
    if path is None:
        return ""
    try:
        ran = subprocess.run(  # noqa: S603  a program found on PATH, asked for its version
            [path, option], capture_output=True, text=True, check=False, timeout=_ASK_WAIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout + ran.stderr  # nginx says it on stderr


def _packages() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _node_packages() -> dict[str, str]:
    if shutil.which("node") is None or not _NODE_PACKAGES.exists():
        return {}
    wanted: dict[str, str] = orjson.loads(_NODE_PACKAGES.read_bytes())["dependencies"]
    return {f"npm {name}": pinned for name, pinned in wanted.items()}
