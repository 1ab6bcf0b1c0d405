"""Bulk: whole sales in one request, and the rule sheets that they may be under (running-sales.md, "A sale at once").

A sale comes with all its lots, as JSON or as the file `lots.csv`. Either all of it is listed or nothing, and then
everything that is wrong is told at once, row by row. It refuses to know how a sale is put together (`lots.offering`)
and how it is stored whole (`engine.imports`).

Invariants: who imports may run all that the import touches; a large import is looked at slice by slice, so that it
holds no bid up; rows are numbered from 1, those of a file are its lines. Amounts are minor units, instants
microseconds, in files and in the query ISO 8601.
"""

import asyncio
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import parse_instant
from engine.house import House
from engine.limits import GatewayLimits
from engine.listing_desk import Obstacle
from gateway import messages
from gateway.auth import Identity
from gateway.counter import FrontCounter, listed, parameters, read
from gateway.messages import Malformed
from gateway.problems import UNKNOWN_SHEET, ProblemError, answer, malformed, status_of
from gateway.zones import objection_to
from lots.files import lot_entries
from lots.listing import Listing, Sale
from lots.offering import UNREAD_SALE, Entry, Fault, Offering, Partial, read_sale
from lots.refusals import Code
from lots.sheets import ABOUT

_BODY_WAIT_S: Final = 60.0
_SLICE: Final = 20
_DETAIL_LEN_MAX: Final = 500
_ERRORS_MAX: Final = 1_000
"""Errors of one import that are told; a file with more is wrong throughout."""
_CSV: Final = "text/csv"


class ImportBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sale with all its lots; what is in it is looked at lot by lot."""

    sale: Any
    lots: list[msgspec.Raw]
    sheet: str | None = None
    terms: dict[str, Any] | None = None


_IMPORT: Final = msgspec.json.Decoder(ImportBody)


class Brought(NamedTuple):
    """A sale as it was brought in, before it was looked at; `faults`: what of the sale could not be read."""

    sale: object
    sheet: str | None
    terms: object
    entries: Iterable[Entry]
    faults: list[Fault]


class Bulk:
    """The routes.

    Args:
        house: What is imported into.
        counter: Receives the requests.
        limits: How large an import may be.
        sheets: The rule sheets by name: partial terms.
    """

    def __init__(
        self, house: House, counter: FrontCounter, limits: GatewayLimits, sheets: Mapping[str, Partial]
    ) -> None:
        self._house = house
        self._counter = counter
        self._bytes_max = limits.import_bytes_max
        self._lots_max = limits.import_lots_max
        self._sheets = sheets

    def routes(self) -> list[Route]:
        """Return all routes of bulk."""
        return [
            Route("/v1/imports", self.import_sale, methods=["POST"]),
            Route("/v1/sheets", self.sheets, methods=["GET"]),
            Route("/v1/sheets/{sheet}", self.sheet, methods=["GET"]),
        ]

    # Rule sheets ------------------------------------------------------------------------------------------------------

    async def sheets(self, request: Request) -> Response:
        """Show which rule sheets there are."""
        parameters(request)
        return answer({"sheets": [{"sheet": name, "about": ABOUT.get(name, "")} for name in self._sheets]})

    async def sheet(self, request: Request) -> Response:
        """Show one rule sheet."""
        parameters(request)
        name = request.path_params["sheet"]
        if name not in self._sheets:
            raise ProblemError(404, UNKNOWN_SHEET, "There is no such rule sheet in this house.")
        return answer({"sheet": name, "about": ABOUT.get(name, ""), "terms": self._sheets[name]})

    # Imports ----------------------------------------------------------------------------------------------------------

    async def import_sale(self, request: Request) -> Response:
        """List a sale with all its lots, or nothing."""
        identity = self._counter.director(request)
        brought = await self._brought(request)
        sale, faults = read_sale(brought.sale)
        if brought.faults:
            sale, faults = UNREAD_SALE, faults + brought.faults
        offering = Offering(sale, *self._layers(brought))
        await self._look_at(offering, brought.entries)
        faults += offering.faults
        if sale is UNREAD_SALE:
            raise _problem([], offering.rows, faults)
        faults += self._see_that_he_may(identity, sale, offering.listings)
        objection = objection_to(sale.zone)
        if objection is not None:
            faults.append(Fault(None, None, objection))
        if faults:
            raise _problem(await self._house.listings.objections_to(sale, offering.listings), offering.rows, faults)
        decided = await self._house.listings.import_sale(sale, offering.listings)
        if isinstance(decided, list):
            raise _problem(decided, offering.rows)
        body = {"sale": sale.sale, "lots": len(offering.listings)}
        return listed(self._counter.granted(decided), f"/v1/sales/{sale.sale}", body)

    async def _brought(self, request: Request) -> Brought:
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _CSV:
            return _from_file(parameters(request, *PARAMETERS), await read(request, self._bytes_max, _BODY_WAIT_S))
        parameters(request)
        said = messages.read_body(_IMPORT, await read(request, self._bytes_max, _BODY_WAIT_S))
        if isinstance(said, Malformed):
            raise malformed(said.detail)
        return Brought(said.sale, said.sheet, said.terms or {}, _entries(said.lots), [])

    def _layers(self, brought: Brought) -> tuple[Partial, Partial]:
        """Return the terms of all lots: those of the sheet and those of the sale; without them no lot can be looked at.

        Raises:
            ProblemError: there is no such sheet, or the terms cannot be read.
        """
        faults = []
        if brought.sheet is not None and brought.sheet not in self._sheets:
            there = ", ".join(self._sheets) or "none"
            faults.append(Fault(None, None, f"there is no rule sheet {brought.sheet[:64]!r}; the sheets are: {there}"))
        if isinstance(brought.terms, dict) and not faults:
            return self._sheets.get(brought.sheet or "", {}), brought.terms
        if not isinstance(brought.terms, dict):
            faults.append(Fault(None, None, "terms must be a JSON object"))
        raise _problem([], {}, brought.faults + faults)

    async def _look_at(self, offering: Offering, entries: Iterable[Entry]) -> None:
        for number, entry in enumerate(entries, start=1):
            if number > self._lots_max:
                raise malformed(f"An import may have at most {self._lots_max} lots.")
            offering.take(entry)
            if len(offering.faults) >= _ERRORS_MAX:
                break
            if number % _SLICE == 0:
                await asyncio.sleep(0)

    def _see_that_he_may(self, identity: Identity, sale: Sale, listings: Sequence[Listing]) -> list[Fault]:
        """See that he may direct all that the import touches, and say which consignors of it are none here.

        Raises:
            ProblemError: He may not.
        """
        orgs = {sale.org, self._house.sales.get(sale.sale, sale).org, *(listing.org for listing in listings)}
        orgs |= self._counter.orgs_beside(listings)
        self._counter.must_run(identity, *orgs)
        unknown = sorted(org for org in orgs if org is not None and org not in self._house.registers.consignors)
        return [Fault(None, None, f"there is no consignor {org!r} in this house") for org in unknown]


# What was wrong -------------------------------------------------------------------------------------------------------


def _problem(objections: Iterable[Obstacle], rows: Mapping[str, int], faults: Iterable[Fault] = ()) -> ProblemError:
    """Return everything that stands against an import in one problem, in the order of its rows."""
    told = list(faults)
    codes = {Code.MALFORMED} if told else set[Code]()
    for lot, refused in objections:
        told.append(Fault(None if lot is None else rows.get(lot), lot, refused.detail))
        codes.add(refused.code)
    told.sort(key=lambda fault: fault.row or 0)
    code = next((one for one in (Code.MALFORMED, Code.CONFLICT) if one in codes), None) or min(codes)
    errors = [{"row": row, "lot": lot, "detail": _sentence(detail)} for row, lot, detail in told[:_ERRORS_MAX]]
    some = "1 error" if len(told) == 1 else f"{len(told)} errors"
    if len(told) >= _ERRORS_MAX:
        some = f"{_ERRORS_MAX} errors or more, of which these are the first"
    return ProblemError(status_of(code), code, f"Nothing was imported: {some}.", errors=errors)


def _sentence(detail: str) -> str:
    if len(detail) > _DETAIL_LEN_MAX:
        return f"{detail[:_DETAIL_LEN_MAX]}…"
    return f"{detail.rstrip('.')}."


# JSON -----------------------------------------------------------------------------------------------------------------


def _entries(lots: Iterable[msgspec.Raw]) -> Iterator[Entry]:
    """Read lots one by one: sixteen megabytes at once would hold every bid up."""
    for row, raw in enumerate(lots, start=1):
        said = messages.read_body(_ANYTHING, bytes(raw))
        if isinstance(said, dict):
            yield Entry(row, said)
        else:
            detail = said.detail if isinstance(said, Malformed) else "a lot must be an object"
            yield Entry(row, None, {"$": detail})


_ANYTHING: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


# CSV ------------------------------------------------------------------------------------------------------------------


def _json(text: str) -> object:
    """Return what a parameter says in JSON; what is none stays text, and is refused as such."""
    said = messages.read_body(_ANYTHING, text.encode())
    return text if isinstance(said, Malformed) else said


_OF_THE_SALE: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(("sale", "title", "description", "consignor", "country", "place", "org", "zone"), str),
    "opens_at": parse_instant,
    "closes_at": parse_instant,
}
_OF_THE_STAGGER: Final[Mapping[str, Callable[[str], object]]] = {"every_s": _json, "batch": _json}
PARAMETERS: Final = (*_OF_THE_SALE, *_OF_THE_STAGGER, "sheet", "terms")


def _from_file(given: Mapping[str, str], body: bytes) -> Brought:
    """Read a sale from the query and its lots from a file."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(messages.sentence(error)) from None
    faults: list[Fault] = []
    sale = _read_parameters(given, _OF_THE_SALE, faults)
    stagger = _read_parameters(given, _OF_THE_STAGGER, faults)
    if stagger:
        sale["stagger"] = stagger
    terms = _json(given["terms"]) if "terms" in given else {}
    return Brought(sale, given.get("sheet"), terms, lot_entries(io.StringIO(text, newline="")), faults)


def _read_parameters(
    given: Mapping[str, str], known: Mapping[str, Callable[[str], object]], faults: list[Fault]
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, reading in known.items():
        try:
            if name in given:
                fields[name] = reading(given[name])
        except ValueError as error:
            faults.append(Fault(None, None, f"{name} cannot be read: {error}"))
    return fields
