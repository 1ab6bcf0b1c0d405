"""The house is killed in the middle of a storm, with and without its store, and comes back with all it acknowledged."""

import logging
import random

from bench.desk import Desk
from bench.feed import standing
from tests.promises.audit import audit
from tests.promises.premises import Premises, is_gone, until
from tests.promises.storm import Storm, listing, now_us, saleroom, soft

log = logging.getLogger(__name__)

_S_PER_KILL = 1.3


async def test_a_house_killed_in_a_storm_keeps_every_acknowledged_bid(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    storm = Storm(premises, saleroom(kills * _S_PER_KILL), seed=1)
    await storm.gather()
    for number in range(kills):
        await storm.blow(chance.randrange(30, 300))
        survivor = premises.store()
        await premises.kill(held=bool(number % 2))
        assert not is_gone(survivor), "the store was to outlive its house"
        await premises.open()
        assert is_gone(survivor), "the store of the killed house was to be shut down"
    await _holds(storm, kills)


async def test_a_house_killed_with_its_store_keeps_every_acknowledged_bid(premises: Premises, kills: int) -> None:
    chance = random.Random(kills)
    await premises.open()
    storm = Storm(premises, saleroom(kills * _S_PER_KILL), seed=2)
    await storm.gather()
    for number in range(kills):
        await storm.blow(chance.randrange(30, 300))
        premises.kill_both(store_first=bool(number % 2))
        await premises.open()
    await _holds(storm, kills)


async def _holds(storm: Storm, kills: int) -> None:
    """All promises hold after the storm, and once more after a last kill, when everything comes from the log."""
    premises = storm.premises
    await storm.blow(100)
    await storm.blow_over()
    findings = await audit(storm)
    log.info("%d kills: %s", kills, findings.figures)
    assert findings.faults == []
    assert findings.figures["bidders' lines lost"] >= kills
    before = _shown(premises, list(storm.listings))
    premises.kill_both(store_first=False)
    await premises.open()
    assert _shown(premises, list(storm.listings)) == before
    await storm.leave()
    assert await premises.close() == 0


def _shown(premises: Premises, lots: list[str]) -> dict[str, object]:
    desk = Desk(premises.address)
    shown = {lot: desk.snapshot(lot) for lot in lots}
    desk.close()
    return {lot: (standing(one), one["seq"], one["head"]) for lot, one in shown.items()}


async def test_an_end_that_passes_while_the_house_is_dead_is_extended(premises: Premises) -> None:
    await premises.open()
    hard, bidden = listing("hard", 1.2), listing("soft", 1.5, soft_close=soft(0.3))
    storm = Storm(premises, [hard, bidden, listing("later", 3_600)], seed=3)
    await storm.gather()
    await storm.blow(100)
    await premises.kill()
    last = max(one.terms.closes_at for one in (hard, bidden)) + 1_300_000
    await until(lambda: now_us() > last, "the end")
    await premises.open()
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
