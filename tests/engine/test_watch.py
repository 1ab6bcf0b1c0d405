"""The watch: what is a fault, when it begins and ends, and what outage is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from clock.instants import SECOND_US
from engine.errors import JournalAway
from engine.figures import Figures
from engine.limits import EngineLimits
from engine.outages import Outage
from engine.watch import Fault, Watch
from tests.engine.opened_house import after
from tests.engine.troubled_journal import TroubledJournal, troubled
from tests.engine.virtual_time import LoopClock, in_virtual_time, stop_the_process


class Desk:
    """Whoever is told what the watch sees."""

    def __init__(self, journal: TroubledJournal, clock: LoopClock) -> None:
        self.halted: list[bool] = []
        self.outages: list[Outage] = []
        self.worked_us = 0
        self.figures = Figures()
        self.watch = Watch(
            journal,
            clock,
            EngineLimits(),
            self.figures,
            changed=self.halted.append,
            outage=self.outages.append,
            cpu_us=lambda: self.worked_us,
        )

    def spans(self) -> list[tuple[float, float]]:
        """The outages told, in seconds after the beginning."""
        return [((one.since - after(0)) / SECOND_US, (one.back_at - after(0)) / SECOND_US) for one in self.outages]


@asynccontextmanager
async def watching(journal: TroubledJournal, clock: LoopClock) -> AsyncIterator[Desk]:
    desk = Desk(journal, clock)
    desk.watch.begin()
    running = asyncio.create_task(desk.watch.run())
    try:
        yield desk
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(seconds: float) -> None:
    await asyncio.sleep(seconds - asyncio.get_running_loop().time())


@in_virtual_time
async def test_a_quiet_night_is_no_outage() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(3600)
        assert (desk.outages, desk.halted, desk.watch.faults) == ([], [], {})
        assert desk.figures.loop_lag_us.quantiles([1.0]) == [0]
        assert desk.watch.notes != []


@in_virtual_time
async def test_an_outage_reaches_from_the_last_sign_of_life_to_the_first() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10.1)
        journal.away = True
        await until(10.5)
        assert (desk.halted, list(desk.watch.faults)) == ([True], [Fault.STORE_AWAY])
        assert desk.watch.silent_us() == 0.5 * SECOND_US
        await until(14.1)
        assert desk.outages == []
        journal.away = False
        await until(15)
        assert desk.spans() == [(10, 14.4)]
        assert desk.halted == [True, False]
        assert desk.watch.silent_us() == 0
        assert desk.figures.outages == 1


@in_virtual_time
async def test_a_lost_reply_alone_halts_and_is_no_outage() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10)
        desk.watch.store_away(JournalAway("the reply was lost"))
        desk.watch.store_answered()
        await until(12)
        assert (desk.halted, desk.outages) == ([True, False], [])


@in_virtual_time
async def test_a_store_that_is_silent_for_a_second_is_away_before_any_call_fails() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10.1)
        journal.delay_s = 4
        await until(10.95)
        assert desk.halted == []
        await until(11.1)
        assert desk.halted == [True]
        journal.delay_s = 0
        await until(16)
        assert desk.spans() == [(10, 14.4)]


@in_virtual_time
async def test_a_process_that_did_not_run_has_had_an_outage() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10.02)
        stop_the_process(2.5)
        await until(14)
        assert len(desk.outages) == 1
        since, back_at = desk.spans()[0]
        assert (round(since, 2), round(back_at, 2)) == (10.0, 12.52)
        assert desk.halted == []
        assert desk.figures.loop_lag_us.quantiles([1.0])[0] > 2.4 * SECOND_US


@in_virtual_time
async def test_a_busy_process_is_late_and_has_no_outage_nor_has_its_store() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10.02)
        stop_the_process(2.5)
        desk.worked_us += 2 * SECOND_US
        await until(14)
        assert (desk.outages, desk.halted) == ([], [])


@in_virtual_time
async def test_a_process_that_stopped_during_another_fault_is_told_with_it() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10)
        clock.error_us = 1_500_000
        await until(11)
        stop_the_process(3)
        await until(15)
        assert desk.halted == [True]
        clock.error_us = 0
        await until(16)
        assert len(desk.outages) == 2  # the jump of the clock itself looked like a stop, which moves ends to be safe
        since, back_at = desk.spans()[-1]  # by the clock, which was 1.5 s fast at first
        assert (since < 12, back_at > 15) == (True, True)


@in_virtual_time
async def test_the_outage_is_told_after_the_last_of_several_faults() -> None:
    journal, clock = troubled()
    async with watching(journal, clock) as desk:
        await until(10.1)
        journal.away = True
        await until(16)
        journal.refused = "appendonly is no"
        journal.away = False
        await until(16.5)
        journal.refused = None
        await until(17)
        assert (desk.halted[-1], len(desk.outages)) == (False, 1)
        journal.refused = "appendonly is no"
        await until(22)
        assert desk.watch.faults == {Fault.STORE_REFUSED: "appendonly is no"}
        journal.away = True
        await until(24)
        journal.away = False
        await until(24.5)
        assert desk.halted[-1]
        journal.refused = None
        await until(28)
        assert (desk.halted[-1], len(desk.outages)) == (False, 2)


@in_virtual_time
async def test_the_time_of_an_answer_is_somewhere_between_question_and_answer() -> None:
    journal, clock = troubled()
    desk = Desk(journal, clock)
    await until(10)
    for store_s, asked_s, wrong in [
        (10, 10, False),
        (8, 7, False),
        (9, 10, False),
        (8.9, 10, True),
        (11, 10, False),
        (11.1, 10, True),
        (6.9, 8, True),
    ]:
        desk.watch.compare(after(store_s), after(asked_s))
        assert (Fault.CLOCK in desk.watch.faults) is wrong, (store_s, asked_s)


@in_virtual_time
async def test_what_happened_before_the_watch_began_is_no_outage() -> None:
    journal, clock = troubled()
    desk = Desk(journal, clock)
    for listen in (desk.watch.look, desk.watch.store_answered, desk.watch.begin):
        await asyncio.sleep(2)
        listen()
    desk.watch.look()
    assert (desk.outages, desk.halted) == ([], [])
