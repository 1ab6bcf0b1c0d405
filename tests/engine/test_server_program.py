"""Which server opens a data directory: never one that would show its data as empty."""

import logging
from pathlib import Path

import pytest

from engine.errors import StoreRefused
from engine.server_program import MEMORY_FILE, Edition, Program, choose, edition_of, programs, recall, remember


def program(make: str, *version: int) -> Program:
    return Program(f"/opt/{make}-{version[0]}", Edition(make, version))


R6, R7, R8 = program("Redis", 6, 2, 14), program("Redis", 7, 0, 15), program("Redis", 8, 0, 1)
V7, V8 = program("Valkey", 7, 2, 5), program("Valkey", 8, 1, 0)


@pytest.mark.parametrize(
    ("found", "last", "chosen"),
    [
        ([R7, R6], None, R7),
        ([R6, R7], None, R6),
        ([R7, R6], R6.edition, R6),
        ([R8, R7], Edition("Redis", (7, 2, 0)), R7),
        ([R8, R6], R7.edition, R8),
        ([R7], R6.edition, R7),
        ([V8, R7], R7.edition, R7),
        ([V8], R7.edition, V8),
        ([V7], R6.edition, V7),
        ([V8], V7.edition, V8),
        ([R6, R7], Edition("Redis", (7, 9, 0)), R7),
    ],
)
def test_the_program_that_opens_the_data(found: list[Program], last: Edition | None, chosen: Program) -> None:
    assert choose(found, last) == chosen


@pytest.mark.parametrize(
    ("found", "last"),
    [([R6], R7), ([R7, R6], R8), ([R8], V8), ([V8], R8), ([V7], V8), ([R6], V7)],
)
def test_data_that_no_program_here_can_read_are_refused(found: list[Program], last: Program) -> None:
    with pytest.raises(StoreRefused) as refused:
        choose(found, last.edition)
    said = str(refused.value)
    assert str(last.edition) in said
    assert f"put {last.edition.make} {last.edition.major} or later on PATH" in said


def test_a_machine_without_a_server_is_told_to_install_one() -> None:
    with pytest.raises(StoreRefused, match="install one"):
        choose([], None)


def test_the_wheel_brings_a_server_and_the_path_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = list(programs())[-1]
    assert wheel.edition.make == "Redis"
    monkeypatch.setenv("PATH", "")
    assert list(programs()) == [wheel]


@pytest.mark.parametrize(
    ("said", "edition"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", Edition("Redis", (7, 0, 15))),
        ("Valkey server v=8.1.0 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", Edition("Valkey", (8, 1, 0))),
        ("something else", None),
    ],
)
def test_a_program_says_what_it_is(tmp_path: Path, said: str, edition: Edition | None) -> None:
    path = tmp_path / "server"
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o700)
    assert edition_of(str(path)) == edition


def test_a_program_that_does_not_run_is_none(tmp_path: Path) -> None:
    path = tmp_path / "server"
    path.write_bytes(b"\x7fELF of another machine")
    path.chmod(0o700)
    assert edition_of(str(path)) is None


def test_a_directory_remembers_what_opened_it_last(tmp_path: Path) -> None:
    assert recall(tmp_path) is None
    remember(tmp_path, R6.edition)
    assert recall(tmp_path) == R6.edition


def test_an_upgrade_is_said_and_a_patch_release_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    remember(tmp_path, R7.edition)
    remember(tmp_path, Edition("Redis", (7, 2, 4)))
    assert caplog.records == []
    with caplog.at_level(logging.WARNING):
        remember(tmp_path, R8.edition)
    assert "written by Redis 7.2.4, are upgraded to Redis 8.0.1 for good" in caplog.text


@pytest.mark.parametrize("memory", ["", "{}", '{"make": "Redis"}', '{"make": "Redis", "version": "seven"}', "[]"])
def test_a_directory_that_forgot_is_refused_rather_than_guessed_at(tmp_path: Path, memory: str) -> None:
    (tmp_path / MEMORY_FILE).write_text(memory)
    with pytest.raises(StoreRefused, match="does not say which server"):
        recall(tmp_path)


def test_a_log_directory_without_memory_is_of_redis_7_at_least(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    with pytest.raises(StoreRefused):
        choose([R6], recall(tmp_path))
