"""The audit: after a storm, every receipt is held against the log, every copy against the log, the log against itself.

It refuses to know what was killed. What it holds everything against is read twice: over HTTP, as anyone may, and out
of the store itself, where the private parts say whose order each entry was. Invariants: a fault is a sentence that
names its lot; without faults the list is empty. Amounts are minor units, instants microseconds.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Any

import msgpack
from msgspec import Struct

from bench.comparison import outages
from bench.desk import Desk, DeskError
from bench.feed import STANDING, FullFeed, Message, read_log, standing
from bench.reenactment import Extended, reenact
from engine.chains import verify
from engine.journal import Entry, Record
from engine.redis_journal import RedisJournal
from lots.listing import Listing
from lots.orders import Bid, MaxBid
from lots.phases import ENDED
from lots.simulation import Dated, Result
from lots.state import Accepted
from tests.promises.premises import Premises
from tests.promises.storm import Account, Offer, Storm

_FIRST_FIELDS = ("lot", "ref", "seq", "at", "paddle", "price", "leading")
_TOGETHER = 64
_HTTP_SAMPLE = 25
_SETTLE_S = 10.0


class Findings(Struct):
    """What an audit found.

    Attributes:
        faults: What is wrong, as sentences.
        extended: The ends that were moved because of an outage.
        figures: How much there was to look at.
    """

    faults: list[str]
    extended: list[Extended]
    figures: dict[str, Any]


class Books(Struct):
    """All that is on record of one lot.

    Attributes:
        events: Its public events, as HTTP gives them.
        snapshot: How it stands, as HTTP gives it.
        records: Its log in the store.
    """

    listing: Listing
    events: list[Message]
    snapshot: Message
    records: Sequence[Record]

    @property
    def orders(self) -> list[Message]:
        """The private parts of all that bidders have done, in the order of the log, with what is public of it."""
        parts = ({**_fields(entry.public), **_fields(entry.private)} for entry in self.entries)
        return [part for part in parts if part["ev"] in {"bid_placed", "ceiling_raised"}]

    @property
    def entries(self) -> list[Entry]:
        """The log without its markers."""
        return [record for record in self.records if isinstance(record, Entry)]


def _fields(part: bytes) -> Message:
    return msgpack.unpackb(part) if part else {}


async def audit(storm: Storm) -> Findings:
    """Hold everything against everything, once nobody offers any more."""
    books = [await read_books(storm.premises, one) for one in storm.listings.values()]
    await _settled(storm, books)
    retried = await retry_everything(storm)
    faults = [*of_answers(storm.offers), *retried, *of_replay(storm, books), *of_watchers(storm, books)]
    by_lot = defaultdict(list)
    for offer in storm.offers:
        by_lot[offer.order["lot"]].append(offer)
    for one in books:
        faults += [f"{one.listing.lot}: {fault}" for fault in of_lot(one, by_lot[one.listing.lot])]
    extended = [extended for one in books for extended in outages(one.events)]
    return Findings(faults, extended, _figures(storm, books))


async def read_books(premises: Premises, listing: Listing) -> Books:
    """Read all that is on record of one lot."""
    events, snapshot = await asyncio.to_thread(_over_http, premises, listing.lot)
    async with aclosing(RedisJournal(premises.store_url)) as journal:
        records = await journal.read(listing.lot, listing.group)
    return Books(listing, events, snapshot, records)


def _over_http(premises: Premises, lot: str) -> tuple[list[Message], Message]:
    desk = Desk(premises.address)
    try:
        return list(desk.events(lot)), desk.snapshot(lot)
    finally:
        desk.close()


async def _settled(storm: Storm, books: Sequence[Books]) -> None:
    """Give the last events the time to reach every watcher."""
    ends = {one.listing.lot: one.events[-1]["seq"] for one in books}
    give_up = asyncio.get_running_loop().time() + _SETTLE_S
    while asyncio.get_running_loop().time() < give_up:
        if all(feed.seq >= ends[lot] for watcher in storm.watchers for lot, feed in watcher.feeds.items()):
            return
        await asyncio.sleep(0.02)


# Receipts -------------------------------------------------------------------------------------------------------------


def of_answers(offers: Sequence[Offer]) -> Iterator[str]:
    """Every sending has at most one answer, and all that came to one offer agree."""
    for offer in offers:
        name = f"{offer.bidder} {offer.order['ref']}"
        sent, answered = Counter(offer.sent_on), Counter(line for line, _ in offer.answers)
        if any(answered[line] > sent[line] for line in answered):
            yield f"{name} was sent on lines {offer.sent_on} and answered on {[line for line, _ in offer.answers]}"
        if not offer.answers:
            yield f"{name} was never answered"
        yield from (f"{name}: {fault}" for fault in _of_acceptances(offer))


def _of_acceptances(offer: Offer) -> Iterator[str]:
    first: Message | None = None
    for line, answer in offer.answers:
        if answer["ev"] == "accepted":
            if first is not None and not answer["repeat"]:
                yield f"accepted anew: {first} and then {answer}"
            if first is None and answer["repeat"] and line == offer.sent_on[0]:
                yield f"the first answer on its first line is called a repetition: {answer}"
            if first is not None and _first(answer) != _first(first):
                yield f"accepted as {first} and then as {answer}"
            first = first or answer
        elif first is not None and answer["code"] not in {"unavailable", "overloaded", "rate_limited"}:
            yield f"refused after it was accepted: {answer}"


def _first(answer: Message) -> Message:
    return {name: answer[name] for name in _FIRST_FIELDS}


async def retry_everything(storm: Storm) -> list[str]:
    """Offer all that was accepted once more; every answer must be the first one, marked as a repetition."""
    faults: list[str] = []
    for bidder in storm.bidders:
        accepted = [offer for offer in bidder.book.values() if offer.accepted is not None]
        for start in range(0, len(accepted), _TOGETHER):
            some = accepted[start : start + _TOGETHER]
            faults += [fault for fault in await asyncio.gather(*(_retry(bidder, one) for one in some)) if fault]
        faults += await asyncio.to_thread(_retry_over_http, storm.premises, bidder.name, accepted[-_HTTP_SAMPLE:])
    return faults


async def _retry(bidder: Account, offer: Offer) -> str | None:
    answer = await bidder.offer(offer.order)
    if answer["ev"] == "accepted" and answer["repeat"] and _first(answer) == _first(offer.accepted or {}):
        return None
    return f"{bidder.name} {offer.order['ref']} was accepted as {offer.accepted}, and retried: {answer}"


def _retry_over_http(premises: Premises, name: str, offers: Sequence[Offer]) -> list[str]:
    """The same `ref` counts over HTTP; under it, another amount is refused."""
    desk = Desk(premises.address, premises.sign("bidder", name))
    faults = []
    for offer in offers:
        order, first = offer.order, offer.accepted or {}
        path, field = f"/v1/lots/{order['lot']}/bids", "amount" if order["op"] == "bid" else "max"
        body = {field: order["amount"], "ref": order["ref"], "confirm": True}
        answer = _posted(desk, path, body)
        if not answer.get("repeat") or _first(answer) != _first(first):
            faults.append(f"{name} {order['ref']} was accepted as {first}, and over HTTP {answer}")
        other = _posted(desk, path, {**body, field: order["amount"] + 1})
        if "ref_reused" not in other.get("problem", ""):
            faults.append(f"under {name}'s used ref {order['ref']} another amount was answered {other}")
    desk.close()
    return faults


def _posted(desk: Desk, path: str, body: Message) -> Message:
    try:
        answer: Message = desk.call("POST", path, body)
    except DeskError as error:
        return {"problem": str(error)}
    return answer


# One lot --------------------------------------------------------------------------------------------------------------


def of_lot(books: Books, offers: Sequence[Offer]) -> Iterator[str]:
    """The log is sound, it is what is shown, it holds exactly what was accepted, and every end was kept."""
    copy = read_log(books.listing.lot, books.events)
    yield from copy.faults
    if standing(books.snapshot) != copy.state:
        yield f"the snapshot {standing(books.snapshot)} is not what the log leads to: {copy.state}"
    if (fault := verify(books.records)) is not None:
        yield fault
    if [_fields(entry.public) for entry in books.entries if entry.public] != [_headless(one) for one in books.events]:
        yield "what is shown is not what is stored"
    yield from _of_effects(books, offers)
    yield from _of_ends(books.events)


def _headless(event: Message) -> Message:
    return {name: value for name, value in event.items() if name != "head"}


def _of_effects(books: Books, offers: Sequence[Offer]) -> Iterator[str]:
    """What was accepted is in the log once, under its number; what was not is not in it."""
    stored: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for order in books.orders:
        stored[order["bidder"], order["ref"]].append(order)
    for offer in offers:
        name, found = (offer.bidder, offer.order["ref"]), stored.pop((offer.bidder, offer.order["ref"]), [])
        if offer.accepted is None:
            yield from (f"{name} was refused ({offer.answers}), but is in the log: {one}" for one in found)
        elif len(found) != 1:
            yield f"{name} was accepted as {offer.accepted}, and is in the log {len(found)} times"
        elif not _is_effect(found[0], offer):
            yield f"{name} was accepted as {offer.accepted}, and is in the log as {found[0]}"
    yield from (f"{name} is in the log, but nobody of the storm offered it" for name in stored)


def _is_effect(order: Message, offer: Offer) -> bool:
    accepted = offer.accepted or {}
    if order["at"] != accepted["at"] or order["amount"] != offer.order["amount"]:
        return False
    if order["ev"] == "ceiling_raised":
        return offer.order["op"] == "max_bid" and bool(accepted["leading"])
    told = (accepted["seq"], accepted["paddle"], accepted["price"], accepted["leading"])
    return told == (order["seq"], order["paddle"], order["price"], order["leader"] == order["paddle"])


def _of_ends(events: Sequence[Message]) -> Iterator[str]:
    """No bid at or after the end that held, no hammer before it."""
    end: int | None = None
    for event in events:
        if event["ev"] in {"lot_sold", "lot_passed"} and (end is None or event["at"] < end):
            yield f"closed at {event['at']}, before its end {end}"
        if event["ev"] == "bid_placed" and (end is None or event["at"] >= end):
            yield f"seq {event['seq']} was accepted at {event['at']}, at or after the end {end}"
        end = event.get("closes_at", end)


# All lots -------------------------------------------------------------------------------------------------------------


def of_replay(storm: Storm, books: Sequence[Books]) -> Iterator[str]:
    """The receipts alone, held again in virtual time, lead to the same leaders, prices and ends."""
    offers = [_dated(storm, one, order) for one in books for order in one.orders]
    moved: list[Extended] = [extended for one in books for extended in outages(one.events)]
    results, told = reenact(list(storm.listings.values()), offers, moved)
    for dated, outcome in zip(offers, told, strict=True):
        if not isinstance(outcome, Accepted):
            yield f"{dated} was accepted, by the rules it is {outcome}"
    for one in books:
        behind = {order["paddle"]: order["bidder"] for order in one.orders if "paddle" in order}
        yield from _unlike(one.snapshot, behind, results[one.listing.lot])


def _dated(storm: Storm, books: Books, order: Message) -> Dated:
    """Take an offer from its receipt; the log only says which came first."""
    bidder = next(one for one in storm.bidders if one.name == order["bidder"])
    offer = bidder.book[books.listing.lot, order["ref"]]
    kind = Bid if offer.order["op"] == "bid" else MaxBid
    at = (offer.accepted or order)["at"]
    return Dated(at, kind(books.listing.lot, offer.bidder, order["ref"], offer.order["amount"], confirm=True))


def _unlike(snapshot: Message, behind: dict[int, str], ruled: Result) -> Iterator[str]:
    shown = {name: snapshot[name] for name in ("price", "closes_at", "bids")}
    shown["leader"] = behind.get(snapshot["leader"])
    if snapshot["phase"] in ENDED:
        shown["phase"] = snapshot["phase"]
    for name, value in shown.items():
        if value != getattr(ruled, name):
            yield f"{ruled.lot}: {name} is {value!r}, by the rules {getattr(ruled, name)!r}"


def of_watchers(storm: Storm, books: Sequence[Books]) -> Iterator[str]:
    """Every copy is whole, never began anew, and ends where the log ends."""
    for number, watcher in enumerate(storm.watchers):
        yield from (f"watcher {number}: {trouble}" for trouble in watcher.troubles)
        for one in books:
            feed = watcher.feeds[one.listing.lot]
            yield from (f"watcher {number}, {feed.lot}: {fault}" for fault in _of_feed(feed, one))


def _of_feed(feed: FullFeed, books: Books) -> Iterator[str]:
    yield from feed.faults
    yield from feed.differences(books.events)
    if feed.resets:
        yield f"it began anew {feed.resets} times"
    missing = sorted(set(range(min(feed.heads, default=1), feed.seq + 1)) - feed.heads.keys())
    if missing:
        yield f"it lacks {missing[:5]}"
    if any(feed.state[name] != books.snapshot[name] for name in STANDING):
        yield f"it leads to {feed.state}"


def _figures(storm: Storm, books: Sequence[Books]) -> dict[str, Any]:
    offers = storm.offers
    refused = Counter(answer["code"] for offer in offers for _, answer in offer.answers if answer["ev"] == "refused")
    return {
        "offers": len(offers),
        "accepted": storm.accepted,
        "refused": dict(refused),
        "sent again": dict(storm.resent()),
        "learnt only by a retry": sum((offer.accepted or {}).get("repeat", False) for offer in offers),
        "bidders' lines lost": sum(bidder.dropped for bidder in storm.bidders),
        "watchers' lines lost": sum(watcher.dropped for watcher in storm.watchers),
        "events": sum(len(one.events) for one in books),
        "lots closed": sum(one.snapshot["phase"] in ENDED for one in books),
        "extended for an outage": sum(len(outages(one.events)) for one in books),
        "extensions by bids": sum(event.get("cause") in {"bid", "group"} for one in books for event in one.events),
    }
