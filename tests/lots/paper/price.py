"""Who leads at which price, on paper: all offers that stand, read through from the first to the last every time.

It refuses to know instants, refusals and formats: every offer it is given was accepted once. Amounts are minor units.
Sources: rules.md, sections 1 (priority purchasers) and 3 (ceilings).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass
class Entry:
    """An accepted offer. `step` is the clerk's step that it had to take, if he had set one."""

    bidder: str
    kind: str
    amount: int
    step: int | None = None
    public: bool = True
    voided: bool = False
    seq: int = 0
    lost: bool = False


class Standing(NamedTuple):
    """Price, who leads, and how far the house bids for him."""

    price: int | None = None
    leader: str | None = None
    ceiling: int = 0


Ranks = dict[str, int | None]


def outranks(ranks: Ranks, one: str, other: str | None) -> bool:
    """Whether one bidder goes before another at the same amount: 1 is the highest rank, and any goes before none."""
    rank, rank_of_other = ranks.get(one), ranks.get(other or "")
    return rank is not None and (rank_of_other is None or rank < rank_of_other)


def step_at(ladder: list[list[int]], price: int) -> int:
    """Read the ladder from the bottom up to the last band that has begun."""
    found = 0
    for start, step in ladder:
        if price >= start:
            found = step
    return found


def ask_after(terms: dict[str, Any], price: int | None, own_step: int | None = None) -> int:
    """One step above the price, and a whole number of steps above the start price where the terms want that."""
    start: int = terms["start_price"]
    if price is None:
        return start
    step = step_at(terms["ladder"], price) if own_step is None else own_step
    ask = price + step
    while own_step is None and terms["raise"] == "multiple" and (ask - start) % step != 0:
        ask += 1
    ceiling = terms["two_phase"]["ceiling"] if terms["two_phase"] else None
    return ask if ceiling is None else min(ask, max(ceiling, price))


def standing(terms: dict[str, Any], entries: list[Entry], ranks: Ranks) -> Standing:
    """Read all that stands through again."""
    at = Standing()
    for entry in entries:
        if not entry.voided:
            at = _after(terms, at, entry, ranks)
            reserve = terms["reserve"]
            if reserve is not None and entry.kind != "buy" and at.price is not None and at.ceiling >= reserve:
                at = at._replace(price=max(at.price, reserve))
    return at


def _after(terms: dict[str, Any], at: Standing, entry: Entry, ranks: Ranks) -> Standing:
    if at.price is None:
        price = terms["start_price"] if entry.kind == "max_bid" else entry.amount
        return Standing(price, entry.bidder, entry.amount)
    if entry.kind == "buy":
        return Standing(entry.amount, entry.bidder, entry.amount)
    if entry.bidder == at.leader:
        price = at.price if entry.kind == "max_bid" else max(at.price, entry.amount)
        return Standing(price, at.leader, max(at.ceiling, entry.amount))
    if entry.amount > at.ceiling or (entry.amount == at.ceiling and outranks(ranks, entry.bidder, at.leader)):
        return Standing(_price_to_lead(terms, at, entry, ranks), entry.bidder, entry.amount)
    return at._replace(price=_answer(terms, at, entry, ranks))


def _price_to_lead(terms: dict[str, Any], at: Standing, entry: Entry, ranks: Ranks) -> int:
    """A plain bid stands at its amount; a ceiling at the least that beats the one before."""
    if entry.kind != "max_bid":
        return entry.amount
    if outranks(ranks, entry.bidder, at.leader):
        return at.ceiling
    over = at.ceiling + step_at(terms["ladder"], at.ceiling)
    return min(entry.amount, max(ask_after(terms, at.price, entry.step), over))


def _answer(terms: dict[str, Any], at: Standing, entry: Entry, ranks: Ranks) -> int:
    """The least by which the leader keeps his lead, at most his ceiling."""
    over = entry.amount + step_at(terms["ladder"], entry.amount)
    return min(at.ceiling, entry.amount if outranks(ranks, at.leader or "", entry.bidder) else over)
