"""The house is killed in the middle of a storm, with and without its store, and comes back with all it acknowledged."""

import logging
import random

from bench.desk import Desk
from bench.feed import standing
from tests.promises.audit import audit
from tests.promises.premises import Premises, is_gone, until
from tests.promises.storm import Storm, held, listing, now_us, saleroom, soft

log = logging.getLogger(__name__)

_S_PER_KILL = 0.8
_UNHEARD_US = 350_000
"""By so much a bid may have moved an end that nobody had heard of yet when the kill came."""


async def test_a_house_killed_in_a_storm_keeps_every_acknowledged_bid(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    async with held(premises, saleroom(kills * _S_PER_KILL), seed=1) as storm:
        for number in range(kills):
            if number % 2:  # else the next kill comes while some are still on their way back
                await storm.all_back()
            await storm.blow(chance.randrange(30, 300))
            survivor = premises.store()
            await premises.kill(held=number % 3 == 1)
            assert not is_gone(survivor), "the store was to outlive its house"
            await premises.open()
            assert is_gone(survivor), "the store of the killed house was to be shut down"
        await _holds(storm, kills)


async def test_a_house_killed_with_its_store_keeps_every_acknowledged_bid(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    async with held(premises, saleroom(kills * _S_PER_KILL), seed=2) as storm:
        for number in range(kills):
            if number % 2:  # else the next kill comes while some are still on their way back
                await storm.all_back()
            await storm.blow(chance.randrange(30, 300))
            premises.kill_both(store_first=bool(number % 2))
            await premises.open()
        await _holds(storm, kills)
    before = _shown(premises, list(storm.listings))
    premises.kill_both(store_first=False)
    await premises.open()
    assert _shown(premises, list(storm.listings)) == before
    assert await premises.close() == 0


async def _holds(storm: Storm, kills: int) -> None:
    """All promises hold after the storm."""
    await storm.blow(100)
    await storm.blow_over()
    findings = await audit(storm)
    log.info("%d kills: %s", kills, findings.figures)
    assert findings.faults == []
    assert findings.figures["bidders' lines lost"] >= kills
    await storm.leave()


def _shown(premises: Premises, lots: list[str]) -> dict[str, object]:
    desk = Desk(premises.address)
    shown = {lot: desk.snapshot(lot) for lot in lots}
    desk.close()
    return {lot: (standing(one), one["seq"], one["head"]) for lot, one in shown.items()}


async def test_an_end_that_passes_while_the_house_is_dead_is_extended(premises: Premises) -> None:
    await premises.open()
    hard, bidden = listing("hard", 1.5), listing("soft", 1.6, soft_close=soft())
    async with held(premises, [hard, bidden, listing("later", 3_600)], seed=3) as storm:
        await storm.blow(60)
        await premises.kill()
        await until(lambda: now_us() > storm.last_end + _UNHEARD_US, "the end")
        await premises.open()
        back = now_us()
        await storm.blow(50)
        await storm.blow_over()
        findings = await audit(storm)
        assert findings.faults == []
        assert {event.lot for event in findings.extended} == {"hard", "soft"}
        assert {storm.shown(lot)["phase"] for lot in ("hard", "soft")} == {"sold"}
        assert min(storm.shown(lot)["closes_at"] for lot in ("hard", "soft")) > back
