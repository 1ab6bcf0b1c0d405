"""A house under test listens where nobody else will, and its data does not outlast it."""

import socket

import pytest

from bench.server import directory_on_disk, first_free, free_port, ports_beyond


def test_a_port_is_outside_what_the_kernel_gives_out() -> None:
    ports = ports_beyond("32768\t60999\n")
    assert {32_767, 61_000} <= set(ports)
    assert not {32_768, 60_999} & set(ports)


def test_where_the_kernel_gives_out_every_port_any_will_do() -> None:
    assert 20_000 in ports_beyond("1024 65535")


def test_a_port_that_is_taken_is_passed_over() -> None:
    other = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert first_free([taken.getsockname()[1], other]) == other
        with pytest.raises(OSError, match="no port"):
            first_free([taken.getsockname()[1]])


def test_ports_chosen_before_any_is_taken_differ() -> None:
    assert len({free_port() for _ in range(20)}) == 20


def test_a_directory_is_gone_afterwards_with_all_that_is_in_it() -> None:
    with directory_on_disk() as path:
        (path / "house.log").write_text("said", "utf-8")
    assert not path.exists()
