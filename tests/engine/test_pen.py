"""The pen: entries are numbered, chained and salted, and what was written is what is read back."""

import msgpack
import msgspec
import pytest
from hypothesis import given

from engine.chains import verify
from engine.errors import LogDamaged
from engine.journal import Entry, Marker, Record, Top
from engine.pen import Pen, Reader, Salts, Tail, in_one, marked, public_event, unpack
from lots.events import BidderAdmitted, BidPlaced, CeilingRaised, Event, LotListed, LotOpened
from tests.lots.pair import Player
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing
from tests.lots.scenarios import Script, many, scripts

EVENTS: tuple[Event, ...] = (
    LotListed(lot="A", at=1, seq=1, listing=listing(reserve=900), reserve="not_met"),
    LotOpened(lot="A", at=OPENS_AT, seq=2, closes_at=CLOSES_AT, ask=100),
    BidderAdmitted(lot="A", at=OPENS_AT, seq=3, paddle=123, bidder="ann"),
    BidPlaced(
        lot="A",
        at=OPENS_AT,
        seq=4,
        paddle=123,
        kind="max_bid",
        offered=None,
        price=100,
        ask=110,
        bids=1,
        leader=123,
        reserve="not_met",
        bidder="ann",
        ref="r1",
        amount=300,
        ceiling=300,
    ),
    CeilingRaised(lot="A", at=OPENS_AT, bidder="ann", ref="r2", amount=400),
)


def written(*, epoch: int = 1, tail: Tail | None = None, events: tuple[Event, ...] = EVENTS) -> Pen:
    pen = Pen(tail or marked(Tail(), Top(1, 0)), epoch, Salts())
    for event in events:
        pen.write(event, 250)
    return pen


def log_of(pen: Pen) -> list[Record]:
    return [Marker(1, 0), *pen.entries]


def test_entries_are_numbered_on_from_the_tail_and_sound() -> None:
    pen = written()
    assert [(entry.epoch, entry.n) for entry in pen.entries] == [(1, n) for n in range(1, 6)]
    assert verify(log_of(pen)) is None
    assert pen.tail.top == Top(1, 5)
    assert pen.start == Top(1, 0)


def test_what_was_written_is_read_back() -> None:
    reader = Reader("A")
    read = [reader.read(record) for record in log_of(written())]
    assert read[0] is None
    assert [one[0] for one in read if one is not None] == list(EVENTS)


def test_reading_on_from_a_tail_needs_nothing_before_it() -> None:
    first = written()
    tail = marked(first.tail, Top(4, 5))
    second = written(epoch=4, tail=tail, events=EVENTS[4:])
    reader = Reader("A", first.tail)
    assert reader.read(Marker(4, 5)) is None
    assert reader.read(second.entries[0]) is not None
    assert reader.tail == second.tail


def test_what_is_private_is_in_no_public_part_and_the_tail_shows_the_head() -> None:
    pen = written()
    for entry in pen.entries:
        public = unpack(entry.public)
        assert not {"bidder", "ref", "amount", "ceiling", "salt", "lag_us", "hidden_reserve"} & set(public)
        assert b"ann" not in entry.public
    assert [said.seq for said in pen.said] == [1, 2, 3, 4]
    assert pen.tail.head == pen.said[-1].head == pen.entries[-1].head


def test_a_private_part_is_salted_and_tells_the_lag() -> None:
    private = [unpack(entry.private) for entry in written().entries if entry.private]
    assert len({part["salt"] for part in private}) == len(private) == 4
    assert {len(part["salt"]) for part in private} == {16}
    assert {part["lag_us"] for part in private} == {250}


def test_an_entry_that_is_private_only_has_no_public_event() -> None:
    entry = written().entries[-1]
    assert (entry.public, public_event(entry, unpack(entry.public))) == (b"", None)


def test_salts_do_not_come_twice() -> None:
    salts = Salts()
    assert len({salts.draw() for _ in range(1_000)}) == 1_000


@many(150)
@given(scripts())
def test_whatever_was_written_is_read_back_at_once_as_one_by_one(script: Script) -> None:
    room = Player(script).play()
    for lot in room.lots:
        events = tuple(event for event in room.events if event.lot == lot)
        log = log_of(written(events=events))
        assert tuple(Reader(lot).read_all(log)) == events
        reader = Reader(lot)
        assert tuple(read[0] for read in map(reader.read, log) if read is not None) == events


def test_both_parts_in_one_map_hold_the_fields_of_both() -> None:
    for entry in written().entries[1:]:
        packed = in_one(entry.public, entry.private)
        assert packed is not None
        assert msgpack.unpackb(packed) == {**unpack(entry.public), **unpack(entry.private)}


def test_a_part_too_long_for_a_small_map_is_not_put_into_one() -> None:
    listed = written().entries[0]
    assert in_one(listed.public, listed.private) is None
    assert Reader("A").read_all(log_of(written())) == list(EVENTS)


@pytest.mark.parametrize("change", ["public", "private", "head", "chain"])
@pytest.mark.parametrize("place", [1, 2, 500, 999, 1000])
def test_damage_in_the_middle_of_a_page_is_found_with_the_same_words(change: str, place: int) -> None:
    raises = (CeilingRaised(lot="A", at=OPENS_AT, bidder="ann", ref=str(n), amount=n) for n in range(1_000))
    log = log_of(written(events=(EVENTS[0], *raises)))
    entry = log[place]
    assert isinstance(entry, Entry)
    log[place] = msgspec.structs.replace(entry, **{change: getattr(entry, change)[:-1] + b"?"})
    one_by_one = Reader("A")
    with pytest.raises(LogDamaged) as said:
        [one_by_one.read(record) for record in log]
    with pytest.raises(LogDamaged) as said_at_once:
        Reader("A").read_all(log)
    assert str(said_at_once.value) == str(said.value)


@pytest.mark.parametrize("change", ["public", "private", "head", "chain"])
def test_a_record_that_was_altered_is_not_read(change: str) -> None:
    log = log_of(written())
    entry = log[4]
    assert isinstance(entry, Entry)
    altered = bytes(reversed(getattr(entry, change)))
    log[4] = msgspec.structs.replace(entry, **{change: altered})
    reader = Reader("A")
    with pytest.raises(LogDamaged, match="lot A"):
        [reader.read(record) for record in log]


def test_a_record_that_is_missing_or_comes_twice_is_noticed() -> None:
    log = log_of(written())
    for damaged in ([*log[:2], *log[3:]], [*log[:3], *log[2:]], log[1:]):
        reader = Reader("A")
        with pytest.raises(LogDamaged):
            [reader.read(record) for record in damaged]


def test_an_event_that_this_program_does_not_know_stops_the_reading() -> None:
    class Unheard(LotOpened, frozen=True, kw_only=True, tag="lot_teleported"):
        pass

    event = Unheard(lot="A", at=1, seq=1, closes_at=2, ask=3)
    reader = Reader("A")
    with pytest.raises(LogDamaged, match="no readable event at 1"):
        [reader.read(record) for record in log_of(written(events=(event,)))]
    with pytest.raises(LogDamaged, match="no readable event at 1"):
        Reader("A").read_all(log_of(written(events=(event,))))


def test_a_part_that_holds_a_wrong_type_stops_the_reading() -> None:
    class Wrong(LotOpened, frozen=True, kw_only=True, tag="lot_opened"):
        ask: str  # type: ignore[assignment]

    log = log_of(written(events=(Wrong(lot="A", at=1, seq=1, closes_at=2, ask="x"),)))
    reader = Reader("A")
    with pytest.raises(LogDamaged) as said:
        [reader.read(record) for record in log]
    with pytest.raises(LogDamaged) as said_at_once:
        Reader("A").read_all(log)
    assert str(said_at_once.value) == str(said.value)


def test_the_packed_form_is_what_is_in_the_log() -> None:
    pen = written()
    for said, entry in zip(pen.said, pen.entries, strict=False):
        assert (said.packed, said.head) == (entry.public, entry.head)
        assert msgpack.packb(said.public) == said.packed
