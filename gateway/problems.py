"""Problems: every HTTP answer that is not what was asked for, in one form (RFC 9457) with one vocabulary of codes.

It refuses to know what was asked. Invariant: a refusal has the same code here as over WebSockets, and always the same
status. Source: protocol.md, "HTTP".
"""

import http
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from lots.refusals import Code

NOT_FOUND: Final = "not_found"
UNKNOWN_SALE: Final = "unknown_sale"
UNKNOWN_CONSIGNOR: Final = "unknown_consignor"
UNKNOWN_SHEET: Final = "unknown_sheet"
METHOD_NOT_ALLOWED: Final = "method_not_allowed"
BAD_SIGNATURE: Final = "bad_signature"
TOO_OLD: Final = "too_old"
INTERNAL: Final = "internal"

_STATUS: Final = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_YOURS: 403,
    Code.UNKNOWN_LOT: 404,
    Code.MALFORMED: 400,
    Code.RATE_LIMITED: 429,
    Code.OVERLOADED: 429,
    Code.UNAVAILABLE: 503,
}
_BY_RULE: Final = 409
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": 'Bearer realm="knockdown"'},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}


def status_of(code: Code) -> int:
    """Return the HTTP status of a refusal: that of its limit or fault, 409 when the rules say no."""
    return _STATUS.get(code, _BY_RULE)


class ProblemError(Exception):
    """A request that ends here; caught by the app and sent as a problem."""

    def __init__(self, status: int, code: str, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields

    def response(self) -> Response:
        """Return the answer to the request."""
        return problem(self.status, self.code, self.detail, **self.fields)


def malformed(detail: str) -> ProblemError:
    """Return the problem of a request that says nothing understandable."""
    return ProblemError(400, Code.MALFORMED, detail)


def problem(status: int, code: str, detail: str, **fields: object) -> Response:
    """Return a problem as a response."""
    body = {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **fields,
    }
    return Response(orjson.dumps(body), status, dict(_HEADERS.get(status, {})), "application/problem+json")


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401  any JSON
    """Return a response of JSON."""
    return Response(orjson.dumps(body), status, headers, "application/json")
