"""One lot on paper: what has happened to it so far, and what that makes of it.

It refuses to know refs, operators and the other lots of the group. Every question is answered from the lists anew.
Amounts are minor units, instants microseconds; fractions are exact.
"""

from fractions import Fraction
from typing import Any

from tests.lots.paper.desk import Desk
from tests.lots.paper.price import Entry, Standing, ask_after, outranks, standing

MINUTE_US = 60_000_000
ASCENDING = ("english", "saleroom", "two_phase")


def us(seconds: float) -> int:
    return round(Fraction(seconds) * 1_000_000)


class PaperLot:
    """One lot: its terms as a client sends them, nothing left out, and where it stands."""

    def __init__(self, terms: dict[str, Any]) -> None:
        self.terms = terms
        self.desk = Desk(terms)
        self.phase = "upcoming"
        self.entries: list[Entry] = []
        self.sealed: list[Entry] = []
        self.joined: set[str] = set()
        self.was_timed = False
        self.deposits_left = False
        self.end: int | None = terms["closes_at"]
        soft = terms["soft_close"]
        self.hard_end = None if soft is None or soft["hard_end_s"] is None else self.end + us(soft["hard_end_s"])
        self.moves = 0
        self.moves_by_bids = 0
        self.opened_at = 0
        self.stage: str | None = None
        self.fallen = terms["start_price"]
        self.falls_at: int | None = None
        self.time_left: int | None = None
        self.time_to_fall: int | None = None
        self.suspended_until: int | None = None
        self.own_step: int | None = None
        self.warned = False
        self.opened: list[Entry] = []
        self.hammer: int | None = None
        self.settlement: str | None = None
        self.successor: str | None = None
        self.closed_at = 0
        self.consent_until: int | None = None
        self.release_at: int | None = None
        self.notice: str | None = None

    # What it is ------------------------------------------------------------------------------------------------------

    @property
    def format(self) -> str:
        return str(self.terms["format"])

    def standing(self) -> Standing:
        return standing(self.terms, self.entries, self.desk.ranks)

    def bids(self) -> int:
        return len(self.opened) + sum(entry.public and not entry.voided for entry in self.entries)

    def reserve(self) -> str:
        if self.terms["reserve"] is None:
            return "none"
        return "met" if self.reserve_is_met() else "not_met"

    def reserve_is_met(self) -> bool:
        price, reserve = self.standing().price, self.terms["reserve"]
        return reserve is None or (price is not None and price >= reserve)

    def ask(self) -> int | None:
        """The least acceptable bid, for who has no rank; None when none is."""
        if self.phase != "open" or self.stage == "joining":
            return None
        if self.format == "dutch":
            return int(self.fallen)
        if self.format == "sealed":
            return int(self.terms["start_price"])
        price = self.standing().price
        if self.stage == "quotes" and price is not None:
            return price
        return ask_after(self.terms, price, self.own_step)

    def price_ceiling(self) -> int | None:
        """The price at which one-shot quotes take over."""
        return self.terms["two_phase"]["ceiling"] if self.format == "two_phase" else None

    def is_over(self, at: int) -> bool:
        """Whether the end has come, bell or no bell; there may be another stage after it."""
        return self.end is not None and at >= self.end

    def next_stage(self) -> str | None:
        """What follows the end of a two-phase lot's stage; None when that is the close."""
        if self.format != "two_phase" or self.stage in ("timed", "quotes"):
            return None
        if self.terms["two_phase"]["confirm_s"] is None:
            return "timed"
        if self.stage == "free":
            return "joining"
        return "timed" if self.joined else None

    # What the clock does ---------------------------------------------------------------------------------------------

    def catch_up(self, at: int) -> bool:
        """Do all that was due before anything else: open, lower the price, go on to the next stage; tell if it did."""
        if self.phase == "upcoming" and self.format != "saleroom" and at >= self.terms["opens_at"]:
            self.open(at)
        elif self.phase != "open":
            return False
        elif self.end is not None and at >= self.end and self.next_stage() is not None:
            self.begin(self.next_stage() or "", self.end)
        elif self.falls_at is not None and at >= self.falls_at and not self.is_over(at):
            self._lower(at)
        else:
            return False
        self.catch_up(at)
        return True

    def is_due(self, at: int) -> bool:
        """Whether a bell should have rung by now."""
        if self.phase == "upcoming":
            return self.format != "saleroom" and at >= self.terms["opens_at"]
        if self.phase == "open":
            return self.is_over(at) or (self.falls_at is not None and at >= self.falls_at)
        if self.consent_until is not None and at >= self.consent_until:
            return True
        waiting = self.standing().leader if self.consent_until is not None else None
        held = any(self.desk.in_account(bidder, "held") for bidder in self.desk.purses if bidder != waiting)
        return self.release_at is not None and at >= self.release_at and held

    def open(self, at: int) -> None:
        self.phase = "open"
        self.opened_at = at
        if self.format == "two_phase":
            self.stage = "free"
        if self.format == "dutch":
            self.falls_at = at + us(self.terms["dutch"]["every_s"])

    def begin(self, stage: str, at: int) -> None:
        own = self.terms["two_phase"]
        lasts_s = {"joining": own["confirm_s"], "timed": own["countdown_s"], "quotes": own["quote_s"]}[stage]
        self.stage = stage
        self.was_timed = self.was_timed or stage == "timed"
        self.end = at + us(lasts_s)

    def _lower(self, at: int) -> None:
        """One step, however late; who is late by more than a step starts counting anew."""
        own = self.terms["dutch"]
        assert self.falls_at is not None
        self.fallen = max(own["floor"], self.fallen - own["step"])
        following = self.falls_at + us(own["every_s"])
        self.falls_at = following if following > at else at + us(own["every_s"])
        if self.fallen == own["floor"]:
            self.falls_at = None

    def close(self, at: int) -> None:
        """The end has come: open what is sealed, then sell to the best or pass."""
        if self.format == "sealed" or self.stage == "quotes":
            self._open_bids()
        if self.standing().leader is not None and self.reserve_is_met():
            self.sell(at)
        else:
            self.pass_(at)

    def _open_bids(self) -> None:
        """Let the best of what was offered unseen lead, for what he has to pay; an equal open bid was earlier."""
        self.opened, led = self.best_first(), self.standing()
        if not self.opened:
            return
        best, *others = self.opened
        if led.price == best.amount and not outranks(self.desk.ranks, best.bidder, led.leader):
            return
        price = best.amount
        if self.format == "sealed" and self.terms["sealed"]["pricing"] == "second":
            second = max([self.terms["start_price"], self.terms["reserve"] or 0, *(entry.amount for entry in others)])
            price = min(price, second)
        self.entries.append(Entry(best.bidder, "buy", price, public=False))

    def best_first(self) -> list[Entry]:
        """The latest offer of each who is not barred: the higher first, then the higher rank, then the earlier."""
        latest = [entry for n, entry in enumerate(self.sealed) if entry.bidder not in _bidders(self.sealed[n + 1 :])]
        latest = [entry for entry in latest if entry.bidder not in self.desk.barred]
        ordered: list[Entry] = []
        for entry in latest:
            place = sum(not self._beats(entry, other) for other in ordered)
            ordered.insert(place, entry)
        return ordered

    def _beats(self, entry: Entry, other: Entry) -> bool:
        """Whether an offer goes before one that came earlier."""
        if entry.amount != other.amount:
            return entry.amount > other.amount
        return outranks(self.desk.ranks, entry.bidder, other.bidder)

    def sell(self, at: int) -> None:
        self.hammer = self.standing().price
        self.settlement = "due"
        self._end("sold", at)

    def pass_(self, at: int) -> None:
        """Below the reserve the best bid may stand for the seller's word."""
        lasts_s = self.terms["provisional_s"]
        below = self.standing().leader is not None and not self.reserve_is_met()
        self._end("passed", at)
        if below and lasts_s is not None:
            self.consent_until = at + us(lasts_s)

    def withdraw(self, at: int) -> None:
        self._end("withdrawn", at)
        self.end = None

    def _end(self, phase: str, at: int) -> None:
        self.phase = phase
        self.closed_at = at
        self.falls_at = None
        self.consent_until = None
        self.suspended_until = None
        if self.terms["deposit"] > 0:
            self.release_at = at + us(self.terms["release_after_s"])

    def after_the_close(self, at: int) -> None:
        """What a bell does to a lot that has ended: the seller's time is over, the deposits go their ways."""
        held = self.desk.held_in_all()
        if self.consent_until is not None and at >= self.consent_until:
            self.consent_until = None
        if self.release_at is not None and at >= self.release_at:
            leader = self.standing().leader
            winner = leader if self.phase == "sold" else None
            self.desk.after_the_close(winner, leader if self.consent_until is not None else None)
        self.note_what_left(held)

    def note_what_left(self, held: int) -> None:
        """Remember that of what was held some has gone its way since the close."""
        self.deposits_left |= self.phase in ("sold", "passed", "withdrawn") and self.desk.held_in_all() < held

    def too_many_lost(self, connected: int, lost: int) -> bool:
        percent = self.terms["suspend_lost_percent"]
        return percent is not None and lost * 100 > percent * (connected + lost)

    # Ends ------------------------------------------------------------------------------------------------------------

    def soft_close(self, at: int, *, leader_changed: bool) -> int:
        """Move the end on behalf of a bid, and say how far; every bid that gets here has moved price or leader."""
        soft = self.terms["soft_close"]
        if soft is None or self.end is None or (soft["trigger"] == "leader" and not leader_changed):
            return 0
        if self.end - at >= us(soft["window_s"]):
            return 0
        if soft["max_extensions"] is not None and self.moves_by_bids >= soft["max_extensions"]:
            return 0
        base = at if soft["mode"] == "from_bid" else self.end
        return self.move_to(base + us(soft["extension_s"]))

    def move_to(self, end: int) -> int:
        """Move the end on behalf of a bid, never back and never past the hard end; say how far."""
        assert self.end is not None
        if self.hard_end is not None:
            end = min(end, self.hard_end)
        span = max(0, end - self.end)
        self.end += span
        self.moves += span > 0
        self.moves_by_bids += span > 0
        return span

    def house_moves(self, end: int) -> None:
        """Move the end on behalf of the house, and the hard end with it."""
        if self.hard_end is not None and self.end is not None:
            self.hard_end += end - self.end
        self.end = end

    def pause(self, at: int) -> None:
        self.phase = "paused"
        self.time_left = None if self.end is None else self.end - at
        self.time_to_fall = None if self.falls_at is None else max(0, self.falls_at - at)
        self.falls_at = None

    def resume(self, at: int) -> None:
        """Give back the time that was left, at least a window, at least a minute for a hard close."""
        self.phase = "open"
        self.suspended_until = None
        soft = self.terms["soft_close"]
        if self.time_left is not None:
            least = MINUTE_US if soft is None else us(soft["window_s"])
            if self.stage == "timed":
                least = us(self.terms["two_phase"]["countdown_s"])
            self.house_moves(at + max(self.time_left, least))
        if self.time_to_fall is not None:
            self.falls_at = at + self.time_to_fall

    def reopen(self, end: int | None) -> None:
        self.phase = "open"
        self.hammer = self.settlement = self.consent_until = self.release_at = None
        self.warned = False
        if self.format == "two_phase":
            self.stage = "timed"
        self.end = end
        if self.hard_end is not None and end is not None:
            self.hard_end = max(self.hard_end, end)

    # Bids ------------------------------------------------------------------------------------------------------------

    def take(self, kind: str, bidder: str, amount: int, at: int) -> tuple[Entry, int]:
        """Write down an offer that nothing was to be said against; return it, and by how much it moved a soft end."""
        self.desk.paddles.add(bidder)
        entry = Entry(bidder, kind, amount, self.own_step)
        if self.format == "sealed" or self.stage == "quotes":
            self.sealed.append(entry)
            entry.public = False
            return entry, 0
        first = not self.entries
        before = self.standing()
        if self.format == "dutch":
            entry.kind, entry.amount = "buy", int(self.fallen)
        elif self.buys_now(kind, amount):
            entry.kind, entry.amount = "buy", self.terms["buy_now"]
        self.entries.append(entry)
        after = self.standing()
        entry.lost = after.leader != bidder
        entry.public = not (before.leader == bidder and kind == "max_bid" and after.price == before.price)
        if not entry.public:
            return entry, 0
        self.own_step = None
        self.warned = False
        return entry, self._end_follows(entry, at, first=first, leader_changed=before.leader != after.leader)

    def _end_follows(self, entry: Entry, at: int, *, first: bool, leader_changed: bool) -> int:
        two_phase = self.terms["two_phase"]
        if entry.kind == "buy":
            self.sell(at)
        elif first and self.terms["first_bid_closes_s"] is not None:
            self.end = at + us(self.terms["first_bid_closes_s"])
        elif two_phase is not None and self.standing().price == two_phase["ceiling"]:
            self.begin("quotes", at)
        elif self.stage == "timed":
            self.move_to(at + us(two_phase["countdown_s"]))
        else:
            return self.soft_close(at, leader_changed=leader_changed)
        return 0

    def buys_now(self, kind: str, amount: int) -> bool:
        price, ask = self.terms["buy_now"], self.ask()
        if price is None or kind == "max_bid" or amount < price:
            return False
        if self.terms["buy_now_until"] == "first_bid":
            return self.bids() == 0
        return ask is not None and ask <= price

    def void(self, entry: Entry) -> None:
        """Let a public bid not count, nor what its bidder raised in private until his next public bid."""
        entry.voided = True
        self.warned = False
        self.own_step = None
        for later in self.entries[self.entries.index(entry) + 1 :]:
            if later.bidder == entry.bidder:
                if later.public:
                    break
                later.voided = True


def _bidders(entries: list[Entry]) -> set[str]:
    return {entry.bidder for entry in entries}
