"""What may be in the repository at all: no package index, no path of one machine, and no stray entry at the top."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README.md",
    "bench",
    "clock",
    "docs",
    "engine",
    "gateway",
    "knockdown.py",
    "lots",
    "pyproject.toml",
    "tests",
}
"""Beside these only entries that begin with a dot."""

PACKAGE_INDEX = re.compile(
    r"https?://[^\s\"']*/(simple|packages)/|files\.pythonhosted\.|\bpypi\.(org|python)|--(extra-)?index-url|\[\[tool\.uv\.index"
)
MACHINE_PATH = re.compile(r"(?:^|[^\w.])/(?:work|farm|root|home|Users)/")


def tracked() -> list[Path]:
    """The files of the repository, those that are about to be added too."""
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    try:
        said = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True)  # noqa: S603  a fixed command
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this copy is no git repository")
    names = said.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def lines(*, without: Path) -> Iterator[tuple[str, str]]:
    """Every line of text, with where it stands."""
    for path in tracked():
        if path == without:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


@pytest.mark.parametrize("pattern", [PACKAGE_INDEX, MACHINE_PATH], ids=["package index", "path of one machine"])
def test_no_tracked_file_names_it(pattern: re.Pattern[str]) -> None:
    assert [where for where, line in lines(without=Path(__file__)) if pattern.search(line)] == []


FOUND = [
    (PACKAGE_INDEX, "url = https://mirror.example/" + "simple/", True),
    (PACKAGE_INDEX, "pip install --index-url x", True),
    (PACKAGE_INDEX, "the package and its simple name", False),
    (MACHINE_PATH, "open('/home/ann/data')", True),
    (MACHINE_PATH, "/Users/ann", True),
    (MACHINE_PATH, "docs/work/plan.md and https://example.org/home/", False),
]


@pytest.mark.parametrize(("pattern", "line", "is_found"), FOUND)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str, is_found: bool) -> None:
    assert bool(pattern.search(line)) is is_found


def test_only_known_entries_stand_at_the_top() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_what_makes_the_house_a_house_is_there() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert {"Makefile", "Procfile", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".ci/run"} <= names
    assert (ROOT / "Procfile").read_text(encoding="utf-8").startswith("web: knockdown serve\n")
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_no_file_is_larger_than_a_reader_bears() -> None:
    large = [path.relative_to(ROOT).as_posix() for path in tracked() if path.stat().st_size > 300_000]
    assert large == []
