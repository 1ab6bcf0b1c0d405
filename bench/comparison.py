"""What a replay must come to: the record of the house, held against the rules in virtual time.

It refuses to know sockets. Three things are compared, each by pure functions of what was submitted, answered and
recorded: every acceptance with the log; every lot with `simulate` run on the stamps that the house gave, which must be
equal to the microsecond; every lot with `simulate` run on the files, where the sockets may cost `CLOSE_TOLERANCE_US`.
Amounts are integer minor units, instants microseconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bench.feed import FullFeed, Message, read_log, standing
from bench.reenactment import Extended, Told, reenact
from lots.listing import Listing
from lots.simulation import Dated, Result, Simulation
from lots.state import Accepted, Lot

CLOSE_TOLERANCE_US = 2_000_000
"""So far, in time of the files, may an end lie from where `simulate` puts it."""

_BY_CLERK = frozenset({"lot_paused", "lot_resumed", "lot_withdrawn", "lot_reopened", "bid_voided"})


class Receipt(Struct, kw_only=True):
    """An offer of the files and what became of it.

    Attributes:
        lot: The lot's id in the house.
        due_at: When it was to be submitted; None for what went out at once.
        waited_s: From the first sending to the answer.
        answer: `accepted` or `refused` as it came, None when none did.
        fault: Why there is no answer.
    """

    dated: Dated
    lot: str
    due_at: int | None = None
    waited_s: float = 0.0
    answer: Message | None = None
    fault: str = ""

    @property
    def at(self) -> int | None:
        """The stamp of the house."""
        return None if self.answer is None else self.answer["at"]

    @property
    def accepted(self) -> bool:
        """Whether the house took it."""
        return self.answer is not None and self.answer["ev"] == "accepted"


class Record(NamedTuple):
    """What the house says of a lot in the end: its log from the first event, and its snapshot."""

    log: Sequence[Message]
    snapshot: Message


def on_stamps(
    listings: Sequence[Listing], receipts: Iterable[Receipt], outages: Iterable[Extended]
) -> tuple[dict[str, Result], dict[str, list[str]]]:
    """Hold the sale again on the stamps that the house gave.

    Returns:
        How each lot came out by the rules, and for each lot the answers that the rules would not have given, as
        sentences. Receipts with the same stamp are taken in the order in which they are given.
    """
    stamped = [(receipt.at, receipt) for receipt in receipts if receipt.at is not None]
    offers = [Dated(at, replace(receipt.dated.order, lot=receipt.lot)) for at, receipt in stamped]
    results, told = reenact(listings, offers, outages)
    wrong: dict[str, list[str]] = defaultdict(list)
    for (_, receipt), outcome in zip(stamped, told, strict=True):
        answer, ruled = _answered(receipt), _ruled(outcome)
        if answer != ruled:
            wrong[receipt.lot].append(f"{_row(receipt)} was answered {_say(answer)}, by the rules {_say(ruled)}")
    return results, dict(wrong)


def _ruled(outcome: Told) -> Message:
    if isinstance(outcome, Accepted):
        return {"ev": "accepted", "price": outcome.price, "leading": outcome.leading}
    return {"ev": "refused", "code": str(outcome.code)}


def _answered(receipt: Receipt) -> Message:
    names = ("ev", "price", "leading") if receipt.accepted else ("ev", "code")
    return {name: (receipt.answer or {}).get(name) for name in names}


def _say(answer: Message) -> str:
    return " ".join(str(value) for value in answer.values())


def _row(receipt: Receipt) -> str:
    return f"the offer of line {receipt.dated.order.ref}"


def bidders(receipts: Iterable[Receipt]) -> tuple[dict[int, str], list[str]]:
    """Tell who stands behind each paddle of one lot, and where two do."""
    behind: dict[int, str] = {}
    faults = []
    for receipt in receipts:
        if receipt.answer is not None and receipt.accepted:
            paddle, bidder = receipt.answer["paddle"], receipt.dated.order.bidder
            if behind.setdefault(paddle, bidder) != bidder:
                faults.append(f"paddle {paddle} was given to {behind[paddle]} and to {bidder}")
    return behind, faults


def unanswered(receipts: Iterable[Receipt]) -> list[str]:
    """Name the offers of a lot that got no answer, or a refusal without the stamp that every decision has."""
    faults = []
    for receipt in receipts:
        if receipt.answer is None:
            faults.append(f"{_row(receipt)} got no answer: {receipt.fault or 'none came'}")
        elif receipt.at is None:
            faults.append(f"{_row(receipt)} was refused without a stamp: {receipt.answer['code']}")
    return faults


def against_log(receipts: Iterable[Receipt], log: Sequence[Message]) -> list[str]:
    """Hold the acceptances of one lot against its log: each bid stands in it once, under its own number."""
    events = {event["seq"]: event for event in log}
    faults, mine = [], set()
    for receipt in receipts:
        if receipt.answer is None or not receipt.accepted:
            continue
        seq, event = receipt.answer["seq"], events.get(receipt.answer["seq"], {})
        if _is_bid_of(event, receipt.answer):
            faults += [f"{_row(receipt)} was accepted under seq {seq}, as another was"] * (seq in mine)
            mine.add(seq)
        elif not _may_be_private(receipt, event):
            faults.append(f"{_row(receipt)} was accepted under seq {seq}, but is not in the log there")
    placed = {seq for seq, event in events.items() if event["ev"] == "bid_placed"}
    faults += [
        f"the log holds a bid under seq {seq} that nobody of this run was told of" for seq in sorted(placed - mine)
    ]
    return faults


def _is_bid_of(event: Message, answer: Message) -> bool:
    return event.get("ev") == "bid_placed" and (event["at"], event["paddle"]) == (answer["at"], answer["paddle"])


def _may_be_private(receipt: Receipt, event: Message) -> bool:
    """A leader who raises his own ceiling leaves no trace in public; he is told the lot's number at that moment."""
    answer = receipt.answer or {}
    return "seq" in answer and bool(event) and bool(answer["leading"]) and event["at"] <= answer["at"]


def of_record(house_lot: str, record: Record) -> tuple[FullFeed, list[str]]:
    """Check a lot's log by itself, and that the snapshot is what its events lead to."""
    copy = read_log(house_lot, record.log)
    faults = [f"the log: {fault}" for fault in copy.faults]
    if copy.seq != record.snapshot["seq"]:
        faults.append(f"the log ends at seq {copy.seq}, the snapshot says {record.snapshot['seq']}")
    elif copy.state != standing(record.snapshot):
        faults.append("the snapshot is not what the events of the log lead to")
    return copy, faults


def outages(log: Iterable[Message]) -> list[Extended]:
    """Return the ends of a log that were moved because of an outage."""
    moved = (event for event in log if event["ev"] == "lot_extended" and event["cause"] == "outage")
    return [Extended(event["at"], event["lot"], event["closes_at"]) for event in moved]


def was_interfered_with(log: Iterable[Message]) -> bool:
    """Whether an operator had a hand in a lot: then the bids do not explain its end."""
    return any(event["ev"] in _BY_CLERK or event.get("cause") == "operator" for event in log)


def outcome(snapshot: Mapping[str, Any], behind: Mapping[int, str], receipts: Sequence[Receipt]) -> Result:
    """Return how a lot came out in the house, with the bidder's name instead of his paddle."""
    leader = snapshot["leader"]
    return Result(
        lot=snapshot["lot"],
        phase=snapshot["phase"],
        price=snapshot["price"],
        leader=None if leader is None else behind.get(leader, f"paddle {leader}"),
        closes_at=snapshot["closes_at"],
        bids=snapshot["bids"],
        extensions=snapshot["extensions"],
        refused=sum(receipt.at is not None and not receipt.accepted for receipt in receipts),
    )


def on_files(listings: Iterable[Listing], offers: Iterable[Dated]) -> tuple[dict[str, Result], set[str]]:
    """Run `simulate` on the files.

    Returns:
        How each lot came out, and the lots where an offer stands on a knife's edge: so close to the opening, the end or
        the beginning of the window that a moment on the way through the sockets may decide it otherwise.
    """
    simulation = Simulation(listings)
    edges = set()
    for dated in offers:
        if _on_an_edge(simulation.lot(dated.order.lot), dated.at):
            edges.add(dated.order.lot)
        simulation.offer(dated)
    return {result.lot: result for result in simulation.finish()}, edges


def _on_an_edge(lot: Lot, at: int) -> bool:
    instants = [lot.terms.opens_at]
    if lot.closes_at is not None:
        window_us = 0 if lot.soft_close is None else lot.soft_close.window_us
        instants += [lot.closes_at, lot.closes_at - window_us]
    return any(abs(instant - at) <= CLOSE_TOLERANCE_US for instant in instants)


def unlike(came: Result, expected: Result) -> list[str]:
    """Say in which fields a lot differs from what the rules say."""
    return [
        f"{name} is {got!r}, by the rules {want!r}"
        for name, got, want in zip(Result._fields, came, expected, strict=True)
        if got != want and name != "lot"
    ]


def unlike_files(came: Result, closes_at: int | None, simulated: Result) -> list[str]:
    """Say how a lot differs from `simulate` on the files; `closes_at` is its end in time of the files."""
    pairs = ((name, getattr(came, name), getattr(simulated, name)) for name in ("phase", "price", "leader"))
    faults = [f"{name} is {got!r}, simulate has {want!r}" for name, got, want in pairs if got != want]
    error = close_error_us(closes_at, simulated)
    if error is not None and abs(error) > CLOSE_TOLERANCE_US:
        faults.append(f"it closed {error / 1_000_000:+.1f} s of file time from where simulate has it")
    return faults


def close_error_us(closes_at: int | None, simulated: Result) -> int | None:
    """Return how much later a lot ended than `simulate` on the files has it, in time of the files."""
    return None if closes_at is None or simulated.closes_at is None else closes_at - simulated.closes_at
