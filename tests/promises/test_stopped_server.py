"""The processor is taken from the house (SIGSTOP) across closing times: nobody loses a lot to a silence."""

import asyncio
import logging

from bench.comparison import outages
from bench.feed import Message
from clock.instants import SECOND_US
from tests.promises.audit import audit, read_books
from tests.promises.conftest import STORMY
from tests.promises.premises import Premises
from tests.promises.storm import held, listing, now_us, soft

log = logging.getLogger(__name__)

_NOTICE_US = int(STORMY["outage_notice_us"])
_SLACK_US = 50_000  # between the house's going on and our reading the clock


async def test_ends_that_pass_while_the_house_is_stopped_are_extended(premises: Premises, kills: int) -> None:
    await premises.open()
    for number in range(kills if kills > 3 else 1):
        await _across_two_ends(premises, number)
    assert await premises.close() == 0


async def _across_two_ends(premises: Premises, number: int) -> None:
    first, second = listing(f"first-{number}", 1.0), listing(f"second-{number}", 1.5)
    gentle, lasting = listing(f"soft-{number}", 1.2, soft_close=soft(0.2)), listing(f"lasting-{number}", 3_600)
    async with held(premises, [first, second, gentle, lasting], seed=7 + number) as storm:
        await _stopped(premises, first.terms.end - 200_000, 1.5)
        back = now_us()
        await storm.blow(100)
        await storm.blow_over()
        findings = await audit(storm)
        log.info("stopped for 1.5 s: %s", findings.figures)
        assert findings.faults == []
        assert findings.figures["bidders' lines lost"] == findings.figures["watchers' lines lost"] == 0
    books = [await read_books(premises, one) for one in (first, second, gentle, lasting)]
    moved = [[end.closes_at for end in outages(one.events)] for one in books]
    assert [len(ends) for ends in moved] == [1, 1, 1, 0]
    assert min(ends[0] for ends in moved if ends) >= back + _NOTICE_US - _SLACK_US
    assert moved[1][0] - moved[0][0] == second.terms.end - first.terms.end
    assert all(_bids_after(books[n].events, books[n].listing.terms.end) for n in (0, 1))


async def _stopped(premises: Premises, at: int, span_s: float) -> None:
    """Stop the house at an instant, for so long."""
    await asyncio.sleep((at - now_us()) / SECOND_US)
    premises.stop_running()
    await asyncio.sleep(span_s)
    premises.go_on()


def _bids_after(events: list[Message], at: int) -> int:
    return sum(event["ev"] == "bid_placed" and event["at"] >= at for event in events)


async def test_a_short_stop_is_no_outage_and_the_end_holds(premises: Premises) -> None:
    await premises.open()
    hard = listing("hard", 1.0)
    async with held(premises, [hard, listing("lasting", 3_600)], seed=8) as storm:
        await _stopped(premises, hard.terms.end - 100_000, 0.5)
        await storm.blow(50)
        await storm.blow_over()
        findings = await audit(storm)
        assert findings.faults == []
        assert findings.figures["extended for an outage"] == 0
        assert (storm.shown("hard")["phase"], storm.shown("hard")["closes_at"]) == ("sold", hard.terms.end)
