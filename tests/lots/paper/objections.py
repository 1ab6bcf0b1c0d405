"""What may be said against an offer, on paper, in the order of the rules.

It refuses to know refs, and what follows from an offer. Amounts are minor units, instants microseconds; fractions are
exact. Sources: protocol.md, "Refusal codes"; rules.md, sections 1, 2 and 6.
"""

from fractions import Fraction

from tests.lots.paper.lot import ASCENDING, PaperLot
from tests.lots.paper.price import outranks, step_at


def closed_to_bids(lot: PaperLot, at: int) -> str | None:
    codes = {"upcoming": "lot_not_open", "paused": "lot_paused", "withdrawn": "lot_withdrawn"}
    if lot.phase != "open":
        return codes.get(lot.phase, "too_late")
    return "too_late" if lot.is_over(at) else None


def cannot_join(lot: PaperLot, bidder: str, at: int) -> str | None:
    if lot.format != "two_phase" or lot.terms["two_phase"]["confirm_s"] is None:
        return "format_mismatch"
    code = lot.desk.objection(bidder)
    if code is not None:
        return "barred" if code == "barred" else "not_admitted"
    if lot.phase != "open" or lot.is_over(at) or lot.stage not in ("free", "joining"):
        return "not_in_stage"
    return "already_done" if bidder in lot.joined else None


def objection(lot: PaperLot, kind: str, bidder: str, amount: int, at: int, *, confirm: bool) -> str | None:
    """All that may be said against an offer, in the order of the rules."""
    return (
        closed_to_bids(lot, at)
        or (None if kind == "floor" else lot.desk.objection(bidder))
        or _wrong_kind(lot, kind)
        or _wrong_stage(lot, kind, bidder, amount)
        or _too_low(lot, kind, bidder, amount)
        or _off_or_far(lot, kind, amount, confirm=confirm)
    )


def _wrong_kind(lot: PaperLot, kind: str) -> str | None:
    if kind != "max_bid":
        return None
    if not lot.terms["proxy"]:
        return "proxy_not_allowed"
    return "format_mismatch" if lot.format in ("dutch", "sealed") else None


def _wrong_stage(lot: PaperLot, kind: str, bidder: str, amount: int) -> str | None:
    if lot.stage == "joining":
        return "not_in_stage"
    confirms = lot.format == "two_phase" and lot.terms["two_phase"]["confirm_s"] is not None
    if confirms and lot.was_timed and kind != "floor" and bidder not in lot.joined:
        return "not_joined"
    if lot.stage != "quotes":
        ceiling = lot.price_ceiling()
        return "above_ceiling" if ceiling is not None and amount > ceiling else None
    if any(entry.bidder == bidder for entry in lot.sealed):
        return "already_quoted"
    return "format_mismatch" if kind == "max_bid" else None


def _too_low(lot: PaperLot, kind: str, bidder: str, amount: int) -> str | None:
    at, ask = lot.standing(), lot.ask()
    if lot.format in ASCENDING and lot.stage != "quotes":
        if lot.buys_now(kind, amount):
            return None
        if bidder == at.leader and kind == "max_bid":
            return "below_ceiling" if amount <= at.ceiling else None
        if bidder == at.leader and not lot.terms["self_raise"]:
            return "already_leading"
        if at.price is not None and bidder != at.leader and outranks(lot.desk.ranks, bidder, at.leader):
            ask = at.price
    if ask is None or amount < ask:
        return "below_start" if at.price is None and lot.format != "dutch" else "below_ask"
    return None


def _off_or_far(lot: PaperLot, kind: str, amount: int, *, confirm: bool) -> str | None:
    if lot.format in ASCENDING and lot.stage != "quotes":
        if lot.buys_now(kind, amount):
            return None
        if _is_off(lot, amount):
            return "off_increment"
    limit = None if lot.format == "dutch" else lot.terms["confirm_above"]
    if limit is not None and not confirm and Fraction(amount) > Fraction(limit) * (lot.ask() or 0):
        return "above_limit"
    return None


def _is_off(lot: PaperLot, amount: int) -> bool:
    """Whether a raise is no whole multiple of the step; a clerk's own step counts from the price."""
    if lot.terms["raise"] != "multiple":
        return False
    at, start = lot.standing(), lot.terms["start_price"]
    if amount in (at.price, lot.price_ceiling()):
        return False
    if at.price is not None and lot.own_step is not None:
        return bool((amount - at.price) % lot.own_step)
    return bool((amount - start) % step_at(lot.terms["ladder"], start if at.price is None else at.price))
