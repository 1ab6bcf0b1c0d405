"""STORED FORMAT: the names of the accounts stand in the log.

The ledger: where the deposits of a lot's bidders are, by double entry.

It refuses to know why an amount moves and who moves it. Every entry moves an amount from one account to another, so
what was received is always somewhere: held + released + applied + forfeited + costs + shortfall + debts = received.
Amounts are integer minor units.
Source: Fa Shi [2016] 18, articles 17, 23 to 25 (rules.md, section 1).
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Account(StrEnum):
    """Where an amount may be."""

    RECEIVED = "received"
    HELD = "held"
    RELEASED = "released"
    APPLIED = "applied"
    FORFEITED = "forfeited"
    COSTS = "costs"
    SHORTFALL = "shortfall"
    DEBTS = "debts"


PURPOSES = (Account.COSTS, Account.SHORTFALL, Account.DEBTS)
"""What a forfeited deposit pays, in this order (article 24)."""

MOVES = frozenset(
    {
        (Account.RECEIVED, Account.HELD),
        (Account.HELD, Account.RELEASED),
        (Account.HELD, Account.APPLIED),
        (Account.HELD, Account.FORFEITED),
        (Account.APPLIED, Account.FORFEITED),
        *((Account.FORFEITED, purpose) for purpose in PURPOSES),
    }
)


class Deposit(Struct, frozen=True):
    """One bidder's deposit; `received` counts what has come in, the others say where it is."""

    received: int = 0
    held: int = 0
    released: int = 0
    applied: int = 0
    forfeited: int = 0
    costs: int = 0
    shortfall: int = 0
    debts: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether all that was received is somewhere."""
        placed = self.held + self.released + self.applied + self.forfeited
        return self.received == placed + self.costs + self.shortfall + self.debts


NOTHING = Deposit()


def moved(deposit: Deposit, source: Account, to: Account, amount: int) -> Deposit:
    """Return the deposit after an entry.

    Raises:
        AssertionError: there is no such move, or not that much to move: the log or a decision is broken.
    """
    if (source, to) not in MOVES or amount < 1:
        raise AssertionError(f"no ledger moves {amount} from {source} to {to}")
    left = getattr(deposit, source) + (amount if source is Account.RECEIVED else -amount)
    if left < 0:
        raise AssertionError(f"the ledger has less than {amount} in {source}")
    after = replace(deposit, **{source: left, to: getattr(deposit, to) + amount})
    if not after.is_balanced:
        raise AssertionError(f"the ledger does not balance: {after}")
    return after


def allocation(forfeited: int, costs: int, shortfall: int) -> Iterable[tuple[Account, int]]:
    """Share a forfeited deposit out in the order of article 24; each purpose with more than nothing."""
    left = forfeited
    for purpose, wanted in zip(PURPOSES, (costs, shortfall, forfeited), strict=True):
        share = min(left, wanted)
        left -= share
        if share:
            yield purpose, share
