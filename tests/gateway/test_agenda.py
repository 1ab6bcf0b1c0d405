"""The order in which lots close, as commits move them."""

from msgspec.structs import replace

from gateway.agenda import FIRST, Agenda, HouseAgenda, Place
from lots.decisions import decide
from lots.fold import evolve
from lots.orders import ListLot
from lots.phases import Phase
from lots.state import Lot
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing


def lot(name: str, ends_after: int = 0) -> Lot:
    """Return a lot that is open, ending so many microseconds after the others."""
    state: Lot | None = None
    for event in decide({}, ListLot(listing(name, closes_at=CLOSES_AT + ends_after)), OPENS_AT).events:
        state = evolve(state, event)
    assert state is not None
    return state


def names(agenda: Agenda) -> list[str]:
    """Return all lots in their order."""
    return [place.lot for place in agenda.after(FIRST, 1_000)]


def test_lots_stand_in_the_order_of_their_ends_and_then_of_their_ids() -> None:
    assert names(Agenda([lot("B"), lot("C", -5), lot("A")])) == ["C", "A", "B"]


def test_a_lot_that_is_extended_moves_back() -> None:
    agenda = Agenda([lot("A"), lot("B", 5)])
    agenda.note(replace(lot("A"), closes_at=CLOSES_AT + 9))
    assert names(agenda) == ["B", "A"]


def test_a_lot_without_an_end_keeps_its_place() -> None:
    agenda = Agenda([lot("A"), lot("B", 5)])
    extended = replace(lot("A"), closes_at=CLOSES_AT + 9)
    agenda.note(extended)
    agenda.note(replace(extended, closes_at=None, phase=Phase.PAUSED))
    assert names(agenda) == ["B", "A"]


def test_pages_miss_no_lot_that_moves_between_them() -> None:
    states = [lot(f"L{n:03}", n) for n in range(100)]
    agenda, seen, place = Agenda(states), set[str](), FIRST
    while places := agenda.after(place, 7):
        seen.update(place.lot for place in places)
        place = places[-1]
        for n in range(0, 100, 13):
            states[n] = replace(states[n], closes_at=(states[n].closes_at or 0) + 20, phase=Phase.OPEN)
            agenda.note(states[n])
        if len(seen) == 100:
            break
    assert len(seen) == 100


def test_a_cursor_need_not_be_anybodys_place() -> None:
    agenda = Agenda([lot("A"), lot("B")])
    assert [place.lot for place in agenda.after(Place(CLOSES_AT, "Aa"), 9)] == ["B"]


def test_phases_are_counted_by_sale() -> None:
    agenda = Agenda([lot("A")])
    agenda.note(lot("B"))
    assert (agenda.counts("S")["open"], agenda.totals()["open"]) == (2, 2)
    agenda.note(replace(lot("B"), phase=Phase.SOLD))
    assert agenda.counts("S") == {"upcoming": 0, "open": 1, "paused": 0, "sold": 1, "passed": 0, "withdrawn": 0}
    assert sum(agenda.counts("another").values()) == 0


def run_by(org: str, name: str, ends_after: int = 0) -> Lot:
    """Return a lot that a consignor runs."""
    state = lot(name, ends_after)
    return replace(state, listing=replace(state.listing, org=org))


def test_the_lots_of_each_consignor_stand_in_an_agenda_of_their_own() -> None:
    agenda = HouseAgenda([run_by("K", "C"), lot("A"), run_by("L", "B")])
    agenda.note(run_by("K", "D", -5))
    agenda.note(run_by("M", "E"))
    agenda.note(replace(run_by("K", "D"), closes_at=CLOSES_AT + 9))
    assert names(agenda) == ["A", "B", "C", "E", "D"]
    assert {org: names(agenda.of(org)) for org in "KLMN"} == {"K": ["C", "D"], "L": ["B"], "M": ["E"], "N": []}
