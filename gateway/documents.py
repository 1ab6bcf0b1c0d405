"""The documents: the contract for machines, OpenAPI 3.1 for HTTP and AsyncAPI 3.0 for WebSockets.

Both are generated from the structs that validate and describe the messages, so that they cannot say anything else. It
refuses to know how a request is served. Invariant: they are built once and are the same for everyone. Source: OpenAPI
3.1.0 with JSON Schema 2020-12; AsyncAPI 3.0.0 with draft 07.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

import msgspec
import orjson
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from gateway import announcements, bulk, messages, payments, replies, sign_in
from gateway.auth import Role
from gateway.directions import OrderBody
from gateway.frames import BY_SUBPROTOCOL
from lots.exchange import ExchangeRates
from lots.listing import Consignor, Listing, Sale
from lots.money import AMOUNT_MAX
from lots.offering import struct_in
from lots.phases import Phase
from lots.terms import Terms

Document = dict[str, Any]
Kind = Any

_INFO: Final = {
    "title": "knockdown",
    "description": "A real-time auction house. Amounts: integers in minor units; instants: microseconds since 1970.",
    "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
}
_REF: Final = "#/components/schemas/{name}"
_PROBLEMS: Final = {
    "400": "malformed",
    "401": "no identity, or no signature that counts",
    "403": "not allowed, or not yours",
    "404": "unknown",
    "408": "too slow",
    "409": "refused by rule, or another thing under the same id",
    "413": "too large",
    "429": "a limit",
    "503": "the store is away",
}
_HEADERS: Final = {
    "201": ("Location", "where it is shown", {"type": "string"}),
    "401": ("WWW-Authenticate", "how to say who asks", {"type": "string"}),
    "429": ("Retry-After", "seconds", {"type": "integer", "minimum": 1}),
    "503": ("Retry-After", "seconds", {"type": "integer", "minimum": 1}),
}
"""The header that an answer of this status always has."""


class Call(Struct, frozen=True, kw_only=True):
    """One call over HTTP."""

    method: str
    path: str
    name: str
    text: str
    gives: Kind
    takes: Kind = None
    status: str = "200"
    query: Mapping[str, Document] = {}
    headers: Mapping[str, Document] = {}
    problems: Sequence[str] = ("400",)
    roles: Sequence[Role] = ()
    example: Document | None = None
    takes_csv: bool = False
    gives_csv: bool = False


def _one_of(*names: str) -> Document:
    """Return the rule that one of these fields is given, and the others are left out or null."""
    return {"oneOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]}


_WHOLE: Final = {"type": "integer", "minimum": 0, "maximum": AMOUNT_MAX}
_TEXT: Final = {"type": "string"}
_CURRENCY: Final = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "show amounts in this currency too"}
_FORMAT: Final = {"enum": ["json", "csv"], "description": "without it, as the header Accept says"}
_WRITES: Final = ("400", "401", "403", "404", "408", "409", "413", "429", "503")
_LOOKS: Final = ("400", "401", "403", "404")
_AUDITS: Final = (*_LOOKS, "409", "503")
_BIDDERS: Final = (Role.BIDDER,)
_DIRECTORS: Final = (Role.OPERATOR, Role.ADMIN)
_AUDITORS: Final = (Role.AUDITOR, Role.ADMIN)
_EITHER: Final = (*_DIRECTORS, Role.AUDITOR)
_BID_BODY: Final = Annotated[messages.BidBody, Meta(extra_json_schema=_one_of("amount", "max"))]
_EXAMPLE_TERMS: Final = {
    "currency": "EUR", "start_price": 10_000, "ladder": [[0, 500], [50_000, 1_000]],
    "deposit": 2_000,
    "opens_at": 4_102_444_800_000_000, "closes_at": 4_103_049_600_000_000,
    "soft_close": {"window_s": 120, "extension_s": 120},
}  # fmt: skip
_EXAMPLE_IMPORT: Final = {
    "sale": {"sale": "autumn", "title": "Autumn sale"},
    "lots": [{"lot": "chair-1", "title": "A chair", "terms": _EXAMPLE_TERMS}],
}


def _limit(default: int, most: int) -> Document:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


@cache
def _partly(kind: type[Struct], *needed: str, null: Kind = UnsetType) -> Kind:
    """Return a struct in which only some fields are needed: as it may stand in an import, where the sale has the rest.

    `null` is None where the value null clears what the sale or its rule sheet says: in terms.
    """
    fields: list[Any] = []
    for field in structs.fields(kind):
        within = struct_in(field.type)
        of: Kind = field.type if within is None else _partly(within, null=None)
        fields.append((field.name, of) if field.name in needed else (field.name, of | UnsetType | null, UNSET))
    rename = {field.name: field.encode_name for field in structs.fields(kind)}
    about = {"__doc__": (kind.__doc__ or "").partition("\n")[0]}
    options: Any = {"rename": rename, "forbid_unknown_fields": True, "kw_only": True, "namespace": about}
    return defstruct(f"Partial{kind.__name__}", fields, **options)


_PARTIAL_TERMS: Final[Any] = _partly(Terms, null=None)
_PARTIAL_LISTING: Final[Any] = _partly(Listing, "lot", "title")
_IMPORT: Final[Kind] = defstruct(
    bulk.ImportBody.__name__,
    [
        ("sale", Sale),
        ("lots", tuple[_PARTIAL_LISTING, ...]),
        ("sheet", str | UnsetType | None, UNSET),
        ("terms", _PARTIAL_TERMS | UnsetType | None, UNSET),
    ],
    forbid_unknown_fields=True,
    namespace={"__doc__": bulk.ImportBody.__doc__},
)
"""What the body of an import is once it is looked at lot by lot."""

_OF_SALES: Final = (
    Call(
        method="get", path="/v1/sales", name="sales", text="All sales, with counts of their lots.",
        gives=replies.Sales,
    ),
    Call(
        method="get", path="/v1/sales/{sale}", name="sale", text="One sale.",
        gives=replies.ListedSale, problems=("400", "404"),
    ),
    Call(
        method="post", path="/v1/sales", name="list_sale", text="List a sale; the same again is 200. For operators.",
        gives=replies.ListedSale, takes=Sale, status="201", problems=_WRITES, roles=_DIRECTORS,
        example={"sale": "spring", "title": "Spring sale"},
    ),
)  # fmt: skip
_OF_LOTS: Final = (
    Call(
        method="get", path="/v1/lots", name="lots", text="Lots, in the order in which they close.",
        gives=replies.LotsPage,
        query={
            "sale": _TEXT,
            "phase": {"enum": [phase.value for phase in Phase]},
            "category": _TEXT,
            "limit": _limit(50, 200),
            "cursor": {"type": "string", "description": "from the page before"},
            "indicative": _CURRENCY,
        },
    ),
    Call(
        method="get", path="/v1/lots/{lot}", name="lot", text="One lot.",
        gives=announcements.Snapshot, problems=("400", "404"), query={"indicative": _CURRENCY},
    ),
    Call(
        method="post", path="/v1/lots", name="list_lot", text="List a lot; the same again is 200. For operators.",
        gives=announcements.Snapshot, takes=Listing, status="201", problems=_WRITES, roles=_DIRECTORS,
        example={"lot": "clock-7", "sale": "spring", "title": "A clock", "terms": _EXAMPLE_TERMS},
    ),
    Call(
        method="get", path="/v1/lots/{lot}/events", name="events", text="The public events of a lot, oldest first.",
        gives=replies.EventsPage, problems=("400", "404", "503"),
        query={"after": _WHOLE, "limit": _limit(100, 1000)},
    ),
)  # fmt: skip
_OF_BIDDERS: Final = (
    Call(
        method="post", path="/v1/lots/{lot}/bids", name="bid", text="Bid, or let the house bid up to a ceiling.",
        gives=announcements.Receipt, takes=_BID_BODY, problems=_WRITES, roles=_BIDDERS,
        example={"amount": 12_500, "ref": "b-1"},
    ),
    Call(
        method="post", path="/v1/lots/{lot}/registrations", name="register",
        text="Accept the statements of a lot, to be admitted to it.",
        gives=announcements.Receipt, takes=messages.RegistrationBody, problems=_WRITES, roles=_BIDDERS,
        example={"accepts": ["I am of age."], "ref": "r-1"},
    ),
    Call(
        method="get", path="/v1/lots/{lot}/registration", name="registration",
        text="Where you stand on your way to a paddle.",
        gives=replies.OwnRegistration, problems=_LOOKS, roles=_BIDDERS,
    ),
    Call(
        method="post", path="/v1/lots/{lot}/join", name="join", text="Confirm that you take part in the timed phase.",
        gives=announcements.Receipt, takes=messages.JoinBody, problems=_WRITES, roles=_BIDDERS,
        example={"ref": "j-1"},
    ),
)  # fmt: skip
_OF_OPERATORS: Final = (
    Call(
        method="post", path="/v1/lots/{lot}/orders", name="order", text="Direct a lot; for its operators.",
        gives=replies.OrderReceipt, takes=OrderBody, problems=_WRITES, roles=_DIRECTORS,
        example={"order": "notice", "ref": "o-1", "text": "Viewing until noon."},
    ),
    Call(
        method="get", path="/v1/lots/{lot}/orders", name="proposals",
        text="The orders that wait for a second operator; for the lot's operators.",
        gives=replies.Proposals, problems=_LOOKS, roles=_DIRECTORS,
    ),
    Call(
        method="get", path="/v1/lots/{lot}/registrations", name="registrations",
        text="Who has asked to be admitted, by name, without paddles; for the lot's operators.",
        gives=replies.RegistrationsPage, problems=_LOOKS, roles=_DIRECTORS,
        query={"after": {"type": "string", "description": "the cursor of the page before"}, "limit": _limit(100, 1000)},
    ),
    Call(
        method="get", path="/v1/lots/{lot}/settlement", name="settlement",
        text="The account of a lot with its buyer, once it has ended; for its operators and auditors.",
        gives=replies.Settled, problems=(*_LOOKS, "409"), roles=_EITHER,
    ),
)  # fmt: skip
_OF_AUDITORS: Final = (
    Call(
        method="get", path="/v1/lots/{lot}/record", name="record",
        text="The whole log of a lot, private parts too, once it has ended; for auditors.",
        gives=replies.RecordPage, problems=_AUDITS, roles=_AUDITORS,
        query={
            "after": {**_TEXT, "pattern": "^[0-9]{1,16}-[0-9]{1,16}$", "description": "the cursor of the page before"},
            "limit": _limit(100, 1000),
        },
    ),
    Call(
        method="get", path="/v1/lots/{lot}/refusals", name="refusals",
        text="What was refused by rule, once the lot has ended; for auditors.",
        gives=replies.RefusalsPage, problems=_AUDITS, roles=_AUDITORS,
        query={
            "after": {**_WHOLE, "description": "so many of the oldest are passed over"},
            "limit": _limit(100, 1000),
        },
    ),
)  # fmt: skip
_OF_THE_HOUSE: Final = (
    Call(
        method="get", path="/v1/consignors", name="consignors", text="All consignors.", gives=replies.Consignors,
    ),
    Call(
        method="post", path="/v1/consignors", name="take_on",
        text="Take a consignor on; the same again is 200. For admins.",
        gives=Consignor, takes=Consignor, status="201", problems=_WRITES, roles=(Role.ADMIN,),
        example={"consignor": "court-1", "name": "District Court", "kind": "court"},
    ),
    Call(
        method="get", path="/v1/consignors/{consignor}", name="consignor", text="One consignor.",
        gives=Consignor, problems=("400", "404"),
    ),
    Call(
        method="get", path="/v1/rates", name="rates", text="The exchange rates that count.", gives=replies.RatesShown,
    ),
    Call(
        method="put", path="/v1/rates", name="post_rates", text="Let other exchange rates count; for admins.",
        gives=replies.RatesShown, takes=ExchangeRates, problems=_WRITES, roles=(Role.ADMIN,),
        example={"base": "EUR", "rates": {"USD": "1.0832"}},
    ),
    Call(
        method="post", path="/v1/payments", name="pay",
        text="A deposit has come in; for the payment provider, signed as Standard Webhooks has it.",
        gives=replies.PaymentTaken, takes=payments.Payment,
        problems=tuple(status for status in _WRITES if status != "403"),
        example={"payment": "p-1", "lot": "clock-7", "bidder": "ann", "amount": 2_000, "currency": "EUR"},
        headers={"webhook-id": _TEXT, "webhook-timestamp": _TEXT, "webhook-signature": _TEXT},
    ),
)  # fmt: skip
_OF_WHOLE_SALES: Final = (
    Call(
        method="post", path="/v1/imports", name="import_sale",
        text="List a sale with all its lots, or nothing: as JSON, or as lots.csv with the sale in the query.",
        gives=replies.Imported, takes=_IMPORT, status="201", problems=_WRITES, roles=_DIRECTORS, takes_csv=True,
        query={name: {**_TEXT, "description": "with text/csv only"} for name in bulk.PARAMETERS},
        example=_EXAMPLE_IMPORT,
    ),
    Call(
        method="get", path="/v1/sheets", name="sheets", text="The rule sheets of this house.", gives=replies.Sheets,
    ),
    Call(
        method="get", path="/v1/sheets/{sheet}", name="sheet", text="One rule sheet: partial terms.",
        gives=replies.Sheet, problems=("400", "404"),
    ),
    Call(
        method="get", path="/v1/sales/{sale}/results", name="results", text="How the lots of a sale came out.",
        gives=replies.Results, problems=("400", "404"), query={"format": _FORMAT}, gives_csv=True,
    ),
    Call(
        method="get", path="/v1/sales/{sale}/settlement", name="sale_settlement",
        text="The accounts of the lots that have ended; for those who run the sale, and auditors.",
        gives=replies.SaleSettled, problems=_LOOKS, roles=_EITHER, query={"format": _FORMAT}, gives_csv=True,
    ),
)  # fmt: skip
_OUR_PAGE: Final = {"Origin": {**_TEXT, "description": "of a page of this house; browsers send it by themselves"}}
_SESSION_BODY: Final = Annotated[sign_in.SignInBody, Meta(extra_json_schema=_one_of("token", "person"))]
_OF_BROWSERS: Final = (
    Call(
        method="get", path=sign_in.PATH, name="session", text="Who asks, and how one may sign in here.",
        gives=replies.Session, problems=("400", "401"),
    ),
    Call(
        method="post", path=sign_in.PATH, name="sign_in",
        text="Keep a token in a cookie of this browser; in a house for show, be one of the people to pick.",
        gives=replies.Session, takes=_SESSION_BODY, problems=("400", "401", "403", "404", "408", "413"),
        example={"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"},
        headers=_OUR_PAGE,
    ),
    Call(
        method="delete", path=sign_in.PATH, name="sign_out",
        text="Let the token count no more, anywhere, and part with everyone who is there with it.",
        gives=replies.Session, problems=("400", "401", "403"), headers=_OUR_PAGE,
    ),
)  # fmt: skip
CALLS: Final = (
    *_OF_SALES,
    *_OF_LOTS,
    *_OF_BIDDERS,
    *_OF_OPERATORS,
    *_OF_AUDITORS,
    *_OF_WHOLE_SALES,
    *_OF_THE_HOUSE,
    *_OF_BROWSERS,
)


def openapi(version: str) -> bytes:
    """Return the OpenAPI document."""
    kinds = [kind for call in CALLS for kind in (call.gives, call.takes) if kind is not None]
    shown, schemas = _schemas([*kinds, replies.Problem])
    by_kind = dict(zip(map(id, kinds), shown, strict=False))
    paths: Document = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call, by_kind)
    document = {
        "openapi": "3.1.0",
        "info": {**_INFO, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    return orjson.dumps(document)


def _operation(call: Call, by_kind: Mapping[int, Document]) -> Document:
    good = {**_json(by_kind[id(call.gives)]), **(_CSV if call.gives_csv else {})}
    answers = {status: _answer(status, "done", good) for status in dict.fromkeys(("200", call.status))}
    operation: Document = {
        "operationId": call.name,
        "summary": call.text,
        "parameters": [
            *_path_parameters(call.path),
            *_parameters("query", call.query, required=False),
            *_parameters("header", call.headers, required=True),
        ],
        "responses": {**answers, **{status: _problem(status) for status in call.problems}},
    }
    if call.takes is not None:
        example = {} if call.example is None else {"example": call.example}
        content = {**_json(by_kind[id(call.takes)], **example), **(_CSV if call.takes_csv else {})}
        operation["requestBody"] = {"required": True, "content": content}
    if call.roles:
        operation["security"] = [{"bearer": [role]} for role in call.roles]
    return operation


def _path_parameters(path: str) -> list[Document]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _parameters(place: str, schemas: Mapping[str, Document], *, required: bool) -> list[Document]:
    return [{"name": name, "in": place, "required": required, "schema": schema} for name, schema in schemas.items()]


def _problem(status: str) -> Document:
    schema = {"$ref": _REF.format(name="Problem")}
    return _answer(status, _PROBLEMS[status], {"application/problem+json": {"schema": schema}})


def _answer(status: str, description: str, content: Document) -> Document:
    answer: Document = {"description": description, "content": content}
    if status in _HEADERS:
        name, text, schema = _HEADERS[status]
        answer["headers"] = {name: {"description": text, "required": True, "schema": schema}}
    return answer


_CSV: Final = {"text/csv": {"schema": {"type": "string"}}}


def _json(schema: Document, **more: Document) -> Document:
    return {"application/json": {"schema": schema, **more}}


def asyncapi(version: str) -> bytes:
    """Return the AsyncAPI document; `receive` is what the house hears, `send` what it says."""
    heard = {f"op_{_tag(kind)}": kind for kind in messages.CLIENT_MESSAGES}
    said = {f"ev_{_tag(kind)}": kind for kind in announcements.SERVER_MESSAGES}
    kinds = {**heard, **said}
    shown, schemas = _schemas(list(kinds.values()))
    document = {
        "asyncapi": "3.0.0",
        "info": {**_INFO, "version": version},
        "defaultContentType": "application/json",
        "channels": {
            "house": {
                "address": "/v1/ws",
                "description": f"Subprotocols: {', '.join(BY_SUBPROTOCOL)}.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in kinds},
            }
        },
        "operations": {"hear": _operations("receive", heard), "say": _operations("send", said)},
        "components": {
            "messages": {
                name: {"name": _tag(kind), "summary": _summary(kind), "payload": schema}
                for (name, kind), schema in zip(kinds.items(), shown, strict=True)
            },
            "schemas": _in_draft_07(schemas),
        },
    }
    return orjson.dumps(document)


def _operations(action: str, kinds: Mapping[str, Kind]) -> Document:
    names = [{"$ref": f"#/channels/house/messages/{name}"} for name in kinds]
    return {"action": action, "channel": {"$ref": "#/channels/house"}, "messages": names}


def _tag(kind: Kind) -> str:
    return str(kind.__struct_config__.tag)


def _summary(kind: Kind) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _schemas(kinds: Sequence[Kind]) -> tuple[Sequence[Document], Document]:
    """Return the schema of each kind, and the components they refer to."""
    shown, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    return shown, _in_javascript(components)


def _in_draft_07(schema: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the schema with tuples as lists of so many items of these kinds, which every draft reads alike.

    Draft 07 has no `prefixItems`: it would read only the `items: false` beside them, and let no item be.
    """
    if isinstance(schema, dict):
        inner = {name: _in_draft_07(value) for name, value in schema.items()}
        places = inner.pop("prefixItems", None)
        return inner if places is None else {**inner, "items": _either(places)}
    return [_in_draft_07(item) for item in schema] if isinstance(schema, list) else schema


def _either(kinds: Sequence[Document]) -> Document:
    different = [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]
    return different[0] if len(different) == 1 else {"anyOf": different}


def _in_javascript(schema: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the schema with patterns that JSON Schema's dialect of regular expressions understands."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\Z", "$") if name == "pattern" and isinstance(value, str) else _in_javascript(value)
            for name, value in schema.items()
        }
    return [_in_javascript(item) for item in schema] if isinstance(schema, list) else schema
