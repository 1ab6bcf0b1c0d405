"""A naive sale on paper, to compare the real one with: written from rules.md and protocol.md alone, simple and slow.

It knows neither events nor bells: whether a lot is open is worked out from the instant whenever it is asked, and what
has happened is a list that is read through again. Amounts are minor units, instants microseconds; fractions are exact.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

MINUTE_US = 60_000_000


class Said(NamedTuple):
    """What a bidder is told: a code, or the price and whether he leads."""

    code: str
    price: int | None = None
    leading: bool = False
    repeat: bool = False


OK = "accepted"


class Entry(NamedTuple):
    """An accepted offer, in the order of acceptance."""

    bidder: str
    ref: str
    kind: str
    amount: int
    said: Said


@dataclass
class PaperLot:
    """One lot: its terms as a client sends them, and where it stands."""

    terms: dict[str, Any]
    entries: list[Entry] = field(default_factory=list)
    price: int | None = None
    leader: str | None = None
    ceiling: int = 0
    bids: int = 0
    end: int = 0
    hard_end: int | None = None
    moves: int = 0
    moves_by_bids: int = 0
    opened_early: bool = False
    paused_at: int | None = None
    withdrawn: bool = False
    admitted: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.end = self.terms["closes_at"]
        soft = self.terms["soft_close"]
        if soft is not None and soft["hard_end_s"] is not None:
            self.hard_end = self.end + _us(soft["hard_end_s"])

    def phase(self, at: int) -> str:
        if self.withdrawn:
            return "withdrawn"
        if self.paused_at is not None:
            return "paused"
        if at < self.terms["opens_at"] and not self.opened_early:
            return "upcoming"
        if at < self.end:
            return "open"
        reserve = self.terms["reserve"]
        return "passed" if self.price is None or (reserve is not None and self.price < reserve) else "sold"

    def step(self, price: int) -> int:
        found = 0
        for start, step in self.terms["ladder"]:
            if price >= start:
                found = step
        return found

    def ask(self) -> int:
        """One step above the price, and on a whole step above the start price where the terms want that."""
        start: int = self.terms["start_price"]
        if self.price is None:
            return start
        ask = self.price + self.step(self.price)
        while self.terms["raise"] == "multiple" and (ask - start) % self.step(self.price) != 0:
            ask += 1
        return ask

    def offer(self, kind: str, bidder: str, ref: str, amount: int, at: int, *, confirm: bool) -> Said:
        for entry in self.entries:
            if (entry.bidder, entry.ref) == (bidder, ref):
                same = (entry.kind, entry.amount) == (kind, amount)
                return entry.said._replace(repeat=True) if same else Said("ref_reused")
        code = self._objection(kind, bidder, amount, at, confirm=confirm)
        if code is not None:
            return Said(code)
        self.admitted.add(bidder)
        if bidder == self.leader and kind == "max_bid":
            self._raise_ceiling(amount, at)
        else:
            self._stand(kind, bidder, amount, at)
        said = Said(OK, self.price, self.leader == bidder)
        self.entries.append(Entry(bidder, ref, kind, amount, said))
        return said

    def _objection(self, kind: str, bidder: str, amount: int, at: int, *, confirm: bool) -> str | None:
        phase = self.phase(at)
        not_open = {"upcoming": "lot_not_open", "paused": "lot_paused", "withdrawn": "lot_withdrawn"}
        if phase != "open":
            return not_open.get(phase, "too_late")
        if bidder in self.barred:
            return "barred"
        if self.terms["deposit"] > 0 and bidder not in self.admitted:
            return "deposit_required"
        if kind == "max_bid" and not self.terms["proxy"]:
            return "proxy_not_allowed"
        return self._too_low(kind, bidder, amount) or self._off_or_far(amount, confirm=confirm)

    def _too_low(self, kind: str, bidder: str, amount: int) -> str | None:
        if bidder == self.leader and kind == "max_bid":
            return "below_ceiling" if amount <= self.ceiling else None
        if bidder == self.leader and not self.terms["self_raise"]:
            return "already_leading"
        if amount < self.ask():
            return "below_start" if self.price is None else "below_ask"
        return None

    def _off_or_far(self, amount: int, *, confirm: bool) -> str | None:
        start = self.terms["start_price"]
        step = self.step(start if self.price is None else self.price)
        if self.terms["raise"] == "multiple" and (amount - start) % step != 0:
            return "off_increment"
        limit = self.terms["confirm_above"]
        if limit is not None and not confirm and Fraction(amount) > Fraction(limit) * self.ask():
            return "above_limit"
        return None

    def _raise_ceiling(self, amount: int, at: int) -> None:
        self.ceiling = amount
        reserve = self.terms["reserve"]
        if reserve is not None and self.price is not None and self.price < reserve <= amount:
            self.price = reserve
            self.bids += 1
            self._soft_close(at, leader_changed=False)

    def _stand(self, kind: str, bidder: str, amount: int, at: int) -> None:
        """Of two ceilings the higher leads, of equal ones the earlier; one step above the lower, at least the ask."""
        before, ask = self.leader, self.ask()
        old = self.ceiling
        if self.leader in (None, bidder):
            self.leader, self.ceiling = bidder, max(amount, old)
            price = ask
        elif amount > old:
            self.leader, self.ceiling = bidder, amount
            price = min(amount, max(ask, old + self.step(old)))
        else:
            price = min(old, max(ask, amount + self.step(amount)))
        if kind == "bid" and self.leader == bidder:
            price = amount
        reserve = self.terms["reserve"]
        if reserve is not None and self.ceiling >= reserve:
            price = max(price, reserve)
        self.price = price
        self.bids += 1
        self._soft_close(at, leader_changed=before != self.leader)

    def _soft_close(self, at: int, *, leader_changed: bool) -> None:
        """Move the end; every bid that gets here has moved the price."""
        soft = self.terms["soft_close"]
        if soft is None or (soft["trigger"] == "leader" and not leader_changed):
            return
        if self.end - at >= _us(soft["window_s"]):
            return
        if soft["max_extensions"] is not None and self.moves_by_bids >= soft["max_extensions"]:
            return
        base = at if soft["mode"] == "from_bid" else self.end
        self.move_to(base + _us(soft["extension_s"]))

    def move_to(self, end: int) -> int:
        """Move the end on behalf of a bid, never back and never past the hard end; return by how much."""
        if self.hard_end is not None:
            end = min(end, self.hard_end)
        span = max(end, self.end) - self.end
        self.end += span
        self.moves += span > 0
        self.moves_by_bids += span > 0
        return span

    def clerk(self, order: str, argument: Any, at: int) -> str:  # noqa: ANN401  what the order needs
        phase = self.phase(at)
        fits = {
            "open": ("upcoming",),
            "pause": ("open",),
            "resume": ("paused",),
            "extend": ("open",),
            "withdraw": ("upcoming", "open", "paused"),
        }
        if order in fits and phase not in fits[order]:
            return "wrong_phase"
        if order == "extend" and argument <= self.end:
            return "malformed"
        self._carry_out(order, argument, at)
        return OK

    def _carry_out(self, order: str, argument: Any, at: int) -> None:  # noqa: ANN401  as above
        if order == "open":
            self.opened_early = True
        elif order == "pause":
            self.paused_at = at
        elif order == "resume" and self.paused_at is not None:
            soft = self.terms["soft_close"]
            least = MINUTE_US if soft is None else _us(soft["window_s"])
            self._house_moves(at + max(self.end - self.paused_at, least))
            self.paused_at = None
        elif order == "extend":
            self._house_moves(argument)
            self.moves += 1
        elif order == "withdraw":
            self.withdrawn = True
        elif order == "admit":
            self.admitted.add(argument)
        elif order == "bar":
            self.barred.add(argument)

    def outage(self, end: int) -> None:
        if end > self.end:
            self._house_moves(end)
            self.moves += 1

    def _house_moves(self, end: int) -> None:
        if self.hard_end is not None:
            self.hard_end += end - self.end
        self.end = end


def _us(seconds: float) -> int:
    return int(Fraction(seconds) * 1_000_000)


class PaperSale:
    """The lots of one group; one extends all where the terms say so."""

    def __init__(self, lots: dict[str, dict[str, Any]]) -> None:
        self.lots = {name: PaperLot(terms) for name, terms in lots.items()}

    def offer(self, lot: str, kind: str, bidder: str, ref: str, amount: int, at: int, *, confirm: bool) -> Said:
        one = self.lots[lot]
        before = one.end
        said = one.offer(kind, bidder, ref, amount, at, confirm=confirm)
        soft = one.terms["soft_close"]
        if one.end > before and soft["scope"] == "group":
            for name, other in self.lots.items():
                if name != lot and other.phase(at) == "open":
                    other.move_to(other.end + one.end - before)
        return said
