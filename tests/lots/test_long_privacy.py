"""What is private shows nowhere: not by name, not by value, and not by the public bytes that follow from it."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs, to_builtins

from lots import views
from lots.orders import Bar, Bid, Clerk, MaxBid, Offer
from lots.refusals import Refused
from tests.lots.saleroom import OPENS_AT, Saleroom, instant, listing, pack
from tests.lots.scenarios import Script, Step, scripts

CEILING, RAISED, RESERVE = 7_654_321, 8_765_432, 9_876_543
FOREVER_US = 10**12


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


def test_a_bidder_is_told_his_own_ceiling_and_nobody_elses() -> None:
    room = Saleroom(listing(), at=OPENS_AT)
    room.give(MaxBid("A", "ann", "1", CEILING, chance=5), instant("1"))
    room.give(Bid("A", "bob", "1", 200, chance=6), instant("2"))
    ann = {"ev": "you", "lot": "A", "paddle": 105, "admitted": True, "leading": True, "max": CEILING}
    assert views.you(room.lots["A"], "ann") == ann
    bob = {"ev": "you", "lot": "A", "paddle": 106, "admitted": True, "leading": False, "max": None}
    assert views.you(room.lots["A"], "bob") == bob
    eve = {"ev": "you", "lot": "A", "paddle": None, "admitted": False, "leading": False, "max": None}
    assert views.you(room.lots["A"], "eve") == eve


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


def _public(script: Script) -> list[bytes]:
    """Play a script and return all that anyone may hear of it: events, and the state after each."""
    room = Saleroom(*(listing(lot, **terms) for lot, terms in script.terms.items()), at=OPENS_AT - 1)
    at, said = OPENS_AT, list[bytes]()
    for number, step in enumerate(script.steps):
        at += step.wait_us
        order = step.order
        if isinstance(order, Clerk):
            order = structs.replace(order, ref=f"order-{number}")
        before = len(room.events)
        room.give(order, at)
        for event in room.events[before:]:
            if public := event.parts()[0]:
                said += [pack(public), pack(views.live(room.lots[event.lot], at))]
    room.ring_until(at + FOREVER_US)
    return said + [pack(part) for name in room.lots for part in room.public(name)]


def _under(script: Script, **terms: Any) -> Script:  # noqa: ANN401  terms as a client may send them
    return Script({lot: {**own, **terms} for lot, own in script.terms.items()}, script.steps)


@settings(max_examples=3000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_two_hidden_reserves_that_are_not_met_give_the_same_public_bytes(script: Script) -> None:
    assert _public(_under(script, reserve=10**6)) == _public(_under(script, reserve=3 * 10**6))


PROXY = {"opens_at": OPENS_AT, "raise": "at_least", "proxy": True, "deposit": 0, "confirm_above": None}
"""Terms under which a ceiling of a million leads from the first instant on."""


def _led(script: Script, ceiling: int) -> Script:
    """Let a bidder of whom the script knows nothing lead lot A by a ceiling that nobody reaches."""
    first = Step(0, MaxBid("A", "secret-shark", "first", ceiling))
    return Script(_under(script, **PROXY).terms, [first, *script.steps])


@settings(max_examples=3000, deadline=None, derandomize=False, print_blob=True)
@given(scripts())
def test_a_higher_ceiling_that_nobody_reaches_changes_no_public_byte(script: Script) -> None:
    assert _public(_led(script, 10**6)) == _public(_led(script, 3 * 10**6))


@settings(max_examples=3000, deadline=None, derandomize=False, print_blob=True)
@given(scripts(), st.lists(st.integers(1, 30), max_size=3))
def test_a_leader_who_raises_his_ceiling_changes_no_public_byte(script: Script, places: list[int]) -> None:
    led = _led(script, 10**6)
    raising = list(led.steps)
    for number, place in enumerate(places):
        raised = MaxBid("A", "secret-shark", f"raise-{number}", 10**7 + number)
        raising.insert(place, Step(0, raised))
    assert _public(Script(led.terms, raising)) == _public(led)
