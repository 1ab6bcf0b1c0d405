"""The front desk, on paper: who may bid on a lot, and where his deposit is.

It refuses to know prices, ends and who leads: whoever asks says who must wait for his money. Amounts are minor units.
Sources: rules.md, section 1 (articles 17, 23, 24); the accounts are those of `lots.ledger`.
"""

from typing import Any

from tests.lots.paper.price import Ranks

ACCOUNTS = ("received", "held", "released", "applied", "forfeited", "costs", "shortfall", "debts")


class Desk:
    """The bidders of one lot: what each has done to be admitted, and his purse."""

    def __init__(self, terms: dict[str, Any]) -> None:
        self.terms = terms
        self.known: set[str] = set()
        self.registered: set[str] = set()
        self.approved: set[str] = set()
        self.declined: set[str] = set()
        self.ranks: Ranks = {}
        self.barred: set[str] = set()
        self.paddles: set[str] = set()
        self.purses: dict[str, dict[str, int]] = {}
        self.payments: dict[tuple[str, str], int] = {}

    def in_account(self, bidder: str, account: str) -> int:
        return self.purses.get(bidder, {}).get(account, 0)

    def move(self, bidder: str, source: str, to: str, amount: int) -> None:
        """Take an amount out of one account and put it into another; what comes in is counted in `received`."""
        if amount == 0:
            return
        purse = self.purses.setdefault(bidder, dict.fromkeys(ACCOUNTS, 0))
        purse[source] += amount if source == "received" else -amount
        purse[to] += amount

    def held_in_all(self) -> int:
        return sum(purse["held"] for purse in self.purses.values())

    def move_all(self, bidder: str, source: str, to: str) -> None:
        self.move(bidder, source, to, self.in_account(bidder, source))

    def asks_for_something(self) -> bool:
        return self.terms["deposit"] > 0 or self.terms["registration"] is not None

    def objection(self, bidder: str) -> str | None:
        """Why a bidder may not bid, if he may not."""
        return "barred" if bidder in self.barred else self.missing(bidder)

    def missing(self, bidder: str) -> str | None:
        """What a bidder has still to do, if anything."""
        registration = self.terms["registration"]
        if registration is not None and bidder not in self.registered:
            return "not_admitted"
        if registration is not None and bidder in self.declined:
            return "not_admitted"
        if registration is not None and registration["check"] and bidder not in self.approved:
            return "not_admitted"
        if self.in_account(bidder, "held") < self.terms["deposit"]:
            return "deposit_required"
        return None

    def give_paddle(self, bidder: str) -> None:
        """Whoever has done all that is asked for gets a paddle, and keeps it."""
        if self.objection(bidder) is None and self.asks_for_something():
            self.paddles.add(bidder)

    def register(self, bidder: str, accepts: tuple[str, ...]) -> str | None:
        if self.terms["registration"] is None:
            return "format_mismatch"
        if bidder in self.barred:
            return "barred"
        if list(accepts) != list(self.terms["registration"]["statements"]):
            return "malformed"
        if bidder in self.registered:
            return "already_done"
        self.registered.add(bidder)
        self.known.add(bidder)
        self.give_paddle(bidder)
        return None

    def admit(self, bidder: str, rank: int | None, *, takes_deposits: bool) -> str | None:
        """Let a bidder in, on the operator's word also for his deposit; what is so already is `nothing`."""
        if rank is not None and not self.terms["priority"]:
            return "format_mismatch"
        if self.terms["registration"] is not None and bidder not in self.registered:
            return "not_registered"
        if bidder in self.paddles and rank != self.ranks.get(bidder):
            return "already_done"
        pays = takes_deposits and self.terms["registration"] is None and self.in_account(bidder, "held") == 0
        deposit = self.terms["deposit"] if pays else 0
        if deposit == 0 and bidder in self.approved and self.ranks.get(bidder) == rank:
            return "nothing"
        self.known.add(bidder)
        self.approved.add(bidder)
        self.declined.discard(bidder)
        self.ranks[bidder] = rank
        self.move(bidder, "received", "held", deposit)
        if not self.asks_for_something():
            self.paddles.add(bidder)
        self.give_paddle(bidder)
        return None

    def decline(self, bidder: str) -> None:
        self.known.add(bidder)
        self.approved.discard(bidder)
        self.declined.add(bidder)
        self.ranks.pop(bidder, None)
        self.move_all(bidder, "held", "released")

    def deposit(
        self, bidder: str, amount: int, payment: str, currency: str | None, *, takes_deposits: bool
    ) -> str | None:
        """Take a payment; the same one again is told as a repeat."""
        if self.terms["deposit"] == 0 or amount != self.terms["deposit"]:
            return "wrong_amount"
        if currency not in (None, self.terms["currency"]):
            return "wrong_amount"
        if not takes_deposits:
            return "wrong_phase"
        if (bidder, payment) in self.payments:
            return "repeat"
        if self.in_account(bidder, "held") > 0:
            return "already_done"
        self.payments[bidder, payment] = amount
        self.move(bidder, "received", "held", amount)
        self.give_paddle(bidder)
        return None

    def after_the_close(self, winner: str | None, waiting: str | None) -> None:
        """Apply the winner's deposit and release all others, but for who still waits for the seller's word."""
        for bidder in self.purses:
            if bidder == winner:
                self.move_all(bidder, "held", "applied")
            elif bidder != waiting:
                self.move_all(bidder, "held", "released")

    def forfeit(self, bidder: str) -> None:
        self.move_all(bidder, "held", "forfeited")
        self.move_all(bidder, "applied", "forfeited")
        self.barred.add(bidder)

    def allocate(self, bidder: str, costs: int, shortfall: int) -> None:
        """Costs first, then the shortfall, then debts."""
        for account, wanted in (("costs", costs), ("shortfall", shortfall), ("debts", 2**53)):
            self.move(bidder, "forfeited", account, min(wanted, self.in_account(bidder, "forfeited")))
