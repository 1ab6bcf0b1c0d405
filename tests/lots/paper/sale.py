"""A sale on paper: the lots of one closing group, and whoever gives orders to them.

It answers what `lots` should answer, as the bare facts: a code, or that an order was accepted and how the lot and its
giver stand then. It knows neither events nor bells; a bell is an order like any other.
Amounts are minor units, instants microseconds.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.lots.paper.clerk import ANY, ORDERS, Given, hand
from tests.lots.paper.lot import PaperLot
from tests.lots.paper.objections import cannot_join, objection

OK = "accepted"


class Said(NamedTuple):
    """What the giver of an order is told: a code, or how the lot and he stand."""

    code: str
    price: int | None = None
    leading: bool = False
    repeat: bool = False
    pending: bool = False


ACCEPTED = Said(OK)


class Told(NamedTuple):
    """An order that was accepted: whose, under which ref, what it said, and what he was told."""

    lot: str
    who: str
    ref: str
    body: object
    said: Said


@dataclass
class Proposal:
    """A grave order that waits for a second operator."""

    lot: str
    op: str
    by: str
    ref: str
    fields: dict[str, Any]
    done: bool = False


class PaperSale:
    """The lots of one group by name, and all that was accepted."""

    def __init__(self, lots: dict[str, dict[str, Any]]) -> None:
        self.lots = {name: PaperLot(terms) for name, terms in lots.items()}
        self.told: list[Told] = []
        self.proposals: list[Proposal] = []

    # Bells and faults ------------------------------------------------------------------------------------------------

    def ring(self, name: str, at: int, attendance: tuple[int, int] | None) -> None:
        lot = self.lots[name]
        if lot.phase in ("sold", "passed", "withdrawn"):
            lot.after_the_close(at)
        elif lot.phase != "paused" and not lot.catch_up(at) and lot.phase == "open" and lot.is_over(at):
            if attendance is not None and lot.too_many_lost(*attendance):
                lot.pause(at)
            else:
                self.close(name, at)

    def close(self, name: str, at: int) -> None:
        self.lots[name].close(at)
        self.stop_when_covered(name, at)

    def stop_when_covered(self, name: str, at: int) -> None:
        """Once what was sold covers the debt, lots whose end has come are closed, and all the rest is withdrawn."""
        lot = self.lots[name]
        debt = lot.terms["debt"]
        if lot.phase != "sold" or debt is None or self.proceeds() < debt:
            return
        for key, other in sorted(self.lots.items(), key=lambda item: (item[1].end or 0, item[0])):
            if other.phase != "open":
                continue
            caught_up = deepcopy(other)
            caught_up.catch_up(at)
            if caught_up.is_over(at):
                self.lots[key] = caught_up
                self.close(key, at)
        for other in self.lots.values():
            if other.phase in ("upcoming", "open", "paused"):
                other.withdraw(at)

    def proceeds(self) -> int:
        sold = (lot for lot in self.lots.values() if lot.phase == "sold" and lot.settlement != "defaulted")
        return sum(lot.hammer or 0 for lot in sold)

    def outage(self, name: str, end: int) -> None:
        lot = self.lots[name]
        if lot.phase == "open" and lot.end is not None and end > lot.end:
            lot.house_moves(end)
            lot.moves += 1

    # Refs ------------------------------------------------------------------------------------------------------------

    def before(self, name: str, who: str, ref: str, body: object) -> Said | None:
        """What was said to the same order before."""
        for told in self.told:
            if (told.lot, told.who, told.ref) == (name, who, ref):
                return told.said._replace(repeat=True) if told.body == body else Said("ref_reused")
        return None

    def accept(self, name: str, who: str, ref: str, body: object, said: Said = ACCEPTED) -> Said:
        self.told.append(Told(name, who, ref, body, said))
        return said

    # Bidders ---------------------------------------------------------------------------------------------------------

    def offer(self, name: str, kind: str, bidder: str, ref: str, amount: int, at: int, *, confirm: bool) -> Said:
        said = self.before(name, bidder, ref, (kind, amount))
        if said is not None:
            return said
        code = self.take(name, kind, bidder, amount, at, confirm=confirm)
        if code is not None:
            return Said(code)
        standing = self.lots[name].standing()
        unseen = bool(self.lots[name].sealed)
        said = ACCEPTED if unseen else Said(OK, standing.price, standing.leader == bidder)
        return self.accept(name, bidder, ref, (kind, amount), said)

    def take(self, name: str, kind: str, bidder: str, amount: int, at: int, *, confirm: bool) -> str | None:
        """Take an offer, unless something is against it: then nothing has happened, and the code is returned."""
        lot = deepcopy(self.lots[name])
        lot.catch_up(at)
        code = objection(lot, kind, bidder, amount, at, confirm=confirm)
        if code is not None:
            return code
        self.lots[name] = lot
        _, span = lot.take(kind, bidder, amount, at)
        self.stop_when_covered(name, at)
        if span > 0 and lot.terms["soft_close"]["scope"] == "group":
            self.move_the_others(name, span, at)
        return None

    def move_the_others(self, name: str, span: int, at: int) -> None:
        """One extends all: the other open lots move by the same time."""
        for key, other in self.lots.items():
            moved = deepcopy(other)
            moved.catch_up(at)
            if key == name or moved.phase != "open" or moved.end is None or moved.is_over(at):
                continue
            if moved.move_to(moved.end + span) > 0:
                self.lots[key] = moved

    def register(self, name: str, bidder: str, ref: str, accepts: tuple[str, ...]) -> Said:
        said = self.before(name, bidder, ref, ("register", accepts))
        if said is not None:
            return said
        lot = self.lots[name]
        code = None
        if lot.terms["registration"] is None:
            code = "format_mismatch"
        elif lot.phase == "withdrawn":
            code = "lot_withdrawn"
        elif lot.phase in ("sold", "passed"):
            code = "too_late"
        code = code or lot.desk.register(bidder, accepts)
        return Said(code) if code else self.accept(name, bidder, ref, ("register", accepts))

    def join(self, name: str, bidder: str, ref: str, at: int) -> Said:
        said = self.before(name, bidder, ref, "join")
        if said is not None:
            return said
        lot = deepcopy(self.lots[name])
        lot.catch_up(at)
        code = cannot_join(lot, bidder, at)
        if code is not None:
            return Said(code)
        self.lots[name] = lot
        lot.joined.add(bidder)
        return self.accept(name, bidder, ref, "join")

    # Operators -------------------------------------------------------------------------------------------------------

    def clerk(
        self, name: str, op: str, by: str, ref: str, fields: dict[str, Any], at: int, *, stale: bool = False
    ) -> Said:
        """Give an operator's order by its name in the contract; `stale` if he goes by what was."""
        body = (op, sorted((key, str(value)) for key, value in fields.items()))
        said = self.before(name, by, ref, body)
        if said is not None:
            return said
        if stale:
            return Said("stale")
        if op in self.lots[name].terms["four_eyes"]:
            code = deepcopy(self)._carry_out(name, op, fields, at)
            if code in (None, "nothing"):
                self.lots[name].catch_up(at)
            if code is not None:
                return self._told(name, by, ref, body, code)
            self.proposals.append(Proposal(name, op, by, ref, fields))
            return self.accept(name, by, ref, body, Said(OK, pending=True))
        do = self._countersign if op == "countersign" else self._carry_out
        code = do(name, by if op == "countersign" else op, fields, at)
        if op == "floor_bid" and code is None:
            standing = self.lots[name].standing()
            return self.accept(name, by, ref, body, Said(OK, standing.price, standing.leader == hand(fields)))
        return self._told(name, by, ref, body, code)

    def _told(self, name: str, by: str, ref: str, body: object, code: str | None) -> Said:
        if code is None:
            return self.accept(name, by, ref, body)
        return {"repeat": Said(OK, repeat=True), "nothing": Said(OK)}.get(code, Said(code))

    def _carry_out(self, name: str, op: str, fields: dict[str, Any], at: int) -> str | None:
        """Carry an order out, on the lot as it stands now; where it is refused nothing has happened."""
        before = self.lots[name]
        lot = self.lots[name] = deepcopy(before)
        lot.catch_up(at)
        phases, do = ORDERS[op]
        if lot.phase not in phases or (phases != ANY and lot.phase == "open" and lot.is_over(at)):
            code: str | None = "wrong_phase"
        else:
            code = do(Given(self, name, lot, at, fields))
        if code not in (None, "nothing"):
            self.lots[name] = before
        return code

    def _countersign(self, name: str, by: str, fields: dict[str, Any], at: int) -> str | None:
        """Carry out what another operator wants, decided as if it were ordered now."""
        for wanted in self.proposals:
            if (wanted.lot, wanted.by, wanted.ref) != (name, fields["of_by"], fields["of_ref"]):
                continue
            if wanted.done:
                return "unknown_proposal"
            if wanted.by == by:
                return "needs_another"
            code = self._carry_out(name, wanted.op, wanted.fields, at)
            if code == "nothing":
                code = None  # there was nothing left to do, but it is done with
            wanted.done = code is None
            return code
        return "unknown_proposal"
