"""The documents: the contract for machines, OpenAPI 3.1 for HTTP and AsyncAPI 3.0 for WebSockets.

Both are generated from the structs that validate and describe the messages, so that they cannot say anything else. It
refuses to know how a request is served. Invariant: they are built once and are the same for everyone. Source: OpenAPI
3.1.0; AsyncAPI 3.0.0; JSON Schema 2020-12.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from gateway import announcements, messages
from gateway.frames import BY_SUBPROTOCOL
from lots.listing import Listing, Sale
from lots.phases import Phase

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
    "401": "no identity",
    "403": "not allowed",
    "404": "unknown",
    "409": "refused by rule, or another thing under the same id",
    "429": "a limit",
    "503": "the store is away",
}


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
    problems: Sequence[str] = ("400",)
    secured: bool = False


_WHOLE: Final = {"type": "integer", "minimum": 0}
_WRITES: Final = ("400", "401", "403", "404", "409", "429", "503")
_ORDER_BODY: Final = reduce(or_, messages.CLERK_ORDERS)

CALLS: Final = (
    Call(
        method="get", path="/v1/sales", name="sales", text="All sales, with counts of their lots.",
        gives=announcements.Sales,
    ),
    Call(
        method="get", path="/v1/sales/{sale}", name="sale", text="One sale.",
        gives=announcements.ListedSale, problems=("400", "404"),
    ),
    Call(
        method="get", path="/v1/lots", name="lots", text="Lots, in the order in which they close.",
        gives=announcements.LotsPage,
        query={
            "sale": {"type": "string"},
            "phase": {"enum": [phase.value for phase in Phase]},
            "category": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            "cursor": {"type": "string", "description": "from the page before"},
        },
    ),
    Call(
        method="get", path="/v1/lots/{lot}", name="lot", text="One lot.",
        gives=announcements.Snapshot, problems=("400", "404"),
    ),
    Call(
        method="get", path="/v1/lots/{lot}/events", name="events", text="The public events of a lot, oldest first.",
        gives=announcements.EventsPage, problems=("400", "404", "503"),
        query={"after": _WHOLE, "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
    ),
    Call(
        method="post", path="/v1/lots/{lot}/bids", name="bid", text="Bid, or let the house bid up to a ceiling.",
        gives=announcements.Receipt, takes=messages.BidBody, problems=_WRITES, secured=True,
    ),
    Call(
        method="post", path="/v1/lots/{lot}/orders", name="order", text="Direct a lot; for operators.",
        gives=announcements.Receipt, takes=_ORDER_BODY, problems=_WRITES, secured=True,
    ),
    Call(
        method="post", path="/v1/sales", name="list_sale", text="List a sale; the same again is 200. For operators.",
        gives=announcements.ListedSale, takes=Sale, status="201", problems=_WRITES, secured=True,
    ),
    Call(
        method="post", path="/v1/lots", name="list_lot", text="List a lot; the same again is 200. For operators.",
        gives=announcements.Snapshot, takes=Listing, status="201", problems=_WRITES, secured=True,
    ),
)  # fmt: skip


def openapi(version: str) -> bytes:
    """Return the OpenAPI document."""
    kinds = [kind for call in CALLS for kind in (call.gives, call.takes) if kind is not None]
    shown, schemas = _schemas([*kinds, announcements.Problem])
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
    good = {"description": "done", "content": _json(by_kind[id(call.gives)])}
    answers = {call.status: good} if call.status == "200" else {"200": good, call.status: good}
    operation: Document = {
        "operationId": call.name,
        "summary": call.text,
        "parameters": [*_path_parameters(call.path), *_query_parameters(call.query)],
        "responses": {**answers, **{status: _problem(status) for status in call.problems}},
    }
    if call.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json(by_kind[id(call.takes)])}
    if call.secured:
        operation["security"] = [{"bearer": []}]
    return operation


def _path_parameters(path: str) -> list[Document]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(query: Mapping[str, Document]) -> list[Document]:
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in query.items()]


def _problem(status: str) -> Document:
    schema = {"$ref": _REF.format(name="Problem")}
    return {"description": _PROBLEMS[status], "content": {"application/problem+json": {"schema": schema}}}


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}


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
            "schemas": schemas,
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


def _in_javascript(schema: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the schema with patterns that JSON Schema's dialect of regular expressions understands."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\Z", "$") if name == "pattern" and isinstance(value, str) else _in_javascript(value)
            for name, value in schema.items()
        }
    return [_in_javascript(item) for item in schema] if isinstance(schema, list) else schema
