"""Both documents pass validators that were written elsewhere, and every validator turns down a broken document.

OpenAPI is judged by openapi-spec-validator. AsyncAPI has no one judge: its objects are read into asyncapi3's models,
its schemas are held against draft 07, the dialect it takes them to be in, and every reference is followed.
"""

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no type information
import msgspec
import orjson
import pytest
import referencing.exceptions
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from pydantic import ValidationError
from starlette.routing import Route

from gateway import documents
from tests.gateway.front import open_front

with warnings.catch_warnings():
    # A field of the AsyncAPI models has the name of an attribute that pydantic has long given up.
    warnings.filterwarnings("ignore", 'Field name "schema" .* shadows an attribute', UserWarning)
    from asyncapi3 import AsyncAPI3  # type: ignore[import-untyped]  # it ships no type information

Document = dict[str, Any]
Break = Callable[[Document], object]

OPENAPI: Document = orjson.loads(documents.openapi("1.2.3"))
ASYNCAPI: Document = orjson.loads(documents.asyncapi("1.2.3"))

NEWER_THAN_DRAFT_07 = {
    "$anchor", "$defs", "$dynamicRef", "dependentRequired", "dependentSchemas", "maxContains", "minContains",
    "prefixItems", "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip


def check_openapi(document: Document) -> None:
    """Raise if this is no OpenAPI 3.1 document."""
    OpenAPIV31SpecValidator(document).validate()


def check_asyncapi(document: Document) -> None:
    """Raise if this is no AsyncAPI 3.0 document."""
    AsyncAPI3.model_validate(document)
    for place in nodes(document):
        if isinstance(place.get("$ref"), str):
            follow(document, place["$ref"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)
        newer = {name for place in nodes(schema) for name in place} & NEWER_THAN_DRAFT_07
        assert not newer, f"draft 07 does not know {newer}"


def nodes(value: object) -> Iterator[Document]:
    """Yield every object of a document."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(item)


def follow(document: Document, reference: str) -> object:
    """Return what a reference leads to; raises KeyError if it leads nowhere."""
    place: Any = document
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def broken(document: Document, break_it: Break) -> Document:
    """Return a copy that is broken."""
    copied = copy.deepcopy(document)
    break_it(copied)
    return copied


def test_the_openapi_document_is_valid() -> None:
    check_openapi(OPENAPI)


def test_the_asyncapi_document_is_valid() -> None:
    check_asyncapi(ASYNCAPI)


NO_OPENAPI: dict[str, Break] = {
    "no info": lambda it: it.pop("info"),
    "another version": lambda it: it.update(openapi="3.0.3"),
    "an unknown field": lambda it: it.update(servants=[]),
    "a response without description": lambda it: lots(it)["responses"].update({"200": {}}),
    "a parameter from nowhere": lambda it: lots(it)["parameters"][0].update({"in": "wire"}),
    "a parameter of the path that is not declared": lambda it: bids(it).update(parameters=[]),
    "one name for two operations": lambda it: bids(it).update(operationId="lots"),
    "a reference to nothing": lambda it: it["components"]["schemas"].pop("Receipt"),
    "a schema of no type": lambda it: it["components"]["schemas"]["Receipt"].update(type="receipt"),
    "a default against its schema": lambda it: limit(it)["schema"].update(default="many"),
}


def lots(document: Document) -> Any:  # noqa: ANN401  an operation object
    return document["paths"]["/v1/lots"]["get"]


def limit(document: Document) -> Any:  # noqa: ANN401  a parameter object
    return next(parameter for parameter in lots(document)["parameters"] if parameter["name"] == "limit")


def bids(document: Document) -> Any:  # noqa: ANN401  an operation object
    return document["paths"]["/v1/lots/{lot}/bids"]["post"]


@pytest.mark.parametrize("break_it", NO_OPENAPI.values(), ids=NO_OPENAPI)
def test_a_broken_openapi_document_is_rejected(break_it: Break) -> None:
    with pytest.raises((OpenAPIValidationError, referencing.exceptions.PointerToNowhere)):
        check_openapi(broken(OPENAPI, break_it))


NO_ASYNCAPI: dict[str, Break] = {
    "no info": lambda it: it.pop("info"),
    "another version": lambda it: it.update(asyncapi="2.6.0"),
    "an unknown field": lambda it: it.update(servants=[]),
    "an unknown field of a channel": lambda it: it["channels"]["house"].update(adress="/v1/ws"),
    "an unknown field of a message": lambda it: it["components"]["messages"]["op_bid"].update(payloads={}),
    "an action that is none": lambda it: it["operations"]["hear"].update(action="subscribe"),
    "an operation without a channel": lambda it: it["operations"]["hear"].pop("channel"),
    "a licence without a name": lambda it: it["info"]["license"].pop("name"),
    "a payload that is no schema": lambda it: it["components"]["messages"]["op_bid"].update(payload="Bid"),
    "a name with a blank": lambda it: it["components"]["schemas"].update({"A bid": {}}),
    "a reference to nothing": lambda it: it["components"]["schemas"].pop("Bid"),
    "a message that its channel has not": lambda it: it["channels"]["house"]["messages"].pop("op_bid"),
    "a schema of no type": lambda it: it["components"]["schemas"]["Bid"].update(type="bid"),
    "a schema of a later draft": lambda it: it["components"]["schemas"]["Bid"].update(prefixItems=[{}]),
}


@pytest.mark.parametrize("break_it", NO_ASYNCAPI.values(), ids=NO_ASYNCAPI)
def test_a_broken_asyncapi_document_is_rejected(break_it: Break) -> None:
    with pytest.raises((ValidationError, KeyError, jsonschema.SchemaError, AssertionError)):
        check_asyncapi(broken(ASYNCAPI, break_it))


@pytest.mark.parametrize("validator", [jsonschema.Draft7Validator, jsonschema.Draft202012Validator])
def test_a_pair_is_a_pair_in_every_draft(validator: Any) -> None:  # noqa: ANN401  a class without types
    pair = validator(ASYNCAPI["components"]["schemas"]["Goodbye"]["properties"]["retry_ms"])
    assert pair.is_valid([500, 2_000])
    assert [said for said in ([], [500], [500, -1], [500, "x"], [1, 2, 3]) if pair.is_valid(said)] == []


CALLS = [pytest.param(call, id=f"{call.method} {call.path}") for call in documents.CALLS]


@pytest.mark.parametrize("call", CALLS)
def test_a_body_has_an_example_that_is_taken(call: documents.Call) -> None:
    assert (call.example is None) is (call.takes is None)
    if call.example is not None:
        msgspec.convert(call.example, call.takes)


@pytest.mark.parametrize("call", CALLS)
def test_who_needs_a_role_may_be_turned_away_and_nobody_else(call: documents.Call) -> None:
    """But for who asks from a page that is not ours."""
    assert ("403" in call.problems) is (bool(call.roles) or "Origin" in call.headers)
    assert "401" in call.problems or not call.roles


async def test_every_call_of_the_contract_is_a_route_and_every_route_is_a_call() -> None:
    async with open_front() as front:
        routes = {
            (method.lower(), route.path)
            for route in front.gateway.app.routes
            if isinstance(route, Route) and route.path.startswith("/v1/")
            for method in route.methods or ()
        }
    assert routes - {("head", path) for _, path in routes} == {(call.method, call.path) for call in documents.CALLS}
