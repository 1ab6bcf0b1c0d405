"""Fixtures of the kill tests. KNOCKDOWN_KILLS says how often each is to kill; a few times by default."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.premises import Premises, directory_on_disk

STORMY = {"outage_notice_us": "500000", "ring_events_per_lot": "8192"}
"""Lots stay open for half a second after an outage instead of a minute; and a storm has more events in the seconds of a
reconnect than a sale in an hour, while here every feed must be resumed, not begun anew."""


@pytest.fixture(scope="session")
def kills() -> int:
    """How often to kill."""
    return int(os.environ.get("KNOCKDOWN_KILLS", "3"))


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory on a disk."""
    with directory_on_disk() as path:
        yield path


@pytest.fixture
def premises(directory: Path) -> Iterator[Premises]:
    """A house with a store of its own, still closed."""
    house = Premises(directory, **STORMY)
    yield house
    house.clear_away()
