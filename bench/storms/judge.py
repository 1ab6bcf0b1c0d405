"""The judge of a storm: holds one lot's log against what its bidders and watchers were told, and names what is wrong.

Pure: it refuses to know sockets and clocks, and believes neither the log nor the answers: the log is checked against
itself first (numbers, heads, ends), then the acceptances and the feeds against the log, then the stamps against the
instants at which we sent and heard. Invariants: an end holds from the event that sets it; a bid is in time iff its
stamp is before the end then in force. Microseconds of the wall, which is also the house's: what we saw ourselves is
given a little slack, what the house stamped none. Source: design.md, promises 1 to 5.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bench.feed import FullFeed, Message, read_log
from bench.storms.faults import Broken, Fault
from bench.storms.onlookers import CLOSES
from bench.storms.slips import Slip

CLOCK_SLACK_US = 50_000
"""So far apart may two readings of the same clock be taken for one instant."""
_GAP = re.compile(r"seq \d+ follows \d+")
_HEAD = "the head of event"


class Case(NamedTuple):
    """What there is to judge of one lot: its log, the bids made on it, its watchers, when its close was first heard."""

    lot: str
    log: Sequence[Message]
    slips: Mapping[str, Slip]
    feeds: Mapping[str, FullFeed]
    closed_us: int | None


class Course(NamedTuple):
    """How a lot went by its log: every bid by seq, the last end, and when the hammer fell."""

    placed: Mapping[int, Message]
    ends_at: int | None
    closed_at: int | None


def judge(case: Case) -> Iterator[Fault]:
    """Everything that is wrong with this lot."""
    yield from judge_log(case.lot, case.log)
    course = course_of(case.log)
    yield from _judge_effects(case, course)
    for ref, slip in case.slips.items():
        yield from _judge_slip(case.lot, ref, slip, course)
    yield from _judge_announcement(case, course)
    for who, feed in case.feeds.items():
        yield from judge_feed(who, feed, case.log)


def judge_log(lot: str, log: Sequence[Message]) -> Iterator[Fault]:
    """Check a log against itself: its numbers, its heads, and that nothing happens on the wrong side of an end."""
    yield from (_of_feed(lot, "the log", sentence) for sentence in read_log(lot, log).faults)
    ends_at: int | None = None
    closed = False
    for event in log:
        at, seq = event["at"], event["seq"]
        if event["ev"] == "bid_placed" and (closed or (ends_at is not None and at >= ends_at)):
            yield Fault(Broken.LATE_BID, lot, f"the bid of seq {seq} is stamped {_after(at, ends_at)} the end")
        if event["ev"] in CLOSES and ends_at is not None and at < ends_at:
            yield Fault(Broken.EARLY_CLOSE, lot, f"{event['ev']} is stamped {ends_at - at:,} us before the end")
        closed = closed or event["ev"] in CLOSES
        ends_at = event.get("closes_at", ends_at)


def judge_feed(who: str, feed: FullFeed, log: Sequence[Message]) -> Iterator[Fault]:
    """Say what is wrong with one watcher's copy, and where it differs from the log."""
    for sentence in feed.faults:
        yield _of_feed(feed.lot, who, sentence)
    for sentence in feed.differences(log):
        yield Fault(Broken.FEED, feed.lot, f"{who}: {sentence}")


def course_of(log: Sequence[Message]) -> Course:
    """How the lot went."""
    placed = {event["seq"]: event for event in log if event["ev"] == "bid_placed"}
    ends = [event["closes_at"] for event in log if event.get("closes_at") is not None]
    closes = [event["at"] for event in log if event["ev"] in CLOSES]
    return Course(placed, ends[-1] if ends else None, closes[0] if closes else None)


def _judge_effects(case: Case, course: Course) -> Iterator[Fault]:
    """Each bid stands in the log once, and only what was sent stands there."""
    offered = {slip.offer.amount for slip in case.slips.values() if slip.sent}
    counts = Counter((event["paddle"], event["offered"]) for event in course.placed.values())
    for (paddle, amount), count in counts.items():
        if amount not in offered:
            yield Fault(Broken.PHANTOM, case.lot, f"{amount} by paddle {paddle} was never sent")
        if count > 1:
            yield Fault(Broken.SECOND_EFFECT, case.lot, f"{amount} by paddle {paddle} stands in the log {count} times")


def _judge_slip(lot: str, ref: str, slip: Slip, course: Course) -> Iterator[Fault]:
    ends_at = course.ends_at
    if slip.too_late_at is not None and ends_at is not None and slip.too_late_at < ends_at:
        yield Fault(Broken.TOO_STRICT, lot, f"ref {ref} is stamped {ends_at - slip.too_late_at:,} us before the end")
    if (answer := slip.acceptance) is None:
        return
    event = course.placed.get(answer.seq)
    if event is None or (event["paddle"], event["offered"]) != (answer.paddle, slip.offer.amount):
        yield Fault(Broken.MISSING, lot, f"ref {ref}, accepted as seq {answer.seq}, is not there")
    elif event["at"] != answer.at:
        yield Fault(Broken.MISSING, lot, f"ref {ref} was accepted at {answer.at}, the log says {event['at']}")
    if ends_at is not None and answer.at is not None and answer.at >= ends_at:
        yield Fault(Broken.LATE_BID, lot, f"ref {ref} was accepted under a stamp {_after(answer.at, ends_at)} the end")
    if ends_at is not None and slip.sent_us is not None and slip.sent_us >= ends_at + CLOCK_SLACK_US:
        yield Fault(Broken.LATE_BID, lot, f"ref {ref} was accepted, and sent {_after(slip.sent_us, ends_at)} the end")


def _judge_announcement(case: Case, course: Course) -> Iterator[Fault]:
    heard, ends_at = case.closed_us, course.ends_at
    if heard is not None and ends_at is not None and heard < ends_at - CLOCK_SLACK_US:
        yield Fault(Broken.EARLY_CLOSE, case.lot, f"its close was announced {ends_at - heard:,} us before the end")


def _of_feed(lot: str, who: str, sentence: str) -> Fault:
    if _GAP.fullmatch(sentence):
        return Fault(Broken.GAP, lot, f"{who}: {sentence}")
    broken = Broken.HEAD if sentence.startswith(_HEAD) else Broken.FEED
    return Fault(broken, lot, f"{who}: {sentence}")


def _after(at: int, ends_at: int | None) -> str:
    return "after" if ends_at is None else f"{at - ends_at:,} us after"
