"""A served house for tests in a browser: `knockdown serve` as a process, and operators and bidders who call it.

It refuses to know browsers. Invariants: whatever it lists has an id of its own, so that tests share one house without
meeting; every call that the house refuses fails the test with the house's own sentence. Amounts are minor units of the
currency, instants microseconds, spans seconds. Written against protocol.md, "HTTP".
"""

import asyncio
import time
from itertools import count
from typing import Any, Self

import httpx

from clock.instants import SECOND_US, seconds_to_us
from tests.promises.premises import Premises

Message = dict[str, Any]
CLERK = "olga"
PATIENCE_S = 10.0
_TIMEOUT_S = 30
_LOOK_S = 0.05
_REFS = count(1)


def now_us() -> int:
    """This machine's time, which is also the house's."""
    return time.time_ns() // 1_000


def terms(closes_in_s: float | None = 600, opens_in_s: float = 0, **more: Any) -> Message:  # noqa: ANN401  any term
    """Return the terms of a lot that is open at once and closes in so many seconds; hard unless they say otherwise.

    With `ladder=None` there is none, for formats that take none.
    """
    opens_at = now_us() + seconds_to_us(opens_in_s)
    hours = {} if closes_in_s is None else {"closes_at": now_us() + seconds_to_us(closes_in_s)}
    plain = {"currency": "EUR", "start_price": 100_00, "ladder": [[0, 10_00], [1_000_00, 50_00]]}
    given = {**plain, "opens_at": opens_at, **hours, **more}
    return {term: value for term, value in given.items() if term != "ladder" or value is not None}


def soft(window_s: float = 60, extension_s: float = 60, **more: Any) -> Message:  # noqa: ANN401  any field of it
    """Return terms of a soft close."""
    return {"window_s": window_s, "extension_s": extension_s, **more}


class ForShow(Premises):
    """The house of `make demo`: a sample sale, bidders at work, and people whom everyone may be."""

    verb = "demo"


class ServedHouse:
    """A house that runs, and those who call it.

    Attributes:
        premises: The process, for tests that close it, kill it or open it again.
        url: Where it serves.
    """

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self.url = premises.url
        self._http = httpx.AsyncClient(base_url=premises.url, timeout=_TIMEOUT_S)
        self._numbers = count(1)

    @classmethod
    async def opened(cls, premises: Premises) -> Self:
        """Start the house and wait until it takes bids."""
        await premises.open()
        return cls(premises)

    async def close(self) -> None:
        """End the house and all it has started."""
        await self._http.aclose()
        self.premises.clear_away()

    def fresh(self, name: str) -> str:
        """Return an id that nothing else in this house has."""
        return f"{name}-{next(self._numbers)}"

    async def call(
        self, method: str, path: str, body: object = None, *, who: str = CLERK, role: str = "operator"
    ) -> Any:  # noqa: ANN401  whatever JSON the house sent
        """Call the house as `who`; return the decoded answer. A status from 400 fails the test."""
        bearer = {"Authorization": f"Bearer {self.premises.sign(role, who)}"} if who else {}
        response = await self._http.request(method, path, json=body, headers=bearer)
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def list_sale(self, sale: str = "", title: str = "", **fields: Any) -> str:  # noqa: ANN401  a sale's fields
        """List a sale; return its id."""
        sale = sale or self.fresh("sale")
        await self.call("POST", "/v1/sales", {"sale": sale, "title": title or f"Sale {sale}", **fields})
        return sale

    async def list_lot(
        self,
        sale: str,
        lot: str = "",
        title: str = "",
        fields: Message | None = None,
        **given: Any,  # noqa: ANN401  as `terms` takes them
    ) -> str:
        """List a lot under `terms(**given)`, with these further fields of a listing; return its id."""
        lot = lot or self.fresh("lot")
        listing = {"lot": lot, "sale": sale, "title": title or f"Lot {lot}", **(fields or {}), "terms": terms(**given)}
        await self.call("POST", "/v1/lots", listing)
        return lot

    async def order(self, lot: str, order: str, *, who: str = CLERK, **fields: Any) -> Message:  # noqa: ANN401  any field
        """Give an operator's order."""
        body = {"order": order, "ref": f"o-{next(_REFS)}", **fields}
        answer: Message = await self.call("POST", f"/v1/lots/{lot}/orders", body, who=who)
        return answer

    async def bid(self, lot: str, bidder: str, amount: int) -> Message:
        """Bid; anything far above the ask is meant."""
        return await self._offer(lot, bidder, {"amount": amount})

    async def ceiling(self, lot: str, bidder: str, amount: int) -> Message:
        """Leave a ceiling."""
        return await self._offer(lot, bidder, {"max": amount})

    async def _offer(self, lot: str, bidder: str, offer: Message) -> Message:
        body = {**offer, "confirm": True, "ref": f"b-{next(_REFS)}"}
        answer: Message = await self.call("POST", f"/v1/lots/{lot}/bids", body, who=bidder, role="bidder")
        return answer

    async def register(self, lot: str, bidder: str, accepts: list[str]) -> Message:
        """Register a bidder under the statements of the terms."""
        body = {"accepts": accepts, "ref": f"r-{next(_REFS)}"}
        path = f"/v1/lots/{lot}/registrations"
        answer: Message = await self.call("POST", path, body, who=bidder, role="bidder")
        return answer

    async def snapshot(self, lot: str) -> Message:
        """Return the lot as everyone sees it."""
        answer: Message = await self.call("GET", f"/v1/lots/{lot}", who="")
        return answer

    async def until(self, lot: str, **fields: object) -> Message:
        """Wait until the lot stands so; what ends a stage is the house's clock."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            seen = await self.snapshot(lot)
            if all(seen[name] == value for name, value in fields.items()):
                return seen
            assert time.monotonic() < give_up, f"{lot} did not come to {fields} within {PATIENCE_S} s: {seen}"
            await asyncio.sleep(_LOOK_S)

    async def join(self, lot: str, bidder: str) -> Message:
        """Take part in the timed phase of a two-phase lot."""
        body = {"ref": f"j-{next(_REFS)}"}
        answer: Message = await self.call("POST", f"/v1/lots/{lot}/join", body, who=bidder, role="bidder")
        return answer

    async def events(self, lot: str) -> list[Message]:
        """Return the first thousand public events of a lot."""
        answer = await self.call("GET", f"/v1/lots/{lot}/events?limit=1000", who="")
        events: list[Message] = answer["events"]
        return events


def in_s(seconds: float) -> int:
    """Return the instant in so many seconds."""
    return now_us() + round(seconds * SECOND_US)
