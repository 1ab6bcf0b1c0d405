"""What a figure was measured on is found out, and a changed tree says so."""

import re
import subprocess
from pathlib import Path

import pytest

from bench import machine as room
from bench.machine import Machine, machine
from bench.versions import version_in


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae", "7.0.15"),
        ("v20.20.2\n", "20.20.2"),
        ("nginx version: nginx/1.22.1\n", "1.22.1"),
        ("nats-server: v2.9.10", "2.9.10"),
        ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
        ("command not found", None),
    ],
)
def test_a_program_says_its_version(words: str, version: str | None) -> None:
    assert version_in(words) == version


def test_this_machine_is_told_in_a_line() -> None:
    here = machine()
    assert here.memory_gib > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", here.date)
    assert here.versions["uvloop"] in str(here)
    assert f"commit {here.commit}" in here.sentence()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "ROOT", tmp_path)
    return tmp_path


def git(tree: Path, *words: str) -> None:
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=tree, check=True, capture_output=True)  # noqa: S603, S607  our own


def test_a_tree_that_differs_from_its_commit_says_so(tree: Path) -> None:
    git(tree, "init", "--quiet")
    git(tree, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", "first")
    clean = machine()
    (tree / "new").touch()
    assert (clean.is_dirty, machine().is_dirty) == (False, True)
    assert re.fullmatch(r"[0-9a-f]{10}", clean.commit)


def test_a_tree_without_git_is_of_an_unknown_commit(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tree.parent))
    assert machine().state() == "commit unknown"


def test_a_clean_state_is_the_commit_alone() -> None:
    assert Machine("p", 1, "s", "3", "ext4", commit="abc").state() == "commit abc"
