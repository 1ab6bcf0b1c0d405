"""What is private shows nowhere: not by name, not by value, and not by the public bytes that follow from it."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs, to_builtins

from lots import views
from lots.decision import Outcome
from lots.events import BidsOpened, LotPassed, LotSold, StageBegun
from lots.formats import Format, Stage
from lots.orders import (
    Admit,
    Bar,
    Bid,
    Clerk,
    ConfirmDeposit,
    Decline,
    Join,
    MaxBid,
    Offer,
    Open,
    Order,
    Register,
    Release,
    Reopen,
)
from lots.phases import Phase
from lots.refusals import Refused
from lots.state import Accepted, Lot
from tests.lots.pair import Player
from tests.lots.saleroom import OPENS_AT, Saleroom, instant, listing, pack
from tests.lots.scenarios import BIDDERS, CLERKS, DEPOSIT, STATEMENTS, Script, Step, many, scripts

CEILING, RAISED, RESERVE, SEALED = 7_654_321, 8_765_432, 9_876_543, 6_543_210


def _numbers(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner)
    else:
        yield value


def _told_to_others(room: Saleroom) -> list[object]:
    """Return what watchers and a second bidder see of a lot."""
    lot = room.lots["A"]
    shown: list[object] = [*room.public(), views.snapshot(lot, "", 0), views.live(lot, 0), views.you(lot, "bob")]
    offers: list[Offer] = [
        Bid("A", "bob", "b", 105),
        Bid("A", "bob", "c", 300),
        MaxBid("A", "bob", "d", 500),
        MaxBid("A", "bob", "e", 1),
    ]
    return shown + [to_builtins(room.give(offer, instant("9"))) for offer in offers] + list(room.public())


def test_neither_ceiling_nor_reserve_nor_name_is_told_to_others() -> None:
    room = Saleroom(listing(reserve=RESERVE), at=OPENS_AT)
    room.give(MaxBid("A", "private-ann", "private-ref", CEILING), instant("1"))
    room.give(MaxBid("A", "private-ann", "private-raise", RAISED), instant("2"))
    room.give(
        Bar(lot="A", by="private-kim", ref="private-order", bidder="private-zoe", reason="private-why"), instant("3")
    )
    told = _told_to_others(room)
    assert not {CEILING, RAISED, RESERVE} & set(_numbers(told))
    assert "private" not in str(told)
    assert str(RESERVE) not in str(told)


def test_a_sealed_bid_is_told_to_nobody_before_the_close() -> None:
    room = Saleroom(listing(format="sealed", sealed={"pricing": "first"}, ladder=[]), at=OPENS_AT)
    seq = room.lots["A"].seq
    room.give(Bid("A", "private-ann", "private-ref", SEALED), instant("1"))
    told = _told_to_others(room)
    assert SEALED not in set(_numbers(told))
    assert "private" not in str(told)
    assert (room.lots["A"].seq, room.lots["A"].bids, room.lots["A"].leader) == (seq, 0, None)


def test_a_bidder_is_told_his_own_ceiling_and_nobody_elses() -> None:
    room = Saleroom(listing(), at=OPENS_AT)
    room.give(MaxBid("A", "ann", "1", CEILING, chance=5), instant("1"))
    room.give(Bid("A", "bob", "1", 200, chance=6), instant("2"))
    ann = {"paddle": 105, "admitted": True, "leading": True, "max": CEILING}
    assert _you(room, "ann") == ann
    bob = {"paddle": 106, "admitted": True, "leading": False, "max": None}
    assert _you(room, "bob") == bob
    eve = {"paddle": None, "admitted": False, "leading": False, "max": None}
    assert _you(room, "eve") == eve


def _you(room: Saleroom, bidder: str) -> dict[str, Any]:
    told = views.you(room.lots["A"], bidder)
    return {name: told[name] for name in ("paddle", "admitted", "leading", "max")}


def test_a_barred_bidder_is_not_admitted_any_more() -> None:
    room = Saleroom(listing(), at=OPENS_AT)
    room.give(Bid("A", "ann", "1", 100), instant("1"))
    room.give(Bar(lot="A", by="kim", ref="1", bidder="ann"), instant("2"))
    assert not views.you(room.lots["A"], "ann")["admitted"]


def test_a_refusal_tells_a_bidder_no_ceiling_but_his_own() -> None:
    room = Saleroom(listing(), at=OPENS_AT)
    room.give(MaxBid("A", "ann", "1", CEILING), instant("1"))
    own = room.give(MaxBid("A", "ann", "2", 200), instant("2"))
    assert isinstance(own, Refused)
    assert str(CEILING) in own.detail


# Names ----------------------------------------------------------------------------------------------------------------


def _public(player: Player) -> list[bytes]:
    """Play, and return all that anyone may hear of it: events, and the state after the last."""
    room = player.play()
    heard = [pack(part) for event in room.events if (part := event.parts()[0])]
    for lot in room.lots.values():
        heard += [pack(views.snapshot(lot, "", 0)), pack(views.live(lot, 0))]
    return heard


@many(250)
@given(scripts())
def test_no_bidder_no_ref_no_payment_and_no_clerk_shows_in_public(script: Script) -> None:
    assert not [packed for packed in _public(Player(script)) if b"secret" in packed or b"pay-" in packed]


class Renamed(Player):
    """Plays a script with other bidders, refs, payments and operators."""

    def give(self, order: Order, at: int) -> Outcome:
        changes: dict[str, Any] = {}
        for name in ("bidder", "ref", "by", "payment", "of_by", "of_ref"):
            before = getattr(order, name, "")
            if before:
                changes[name] = before[::-1] + "-twin"
        return super().give(structs.replace(order, **changes), at)


@many(200)
@given(scripts())
def test_who_bids_and_who_orders_changes_no_public_byte(script: Script) -> None:
    assert _public(Renamed(script)) == _public(Player(script))


# Reserves and ceilings ------------------------------------------------------------------------------------------------


def _under(script: Script, **terms: Any) -> Script:  # noqa: ANN401  terms as a client may send them
    return script._replace(terms={lot: {**own, **terms} for lot, own in script.terms.items()})


WITH_RESERVES = ("english", "english", "saleroom", "two_phase", "sealed")


@many(200)
@given(scripts(formats=WITH_RESERVES))
def test_two_hidden_reserves_that_are_not_met_give_the_same_public_bytes(script: Script) -> None:
    hidden = _under(script, reserve_public=False, buy_now=None, provisional_s=5)
    low, high = (_under(hidden, reserve=reserve) for reserve in (10**6, 3 * 10**6))
    assert _public(Player(low)) == _public(Player(high))


PROXY = {
    "opens_at": OPENS_AT,
    "raise": "at_least",
    "proxy": True,
    "confirm_above": None,
    "buy_now": None,
    "deposit": 0,
    "registration": None,
    "priority": False,
    "reserve": None,
    "provisional_s": None,
}
"""Terms under which a ceiling of a million leads from the first instant on."""
ASCENDING = ("english", "english", "saleroom", "two_phase")


class Led(Player):
    """Plays with a bidder of whom the script knows nothing, who leads lot A by a ceiling that nobody reaches.

    `raises`: before which of the throws he raises it.
    """

    def __init__(self, script: Script, ceiling: int, raises: tuple[int, ...] = ()) -> None:
        terms = {lot: {**own, **PROXY} for lot, own in script.terms.items()}
        for own in terms.values():
            if own["two_phase"] is not None:
                own["two_phase"] = {**own["two_phase"], "ceiling": None}
        super().__init__(script._replace(terms=terms, opening=[]), at=OPENS_AT)
        self.ceiling = ceiling
        self.raises = raises
        self.read = 0

    def do(self, step: Step) -> None:
        if self.read == 0:
            self.room.give(Open(lot="A", by="secret-kim", ref="opening"), self.at)
            self.room.give(MaxBid("A", "secret-shark", "first", self.ceiling), self.at)
        if self.read in self.raises and self.room.lots["A"].leader_bidder == "secret-shark":
            self.room.give(MaxBid("A", "secret-shark", f"raise-{self.read}", 10**7 + self.read), self.at)
        self.read += 1
        super().do(step)


@many(200)
@given(scripts(formats=ASCENDING))
def test_a_higher_ceiling_that_nobody_reaches_changes_no_public_byte(script: Script) -> None:
    assert _public(Led(script, 10**6)) == _public(Led(script, 3 * 10**6))


@many(200)
@given(scripts(formats=ASCENDING), st.sets(st.integers(1, 30), max_size=3))
def test_a_leader_who_raises_his_ceiling_changes_no_public_byte(script: Script, places: set[int]) -> None:
    assert _public(Led(script, 10**6, tuple(places))) == _public(Led(script, 10**6))


# Sealed bids, quotes and admissions -----------------------------------------------------------------------------------


class Punctual(Player):
    """Plays with bells that are never late, and with nobody to count who is there."""

    def __init__(self, script: Script) -> None:
        super().__init__(script._replace(attendances=(None,)))

    def do(self, step: Step) -> None:
        super().do(step._replace(punctual=True))


class Silent(Punctual):
    """Plays without what is offered unseen: nobody gives a sealed bid or a quote."""

    def give(self, order: Order, at: int) -> Outcome:
        if isinstance(order, Bid | MaxBid) and _is_unseen(self.room.lots[order.lot]):
            return None
        return super().give(order, at)


class Louder(Punctual):
    """Plays with more of it: whoever offers anything unseen offers more, and somebody else does so too."""

    def give(self, order: Order, at: int) -> Outcome:
        if isinstance(order, Bid) and _is_unseen(self.room.lots[order.lot]):
            other = Bid(order.lot, "secret-dan", f"more-{len(self.log)}", order.amount + 5, confirm=True, chance=5)
            self.room.give(other, at)
            order = structs.replace(order, amount=order.amount + 1_000, confirm=True)
        return super().give(order, at)


def _is_unseen(lot: Lot) -> bool:
    return lot.terms.format is Format.SEALED or lot.stage is Stage.QUOTES


def _until_the_close(player: Player) -> list[bytes]:
    """Return what is public before the first lot with unseen offers is closed."""
    room = player.play()
    unseen = {name for name, lot in room.lots.items() if lot.terms.format is Format.SEALED}
    heard: list[bytes] = []
    for event in room.events:
        if isinstance(event, StageBegun) and event.stage is Stage.QUOTES:
            unseen.add(event.lot)
        if isinstance(event, BidsOpened | LotSold | LotPassed) and event.lot in unseen:
            break
        if public := event.parts()[0]:
            heard.append(pack(public))
    return heard


@many(200)
@given(scripts(formats=("sealed", "sealed", "two_phase", "english")))
def test_neither_number_nor_time_nor_amount_of_what_is_unseen_shows_before_the_close(script: Script) -> None:
    quoting = _quoting(script)
    heard = _until_the_close(Punctual(quoting))
    assert heard == _until_the_close(Silent(quoting))
    assert heard == _until_the_close(Louder(quoting))


def _quoting(script: Script) -> Script:
    """Give every two-phase lot a ceiling that is soon reached, and anyone the right to quote."""
    terms = {lot: {**own} for lot, own in script.terms.items()}
    for own in terms.values():
        if own["two_phase"] is not None:
            own["two_phase"] = {**own["two_phase"], "ceiling": 60, "confirm_s": None}
    return script._replace(terms=terms)


class Closed(Punctual):
    """Plays a script in which what has closed stays closed: whether it may be reopened depends on deposits."""

    def do(self, step: Step) -> None:
        if not isinstance(step.order, Reopen):
            super().do(step)


class Crowded(Closed):
    """Plays with a bidder of whom the script knows nothing, who does all that is asked and never bids."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.added = 0

    def do(self, step: Step) -> None:
        super().do(step)
        for lot in self.room.lots:
            self.added += 1
            self.room.give(self._something(lot), self.room.at)

    def _something(self, lot: str) -> Order:
        said: dict[str, Any] = {"lot": lot, "bidder": "secret-dan", "ref": f"more-{self.added}"}
        by: dict[str, Any] = {**said, "by": "secret-moe"}
        paid: dict[str, Any] = {"amount": DEPOSIT, "payment": f"pay-{self.added}", "chance": 5}
        things: tuple[Order, ...] = (
            Register(**said, accepts=tuple(STATEMENTS), chance=5),
            Admit(**by, rank=None, chance=5),
            ConfirmDeposit(**by, **paid),
            Release(**by),
            Admit(**by, rank=1, chance=5),
            ConfirmDeposit(**by, **paid),
            Decline(**by),
            Bar(**by),
        )
        return things[self.added * 3 % len(things)]


@many(200)
@given(scripts())
def test_who_registers_pays_is_let_in_or_kept_out_changes_no_public_byte(script: Script) -> None:
    assert _public(Crowded(script)) == _public(Closed(script))


# Operators ------------------------------------------------------------------------------------------------------------


class Masked(Player):
    """Plays with other bidders behind the same offers, all of them admitted alike; keeps what operators are told.

    `turn`: how many places further who offers stands in the list of bidders. Nobody is barred: that is to be seen.
    """

    def __init__(self, script: Script, turn: int) -> None:
        terms = {lot: {**own, "priority": False, "four_eyes": ()} for lot, own in script.terms.items()}
        opening = [order for lot, own in terms.items() for order in _all_admitted(lot, own)]
        super().__init__(script._replace(terms=terms, opening=opening, attendances=(None,)))
        self.turn = turn
        self.is_closed = False
        self.told: list[object] = []

    def give(self, order: Order, at: int) -> Outcome:
        if isinstance(order, Bar):
            return None
        if isinstance(order, Bid | MaxBid | Join):
            place = BIDDERS.index(order.bidder) + self.turn
            order = structs.replace(order, bidder=BIDDERS[place % len(BIDDERS)])
        outcome = super().give(order, at)
        self.is_closed |= any(lot.phase in (Phase.SOLD, Phase.PASSED) for lot in self.room.lots.values())
        if isinstance(order, Clerk) and not self.is_closed:
            self.told.append(outcome if isinstance(outcome, Refused) else _without_paddle(outcome))
        return outcome


def _without_paddle(outcome: Accepted | None) -> Accepted | None:
    return None if outcome is None else structs.replace(outcome, paddle=None)


def _all_admitted(lot: str, terms: dict[str, Any]) -> Iterator[Order]:
    for bidder in BIDDERS:
        said: dict[str, Any] = {"lot": lot, "bidder": bidder, "ref": f"first-{bidder}"}
        if terms["registration"]:
            yield Register(**said, accepts=tuple(STATEMENTS), chance=len(bidder))
            yield Admit(**{**said, "ref": f"second-{bidder}"}, by=CLERKS[0])
        if terms["deposit"]:
            yield ConfirmDeposit(**said, by=CLERKS[0], amount=DEPOSIT, payment=f"pay-1-{bidder}")


@many(200)
@given(scripts(), st.integers(1, 2))
def test_no_answer_to_an_operator_tells_before_the_close_who_is_behind_a_paddle(script: Script, turn: int) -> None:
    one, other = Masked(script, 0), Masked(script, turn)
    one.play()
    other.play()
    assert one.told == other.told
