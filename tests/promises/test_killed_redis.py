"""The store is killed while people bid: the house stays, nothing acknowledged is lost, bidding resumes by itself."""

import asyncio
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.server_program import Program, programs
from tests.engine.stores import RedisStore
from tests.promises.audit import audit
from tests.promises.conftest import STORMY
from tests.promises.premises import Premises, until
from tests.promises.storm import Storm, held, listing, now_us, saleroom, soft

log = logging.getLogger(__name__)

_S_PER_KILL = 0.8
_UNHEARD_US = 350_000
"""By so much a bid may have moved an end that nobody had heard of yet when the kill came."""
_OUTAGE_US = 1_300_000
IMPATIENT = {"store_dial_us": "500000", "store_reply_us": "1000000", "store_patience_us": "1500000"}
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
    house = Premises(directory, store.url, **STORMY, **IMPATIENT)
    yield house
    house.clear_away()


async def test_a_house_whose_own_redis_is_killed_goes_on_by_itself(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    async with held(premises, saleroom(kills * _S_PER_KILL), seed=4) as storm:
        for _ in range(kills):
            await storm.blow(chance.randrange(30, 300))
            killed = premises.kill_store()
            await until(lambda killed=killed: _runs_another(premises, killed.pid), "a new store")  # type: ignore[misc]
        await _holds(storm, kills)


def _runs_another(premises: Premises, pid: int) -> bool:
    try:
        return bool(premises.store().pid != pid)
    except AssertionError:
        return False


async def test_a_house_whose_given_redis_is_killed_goes_on_when_it_is_back(
    tenant: Premises, store: RedisStore, kills: int
) -> None:
    chance = random.Random(kills)
    await tenant.open()
    async with held(tenant, saleroom(kills * _S_PER_KILL), seed=5) as storm:
        for number in range(kills):
            await storm.blow(chance.randrange(30, 300))
            store.kill()
            if number % 3 == 2:
                await _until_orders_are_refused(storm)
            await asyncio.to_thread(store.start)
        await _holds(storm, kills)


async def _until_orders_are_refused(storm: Storm) -> None:
    """Wait for so long that what waits for the store is refused."""
    refused = storm.resent()["unavailable"]
    await until(lambda: storm.resent()["unavailable"] > refused, "a refusal")


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
    hard, bidden = listing("hard", 1.5), listing("soft", 1.6, soft_close=soft())
    async with held(tenant, [hard, bidden, listing("later", 3_600)], seed=6) as storm:
        await storm.blow(60)
        store.kill()
        killed = now_us()
        await until(lambda: now_us() > max(storm.last_end + _UNHEARD_US, killed + _OUTAGE_US), "the end")
        await asyncio.to_thread(store.start)
        back = now_us()
        await storm.blow(50)
        await storm.blow_over()
        findings = await audit(storm)
        assert findings.faults == []
        assert {event.lot for event in findings.extended} == {"hard", "soft"}
        assert {storm.shown(lot)["phase"] for lot in ("hard", "soft")} == {"sold"}
        assert min(storm.shown(lot)["closes_at"] for lot in ("hard", "soft")) > back
