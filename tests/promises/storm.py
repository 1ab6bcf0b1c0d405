"""The storm: bidders and watchers over real sockets who do not mind that the house is killed again and again.

It refuses to know what is killed, and to judge: every offer is written down before it is sent, and every answer as it
comes. Invariants: bidders and watchers are those of `bench.client`, so a lost line is dialled again with back-off,
every offer without an answer is sent again under its own `ref`, and every feed is taken up by `after` and `head`. Both
wire formats are spoken. Amounts are minor units, instants microseconds. A storm is its seed and the network's.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from bench.client import JSON, MSGPACK, Bidder, Form, Token, Watcher
from bench.desk import Desk
from bench.feed import FullFeed, Message
from bench.load import Address
from clock.instants import SECOND_US
from lots.listing import Listing
from lots.phases import ENDED
from tests.promises.premises import Premises

SALE = "storm"
BIDDERS = 6
HANDS = 4
"""So many offers of one bidder are under way at once."""

WATCHERS = 4
_PAUSE_S = 0.004
_STEP = 100
_PATIENCE_S = 30.0
_RETRIED, _LATE = 0.04, 0.03


@asynccontextmanager
async def held(premises: Premises, listings: Sequence[Listing], seed: int) -> AsyncIterator["Storm"]:
    """Hold a sale with everyone in their seats; in the end, whatever comes, everyone leaves."""
    storm = Storm(premises, listings, seed)
    try:
        await storm.gather()
        yield storm
    finally:
        await storm.leave()


def now_us() -> int:
    """This machine's time, which is also the house's."""
    return time.time_ns() // 1_000


def listing(lot: str, closes_in_s: float, **terms: Any) -> Listing:  # noqa: ANN401  any field of the terms
    """A lot that is open at once and closes in so many seconds, hard unless the terms say otherwise."""
    now = now_us()
    given = {
        "currency": "EUR",
        "start_price": _STEP,
        "ladder": [[0, _STEP]],
        "opens_at": now,
        "closes_at": now + round(closes_in_s * SECOND_US),
        **terms,
    }
    return msgspec.convert({"lot": lot, "sale": SALE, "title": f"Lot {lot}", "terms": given}, Listing)


def soft(window_s: float = 0.25, **more: Any) -> Message:  # noqa: ANN401  any field of the soft close
    """A short soft close."""
    return {"window_s": window_s, "extension_s": window_s, "max_extensions": 3, **more}


def saleroom(last_end_s: float) -> list[Listing]:
    """Lots of every kind: two that stay open, a linked pair, and short ones that close one after the other."""
    shorts = max(4, round(last_end_s))
    return [
        listing("plain", 3_600, proxy=False, self_raise=True),
        listing("ceilings", 3_600, soft_close=soft(120), reserve=200 * _STEP, **{"raise": "multiple"}),
        listing("left", last_end_s / 2, group="pair", soft_close=soft(scope="group")),
        listing("right", last_end_s / 2 + 0.3, group="pair", soft_close=soft(scope="group")),
        *(
            listing(
                f"short-{n}",
                last_end_s * n / shorts,
                self_raise=bool(n % 2),
                soft_close=None if n % 4 == 0 else soft(mode="from_bid" if n % 2 else "add_to_end"),
            )
            for n in range(1, shorts + 1)
        ),
    ]


class Offer(Struct):
    """An offer as it was written down before it was sent, and all that came of it.

    Attributes:
        order: The message.
        sent_on: The line of each sending; lines are counted from 0.
        answers: Every answer with the line on which it came.
    """

    order: Message
    bidder: str
    sent_on: list[int]
    answers: list[tuple[int, Message]]

    @property
    def accepted(self) -> Message | None:
        """The first acceptance, if there is one."""
        return next((answer for _, answer in self.answers if answer["ev"] == "accepted"), None)


class Account(Bidder):
    """A bidder who keeps every receipt.

    Attributes:
        book: All his offers by lot and ref, in the order in which they were written down.
        accepted: How many of them were accepted so far.
    """

    def __init__(self, name: str, address: Address, token: Token, form: Form, asks: dict[str, int]) -> None:
        super().__init__(address, token, form)
        self.name = name
        self._asks = asks
        self.book: dict[tuple[str, str], Offer] = {}
        self.accepted = 0

    def write_down(self, order: Message) -> None:
        """Enter an offer before it is sent."""
        self.book.setdefault((order["lot"], order["ref"]), Offer(order, self.name, [], []))

    async def say(self, message: Message) -> None:
        """Note the line on which an offer goes out."""
        self.book[message["lot"], message["ref"]].sent_on.append(self.dropped)
        await super().say(message)

    def hear(self, message: Message) -> None:
        """Note every answer, whether anybody waits for it or not."""
        if message["ev"] in {"accepted", "refused"}:
            offer = self.book[message["lot"], message["ref"]]
            self.accepted += message["ev"] == "accepted" and offer.accepted is None
            offer.answers.append((self.dropped, message))
            self._asks[message["lot"]] = message.get("ask") or (message.get("price") or 0) + _STEP
        super().hear(message)

    def is_under_way(self, offer: Offer) -> bool:
        """Whether somebody waits for an answer to this offer."""
        return (offer.order["lot"], offer.order["ref"]) in self._asked


class Storm:
    """A sale under way: bidders who never stop by themselves, and watchers who follow every lot.

    Args:
        premises: Where it is held.
        listings: The lots.
        seed: Of who offers what.
    """

    def __init__(self, premises: Premises, listings: Sequence[Listing], seed: int) -> None:
        self.listings = {one.lot: one for one in listings}
        self.premises = premises
        self._asks: dict[str, int] = {}
        self.bidders = [self._account(number) for number in range(BIDDERS)]
        self.watchers = [
            Watcher(
                premises.address,
                list(self.listings),
                MSGPACK if number % 2 else JSON,
                from_start=number < 2,
                told=None if number else self._told,
            )
            for number in range(WATCHERS)
        ]
        self._random = random.Random(seed)
        self._open = set(self.listings)
        self._lasting = {one.lot for one in listings if one.terms.end > now_us() + 600 * SECOND_US}
        self._calm = False
        self._hands: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._numbers: Counter[str] = Counter()

    def _account(self, number: int) -> Account:
        name = f"bidder-{number}"
        token = partial(self.premises.sign, "bidder", name)
        return Account(name, self.premises.address, token, JSON if number % 2 else MSGPACK, self._asks)

    async def gather(self) -> None:
        """List the lots, seat the watchers, and let the bidders begin."""
        await asyncio.to_thread(self._list)
        for watcher in self.watchers:
            watcher.arrive()
        async with asyncio.timeout(_PATIENCE_S):
            for watcher in self.watchers:
                await watcher.seated.wait()
        self._hands = [asyncio.create_task(self._bid(bidder)) for bidder in self.bidders for _ in range(HANDS)]

    def _list(self) -> None:
        desk = Desk(self.premises.address, self.premises.sign("operator", "clerk"))
        desk.list_sale(SALE, "A storm")
        for one in self.listings.values():
            desk.list_lot(msgspec.to_builtins(one))
        desk.close()

    def _told(self, feed: FullFeed) -> None:
        if feed.state.get("ask"):
            self._asks[feed.lot] = feed.state["ask"]
        if feed.state.get("phase") in ENDED:
            self._open.discard(feed.lot)
        self._news.set()

    @property
    def offers(self) -> list[Offer]:
        """All offers of all bidders."""
        return [offer for bidder in self.bidders for offer in bidder.book.values()]

    @property
    def accepted(self) -> int:
        """How many offers were accepted so far."""
        return sum(bidder.accepted for bidder in self.bidders)

    def shown(self, lot: str) -> Message:
        """How a lot stands, as the first watcher has it."""
        return self.watchers[0].feeds[lot].state

    @property
    def last_end(self) -> int:
        """When the last of the short lots ends, as the first watcher has it."""
        ends: list[int] = [self.shown(lot)["closes_at"] for lot in self.listings if lot not in self._lasting]
        return max(ends)

    # Bidding ----------------------------------------------------------------------------------------------------------

    async def _bid(self, bidder: Account) -> None:
        while not self._calm:
            order = self._again(bidder) or self._next(bidder)
            bidder.write_down(order)
            await bidder.offer(order)
            self._news.set()
            await asyncio.sleep(self._random.expovariate(1 / _PAUSE_S))

    def _again(self, bidder: Account) -> Message | None:
        """Now and then an order that was accepted before, from whatever time, under the same ref."""
        if self._random.random() > _RETRIED or not bidder.book:
            return None
        offer = self._random.choice(list(bidder.book.values()))
        return offer.order if offer.accepted and not bidder.is_under_way(offer) else None

    def _next(self, bidder: Account) -> Message:
        lot = self._lot()
        ask = self._asks.get(lot, _STEP)
        self._numbers[bidder.name] += 1
        order = {"lot": lot, "ref": f"{bidder.name}-{self._numbers[bidder.name]}", "confirm": True}
        if self.listings[lot].terms.proxy and self._random.random() < 0.4:
            return {"op": "max_bid", "amount": ask + _STEP * self._random.randint(0, 20), **order}
        return {"op": "bid", "amount": max(0, ask + _STEP * self._random.choice((0, 0, 0, 0, 1, 2, -1))), **order}

    def _lot(self) -> str:
        late = self._random.random() < _LATE
        return self._random.choice(list(self.listings) if late or not self._open else sorted(self._open))

    # What the tests wait for ------------------------------------------------------------------------------------------

    async def all_back(self) -> None:
        """Return when everyone who lost his line has another one."""
        async with asyncio.timeout(_PATIENCE_S):
            for guest in [*self.bidders, *self.watchers]:
                await guest.opened.wait()

    async def blow(self, acceptances: int) -> None:
        """Return when so many more offers have been accepted than now."""
        wanted = self.accepted + acceptances
        await self._await(lambda: self.accepted >= wanted, f"{acceptances} more acceptances")

    async def _await(self, fact: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not fact():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} took more than {_PATIENCE_S} s: {self.premises.said[-3_000:]}") from None

    async def blow_over(self) -> None:
        """Let nobody offer any more, wait for the answer to every offer, and for every short lot to end."""
        self._calm = True
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(*self._hands)
        await self._await(lambda: self._open <= self._lasting, "the end of the short lots")

    async def leave(self) -> None:
        """Let everyone go."""
        for hand in self._hands:
            hand.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)
        await asyncio.gather(*(guest.leave() for guest in [*self.bidders, *self.watchers]))

    def resent(self) -> Counter[str]:
        """How often offers were sent again, by reason."""
        return sum((bidder.resent for bidder in self.bidders), Counter[str]())
