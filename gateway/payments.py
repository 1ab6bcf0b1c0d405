"""Payments: notices of a payment provider that a deposit has come in, each signed with a secret shared with the house.

A notice becomes an operator's order like any other. It refuses to know how money moves, and whether the amount is
right: the lot's terms say so.

Invariants: what is not signed, or not signed now, is not even read; a notice that comes twice has one effect, because
its payment is the `ref` of its order; how long a comparison takes tells nothing of the right signature. Amounts are
minor units, instants microseconds, a notice's time stamp is whole seconds. Source: Standard Webhooks 1.0; RFC 2104.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import SECOND_US
from engine.house import House
from gateway import messages
from gateway.bid_desk import BidDesk
from gateway.counter import FrontCounter
from gateway.messages import AnyLot, Malformed
from gateway.origins import HeadersNamed
from gateway.problems import BAD_SIGNATURE, NOT_FOUND, TOO_OLD, ProblemError, answer, malformed
from lots import orders
from lots.money import Amount
from lots.terms import Currency, Id

PROVIDER: Final = "@payments"
"""Who gives the order; no operator's id can begin like this, so that none can take a payment's `ref` first."""
TOLERANCE_US: Final = 300 * SECOND_US
KEY_BYTES_MIN: Final = 24
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_STAMP_DIGITS_MAX: Final = 11


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bidder's deposit for a lot has come in."""

    payment: Id
    lot: AnyLot
    bidder: Id
    amount: Amount
    currency: Currency


_PAYMENT: Final = msgspec.json.Decoder(Payment)


def read_key(secret: str) -> bytes:
    """Return the key of a secret: `whsec_` and base64, of at least `KEY_BYTES_MIN` bytes.

    Raises:
        ValueError: it is none; the sentence repeats nothing of it.
    """
    if not secret.startswith(_PREFIX):
        raise ValueError(f"the secret of the payment notices must begin with {_PREFIX}")
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the secret of the payment notices must be base64 after {_PREFIX}") from None
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"the secret of the payment notices must have at least {KEY_BYTES_MIN} bytes")
    return key


def flaw(key: bytes, headers: HeadersNamed, body: bytes, now: int) -> str | None:
    """Return the code of what is wrong with a notice; None when it was signed with this key, at about this time."""
    name, stamp, signatures = (_only(headers(f"webhook-{part}")) for part in ("id", "timestamp", "signature"))
    expected = sign(key, name, stamp, body)
    signed = any(hmac.compare_digest(expected, given) for given in _signatures(signatures))
    if not (signed and name and stamp.isascii() and stamp.isdigit() and len(stamp) <= _STAMP_DIGITS_MAX):
        return BAD_SIGNATURE
    return None if abs(now - int(stamp) * SECOND_US) <= TOLERANCE_US else TOO_OLD


def sign(key: bytes, name: str, stamp: str, body: bytes) -> bytes:
    """Return the signature of a notice of this id and time stamp, in base64."""
    signed = f"{name}.{stamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _only(values: Sequence[str]) -> str:
    """Return the value of a header that is there once; "" otherwise."""
    return values[0] if len(values) == 1 else ""


def _signatures(header: str) -> Iterator[bytes]:
    """Yield the signatures of our version; while a secret is replaced there are several."""
    for given in header.split(" "):
        if given.startswith(_VERSION):
            yield given.removeprefix(_VERSION).encode()


_SENTENCES: Final = {
    BAD_SIGNATURE: "The notice was not signed with the secret that this house shares with its payment provider.",
    TOO_OLD: "The notice was not signed within five minutes of this house's time; sign it anew.",
}


class Payments:
    """The route.

    Args:
        house: Is told of deposits.
        desk: Draws the paddle that a deposit may bring.
        counter: Receives the requests.
        key: What notices are signed with; None: the house takes none.
    """

    def __init__(self, house: House, desk: BidDesk, counter: FrontCounter, key: bytes | None) -> None:
        self._house = house
        self._desk = desk
        self._counter = counter
        self._key = key

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [Route("/v1/payments", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Take a notice; one that was taken before is answered again, and changes nothing."""
        payment = await self._read(request)
        order = orders.ConfirmDeposit(
            lot=payment.lot,
            by=PROVIDER,
            ref=payment.payment,
            bidder=payment.bidder,
            amount=payment.amount,
            payment=payment.payment,
            currency=payment.currency,
            chance=self._desk.chance(),
        )
        decided = await self._house.ask(order)
        accepted = self._counter.granted(decided, payment.payment, payment.lot)
        told = {"payment": payment.payment, "lot": payment.lot, "at": accepted.at}
        return answer({**told, "repeat": accepted.repeat, "pending": accepted.pending})

    async def _read(self, request: Request) -> Payment:
        if self._key is None:
            raise ProblemError(404, NOT_FOUND, "This house takes no payment notices.")
        body = await self._counter.body(request)
        found = flaw(self._key, request.headers.getlist, body, self._house.clock.now())
        if found is not None:
            raise ProblemError(401, found, _SENTENCES[found])
        said = messages.read_body(_PAYMENT, body)
        if isinstance(said, Malformed):
            raise malformed(said.detail)
        return said
