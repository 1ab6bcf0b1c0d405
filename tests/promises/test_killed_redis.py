"""The store is killed while people bid: the house stays, nothing acknowledged is lost, bidding resumes by itself."""

import asyncio
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from clock.instants import SECOND_US
from engine.server_program import Program, programs
from tests.engine.stores import RedisStore
from tests.promises.audit import audit
from tests.promises.conftest import STORMY
from tests.promises.premises import Premises, until
from tests.promises.storm import Storm, listing, now_us, saleroom, soft

log = logging.getLogger(__name__)

_S_PER_KILL = 1.3
_PROGRAMS = list(programs())[:1]


@pytest.fixture(params=_PROGRAMS, ids=str)
def store(request: pytest.FixtureRequest, directory: Path) -> Iterator[RedisStore]:
    """A Redis that somebody else runs, with `appendfsync always`."""
    program: Program = request.param
    (directory / "store").mkdir()
    server = RedisStore(program, directory / "store")
    yield server
    server.end()


@pytest.fixture
def tenant(directory: Path, store: RedisStore) -> Iterator[Premises]:
    """A house on that Redis; it refuses what has waited for more than a second and a half."""
    house = Premises(directory, store.url, **STORMY, store_patience_us="1500000")
    yield house
    house.clear_away()


async def test_a_house_whose_own_redis_is_killed_goes_on_by_itself(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    storm = Storm(premises, saleroom(kills * _S_PER_KILL), seed=4)
    await storm.gather()
    for _ in range(kills):
        await storm.blow(chance.randrange(30, 300))
        killed = premises.kill_store()
        await until(lambda killed=killed: _runs_another(premises, killed.pid), "a new store")  # type: ignore[misc]
    await _holds(storm, kills)


def _runs_another(premises: Premises, pid: int) -> bool:
    try:
        return premises.store().pid != pid
    except AssertionError:
        return False


async def test_a_house_whose_given_redis_is_killed_goes_on_when_it_is_back(
    tenant: Premises, store: RedisStore, kills: int
) -> None:
    chance = random.Random(kills)
    await tenant.open()
    storm = Storm(tenant, saleroom(kills * _S_PER_KILL), seed=5)
    await storm.gather()
    for number in range(kills):
        await storm.blow(chance.randrange(30, 300))
        store.kill()
        if number % 3 == 2:  # now and then for so long that waiting orders are refused
            refused = storm.resent()["unavailable"]
            await until(lambda refused=refused: storm.resent()["unavailable"] > refused, "a refusal")  # type: ignore[misc]
        await asyncio.to_thread(store.start)
    await _holds(storm, kills)
    assert kills < 3 or storm.resent()["unavailable"]


async def _holds(storm: Storm, kills: int) -> None:
    """All promises hold; the house was never started again, and nobody lost his line to it."""
    await storm.blow(100)
    await storm.blow_over()
    findings = await audit(storm)
    log.info("%d kills: %s", kills, findings.figures)
    assert findings.faults == []
    assert storm.premises.starts == 1
    assert findings.figures["bidders' lines lost"] == findings.figures["watchers' lines lost"] == 0
    await storm.leave()
    assert await storm.premises.close() == 0


async def test_an_end_that_passes_while_the_store_is_away_is_extended(tenant: Premises, store: RedisStore) -> None:
    await tenant.open()
    hard, bidden = listing("hard", 1.4), listing("soft", 1.7, soft_close=soft(0.3))
    storm = Storm(tenant, [hard, bidden, listing("later", 3_600)], seed=6)
    await storm.gather()
    await storm.blow(100)
    store.kill()
    killed, last = now_us(), max(one.terms.closes_at for one in (hard, bidden)) + SECOND_US
    await until(lambda: now_us() > max(last, killed + 1_300_000), "the end")
    store.start()
    back = now_us()
    await storm.blow(50)
    await storm.blow_over()
    findings = await audit(storm)
    assert findings.faults == []
    assert findings.figures["extended for an outage"] == 2
    for lot in ("hard", "soft"):
        feed = storm.watchers[0].feeds[lot]
        assert feed.state["phase"] == "sold"
        assert feed.state["closes_at"] > back
    await storm.leave()
