"""Audit: what can be read of a lot once it has ended: its account with the buyer, its whole record, its refusals.

The record is the log itself, private parts and both chains included, as whoever is to judge the sale needs it. It
refuses to know who was right. Invariants: nothing of this is readable before the close, by anybody, nor while a lot
that had closed is open again; a page is bounded. Amounts are minor units, instants microseconds. Source: protocol.md,
"HTTP"; rules.md, section 1 (articles 8 and 29).
"""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.errors import JournalAway
from engine.house import House
from engine.journal import NOTHING, Entry, Record, Top
from engine.pen import unpack
from gateway.auth import Identity, Role
from gateway.counter import FrontCounter, parameters, whole_number
from gateway.frames import Message
from gateway.money import money
from gateway.problems import ProblemError, answer, malformed
from lots.ledger import NOTHING as NO_DEPOSIT
from lots.phases import ENDED
from lots.refusals import Code
from lots.settlement import Statement, statement
from lots.state import Lot

_PAGE: Final = 100
_PAGE_MAX: Final = 1_000
_WHO: Final = "Say who you are first; this is for auditors."


class Audit:
    """The routes.

    Args:
        house: Whose records are read.
        counter: Receives the requests.
    """

    def __init__(self, house: House, counter: FrontCounter) -> None:
        self._house = house
        self._counter = counter

    def routes(self) -> list[Route]:
        """Return all routes of the audit."""
        return [
            Route("/v1/lots/{lot}/settlement", self.settlement, methods=["GET"]),
            Route("/v1/lots/{lot}/record", self.record, methods=["GET"]),
            Route("/v1/lots/{lot}/refusals", self.refusals, methods=["GET"]),
        ]

    async def settlement(self, request: Request) -> Response:
        """Show those who run a lot, and auditors, its account with the buyer."""
        identity = self._counter.accountant(request)
        lot = self._counter.lot(request)
        self._counter.must_read(identity, lot.listing.org)
        parameters(request)
        await self._open(identity, lot)
        return answer(settled(self._counter.lot(request)))

    async def record(self, request: Request) -> Response:
        """Show a page of the lot's log."""
        identity = self._auditor(request)
        lot = self._counter.lot(request)
        given = parameters(request, "after", "limit")
        after = _top(given["after"]) if "after" in given else NOTHING
        limit = whole_number(given, "limit", _PAGE, 1, _PAGE_MAX)
        await self._open(identity, lot)
        try:
            found = await self._house.record(lot.lot, after, limit + 1)
        except JournalAway:
            raise _away() from None
        cursor = _id(found[limit - 1]) if len(found) > limit else None
        return answer({"lot": lot.lot, "records": [_shown(record) for record in found[:limit]], "cursor": cursor})

    async def refusals(self, request: Request) -> Response:
        """Show a page of the refusals that are kept, the oldest first; `after` passes over so many."""
        identity = self._auditor(request)
        lot = self._counter.lot(request)
        given = parameters(request, "after", "limit")
        after = whole_number(given, "after", 0, 0, 2**53 - 1)
        limit = whole_number(given, "limit", _PAGE, 1, _PAGE_MAX)
        await self._open(identity, lot)
        try:
            notes = await self._house.refusals(lot.lot)
        except JournalAway:
            raise _away() from None
        found = notes[after : after + limit]
        return answer({"lot": lot.lot, "kept": len(notes), "refusals": [_readable(unpack(note)) for note in found]})

    async def _open(self, identity: Identity, lot: Lot) -> None:
        """See that the lot has ended, and have it kept that it is read: it is not reopened any more."""
        await self._counter.open_accounts(identity, [_ended(lot)])

    def _auditor(self, request: Request) -> Identity:
        """Return who asks if he may read a whole log: an auditor, or an admin of the house."""
        identity = self._counter.someone(request, _WHO)
        if identity.role not in (Role.AUDITOR, Role.ADMIN):
            raise ProblemError(403, Code.FORBIDDEN, "This is for auditors.")
        return identity


def _ended(lot: Lot) -> Lot:
    """Return the lot if it has ended.

    Raises:
        ProblemError: It has not; whoever asks may not know yet what only the house knows.
    """
    if lot.phase not in ENDED:
        raise ProblemError(409, Code.WRONG_PHASE, f"The lot is {lot.phase}: this can be read once it has ended.")
    return lot


def _away() -> ProblemError:
    return ProblemError(503, Code.UNAVAILABLE, "The record cannot be read at the moment.")


# The account ----------------------------------------------------------------------------------------------------------

_NOTHING_SOLD: Final = dict.fromkeys(each for name in Statement._fields for each in (name, f"{name}_shown"))


def settled(lot: Lot) -> Message:
    """Return how a lot that has ended is settled: with its buyer if it was sold, and where every deposit is."""
    account = statement(lot)
    return {
        "lot": lot.lot,
        "phase": lot.phase,
        "settlement": lot.settlement,
        "currency": lot.terms.currency,
        "bidder": None if account is None else lot.leader_bidder,
        "paddle": None if account is None else lot.leader,
        **(_NOTHING_SOLD if account is None else _with_money(account, lot.terms.currency)),
        "deposits": [
            {"bidder": bidder, **msgspec.structs.asdict(lot.ledger.get(bidder, NO_DEPOSIT))}
            for bidder in sorted(lot.ledger)
        ],
    }


def _with_money(account: Statement, currency: str) -> Message:
    amounts = account._asdict()
    return {**amounts, **{f"{name}_shown": money(amount, currency) for name, amount in amounts.items()}}


# The record -----------------------------------------------------------------------------------------------------------


def _id(record: Record) -> str:
    return str(Top(record.epoch, record.n))


def _top(cursor: str) -> Top:
    """Return the record that a cursor names."""
    epoch, dash, n = cursor.partition("-")
    if not dash or not all(part.isascii() and part.isdigit() and len(part) <= 16 for part in (epoch, n)):
        raise malformed("after must be the cursor of the page before.")
    return Top(int(epoch), int(n))


def _shown(record: Record) -> Message:
    """Return an entry with both its parts, or a marker: where another owner took the log over."""
    place = {"id": _id(record), "epoch": record.epoch, "n": record.n}
    if not isinstance(record, Entry):
        return {**place, "kind": "marker"}
    return {
        **place,
        "kind": "entry",
        "public": _readable(unpack(record.public)) or None,
        "private": _readable(unpack(record.private)) or None,
        "head": record.head.hex(),
        "chain": record.chain.hex(),
    }


def _readable(part: Any) -> Any:  # noqa: ANN401  any MessagePack
    """Return a stored part as JSON can show it: bytes, such as a salt, as hex digits."""
    if isinstance(part, bytes):
        return part.hex()
    if isinstance(part, dict):
        return {name: _readable(value) for name, value in part.items()}
    return [_readable(value) for value in part] if isinstance(part, list) else part
