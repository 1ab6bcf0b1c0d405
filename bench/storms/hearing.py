"""The hearing after a storm: reads every lot's log, has it judged, and sums up what was seen.

Refuses to know what a fault is (`judge` does) and how the storm went. Invariants: a feed gets time to reach the end of
the log before it is judged; logs are read and judged one at a time, so that a long storm needs no more memory than its
longest log; what the threads find is put together in one place. Waits in seconds, instants in microseconds.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bench.desk import Desk, share_out
from bench.feed import FullFeed, Message
from bench.latency import MS_PER_S, latency
from bench.load import until
from bench.storms.faults import Broken, Fault
from bench.storms.judge import Case, course_of, judge
from bench.storms.people import ENDED, People
from bench.storms.report import Close, Ended
from bench.storms.slips import Slip

if TYPE_CHECKING:
    from bench.storms.storm import Saleroom

_SETTLE_WAIT_S = 10.0
_END_SLACK_US = 5_000_000
_US_PER_MS = 1_000

Tails = dict[str, tuple[int, str]]
"""The last seq and head of each lot's log."""


class Judged(NamedTuple):
    """What came of one lot."""

    faults: list[Fault]
    bids: int
    is_extended: bool
    ended_at: int | None
    closed_at: int | None
    heard_at: int | None


async def hear_everything(room: "Saleroom") -> None:
    """Judge every lot, and put all that was seen into the report. Raises DeskError, OSError."""
    tails: Tails = {}
    await share_out(room.lots, room.reader, lambda desk, lot: tails.update({lot: _tail(desk, lot)}))
    feeds = room.people.feeds()
    await until(lambda: all(_is_there(feed, tails) for lot in feeds.values() for feed in lot.values()), _SETTLE_WAIT_S)
    slips = _by_lot(room)
    judged: list[Judged] = []

    def judge_one(desk: Desk, lot: str) -> None:
        case = Case(lot, list(desk.events(lot)), slips[lot], feeds[lot], room.people.earshot.closed_us.get(lot))
        judged.append(judged_case(case))

    await share_out(room.lots, room.reader, judge_one)
    for one in judged:
        room.faults.extend(one.faults)
    _judge_the_rest(room)
    _sum_up(room, judged)


def judged_case(case: Case) -> Judged:
    """Judge one lot."""
    course = course_of(case.log)
    extended = any(event["ev"] == "lot_extended" for event in case.log)
    return Judged(list(judge(case)), len(course.placed), extended, course.ends_at, course.closed_at, case.closed_us)


def _tail(desk: Desk, lot: str) -> tuple[int, str]:
    snapshot = desk.snapshot(lot)
    return snapshot["seq"], snapshot["head"]


def _is_there(feed: FullFeed, tails: Tails) -> bool:
    return (feed.seq, feed.head) == tails[feed.lot]


def _by_lot(room: "Saleroom") -> dict[str, dict[str, Slip]]:
    slips: dict[str, dict[str, Slip]] = defaultdict(dict)
    for ref, slip in enumerate(room.by_ref):
        slips[room.lots[slip.offer.lot]][str(ref)] = slip
    return slips


def _judge_the_rest(room: "Saleroom") -> None:
    """What no log tells: bids without an answer, live feeds, lots that should have ended."""
    for contender in room.people.contenders:
        for ref, slip in contender.unanswered.items():
            lot = room.lots[slip.offer.lot]
            room.faults.add(Broken.UNANSWERED, lot, f"ref {ref}, sent {slip.sent} times")
    for onlooker in room.people.onlookers:
        for lot, feed in onlooker.live.items():
            if feed.gaps:
                room.faults.add(Broken.GAP, lot, f"{onlooker.name}: its live feed ran back {feed.gaps} times")
    now_us = time.time_ns() // _US_PER_MS
    for lot in room.lots:
        state = room.people.seen(lot)
        if _is_overdue(state, now_us):
            room.faults.add(Broken.STILL_OPEN, lot, f"still {state.get('phase')} long after its end")


def _is_overdue(state: Message, now_us: int) -> bool:
    ends_at = state.get("closes_at")
    return state.get("phase") not in ENDED and ends_at is not None and ends_at + _END_SLACK_US <= now_us


def _sum_up(room: "Saleroom", judged: Sequence[Judged]) -> None:
    report, slips, people = room.report, room.slips, room.people
    report.sent = sum(slip.sent > 0 for slip in room.by_ref)
    report.accepted, report.refused = slips.accepted, dict(slips.refused)
    report.unanswered = people.waiting()
    report.repeats, report.resent = slips.repeats, sum(one.resent for one in people.contenders)
    report.recorded = sum(one.bids for one in judged)
    report.missing = room.faults.counts[Broken.MISSING]
    report.acknowledged_twice = room.faults.counts[Broken.SECOND_EFFECT]
    report.latency, report.over_breaks = slips.latency.latency(), slips.over_breaks.latency()
    report.lateness = room.lateness.latency()
    report.curve, report.curve_over_breaks = slips.latency.curve(), slips.over_breaks.curve()
    report.curve_lateness = room.lateness.curve()
    report.mishaps = dict(room.mishaps)
    report.waves_s = room.plan.waves_s()
    report.house = people.figures.moments
    report.ended = _ended(room, judged)
    report.faults, report.fault_counts = room.faults.kept, {str(k): n for k, n in room.faults.counts.items()}
    report.failures += room.faults.sentences()
    _sum_up_lines(room)


def _sum_up_lines(room: "Saleroom") -> None:
    report, people = room.report, room.people
    received, sent = zip(*(line.bytes_both_ways for line in people.lines), strict=True)
    report.bytes_in, report.bytes_out = sum(received), sum(sent)
    report.bytes_per_s = round((report.bytes_in + report.bytes_out) / report.seconds, 1)
    report.lines_lost = sum(line.lost for line in people.lines)
    report.rebuked = sum(one.rebuked for one in people.contenders) + sum(one.rebuked for one in people.onlookers)
    report.watchers = watcher_figures(people, room.faults.counts[Broken.GAP])


def watcher_figures(people: People, gaps: int) -> dict[str, int]:
    """Who watched, and what was heard."""
    onlookers = people.onlookers
    return {
        "full": sum(len(one.full) > 0 for one in people.watchers),
        "live": sum(len(one.live) > 0 for one in people.watchers),
        "frames": sum(one.frames for one in onlookers),
        "gaps": gaps,
        "resets": sum(one.resets() for one in onlookers),
        "dropped and resumed": sum(one.resumed for one in onlookers),
    }


def _ended(room: "Saleroom", judged: Sequence[Judged]) -> Ended:
    closed = [one for one in judged if one.closed_at is not None]
    closes = [close for one in closed if (close := _close(room, one)) is not None]
    return Ended(
        closed=len(closed),
        extended=sum(one.is_extended for one in judged),
        outlasted=sum((room.people.seen(lot).get("phase") not in ENDED) for lot in room.lots),
        decided=latency(close.decided_ms / MS_PER_S for close in closes),
        announced=latency(close.heard_ms / MS_PER_S for close in closes if close.heard_ms is not None),
        closes=sorted(closes, key=lambda close: close.ended_s),
    )


def _close(room: "Saleroom", one: Judged) -> Close | None:
    if one.ended_at is None or one.closed_at is None:
        return None
    heard_ms = None if one.heard_at is None else (one.heard_at - one.ended_at) / _US_PER_MS
    ended_s = room.start_line.since(one.ended_at)
    return Close(round(ended_s, 3), (one.closed_at - one.ended_at) / _US_PER_MS, heard_ms)
