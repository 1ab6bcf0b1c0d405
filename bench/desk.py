"""The front desk over HTTP: listing sales and lots, orders by the operator, and reading the record.

Refuses to know WebSockets and statistics. Invariants: one blocking connection per desk, kept alive; several desks in
threads share a long list. A refusal is a DeskError with the house's own sentence. Written against protocol.md, "HTTP".
"""

import asyncio
import http.client
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import orjson

from bench.load import Address
from bench.volley import START_PRICE

DESKS = 4  # more would only queue up in the house's one loop
PAGE_LEN = 1_000
_TIMEOUT_S = 60.0

T = TypeVar("T")


class DeskError(RuntimeError):
    """The house answered with an error; the message says which."""


class NotInTimeError(ValueError):
    """What was to be listed and watched was not ready when it had to be; the message says by how much it was late."""


class Desk:
    """One keep-alive HTTP connection with an identity."""

    def __init__(self, address: Address, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(address.host, address.port, timeout=_TIMEOUT_S)
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  whatever JSON the house sent
        """One call; the decoded answer. Raises DeskError for any status from 400."""
        payload = None if body is None else orjson.dumps(body)
        self._connection.request(method, path, payload, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise DeskError(f"{method} {path}: {response.status} {answer[:300].decode('utf-8', 'replace')}")
        return orjson.loads(answer) if answer else None

    def list_sale(self, sale: str, title: str) -> None:
        """List a sale."""
        self.call("POST", "/v1/sales", {"sale": sale, "title": title})

    def list_lot(self, lot: dict[str, Any]) -> None:
        """List a lot: its id, sale, listing and terms."""
        self.call("POST", "/v1/lots", lot)

    def order(self, lot: str, order: str, reason: str) -> None:
        """Give an operator's order."""
        self.call("POST", f"/v1/lots/{lot}/orders", {"order": order, "ref": f"{order}-{lot}"[:64], "reason": reason})

    def snapshot(self, lot: str) -> dict[str, Any]:
        """The lot as it stands."""
        answer: dict[str, Any] = self.call("GET", f"/v1/lots/{lot}")
        return answer

    def events(self, lot: str) -> Iterator[dict[str, Any]]:
        """All public events of a lot, oldest first, page by page."""
        after = 0
        while page := self.call("GET", f"/v1/lots/{lot}/events?after={after}&limit={PAGE_LEN}")["events"]:
            yield from page
            after = page[-1]["seq"]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


async def share_out(items: Sequence[T], make: Callable[[], Desk], work: Callable[[Desk, T], object]) -> None:
    """Do `work` on every item, shared among a few desks in threads."""

    def stretch(mine: Sequence[T]) -> None:
        desk = make()
        try:
            for item in mine:
                work(desk, item)
        finally:
            desk.close()

    await asyncio.gather(*(asyncio.to_thread(stretch, items[n::DESKS]) for n in range(min(DESKS, len(items)))))


def lot_listing(lot: str, sale: str, opens_at: int, closes_at: int) -> dict[str, Any]:
    """A lot under the plainest terms: no proxy, no soft close, everyone may raise at once. Instants in us."""
    terms = {
        "format": "english",
        "currency": "CAD",
        "start_price": START_PRICE,
        "ladder": [[0, 1]],
        "raise": "at_least",
        "proxy": False,
        "self_raise": True,
        "reserve": None,
        "deposit": 0,
        "confirm_above": None,
        "group": None,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "soft_close": None,
    }
    return {"lot": lot, "sale": sale, "title": f"Load {lot}", "terms": terms}
