"""The house does what its OpenAPI document says: schemathesis asks for everything in it, in every way it can think of.

Each operation is driven by somebody of a role that the document names for it, with valid and invalid requests, at the
bounds and at random. No answer may be a fault of the house, nor have a status, a media type, a header or a shape that
is not in the document; what is against the document is refused, and what is valid is not, unless by rule. Operations
that come to the document are driven without a word here. It is the same requests every time.
"""

import asyncio
import base64
import copy
import re
import time
from collections.abc import Callable, Iterator
from itertools import count, product
from typing import Any, Final

import msgspec
import orjson
import pytest
import requests
import schemathesis
from hypothesis import Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from bench.desk import Desk
from engine.limits import GatewayLimits
from gateway import documents
from gateway.auth import Role
from gateway.payments import read_key, sign
from tests.promises.premises import Premises, directory_on_disk
from tests.promises.storm import SALE, listing

Document = dict[str, Any]

AT_THE_BOUNDS: Final = "0"
"""The shortest id there is: what cases at the bounds call a lot, and a sale."""

LOTS: Final = [AT_THE_BOUNDS, *(f"lot-{number}" for number in range(1, 16))]
STATEMENT: Final = "I am of age."
REGISTERED: Final = {"registration": {"statements": [STATEMENT], "check": False}}
TWO_PHASE: Final = {"format": "two_phase", "two_phase": {"confirm_s": 60, "countdown_s": 60}}
KINDS: Final[list[Document]] = [
    {"self_raise": True, "reserve": 1_000, "soft_close": {"window_s": 60, "extension_s": 60}},
    TWO_PHASE,
    {"deposit": 100, **REGISTERED},
    {"opens_at": 2**52, "closes_at": 2**52 + 1},
    {"format": "dutch", "start_price": 10**9, "dutch": {"step": 100, "every_s": 60}},
    {"format": "sealed", "sealed": {}, **REGISTERED},
    {"format": "saleroom", "closes_at": None},
    TWO_PHASE,
]
"""There is one open lot of each kind, and one that was withdrawn."""
SUB: Final = "ann"
ORIGIN: Final = "Origin"
SIGNATURE: Final = "webhook-signature"
PAYMENT_SECRET: Final = "whsec_" + base64.b64encode(b"of the payment provider, in tests").decode()
A_PLACE: Final = "MC5sb3Q"
"""A cursor: the place of a lot `lot` that ends at 0. Which texts are places is for no schema to say."""

BY_RULE: Final = ["2xx", "401", "403", "404", "409"]
"""What a valid request may be answered with."""

KNOWN: Final = {"lot": LOTS, "sale": [SALE], "consignor": ["court-1"], "sheet": ["judicial"]}
"""What there is, by the name that paths have for it."""


def mostly(dictionary: str) -> Document:
    """A parameter that names something there is, four times in five."""
    return {"dictionary": dictionary, "probability": 0.8}


def api(document: Document, *also: str) -> BaseSchema:
    """What schemathesis makes of a document; `also`: with what else valid requests may be answered.

    The house remembers, so that a case sent again need not fail again: nothing is shrunk, and nothing is kept.
    """
    config = {
        "seed": 1,
        "generation": {"deterministic": True, "database": "none", "no-shrink": True, "max-examples": 20},
        "dictionaries": {
            "lots": {"values": LOTS},
            "sales": {"values": [SALE, AT_THE_BOUNDS]},
            "zones": {"values": ["Asia/Shanghai", ""]},
            "people": {"values": [SUB, "bob"]},
            "statements": {"values": [STATEMENT]},
        },
        "parameters": {
            "path.lot": mostly("lots"),
            "path.sale": mostly("sales"),
            "query.sale": mostly("sales"),
            "query.cursor": A_PLACE,
            "query.indicative": "USD",
            "body.sale": mostly("sales"),
            "body.lot": mostly("lots"),
            "body.zone": mostly("zones"),
            "body.bidder": mostly("people"),
            "body.accepts[*]": mostly("statements"),
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": [*BY_RULE, *also]}},
    }
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(config))


DOCUMENT: Final[Document] = orjson.loads(documents.openapi("live"))
LOOKING: Final = api(DOCUMENT).include(method="GET")
DOING: Final = api(DOCUMENT, "400").exclude(method="GET")
"""A body may be malformed and yet match its schema: how its fields must fit each other, no schema can say in full."""


class Guests:
    """People of every role, pages of the house, and the payment provider, who make the requests."""

    def __init__(self, premises: Premises) -> None:
        self.url = premises.url
        self._headers = {role: {"Authorization": f"Bearer {premises.sign(role, SUB)}"} for role in Role}
        self._key = read_key(PAYMENT_SECRET)
        self._tokens = (premises.sign(Role.BIDDER, "page", ttl_s=3_600 + number) for number in count())
        self._session = requests.Session()
        self._tried: set[str] = set()

    def ask(self, case: Case[Any]) -> Response:
        """Make a request as somebody who may, and see that the answer is as the document has it."""
        roles = named(case)
        headers = dict(self._headers[roles[0]]) if roles else {}
        is_valid = case.meta is None or case.meta.generation.mode.is_positive
        if is_valid and case.operation.get_parameter(ORIGIN, "header") is not None:
            headers[ORIGIN] = self.url
            self._bring_a_token(case)
        is_signed = is_valid and case.operation.get_parameter(SIGNATURE, "header") is not None
        signed: dict[str, Any] = {"auth": self._sign} if is_signed else {}
        response = case.call_and_validate(self.url, session=self._session, headers=headers, **signed)
        if is_valid and roles and response.status_code < 300:
            self._try_as_others(case, roles)
        return response

    def _bring_a_token(self, case: Case[Any]) -> None:
        """Have a page sign in with a token that counts, another each time: some are signed out again."""
        if isinstance(case.body, dict) and case.body.get("token") is not None:
            case.body = {**case.body, "token": next(self._tokens)}

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a notice as the payment provider does."""
        stamp = str(int(time.time()))
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        signature = "v1," + sign(self._key, "notice", stamp, body).decode()
        request.headers.update({"webhook-id": "notice", "webhook-timestamp": stamp, SIGNATURE: signature})
        return request

    def _try_as_others(self, case: Case[Any], roles: list[Role]) -> None:
        """See once that who may not by the document may not: it names a role for each who may."""
        if case.operation.label not in self._tried:
            self._tried.add(case.operation.label)
            told = {role: self._status(case, role) for role in Role if role not in roles}
            assert told == dict.fromkeys(told, 403), case.operation.label

    def _status(self, case: Case[Any], role: Role) -> int:
        return case.call(self.url, session=self._session, headers=self._headers[role]).status_code


def named(case: Case[Any]) -> list[Role]:
    """Which roles may, by the document: they stand where OAuth has its scopes."""
    return [Role(role) for one in case.operation.definition.raw.get("security", ()) for role in one.get("bearer", ())]


def furnish(premises: Premises) -> None:
    """List lots of several kinds."""
    desk = Desk(premises.address, premises.sign("operator", "clerk"))
    for sale in (SALE, AT_THE_BOUNDS):
        desk.list_sale(sale, "A quiet sale")
    for number, lot in enumerate(LOTS):
        desk.list_lot(msgspec.to_builtins(listing(lot, 3_600, **KINDS[number % len(KINDS)])))
    for lot in LOTS[len(KINDS) :]:
        desk.order(lot, "withdraw", "The seller has thought better of it.")
    desk.close()


@pytest.fixture(scope="module")
def premises() -> Iterator[Premises]:
    with directory_on_disk() as directory:
        house = Premises(directory, payment_secret=PAYMENT_SECRET)
        try:
            asyncio.run(house.open())
            furnish(house)
            yield house
        finally:
            house.clear_away()


@pytest.fixture(scope="module")
def guests(premises: Premises) -> Guests:
    return Guests(premises)


def test_this_is_the_document_that_is_served(premises: Premises) -> None:
    served = requests.get(f"{premises.url}/openapi.json", timeout=5).json()
    assert {**served, "info": None} == {**DOCUMENT, "info": None}


def example(call: Document) -> Document:
    """The body that the document gives as an example, if there is to be one."""
    if "requestBody" not in call:
        return {}
    return {"body": call["requestBody"]["content"]["application/json"]["example"], "media_type": "application/json"}


FOUND: Final = [*DOING.get_all_operations(), *LOOKING.get_all_operations()]
OPERATIONS: Final = [found.ok() for found in FOUND if isinstance(found, Ok)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_the_example_of_the_document_can_be_done(operation: APIOperation[Any, Any, Any, Any], guests: Guests) -> None:
    """If not with the first thing there is, then with another."""
    given = example(operation.definition.raw)
    names = re.findall(r"{(\w+)}", operation.path)
    places = [dict(zip(names, place, strict=True)) for place in product(*(KNOWN[name] for name in names))]
    assert any(guests.ask(operation.Case(path_parameters=place, **given)).status_code < 300 for place in places)


@DOING.parametrize()
def test_what_is_done_is_as_described(case: Case[Any], guests: Guests) -> None:
    guests.ask(case)


@pytest.fixture(scope="module")
def rates(premises: Premises) -> None:
    """Whatever rates were posted before, dollars have one now."""
    desk = Desk(premises.address, premises.sign(Role.ADMIN, "admin"))
    desk.call("PUT", "/v1/rates", {"base": "EUR", "rates": {"USD": "1.0832"}})
    desk.close()


@LOOKING.parametrize()
@pytest.mark.usefixtures("rates")
def test_what_is_shown_is_as_described(case: Case[Any], guests: Guests) -> None:
    guests.ask(case)


BODIES = [(path, calls["post"]) for path, calls in DOCUMENT["paths"].items() if "post" in calls]


@pytest.mark.parametrize(("path", "call"), BODIES, ids=[path for path, _ in BODIES])
def test_too_large_a_body_is_refused_as_described(path: str, call: Document, premises: Premises) -> None:
    role = next((role for one in call.get("security", ()) for role in one.get("bearer", ())), Role.ADMIN)
    url = premises.url + re.sub(r"{\w+}", AT_THE_BOUNDS, path)
    headers = {"Authorization": f"Bearer {premises.sign(role, SUB)}", "Content-Type": "application/json"}
    response = requests.post(url, b" " * (GatewayLimits().body_bytes_max + 1), headers=headers, timeout=5)
    assert response.status_code >= 400
    assert str(response.status_code) in call["responses"]


def test_an_address_is_written_in_one_way(premises: Premises) -> None:
    """A redirect would be an answer that is in no document."""
    urls = [premises.url + re.sub(r"{\w+}", AT_THE_BOUNDS, path) for path in DOCUMENT["paths"]]
    told = {url: requests.get(f"{url}/", timeout=5, allow_redirects=False).status_code for url in urls}
    assert told == dict.fromkeys(urls, 404)


def sale_shown(document: Document) -> Document:
    """The operation that shows a sale."""
    operation: Document = document["paths"]["/v1/sales/{sale}"]["get"]
    return operation


def shape(document: Document) -> Document:
    """The shape of what it shows."""
    schema: Document = document["components"]["schemas"]["ListedSale"]
    return schema


HEADER: Final = {"X-Weather": {"required": True, "schema": {"type": "string"}}}
UNTRUE: dict[str, Callable[[Document], object]] = {
    "a status that it does not name": lambda it: sale_shown(it)["responses"].pop("404"),
    "another media type": lambda it: sale_shown(it)["responses"]["200"].update(content={"text/html": {}}),
    "another type of a field": lambda it: shape(it)["properties"].update(title={"type": "integer"}),
    "a field that never comes": lambda it: shape(it)["required"].append("weather"),
    "a header that never comes": lambda it: sale_shown(it)["responses"]["200"].update(headers=HEADER),
    "a role that nobody needs": lambda it: sale_shown(it).update(security=[{"bearer": ["auditor"]}]),
    "a value that is refused": lambda it: sale_shown(it)["parameters"].append(
        {"name": "weather", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
}


def drive(operation: APIOperation[Any, Any, Any, Any], guests: Guests) -> None:
    """Ask for one operation alone."""

    @settings(derandomize=True, max_examples=30, deadline=None, database=None, phases=[Phase.generate])
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        guests.ask(case)

    ask()


def test_a_true_document_is_found_true(premises: Premises) -> None:
    drive(api(DOCUMENT)["/v1/sales/{sale}"]["get"], Guests(premises))


@pytest.mark.parametrize("untruth", UNTRUE.values(), ids=UNTRUE)
def test_an_untrue_document_is_found_out(untruth: Callable[[Document], object], premises: Premises) -> None:
    document = copy.deepcopy(DOCUMENT)
    untruth(document)
    with pytest.raises(FailureGroup):
        drive(api(document)["/v1/sales/{sale}"]["get"], Guests(premises))


def test_a_role_that_the_document_forgets_is_found_out(premises: Premises) -> None:
    document = copy.deepcopy(DOCUMENT)
    call = document["paths"]["/v1/sales"]["post"]
    call["security"] = [{"bearer": ["operator"]}]
    case = api(document)["/v1/sales"]["post"].Case(**example(call))
    with pytest.raises(AssertionError, match="POST /v1/sales"):
        Guests(premises).ask(case)


def test_nothing_of_all_that_was_a_fault_of_the_house(premises: Premises) -> None:
    assert "Traceback" not in premises.said
    assert " ERROR " not in premises.said
