"""The verdict on a replay: each lot held against its log, its stamps and its files, and the report that says so.

It refuses to know sockets; how the feeds of the watchers differ is given in. Invariants: what is required and did not
hold is a failure, a sentence that names its lot; what the house could not be held to is a note, never silence.
Amounts are integer minor units, instants microseconds; spans in reports are seconds or, where named so, microseconds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bench.comparison import (
    Receipt,
    Record,
    against_log,
    bidders,
    close_error_us,
    of_record,
    on_files,
    on_stamps,
    outages,
    outcome,
    unanswered,
    unlike,
    unlike_files,
    was_interfered_with,
)
from bench.feed import FullFeed, Message
from bench.findings import Findings
from bench.latency import Latency, latency
from bench.timetable import Chain, Timetable
from clock.instants import SECOND_US
from lots.listing import Listing
from lots.phases import ENDED
from lots.simulation import Dated, Result

SAME_AS_FILES_SPEED_MAX = 60.0
"""Up to this speed an undisturbed replay must come out as `simulate` on the files; beyond it, on the stamps alone."""

LEAD_US = 600 * SECOND_US
_FAILURES_SHOWN = 12


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to replay. One watcher always follows all lots; `watchers` may ask for more."""

    speed: float = 60.0
    lead_us: int = LEAD_US
    watchers: int = 1


class LotReport(msgspec.Struct, kw_only=True):
    """How one lot came out, in the house and by the rules; instants in time of the files.

    Attributes:
        on_stamps: Whether it equals `simulate` on the stamps; None where an operator had a hand in it.
        as_simulated: Whether it is as `simulate` on the files has it, which is required unless it stands on an edge.
        simulated: What `simulate` on the files has.
    """

    lot: str
    house_lot: str
    phase: str
    price: int | None
    leader: str | None
    closes_at: int | None
    bids: int
    extensions: int
    refused: int
    on_stamps: bool | None
    as_simulated: bool
    as_simulated_required: bool
    close_error_us: int | None
    simulated: dict[str, Any]
    failures: list[str]


class Report(Findings, kw_only=True):
    """What a replay came to. `failures` are sentences; with any of them the exit status is 1."""

    url: str
    run: str
    options: Options
    lots: int = 0
    offers: int = 0
    early: int = 0
    accepted: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    resent: dict[str, int] = msgspec.field(default_factory=dict)
    lines_lost: int = 0
    attempts: int = 0
    seconds: float = 0.0
    answered_after: Latency | None = None
    stamped_late: Latency | None = None
    hammer_late: Latency | None = None
    watchers: dict[str, int] = msgspec.field(default_factory=dict)
    on_stamps: int = 0
    as_simulated: int = 0
    as_simulated_required: bool = False
    close_error_us_max: int = 0
    interfered_with: list[str] = msgspec.field(default_factory=list)
    extended_for_outage: list[str] = msgspec.field(default_factory=list)
    on_an_edge: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    by_lot: list[LotReport] = msgspec.field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for a terminal."""
        hidden = len(self.failures) - _FAILURES_SHOWN
        more = [f"and {hidden} failures more; --report holds them all"] if hidden > 0 else []
        failed = [f"FAILED: {failure}" for failure in self.failures[:_FAILURES_SHOWN]]
        return [*self._course(), *self._verdict(), *(f"note: {note}" for note in self.notes), *failed, *more]

    def _course(self) -> Iterator[str]:
        yield (
            f"run {self.run}: {self.lots:,} lots, {self.offers:,} offers ({self.early:,} of them at once) "
            f"at speed {self.options.speed:g} in {self.seconds:.1f} s"
        )
        refused = ", ".join(f"{code} {number:,}" for code, number in self.refused.items()) or "none"
        resent = ", ".join(f"{code} {number:,}" for code, number in self.resent.items()) or "none"
        yield f"accepted {self.accepted:,}; refused: {refused}; sent again: {resent}; lines lost: {self.lines_lost:,}"
        for what, figures in (
            ("answered after", self.answered_after),
            ("stamped after the scaled time", self.stamped_late),
            ("hammer after the end", self.hammer_late),
        ):
            if figures is not None:
                yield f"{what}: {figures.sentence()}"

    def _verdict(self) -> Iterator[str]:
        required = "" if self.as_simulated_required else " (not required here)"
        compared = self.lots - len(self.interfered_with)
        yield f"equal to simulate on the house's stamps: {self.on_stamps:,} of {compared:,} lots"
        yield (
            f"as simulate on the files: {self.as_simulated:,} of {self.lots:,} lots{required}; "
            f"no end further off than {self.close_error_us_max / SECOND_US:.2f} s of file time"
        )
        yield "watchers: " + ", ".join(f"{name} {number:,}" for name, number in self.watchers.items())


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay was about and what came of it, from which everything else is worked out.

    Attributes:
        listings: The lots as the files have them.
        offers: The offers in file order.
        chains: The same by lot.
        timetable: Where the files lie in the house.
        house: The lots as the house got them, by their ids in the files.
        receipts: What became of each offer.
        records: What the house says in the end, by its own ids.
        differences: Tells how the watchers' copies of a lot differ from its log.
        hindered: Whether the house was away while somebody bid.
    """

    listings: Sequence[Listing]
    offers: Sequence[Dated]
    chains: Mapping[str, Chain]
    timetable: Timetable
    house: Mapping[str, Listing]
    receipts: Sequence[Receipt]
    records: Mapping[str, Record]
    differences: Callable[[FullFeed, Sequence[Message]], list[str]]
    hindered: bool


def judge(course: Course, report: Report) -> None:
    """Compare everything with everything, and enter it in the report."""
    simulated, edges = on_files(course.listings, course.offers)
    edges |= _sent_after_opening(course)
    moved = [extended for record in course.records.values() for extended in outages(record.log)]
    ruled, wrong = on_stamps(list(course.house.values()), course.receipts, moved)
    by_lot = defaultdict(list)
    for receipt in course.receipts:
        by_lot[receipt.lot].append(receipt)
    interfered = _groups_interfered_with(course)
    disturbed = bool(moved or interfered or course.hindered)
    report.as_simulated_required = course.timetable.speed <= SAME_AS_FILES_SPEED_MAX and not disturbed
    unsure = {course.house[lot].group for lot in edges}
    for lot, listing in course.house.items():
        if listing.lot not in course.records:
            report.failures += [f"lot {lot}: {fault}" for fault in unanswered(by_lot[listing.lot])]
            continue
        bench = LotBench(course, lot, by_lot[listing.lot], ruled[listing.lot], simulated[lot])
        required = report.as_simulated_required and listing.group not in unsure
        found = bench.report(
            wrong.get(listing.lot, []), interfered=listing.group in interfered, as_simulated_required=required
        )
        _enter(report, found)
    late = {extended.lot for extended in moved}
    report.extended_for_outage = [lot for lot, listing in course.house.items() if listing.lot in late]
    report.on_an_edge = sorted(edges)
    _note(report)
    _figures(course, report)


def _sent_after_opening(course: Course) -> set[str]:
    """Lots with offers that are dated before the opening, but were early and could only be sent after it."""
    opens = {listing.lot: listing.terms.opens_at for listing in course.listings}
    origin_us = course.timetable.origin_us
    return {lot for lot, chain in course.chains.items() if any(one.at < opens[lot] < origin_us for one in chain.early)}


def _groups_interfered_with(course: Course) -> set[str]:
    listings = [listing for listing in course.house.values() if listing.lot in course.records]
    return {listing.group for listing in listings if was_interfered_with(course.records[listing.lot].log)}


def _enter(report: Report, found: LotReport) -> None:
    report.by_lot.append(found)
    report.on_stamps += found.on_stamps is True
    report.as_simulated += found.as_simulated
    report.close_error_us_max = max(report.close_error_us_max, abs(found.close_error_us or 0))
    if found.on_stamps is None:
        report.interfered_with.append(found.lot)
    report.failures += [f"lot {found.lot}: {failure}" for failure in found.failures]


def _note(report: Report) -> None:
    if report.interfered_with:
        lots = ", ".join(report.interfered_with)
        report.notes.append(f"an operator had a hand in these lots, which the bids therefore do not explain: {lots}")
    if report.extended_for_outage:
        report.notes.append(
            f"{len(report.extended_for_outage)} ends were moved because of an outage, and compared with that taken in"
        )
    unlike_on_edges = [lot.lot for lot in report.by_lot if not (lot.as_simulated or lot.as_simulated_required)]
    if report.as_simulated_required and unlike_on_edges:
        lots = ", ".join(unlike_on_edges)
        report.notes.append(f"not as on the files, where an offer stands within 2 s of an end or a window: {lots}")


def _figures(course: Course, report: Report) -> None:
    receipts = course.receipts
    answers = [receipt.answer for receipt in receipts if receipt.answer is not None]
    report.accepted = sum(answer["ev"] == "accepted" for answer in answers)
    report.refused = dict(Counter(answer["code"] for answer in answers if answer["ev"] == "refused"))
    report.answered_after = latency([receipt.waited_s for receipt in receipts if receipt.answer is not None])
    late = [(one.at - one.due_at) / SECOND_US for one in receipts if one.at is not None and one.due_at is not None]
    report.stamped_late = latency(late)
    report.hammer_late = latency([late_s for record in course.records.values() for late_s in _hammer_late_s(record)])


def _hammer_late_s(record: Record) -> Iterator[float]:
    for event in record.log:
        if event["ev"] in {"lot_sold", "lot_passed"} and record.snapshot["closes_at"] is not None:
            yield (event["at"] - record.snapshot["closes_at"]) / SECOND_US


class LotBench:
    """One lot before the bench."""

    def __init__(self, course: Course, lot: str, receipts: Sequence[Receipt], ruled: Result, simulated: Result) -> None:
        self._lot = lot
        self._record = course.records[course.house[lot].lot]
        self._receipts = receipts
        self._ruled = ruled
        self._simulated = simulated
        copy, self._faults = of_record(course.house[lot].lot, self._record)
        behind, shared = bidders(receipts)
        self._came = outcome(self._record.snapshot, behind, receipts)
        self._faults += [*shared, *self._of_answers(), *course.differences(copy, self._record.log)]
        closes_at = self._came.closes_at
        self._closes_at = None if closes_at is None else course.timetable.to_file(closes_at)

    def _of_answers(self) -> list[str]:
        faults = [*unanswered(self._receipts), *against_log(self._receipts, self._record.log)]
        if self._came.phase not in ENDED:
            faults.append(f"it is still {self._came.phase}")
        if any(late_s < 0 for late_s in _hammer_late_s(self._record)):
            faults.append("the hammer fell before its end")
        return faults

    def report(self, wrong: Sequence[str], *, interfered: bool, as_simulated_required: bool) -> LotReport:
        """Report on the lot; `wrong` are answers that the rules would not have given."""
        came, failures = self._came, list(self._faults)
        off_stamps = [] if interfered else [*wrong, *unlike(came, self._ruled)]
        off_files = unlike_files(came, self._closes_at, self._simulated)
        failures += off_stamps + (off_files if as_simulated_required else [])
        return LotReport(
            lot=self._lot,
            house_lot=came.lot,
            phase=came.phase,
            price=came.price,
            leader=came.leader,
            closes_at=self._closes_at,
            bids=came.bids,
            extensions=came.extensions,
            refused=came.refused,
            on_stamps=None if interfered else not off_stamps,
            as_simulated=not off_files,
            as_simulated_required=as_simulated_required,
            close_error_us=close_error_us(self._closes_at, self._simulated),
            simulated=self._simulated._asdict(),
            failures=failures,
        )
