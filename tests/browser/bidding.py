"""Bidders for a soak: a process of their own that bids all over a sale at a steady rate.

It refuses to know browsers. Invariants: bids go over the protocol, through the ordinary client; a bid is sent when it
is due, whether or not the one before it was answered; nobody bids on a lot that is about to close. Amounts are minor
units, rates per second, spans seconds.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Final, NamedTuple

from bench.client import Bidder
from bench.feed import Message
from bench.load import Address
from clock.instants import SECOND_US

STEP: Final = 100
_NOT_BEFORE_CLOSE_US: Final = 2 * SECOND_US


class Sale(NamedTuple):
    """What is bid on, and by whom.

    Attributes:
        address: Of the house.
        tokens: One for each bidder.
        lots: Each lot with its scheduled close, microseconds.
        rate: Bids per second.
        seed: Decides who bids on what.
    """

    address: Address
    tokens: Sequence[str]
    lots: Sequence[tuple[str, int]]
    rate: float
    seed: int = 1


class Tally(NamedTuple):
    """What has come of the bids so far; shared between the processes."""

    accepted: "multiprocessing.sharedctypes.Synchronized[int]"
    refused: "multiprocessing.sharedctypes.Synchronized[int]"


@contextmanager
def bidding(sale: Sale) -> Iterator[Tally]:
    """Have the bidders at work for as long as the context is open."""
    spawn = multiprocessing.get_context("spawn")
    tally = Tally(spawn.Value("q", 0), spawn.Value("q", 0))
    process = spawn.Process(target=_work, args=(sale, tally), daemon=True)
    process.start()
    try:
        yield tally
    finally:
        process.terminate()
        process.join()


def _work(sale: Sale, tally: Tally) -> None:
    asyncio.run(_bid(sale, tally))


async def _bid(sale: Sale, tally: Tally) -> None:
    """Bid until the process is ended."""
    rng = Random(sale.seed)
    bidders = [Bidder(sale.address, partial(str, token)) for token in sale.tokens]
    amounts: dict[str, int] = {}
    under_way: set[asyncio.Task[Message]] = set()

    def answered(offer: "asyncio.Task[Message]") -> None:
        under_way.discard(offer)
        count = tally.accepted if offer.result()["ev"] == "accepted" else tally.refused
        count.value += 1

    began = time.monotonic()
    number = 0
    while True:
        await asyncio.sleep(max(0.0, began + number / sale.rate - time.monotonic()))
        lot = rng.choice(_open_lots(sale))
        amounts[lot] = amounts.get(lot, 0) + STEP
        order = {"op": "bid", "lot": lot, "ref": f"soak-{number}", "amount": amounts[lot], "confirm": True}
        offer = asyncio.create_task(rng.choice(bidders).offer(order))
        under_way.add(offer)
        offer.add_done_callback(answered)
        number += 1


def _open_lots(sale: Sale) -> Sequence[str]:
    """Return the lots that will not close before a bid has arrived."""
    latest = time.time_ns() // 1_000 + _NOT_BEFORE_CLOSE_US
    return [lot for lot, closes_at in sale.lots if closes_at > latest]
