"""Exports: how the lots of a sale came out, for everyone, and how they are settled, for those who run the sale.

Each as JSON or as CSV. It refuses to know how a premium is reckoned (`lots.settlement`). Invariants: results hold
nothing that watchers could not see, and no names; a lot is settled, and its buyer named, only once it has ended; an
amount stands in minor units, and beside it as people read it, in the currency's own digits.
Amounts are minor units, instants microseconds (ISO 8601 in CSV). Source: running-sales.md, "A sale at once".
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import format_instant
from engine.house import House
from gateway.counter import FrontCounter, parameters
from gateway.frames import Message
from gateway.money import money
from gateway.problems import UNKNOWN_SALE, ProblemError, answer, malformed
from gateway.spreadsheet import table
from lots.listing import Sale
from lots.phases import ENDED, Phase
from lots.settlement import Statement, statement
from lots.state import Lot, Settlement

_SLICE: Final = 200
_AMOUNTS: Final = frozenset({"start_price", "price", *Statement._fields})
_RESULTS: Final = (
    *("lot", "title", "category", "phase", "currency", "start_price", "price", "hammer_price", "paddle"),
    *("bids", "extensions", "reserve", "closes_at", "settlement", "successor"),
)
_ACCOUNTS: Final = ("lot", "title", "phase", "settlement", "currency", "paddle", "bidder", *Statement._fields)
_NO_ACCOUNT: Final = dict.fromkeys(Statement._fields)


class Exports:
    """The routes.

    Args:
        house: Whose sales are exported.
        counter: Receives the requests.
    """

    def __init__(self, house: House, counter: FrontCounter) -> None:
        self._house = house
        self._counter = counter

    def routes(self) -> list[Route]:
        """Return all routes of the exports."""
        return [
            Route("/v1/sales/{sale}/results", self.results, methods=["GET"]),
            Route("/v1/sales/{sale}/settlement", self.settlement, methods=["GET"]),
        ]

    async def results(self, request: Request) -> Response:
        """Show everyone how the lots of a sale stand, or came out."""
        as_csv = _wants_csv(request)
        sale = self._sale(request)
        rows = await self._rows(self._lots(sale), _result)
        if as_csv:
            return _file(sale, "results", _RESULTS, rows)
        return _document(sale, rows, ("hammer_price",))

    async def settlement(self, request: Request) -> Response:
        """Show those who run a sale, and auditors, the accounts of its lots that have ended."""
        identity = self._counter.accountant(request)
        as_csv = _wants_csv(request)
        sale = self._sale(request)
        self._counter.must_read(identity, sale.org)
        lots = [
            lot for lot in self._lots(sale) if lot.phase in ENDED and self._counter.may_read(identity, lot.listing.org)
        ]
        await self._counter.open_accounts(identity, lots)
        rows = await self._rows(lots, _account)
        if as_csv:
            return _file(sale, "settlement", _ACCOUNTS, rows)
        return _document(sale, rows, ("hammer_price", "premium", "deposit_applied", "balance_due", "refund_due"))

    def _sale(self, request: Request) -> Sale:
        sale = self._house.sales.get(request.path_params["sale"])
        if sale is None:
            raise ProblemError(404, UNKNOWN_SALE, "There is no such sale in this house.")
        return sale

    def _lots(self, sale: Sale) -> Iterable[Lot]:
        return (self._house.lots[lot].state for lot in self._house.lots_of(sale.sale))

    async def _rows(self, lots: Iterable[Lot], shown: Callable[[Lot], Message]) -> list[Message]:
        """Make the rows slice by slice, so that a large sale holds no bid up."""
        rows = []
        for number, lot in enumerate(lots, start=1):
            rows.append(_with_money(shown(lot)))
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        return rows


# Rows -----------------------------------------------------------------------------------------------------------------


def _result(lot: Lot) -> Message:
    return {
        "lot": lot.lot,
        "title": lot.listing.title,
        "category": lot.listing.category,
        "phase": lot.phase,
        "currency": lot.terms.currency,
        "start_price": lot.terms.start_price,
        "price": lot.price,
        "hammer_price": lot.hammer_price,
        "paddle": lot.leader,
        "bids": lot.bids,
        "extensions": lot.extensions,
        "reserve": lot.reserve,
        "closes_at": lot.closes_at,
        "settlement": lot.settlement,
        "successor": lot.successor,
    }


def _account(lot: Lot) -> Message:
    account = statement(lot)
    return {
        "lot": lot.lot,
        "title": lot.listing.title,
        "phase": lot.phase,
        "settlement": lot.settlement,
        "currency": lot.terms.currency,
        "paddle": None if account is None else lot.leader,
        "bidder": None if account is None else lot.leader_bidder,
        **(_NO_ACCOUNT if account is None else account._asdict()),
    }


def _with_money(row: Message) -> Message:
    """Put each amount as people read it behind the amount in minor units."""
    shown: Message = {}
    for name, value in row.items():
        shown[name] = value
        if name in _AMOUNTS:
            shown[f"{name}_shown"] = None if value is None else money(value, row["currency"])
    return shown


def _totals(rows: Sequence[Message], sums: Sequence[str]) -> list[Message]:
    """Add up what was sold, currency by currency; `outstanding` is what is due on lots that are not settled."""
    totals: dict[str, Message] = {}
    for row in rows:
        total = totals.setdefault(row["currency"], {"currency": row["currency"], "lots": 0, "sold": 0})
        total["lots"] += 1
        total["sold"] += row["phase"] == Phase.SOLD
        for name in sums:
            total[name] = total.get(name, 0) + (row[name] or 0)
        if "balance_due" in sums:
            due = row["balance_due"] if row["settlement"] == Settlement.DUE else None
            total["outstanding"] = total.get("outstanding", 0) + (due or 0)
    return [_totals_with_money(total, (*sums, "outstanding")) for total in totals.values()]


def _totals_with_money(total: Message, amounts: Iterable[str]) -> Message:
    shown = {f"{name}_shown": money(total[name], total["currency"]) for name in amounts if name in total}
    return {**total, **shown}


# Formats --------------------------------------------------------------------------------------------------------------


def _wants_csv(request: Request) -> bool:
    """Whether the answer is to be CSV: the query says so, or, without a word there, the header `Accept`."""
    asked = parameters(request, "format").get("format")
    if asked not in (None, "csv", "json"):
        raise malformed("format must be csv or json.")
    if asked is not None:
        return asked == "csv"
    ranges = (one.partition(";")[0].strip().lower() for one in request.headers.get("Accept", "").split(","))
    return next((one == "text/csv" for one in ranges if one in ("text/csv", "application/json")), False)


def _document(sale: Sale, rows: Sequence[Message], sums: Sequence[str]) -> Response:
    """Return rows as JSON, with the sums of these amounts."""
    body = {"sale": sale.sale, "title": sale.title, "lots": rows, "totals": _totals(rows, sums)}
    return answer(body, headers={"Vary": "Accept"})


def _file(sale: Sale, name: str, columns: Sequence[str], rows: Iterable[Message]) -> Response:
    """Return rows as CSV; behind each amount stands the amount as people read it."""
    shown = [each for column in columns for each in (column, f"{column}_shown")[: 1 + (column in _AMOUNTS)]]
    headers = {"Content-Disposition": f'attachment; filename="{sale.sale}-{name}.csv"', "Vary": "Accept"}
    text = table(shown, ({**row, "closes_at": _instant(row.get("closes_at"))} for row in rows))
    return Response(text, headers=headers, media_type="text/csv; charset=utf-8; header=present")


def _instant(instant: Any) -> str | None:  # noqa: ANN401  a field of a row
    return None if instant is None else format_instant(instant)
