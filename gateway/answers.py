"""Answers: the messages with which the house answers one person (protocol.md, "Server to client").

It refuses to know over what they are sent. Amounts are minor units, instants microseconds.
"""

from typing import Final

from gateway.auth import Identity
from gateway.frames import Message
from lots.refusals import Refused
from lots.state import Accepted

WATCHER: Final = "watcher"
"""The role of somebody who has not said who he is."""


def accepted(answer: Accepted) -> Message:
    """Return the fields of `accepted`."""
    return {
        "ev": "accepted",
        "ref": answer.ref,
        "lot": answer.lot,
        "seq": answer.seq,
        "at": answer.at,
        "paddle": answer.paddle,
        "price": answer.price,
        "leading": answer.leading,
        "repeat": answer.repeat,
    }


def directed(answer: Accepted) -> Message:
    """Return what an operator is told of his order: the fields of `accepted`, and whether it waits for another's."""
    fields = accepted(answer)
    del fields["ev"]
    fields["pending"] = answer.pending
    return fields


def refused(answer: Refused, ref: str | None, lot: str | None, now: int) -> Message:
    """Return the fields of `refused`."""
    return {
        "ev": "refused",
        "ref": ref,
        "lot": lot,
        "code": answer.code,
        "detail": answer.detail,
        "ask": answer.ask,
        "at": answer.at,
        "now": now,
    }


def hello(identity: Identity | None, now: int, heartbeat_s: float) -> Message:
    """Return the greeting: who the house takes this person for."""
    return {
        "ev": "hello",
        "now": now,
        "bidder": identity.sub if identity is not None and identity.may_bid else None,
        "role": WATCHER if identity is None else identity.role,
        "heartbeat_s": heartbeat_s,
    }


def error(code: str, detail: str, op: str | None, lot: str | None = None) -> Message:
    """Return the answer to a frame that nothing else answers."""
    return {"ev": "error", "code": code, "detail": detail, "op": op, "lot": lot}


def goodbye(reason: str, connections: int) -> Message:
    """Return the last message before the house restarts: everyone is to come back, but not all at once."""
    return {"ev": "goodbye", "reason": reason, "retry_ms": [500, 3_000 + 2 * connections]}
