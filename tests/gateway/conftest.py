"""Loops of the gateway's tests: sockets are tried on uvloop, as they are served, and on asyncio's own loop."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

SOCKET_TESTS = frozenset(("test_wire", "test_fanout_sockets"))


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Say which event loops a test runs on."""
    if item.path.stem in SOCKET_TESTS:
        return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
