"""The processor is taken from the house (SIGSTOP) across closing times: nobody loses a lot to a silence."""

import asyncio
import logging

from bench.feed import Message
from clock.instants import SECOND_US
from tests.promises.audit import audit, read_books
from tests.promises.premises import Premises
from tests.promises.storm import Storm, listing, now_us, soft

log = logging.getLogger(__name__)

_NOTICE_US = 1_000_000


async def test_ends_that_pass_while_the_house_is_stopped_are_extended(premises: Premises, kills: int) -> None:
    await premises.open()
    for number in range(max(kills // 3, 1)):
        await _across_two_ends(premises, number)
    assert await premises.close() == 0


async def _across_two_ends(premises: Premises, number: int) -> None:
    first, second = listing(f"first-{number}", 1.3), listing(f"second-{number}", 1.8)
    gentle, lasting = listing(f"soft-{number}", 1.5, soft_close=soft(0.2)), listing(f"lasting-{number}", 3_600)
    storm = Storm(premises, [first, second, gentle, lasting], seed=7 + number)
    await storm.gather()
    await asyncio.sleep((first.terms.closes_at - 200_000 - now_us()) / SECOND_US)
    premises.stop_running()
    await asyncio.sleep(1.5)
    back = now_us()
    premises.go_on()
    await storm.blow(100)
    await storm.blow_over()
    findings = await audit(storm)
    log.info("stopped for 1.5 s: %s", findings.figures)
    assert findings.faults == []
    moved = {one.lot: (await read_books(premises, one)).events for one in (first, second, gentle, lasting)}
    causes = {lot: [event for event in events if event.get("cause") == "outage"] for lot, events in moved.items()}
    assert [len(found) for found in causes.values()] == [1, 1, 1, 0]
    new = [found[0]["closes_at"] for found in causes.values() if found]
    assert min(new) >= back + _NOTICE_US
    assert new[1] - new[0] == second.terms.closes_at - first.terms.closes_at
    assert all(_bids_after(moved[one.lot], one.terms.closes_at) for one in (first, second))
    assert findings.figures["bidders' lines lost"] == findings.figures["watchers' lines lost"] == 0
    await storm.leave()


def _bids_after(events: list[Message], at: int) -> int:
    return sum(event["ev"] == "bid_placed" and event["at"] >= at for event in events)


async def test_a_short_stop_is_no_outage_and_the_end_holds(premises: Premises) -> None:
    await premises.open()
    hard = listing("hard", 1.0)
    storm = Storm(premises, [hard, listing("lasting", 3_600)], seed=8)
    await storm.gather()
    await asyncio.sleep((hard.terms.closes_at - 100_000 - now_us()) / SECOND_US)
    premises.stop_running()
    await asyncio.sleep(0.5)
    premises.go_on()
    await storm.blow(50)
    await storm.blow_over()
    findings = await audit(storm)
    assert findings.faults == []
    assert findings.figures["extended for an outage"] == 0
    assert storm.watchers[0].feeds["hard"].state["closes_at"] == hard.terms.closes_at
    assert storm.watchers[0].feeds["hard"].state["phase"] == "sold"
    await storm.leave()
