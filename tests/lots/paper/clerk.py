"""What operators may order, on paper: each order with the phases it fits, and what it does or why it does not.

It refuses to know refs, and who countersigns. An order does something and returns None, or does nothing and returns a
code. Amounts are minor units, instants microseconds.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from tests.lots.paper.lot import ASCENDING, PaperLot, us
from tests.lots.paper.price import Entry

FLOOR = "@floor"
SUSPENDED_US = 5 * 86_400 * 1_000_000


class House(Protocol):
    """What an order may need of the other lots, or of a bidder's way of bidding."""

    def stop_when_covered(self, name: str, at: int) -> None: ...

    def take(self, name: str, kind: str, bidder: str, amount: int, at: int, *, confirm: bool) -> str | None: ...


class Given(NamedTuple):
    """An order for one lot: its fields as the contract has them, without what all orders have."""

    house: House
    name: str
    lot: PaperLot
    at: int
    fields: dict[str, Any]


# The course of the sale -----------------------------------------------------------------------------------------------


def _open(given: Given) -> str | None:
    if given.lot.is_over(given.at):
        return "wrong_phase"
    given.lot.open(given.at)
    return None


def _pause(given: Given) -> None:
    given.lot.pause(given.at)


def _suspend(given: Given) -> str | None:
    if not given.fields["reason"]:
        return "malformed"
    given.lot.pause(given.at)
    given.lot.suspended_until = given.at + SUSPENDED_US
    return None


def _resume(given: Given) -> None:
    given.lot.resume(given.at)


def _extend(given: Given) -> str | None:
    lot, end = given.lot, given.fields["closes_at"]
    if lot.end is None:
        return "wrong_phase"
    if end <= lot.end:
        return "malformed"
    lot.house_moves(end)
    lot.moves += 1
    return None


def _fair_warning(given: Given) -> str | None:
    if given.lot.warned:
        return "already_done"
    given.lot.warned = True
    return None


def _hammer(given: Given) -> str | None:
    lot, bounds = given.lot, given.lot.terms["bounds"] or {}
    if lot.format == "sealed" or lot.stage == "quotes":
        return "format_mismatch"
    if lot.standing().leader is None:
        return "no_bids"
    if not lot.reserve_is_met():
        return "reserve_not_met"
    if given.at - lot.opened_at < us(bounds.get("open_s_min") or 0):
        return "too_early"
    lot.sell(given.at)
    given.house.stop_when_covered(given.name, given.at)
    return None


def _pass(given: Given) -> str | None:
    if given.lot.format == "sealed" or given.lot.stage == "quotes":
        return "format_mismatch"
    given.lot.pass_(given.at)
    return None


def _withdraw(given: Given) -> None:
    given.lot.withdraw(given.at)


def _reopen(given: Given) -> str | None:
    lot, end = given.lot, given.fields["closes_at"]
    if lot.format not in ASCENDING or lot.sealed:
        return "format_mismatch"
    if lot.settlement in ("paid", "defaulted") or lot.successor is not None or lot.deposits_left:
        return "wrong_phase"
    if (end is None) != (lot.format == "saleroom") or (end is not None and end <= given.at):
        return "malformed"
    lot.reopen(end)
    return None


def _notice(given: Given) -> None:
    given.lot.notice = given.fields["text"]


# Bids -----------------------------------------------------------------------------------------------------------------


def _cannot_void(given: Given) -> str | None:
    if given.lot.format not in ASCENDING:
        return "format_mismatch"
    if given.lot.phase not in ("open", "paused") or (given.lot.phase == "open" and given.lot.is_over(given.at)):
        return "wrong_phase"
    return "not_in_stage" if given.lot.stage == "quotes" else None


def _void_bid(given: Given) -> str | None:
    code = _cannot_void(given)
    if code is not None:
        return code
    for entry in given.lot.entries:
        if entry.seq == given.fields["seq"]:
            return _let_fall(given.lot, entry)
    return "unknown_bid"


def _undo(given: Given) -> str | None:
    code = _cannot_void(given)
    if code is not None:
        return code
    stand = [entry for entry in given.lot.entries if entry.seq and not entry.voided]
    return _let_fall(given.lot, stand[-1]) if stand else "no_bids"


def _let_fall(lot: PaperLot, entry: Entry) -> str | None:
    """A bid from the room that met a ceiling is taken back once, and never another like it."""
    felt = [one for one in lot.entries if one.voided and one.kind == "floor" and one.lost]
    if entry.voided or (entry.kind == "floor" and entry.lost and felt):
        return "already_done"
    lot.void(entry)
    return None


def _floor_bid(given: Given) -> str | None:
    if given.lot.format == "sealed" or given.lot.stage == "quotes":
        return "format_mismatch"
    return given.house.take(given.name, "floor", hand(given.fields), given.fields["amount"], given.at, confirm=True)


def hand(fields: dict[str, Any]) -> str:
    """Who bids in the room, as a bidder."""
    return f"{FLOOR}:{fields['hand']}" if fields["hand"] else FLOOR


def _step(given: Given) -> str | None:
    lot = given.lot
    if lot.format not in ASCENDING:
        return "format_mismatch"
    if lot.standing().price is None or lot.stage in ("joining", "quotes"):
        return "wrong_phase"
    lot.own_step = given.fields["step"]
    return None


# Bidders and their deposits -------------------------------------------------------------------------------------------


def _admit(given: Given) -> str | None:
    bidder, rank, desk = given.fields["bidder"], given.fields["rank"], given.lot.desk
    return desk.admit(bidder, rank, takes_deposits=given.lot.phase in GOING_ON)


def _decline(given: Given) -> str | None:
    bidder, desk = given.fields["bidder"], given.lot.desk
    if bidder not in desk.known and desk.in_account(bidder, "held") == 0:
        return "not_registered"
    if desk.asks_for_something() and bidder in desk.paddles:
        return "already_done"
    held = desk.held_in_all()
    desk.decline(bidder)
    given.lot.note_what_left(held)
    return None


def _bar(given: Given) -> None:
    given.lot.desk.barred.add(given.fields["bidder"])


def _deposit(given: Given) -> str | None:
    fields = given.fields
    going_on = given.lot.phase in GOING_ON
    return given.lot.desk.deposit(
        fields["bidder"], fields["amount"], fields["payment"], fields["currency"], takes_deposits=going_on
    )


def _release(given: Given) -> str | None:
    """After the close all may have their deposits back but who has won, or waits for the seller's word."""
    lot, bidder = given.lot, given.fields["bidder"]
    if lot.phase in GOING_ON:
        return "wrong_phase"
    if bidder == lot.standing().leader and (lot.phase == "sold" or lot.consent_until is not None):
        return "wrong_phase"
    if lot.desk.in_account(bidder, "held") == 0:
        return "already_done"
    held = lot.desk.held_in_all()
    lot.desk.move_all(bidder, "held", "released")
    lot.note_what_left(held)
    return None


# After the close ------------------------------------------------------------------------------------------------------


def _consent(given: Given) -> str | None:
    lot = given.lot
    if lot.consent_until is None or given.at >= lot.consent_until:
        return "wrong_phase"
    lot.sell(given.at)
    given.house.stop_when_covered(given.name, given.at)
    return None


def _settle(given: Given) -> str | None:
    lot = given.lot
    if lot.settlement != "due":
        return "already_done" if lot.settlement == "paid" else "wrong_phase"
    lot.settlement = "paid"
    lot.desk.move_all(_winner(lot), "held", "applied")
    return None


def _default(given: Given) -> str | None:
    lot = given.lot
    if lot.settlement != "due":
        return "already_done" if lot.settlement == "defaulted" else "wrong_phase"
    lot.settlement = "defaulted"
    lot.desk.forfeit(_winner(lot))
    return None


def _allocate(given: Given) -> str | None:
    lot = given.lot
    if lot.settlement != "defaulted":
        return "wrong_phase"
    if lot.desk.in_account(_winner(lot), "forfeited") == 0:
        return "already_done"
    lot.desk.allocate(_winner(lot), given.fields["costs"], given.fields["shortfall"])
    return None


def _winner(lot: PaperLot) -> str:
    return lot.standing().leader or ""


def _reoffer(given: Given) -> str | None:
    """As it pleases, unless the lot bounds how it may be auctioned again."""
    bounds = given.lot.terms["bounds"] or {}
    if bounds.get("reoffer_drop_percent_max") is None and bounds.get("reoffer_within_s") is None:
        return _offer_again(given, None)
    return _reauction(given)


def _reauction(given: Given) -> str | None:
    """At most so many per cent lower, and soon enough."""
    lot, new = given.lot, given.fields["terms"]
    bounds = lot.terms["bounds"] or {}
    percent = bounds.get("reoffer_drop_percent_max")
    least = Fraction(lot.terms["start_price"] * (100 - (20 if percent is None else percent)), 100)
    within_s = bounds.get("reoffer_within_s")
    code = None
    if new["start_price"] < least:
        code = "drop_too_large"
    elif within_s is not None and new["opens_at"] > lot.closed_at + us(within_s):
        code = "too_late"
    return _offer_again(given, code)


def _sell_off(given: Given) -> str | None:
    """At the same price, closing after the first bid."""
    new = given.fields["terms"]
    code = None
    if new["start_price"] != given.lot.terms["start_price"]:
        code = "drop_too_large"
    elif new["format"] != "english" or new["first_bid_closes_s"] is None:
        code = "format_mismatch"
    return _offer_again(given, code)


def _offer_again(given: Given, code: str | None) -> str | None:
    if given.lot.successor is not None:
        return "already_done"
    if (given.lot.phase == "sold" and given.lot.settlement != "defaulted") or given.lot.consent_until is not None:
        return "wrong_phase"
    if code is None:
        given.lot.successor = given.fields["successor"]
    return code


ANY = ("upcoming", "open", "paused", "sold", "passed", "withdrawn")
GOING_ON = ("upcoming", "open", "paused")
ENDED = ("sold", "passed", "withdrawn")

ORDERS: dict[str, tuple[tuple[str, ...], Callable[[Given], str | None]]] = {
    "open": (("upcoming",), _open),
    "pause": (("open",), _pause),
    "suspend": (("open",), _suspend),
    "resume": (("paused",), _resume),
    "extend": (("open",), _extend),
    "fair_warning": (("open",), _fair_warning),
    "hammer": (("open",), _hammer),
    "pass": (("open",), _pass),
    "withdraw": (GOING_ON, _withdraw),
    "reopen": (("sold", "passed"), _reopen),
    "void_bid": (ANY, _void_bid),
    "undo": (ANY, _undo),
    "floor_bid": (ANY, _floor_bid),
    "step": (("open",), _step),
    "notice": (ANY, _notice),
    "admit": (ANY, _admit),
    "decline": (ANY, _decline),
    "bar": (ANY, _bar),
    "deposit": (ANY, _deposit),
    "release": (ANY, _release),
    "consent": (("passed",), _consent),
    "settle": (("sold",), _settle),
    "default": (("sold",), _default),
    "allocate": (("sold",), _allocate),
    "reoffer": (ENDED, _reoffer),
    "reauction": (ENDED, _reauction),
    "sell_off": (ENDED, _sell_off),
}
"""Which order fits which phases; once the end of an open lot has come, only what fits any phase."""
