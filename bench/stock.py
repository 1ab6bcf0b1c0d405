"""A house with a past: a data directory that holds lots and bids, written as the house itself would have written them.

Refuses to know why somebody needs it, and the gateway: a million bids are given to the engine itself, since over
sockets they would take minutes. Invariants: every order goes through the engine's own decisions, pens and journal into
the embedded Redis, fsync with every append; what is returned is how the lots stood when the store was closed.
Amounts in minor units, instants in microseconds.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import msgspec

from bench.desk import lot_listing
from bench.load import until
from bench.surge import Progress, nothing_shown
from bench.volley import START_PRICE
from clock.instants import SECOND_US, SystemClock
from engine.actor import Answer
from engine.embedded_redis import EmbeddedRedis
from engine.house import House
from engine.redis_journal import RedisJournal
from lots.listing import Listing, Sale
from lots.orders import Bid, MaxBid, Order
from lots.refusals import Refused
from lots.state import Accepted

SALE = "stock"
HOT_LOT = "hot"
BIDDERS = 1_000
BIDS_PER_LOT = 3
_OPEN_US = 7 * 86_400 * SECOND_US
_UNDER_WAY_MAX = 8_192
_CEILING_EVERY = 10
_ANSWER_WAIT_S = 30.0


class Standing(msgspec.Struct, frozen=True):
    """What of a lot must be the same after a restart."""

    seq: int
    head: str
    price: int | None


class NotStockedError(RuntimeError):
    """The engine refused what the stock is made of; the message says what."""


async def hot_lot(data_dir: Path, events: int, progress: Progress = nothing_shown) -> dict[str, Standing]:
    """Fill a lot's log with at least `events` entries, by a thousand bidders, one offer in ten a ceiling."""
    async with _house(data_dir) as house:
        await _list(house, [HOT_LOT])
        async for _ in _given(house, _offers(HOT_LOT), lambda: house.lots[HOT_LOT].state.seq >= events):
            progress(house.lots[HOT_LOT].state.seq, events, f"a log of {events:,} events is written")
        return standings(house)


async def many_lots(data_dir: Path, lots: int, progress: Progress = nothing_shown) -> dict[str, Standing]:
    """Fill a house with open lots of a few bids each."""
    async with _house(data_dir) as house:
        names = [f"lot-{n}" for n in range(lots)]
        progress(0, lots, f"{lots:,} lots are listed")
        await _list(house, names)
        offers = [offer for name in names for offer in islice(_offers(name), BIDS_PER_LOT)]
        async for given in _given(house, iter(offers), lambda: False):
            progress(given, len(offers), f"{len(offers):,} bids are placed on {lots:,} lots")
        return standings(house)


def standings(house: House) -> dict[str, Standing]:
    """How the lots of a house stand."""
    return {lot: Standing(one.state.seq, one.head.hex(), one.state.price) for lot, one in house.lots.items()}


@asynccontextmanager
async def _house(data_dir: Path) -> AsyncIterator[House]:
    """Run the engine alone on a data directory."""
    async with EmbeddedRedis(data_dir) as store:
        journal = RedisJournal(store.url)
        house = House(journal, SystemClock())
        await house.start()
        work = asyncio.create_task(house.run())
        try:
            yield house
        finally:
            await house.stop()
            work.cancel()
            await asyncio.wait([work])
            await journal.aclose()


async def _list(house: House, names: list[str]) -> None:
    now = house.clock.now()
    # Ceilings are allowed, so that the log holds both kinds of offers.
    said = [lot_listing(name, SALE, now, now + _OPEN_US) for name in names]
    listings = [msgspec.convert({**one, "terms": {**one["terms"], "proxy": True}}, Listing) for one in said]
    answer = await house.listings.import_sale(Sale(sale=SALE, title="Stock"), listings)
    if not isinstance(answer, Accepted):
        raise NotStockedError(f"the stock could not be listed: {answer}")


def _offers(lot: str) -> Iterator[Order]:
    """Offer after offer, each acceptable when those before it were taken in this order."""
    amount, n = START_PRICE, 0
    while True:
        n += 1
        amount += 2
        offer = MaxBid if n % _CEILING_EVERY == 0 else Bid
        yield offer(lot, f"bidder-{n % BIDDERS}", f"{lot}-{n:07d}", amount, confirm=True, chance=n * 7919)


async def _given(house: House, offers: Iterator[Order], enough: Callable[[], bool]) -> AsyncIterator[int]:
    """Give offers to the engine, a few thousand under way at a time; yield how many were answered so far."""
    refused: list[Refused] = []
    answered = Counter[str]()

    def heard(answer: Answer) -> None:
        answered[type(answer).__name__] += 1
        if isinstance(answer, Refused):
            refused.append(answer)

    asked = 0
    while some := [] if enough() else list(islice(offers, _UNDER_WAY_MAX // 2)):
        for offer in some:
            house.submit(offer, heard)
        await _until_answered(answered, asked, refused)  # those before these
        asked += len(some)
        yield answered.total()
    await _until_answered(answered, asked, refused)


async def _until_answered(answered: "Counter[str]", least: int, refused: list[Refused]) -> None:
    await until(lambda: bool(refused) or answered.total() >= least, _ANSWER_WAIT_S)
    if refused:
        raise NotStockedError(f"the engine refused an offer: {refused[0].code} {refused[0].detail}")
    if answered.total() < least:
        raise NotStockedError(f"the engine left {least - answered.total():,} offers without an answer")
