"""Three sheets, shortened to seconds, against a real `knockdown serve` with a Redis of its own, over real sockets.

What needs an instant to the microsecond is in the tables; here the same life, from the listing to the settlement, is
lived by the machine's own clock, and every wait is for something that the house says.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

from clock.instants import SECOND_US
from tests.gateway.front import PAYMENT_SECRET, Message
from tests.promises.premises import Premises, directory_on_disk
from tests.sheets.rows import money
from tests.sheets.stage import signed, under

_PATIENCE_S = 10.0
ROLES = {"ada": "admin", "kim": "operator", "lea": "operator", "anna": "auditor"}


@pytest.fixture(scope="module")
def house() -> Iterator[Premises]:
    """A house at work."""
    with directory_on_disk() as directory:
        premises = Premises(directory, payment_secret=PAYMENT_SECRET)
        try:
            asyncio.run(premises.open())
            yield premises
            assert asyncio.run(premises.close()) == 0
        finally:
            premises.clear_away()


def now() -> int:
    """This machine's time, which is also the house's."""
    return time.time_ns() // 1_000


def within(seconds: float, opens_in_s: float = 0.5) -> dict[str, int]:
    """Return when a lot opens, and when it closes so many seconds after that."""
    opens_at = now() + round(opens_in_s * SECOND_US)
    return {"opens_at": opens_at, "closes_at": opens_at + round(seconds * SECOND_US)}


class Line:
    """A WebSocket to the house; what is said while something else is waited for is kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._kept: list[Message] = []
        self.events: list[Message] = []

    async def say(self, **message: Any) -> None:  # noqa: ANN401  fields of a message
        """Say one message."""
        await self._socket.send(orjson.dumps(message).decode())

    async def hear(self, ev: str, **fields: object) -> Message:
        """Wait for a message of this kind with these fields; what came before it is passed over."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                message = self._kept.pop(0) if self._kept else await self._next()
                if message["ev"] == ev and fields.items() <= message.items():
                    return message

    async def bid(self, lot: str, amount: str, ref: str) -> Message:
        """Bid, and wait for the answer."""
        await self.say(op="bid", lot=lot, amount=money(amount), ref=ref)
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                message = await self._next()
                if message.get("ref") == ref:
                    return message
                self._kept.append(message)

    async def _next(self) -> Message:
        message: Message = orjson.loads(await self._socket.recv())
        if "head" in message and "at" in message:
            self.events.append(message)
        return message


class Town:
    """Everyone outside the house."""

    def __init__(self, house: Premises, http: httpx.AsyncClient) -> None:
        self._house = house
        self._http = http

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._house.sign(ROLES.get(who, 'bidder'), who)}"}

    async def post(self, who: str, path: str, status: int = 200, **body: Any) -> Message:  # noqa: ANN401  a body
        """Ask for something to be done."""
        response = await self._http.post(path, headers=self._headers(who), json=body)
        assert response.status_code == status, response.text
        told: Message = response.json()
        return told

    async def order(self, who: str, lot: str, order: str, **fields: Any) -> Message:  # noqa: ANN401  fields of an order
        """Give an operator's order."""
        ref = f"{who}-{order}-{now()}"
        return await self.post(who, f"/v1/lots/{lot}/orders", order=order, ref=ref, **fields)

    async def get(self, who: str, path: str) -> Message:
        """Read something."""
        response = await self._http.get(path, headers=self._headers(who))
        assert response.status_code == 200, response.text
        told: Message = response.json()
        return told

    async def offer(self, lot: str, terms: Message) -> None:
        """List a sale with one lot."""
        await self.post("kim", "/v1/sales", 201, sale=f"sale-of-{lot}", title="A sale")
        await self.post("kim", "/v1/lots", 201, lot=lot, sale=f"sale-of-{lot}", title="A lot", terms=terms)

    async def register(self, who: str, lot: str) -> None:
        """Register, and be let in."""
        terms = (await self.get("kim", f"/v1/lots/{lot}"))["terms"]
        accepts = terms["registration"]["statements"]
        await self.post(who, f"/v1/lots/{lot}/registrations", ref=f"{who}-registers", accepts=accepts)
        await self.order("kim", lot, "admit", bidder=who)
        await self.pay(who, lot, terms["deposit"], terms["currency"])

    async def pay(self, who: str, lot: str, amount: int, currency: str) -> None:
        """Have the payment provider say that a deposit came in."""
        payment = f"{lot}-{who}"
        notice = {"payment": payment, "lot": lot, "bidder": who, "amount": amount, "currency": currency}
        body = orjson.dumps(notice)
        headers = signed(body, payment, now() // SECOND_US)
        response = await self._http.post("/v1/payments", content=body, headers=headers)
        assert (response.status_code, response.json()["repeat"]) == (200, False), response.text

    @asynccontextmanager
    async def line(self, who: str, lot: str) -> AsyncIterator[Line]:
        """Come into the house and watch a lot from its first event."""
        async with connect(self._house.ws_url, additional_headers=self._headers(who), proxy=None) as socket:
            line = Line(socket)
            await line.say(op="watch", lot=lot, after=0)
            yield line

    async def returned(self, lot: str) -> Message:
        """Wait until the clock has given the losers' deposits back, which nobody is told; the account after it."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                account = await self.get("anna", f"/v1/lots/{lot}/settlement")
                if not any(one["held"] for one in account["deposits"]):
                    return account
                await asyncio.sleep(0.02)

    async def accounts_of(self, lot: str) -> dict[str, dict[str, int]]:
        """Return where every deposit is, accounts with nothing on them left out."""
        deposits = (await self.get("anna", f"/v1/lots/{lot}/settlement"))["deposits"]
        return {one.pop("bidder"): {account: amount for account, amount in one.items() if amount} for one in deposits}


@pytest.fixture
async def town(house: Premises) -> AsyncIterator[Town]:
    async with httpx.AsyncClient(base_url=house.url) as http:
        yield Town(house, http)


SPAN_US = 2_500_000
"""The window, and how long after a bid the end is then: longer than the lot is open, so that every bid moves it."""


async def test_a_court_sells_a_flat(town: Town) -> None:
    """700,000 to start with, steps of 5,000; the lot is open for 2 s, and for 2.5 s after each bid."""
    prices = {"appraisal": money("1,000,000"), "start_price": money("700,000"), "deposit": money("70,000")}
    soft_close, bounds = {"window_s": 2.5, "extension_s": 2.5}, {"open_s_min": 2}
    short = {"soft_close": soft_close, "bounds": bounds, "release_after_s": 0.2, **within(2)}
    await town.offer("flat", under("judicial", currency="CNY", **prices, **short))
    for who in ("ann", "bob"):
        await town.register(who, "flat")
    async with town.line("ann", "flat") as ann, town.line("bob", "flat") as bob:
        await ann.hear("lot_opened")
        first = await ann.bid("flat", "700,000", "a-1")
        assert (first["ev"], first["price"], first["leading"]) == ("accepted", money("700,000"), True)
        assert (await bob.bid("flat", "707,500", "b-1"))["code"] == "off_increment"
        slip = await bob.bid("flat", "800,000", "b-2")
        end = (await ann.hear("lot_extended", at=slip["at"]))["closes_at"]
        assert end == slip["at"] + SPAN_US
        # Voided by two: price and leader as before, the end where it was.
        proposed = await town.order("kim", "flat", "void_bid", seq=slip["seq"], reason="A slip of the finger.")
        assert proposed["pending"] is True
        await town.order("lea", "flat", "countersign", of_by="kim", of_ref=proposed["ref"])
        await ann.hear("bid_voided", voided=slip["seq"], price=money("700,000"), leader=first["paddle"])
        assert (await town.get("ann", "/v1/lots/flat"))["closes_at"] == end
        # Suspended with less than a window left: one whole window is given back.
        await town.order("kim", "flat", "suspend", reason="A question of title.")
        await ann.hear("lot_paused", cause="suspension", closes_at=None)
        await town.order("kim", "flat", "resume")
        resumed = await ann.hear("lot_resumed")
        assert resumed["closes_at"] == resumed["at"] + SPAN_US
        last = await bob.bid("flat", "710,000", "b-3")
        assert (await ann.hear("lot_extended", at=last["at"]))["closes_at"] == last["at"] + SPAN_US
        sold = await ann.hear("lot_sold", hammer_price=money("710,000"), paddle=last["paddle"])
        assert sold["at"] >= last["at"] + SPAN_US
        assert (sold["connected"], sold["lost"]) == (2, 0)
    account = await town.returned("flat")
    assert (account["bidder"], account["deposit_applied"]) == ("bob", money("70,000"))
    assert account["balance_due"] == money("640,000")  # 710,000 - 70,000
    await town.order("kim", "flat", "settle")
    assert (await town.get("ann", "/v1/lots/flat"))["settlement"] == "paid"
    received = {"received": money("70,000")}
    assert await town.accounts_of("flat") == {
        "ann": {**received, "released": money("70,000")},
        "bob": {**received, "applied": money("70,000")},
    }


async def test_customs_open_a_tender(town: Town) -> None:
    """1,000 at least; open for 2 s, and nothing to hear of it before."""
    short = {"deposit": money("100"), "release_after_s": 0.2, **within(2)}
    await town.offer("tender", under("sealed-tender", currency="EUR", start_price=money("1,000"), **short))
    for who in ("ann", "bob", "cai"):
        await town.register(who, "tender")
    async with town.line("ann", "tender") as ann, town.line("bob", "tender") as bob, town.line("cai", "tender") as cai:
        await ann.hear("lot_opened")
        offers = ((ann, "1,500"), (bob, "2,000"), (ann, "1,800"), (cai, "2,000"))
        told = [await line.bid("tender", amount, f"r-{number}") for number, (line, amount) in enumerate(offers)]
        assert [(one["ev"], one["price"], one["leading"]) for one in told] == [("accepted", None, False)] * 4
        shown = await town.get("ann", "/v1/lots/tender")
        assert (shown["price"], shown["leader"], shown["bids"], shown["phase"]) == (None, None, 0, "open")
        opened = await ann.hear("bids_opened")
        paddles = [one["paddle"] for one in told]
        # The best first; bob before cai, who was later; ann's latest.
        assert opened["offers"] == [
            [paddles[1], money("2,000")],
            [paddles[3], money("2,000")],
            [paddles[2], money("1,800")],
        ]
        await ann.hear("lot_sold", hammer_price=money("2,000"), paddle=paddles[1])
        assert [event["ev"] for event in ann.events] == ["lot_listed", "lot_opened", "bids_opened", "lot_sold"]
    account = await town.returned("tender")
    assert (account["bidder"], account["balance_due"]) == ("bob", money("1,900"))  # 2,000 - 100
    # He does not pay, as two operators have it: 60 of the 100 go to the costs, 30 to the shortfall, 10 to debts.
    proposed = await town.order("lea", "tender", "default")
    await town.order("kim", "tender", "countersign", of_by="lea", of_ref=proposed["ref"])
    await town.order("kim", "tender", "allocate", costs=money("60"), shortfall=money("30"))
    released = {"received": money("100"), "released": money("100")}
    shared = {"costs": money("60"), "shortfall": money("30"), "debts": money("10")}
    assert await town.accounts_of("tender") == {
        "ann": released,
        "bob": {"received": money("100"), **shared},
        "cai": released,
    }


async def test_a_market_sells_a_tulip(town: Town) -> None:
    """From 100 down by 10 every 0.3 s."""
    prices = {"currency": "EUR", "start_price": money("100"), "deposit": money("5")}
    short = {"dutch": {"every_s": 0.3, "floor": money("30")}, "release_after_s": 0.2, **within(5)}
    await town.offer("tulip", under("dutch", **prices, **short))
    for who in ("ann", "bob"):
        await town.order("kim", "tulip", "admit", bidder=who)
    async with town.line("ann", "tulip") as ann, town.line("bob", "tulip") as bob:
        opened = await ann.hear("lot_opened", ask=money("100"))
        assert opened["lowers_at"] == opened["at"] + 300_000
        for ask in ("90", "80"):
            assert (await ann.hear("price_lowered", ask=money(ask)))["at"] >= opened["lowers_at"]
        assert (await ann.bid("tulip", "29.99", "a-1"))["code"] == "below_ask"
        # She offers more than can be asked by now, and pays what is asked.
        won = await ann.bid("tulip", "90", "a-2")
        sold = await bob.hear("lot_sold", paddle=won["paddle"], hammer_price=won["price"])
        asks = [money("100"), *(event["ask"] for event in bob.events if event["ev"] == "price_lowered")]
        assert asks == [money("100") - money("10") * fall for fall in range(len(asks))]
        assert (sold["hammer_price"], len(asks) >= 3) == (asks[-1], True)
        assert (await bob.bid("tulip", "90", "b-1"))["code"] == "too_late"
    account = await town.returned("tulip")
    assert account["balance_due"] == sold["hammer_price"] - money("5")
    await town.order("kim", "tulip", "settle")
    accounts = await town.accounts_of("tulip")
    assert accounts["ann"] == {"received": money("5"), "applied": money("5")}
    assert accounts["bob"] == {"received": money("5"), "released": money("5")}
