"""The two chains of a log: what they cover, and that an audit finds every alteration."""

from hashlib import sha256
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.chains import CHAIN_GENESIS, HEAD_GENESIS, Auditor, next_chain, next_head, verify
from engine.journal import Entry, Marker, Record, Top


def written(*terms: list[tuple[bytes, bytes]]) -> list[Record]:
    """A sound log: a take-over and entries with these parts, for each term."""
    records: list[Record] = []
    chain, head, n = CHAIN_GENESIS, HEAD_GENESIS, 0
    for epoch, parts in enumerate(terms, 1):
        records.append(Marker(epoch, n))
        chain = next_chain(chain, epoch, n)
        for public, private in parts:
            n += 1
            chain, head = next_chain(chain, epoch, n, public, private), next_head(head, public)
            records.append(Entry(epoch, n, public, private, head, chain))
    return records


LOG = written([(b"one", b"1"), (b"", b"ceiling"), (b"two", b"")], [], [(b"three", b"3"), (b"four", b"4")])


def test_both_chains_are_what_the_page_says() -> None:
    where = (7).to_bytes(8, "big") + (9).to_bytes(8, "big") + (3).to_bytes(4, "big")
    assert next_chain(b"c" * 32, 7, 9, b"pub", b"private") == sha256(b"c" * 32 + where + b"pub" + b"private").digest()
    assert next_head(b"h" * 16, b"pub") == sha256(b"h" * 16 + b"pub").digest()[:16]


def test_an_entry_without_a_public_part_leaves_the_public_chain_as_it_was() -> None:
    heads = [record.head for record in LOG if isinstance(record, Entry)]
    assert heads[0] == heads[1] != heads[2]


def test_what_moves_between_the_parts_changes_the_chain() -> None:
    assert next_chain(CHAIN_GENESIS, 1, 1, b"ab", b"c") != next_chain(CHAIN_GENESIS, 1, 1, b"a", b"bc")


def test_a_sound_log_has_no_fault() -> None:
    assert verify(LOG) is None
    assert verify([]) is None


@pytest.mark.parametrize("field", ["public", "private", "head", "chain"])
@pytest.mark.parametrize("place", [1, 2, 3, 6, 7])
def test_a_changed_field_is_found_where_it_stands(place: int, field: str) -> None:
    entry = LOG[place]
    assert isinstance(entry, Entry)
    changed = msgspec.structs.replace(entry, **{field: bytes(len(getattr(entry, field)) or 1)})
    fault = verify([*LOG[:place], changed, *LOG[place + 1 :]])
    assert fault is not None
    assert f"{entry.epoch}-{entry.n}" in fault


@pytest.mark.parametrize("place", range(len(LOG) - 1))
def test_a_missing_record_is_found(place: int) -> None:
    assert verify(LOG[:place] + LOG[place + 1 :]) is not None


@pytest.mark.parametrize("place", range(len(LOG) - 1))
def test_swapped_records_are_found(place: int) -> None:
    assert verify([*LOG[:place], LOG[place + 1], LOG[place], *LOG[place + 2 :]]) is not None


def test_a_take_over_that_was_put_in_is_found_by_the_next_entry() -> None:
    assert verify([*LOG[:4], Marker(2, 3), *[record for record in LOG[4:] if record != Marker(2, 3)]]) is None
    without_the_second = [record for record in LOG if record != Marker(2, 3)]
    fault = verify(without_the_second)
    assert fault is not None
    assert "3-4 does not match the entry chain" in fault


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (Marker(3, 5), "must raise the epoch"),
        (Marker(4, 4), "must keep the number"),
        (Entry(4, 6, b"", b"", b"", b""), "without a take-over"),
        (Entry(3, 7, b"", b"", b"", b""), "number 6 is missing"),
        (Entry(3, 5, b"", b"", b"", b""), "number 6 is missing"),
    ],
)
def test_a_record_that_cannot_follow_is_named(record: Record, fault: str) -> None:
    found = verify([*LOG, record])
    assert found is not None
    assert fault in found


def test_an_audit_can_begin_in_the_middle_of_a_log() -> None:
    auditor = Auditor()
    assert [auditor.follow(record) for record in LOG[:5]] == [None] * 5
    later = Auditor(auditor.top, auditor.chain, auditor.head)
    assert [later.follow(record) for record in LOG[5:]] == [None] * len(LOG[5:])
    assert later.top == Top(3, 5)


parts = st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=4)


@given(st.lists(parts, min_size=1, max_size=4))
def test_every_log_that_was_written_passes(terms: list[list[tuple[bytes, bytes]]]) -> None:
    log = written(*terms)
    assert verify(log) is None
    assert all(
        (before.epoch, before.n) < (after.epoch, after.n) or isinstance(after, Marker)
        for before, after in pairwise(log)
    )


@given(st.lists(parts, min_size=1, max_size=4), st.data())
def test_no_altered_byte_of_a_part_passes(terms: list[list[tuple[bytes, bytes]]], data: st.DataObject) -> None:
    log = written(*terms)
    places = [i for i, record in enumerate(log) if isinstance(record, Entry) and record.public + record.private]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    entry = log[place]
    assert isinstance(entry, Entry)
    field = data.draw(st.sampled_from([name for name in ("public", "private") if getattr(entry, name)]))
    altered = bytearray(getattr(entry, field))
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= data.draw(st.integers(1, 255))
    assert verify([*log[:place], msgspec.structs.replace(entry, **{field: bytes(altered)}), *log[place + 1 :]])


def damaged(place: int, field: str) -> list[Record]:
    """The sound log with one field changed."""
    entry = LOG[place]
    assert isinstance(entry, Entry)
    altered: Record = msgspec.structs.replace(entry, **{field: b"?" + getattr(entry, field)[1:]})
    return [*LOG[:place], altered, *LOG[place + 1 :]]


BROKEN = [
    *(damaged(place, field) for place in (1, 2, 3, 6, 7) for field in ("private", "head", "chain")),
    *(damaged(place, "public") for place in (1, 3, 6, 7)),
    *([*LOG[:n], *LOG[n + 1 :]] for n in range(len(LOG) - 1)),
    *([*LOG[: n + 1], *LOG[n:]] for n in range(len(LOG))),
    *([*LOG[:n], LOG[n + 1], LOG[n], *LOG[n + 2 :]] for n in range(len(LOG) - 1)),
]


@pytest.mark.parametrize("log", BROKEN)
def test_followed_in_one_loop_a_log_has_the_same_fault_at_the_same_place(log: list[Record]) -> None:
    one_by_one, at_once = Auditor(), Auditor()
    fault = next((said for said in map(one_by_one.follow, log) if said is not None), None)
    assert fault is not None
    assert at_once.follow_all(log) == fault


@given(st.integers(0, len(LOG)), st.integers(0, len(LOG)))
def test_followed_in_portions_a_sound_log_ends_where_it_does_one_by_one(one: int, other: int) -> None:
    first, second = sorted((one, other))
    one_by_one, in_portions = Auditor(), Auditor()
    assert [one_by_one.follow(record) for record in LOG] == [None] * len(LOG)
    for some in (LOG[:first], LOG[first:second], LOG[second:]):
        assert in_portions.follow_all(some) is None
    assert (in_portions.top, in_portions.chain, in_portions.head) == (one_by_one.top, one_by_one.chain, one_by_one.head)
