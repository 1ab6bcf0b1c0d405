"""Refusals: why an order was not carried out, as values with stable codes.

A refusal is no exception: the order was understood, and the rules or the state of the house say no. Codes are
the contract with clients (protocol.md, "Refusal codes"): never renamed, never reused.
Amounts are integer minor units, instants microseconds.
"""

from enum import StrEnum

from msgspec import Struct


class Code(StrEnum):
    """Every reason to refuse; the order of this list carries no meaning."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    UNKNOWN_LOT = "unknown_lot"
    MALFORMED = "malformed"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    REF_REUSED = "ref_reused"
    LOT_NOT_OPEN = "lot_not_open"
    LOT_PAUSED = "lot_paused"
    LOT_WITHDRAWN = "lot_withdrawn"
    TOO_LATE = "too_late"
    NOT_ADMITTED = "not_admitted"
    DEPOSIT_REQUIRED = "deposit_required"
    BARRED = "barred"
    BELOW_START = "below_start"
    BELOW_ASK = "below_ask"
    BELOW_CEILING = "below_ceiling"
    OFF_INCREMENT = "off_increment"
    ABOVE_LIMIT = "above_limit"
    ALREADY_LEADING = "already_leading"
    PROXY_NOT_ALLOWED = "proxy_not_allowed"
    FORMAT_MISMATCH = "format_mismatch"
    WRONG_PHASE = "wrong_phase"
    CONFLICT = "conflict"
    NOT_YOURS = "not_yours"
    STALE = "stale"
    ALREADY_DONE = "already_done"
    UNKNOWN_BID = "unknown_bid"
    NOT_REGISTERED = "not_registered"
    NEEDS_ANOTHER = "needs_another"
    UNKNOWN_PROPOSAL = "unknown_proposal"
    WRONG_AMOUNT = "wrong_amount"
    NO_BIDS = "no_bids"
    RESERVE_NOT_MET = "reserve_not_met"
    TOO_EARLY = "too_early"
    DROP_TOO_LARGE = "drop_too_large"
    ABOVE_CEILING = "above_ceiling"
    ALREADY_QUOTED = "already_quoted"
    NOT_JOINED = "not_joined"
    NOT_IN_STAGE = "not_in_stage"


LIMITS = frozenset(
    {Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.NOT_YOURS, Code.RATE_LIMITED, Code.OVERLOADED, Code.UNAVAILABLE}
)
"""Refusals that say nothing of the bid itself: counted, but not kept on record (design.md, "The journal")."""


class Refused(Struct, frozen=True, gc=False):
    """An order that was not carried out, and why.

    Attributes:
        code: The stable code.
        detail: One English sentence for a person.
        ask: The least acceptable bid at that moment, or None.
        at: The order's stamp, or None when it never got one.
    """

    code: Code
    detail: str
    ask: int | None = None
    at: int | None = None
