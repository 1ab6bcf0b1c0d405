"""The contract of the journal, on every store: memory, and each Redis server of this machine."""

from collections.abc import AsyncIterator, Sequence

import pytest

from engine.chains import verify
from engine.errors import JournalAway
from engine.journal import (
    Batch,
    Claim,
    Entry,
    Journal,
    Marker,
    Page,
    Record,
    RefusalNote,
    Taken,
    Top,
    Verdict,
    Write,
)
from tests.engine.faulty_journal import FaultyJournal
from tests.engine.scribe import Scribe, said
from tests.engine.stores import Store


@pytest.fixture
async def journal(store: Store) -> AsyncIterator[Journal]:
    journal = store.open()
    yield journal
    await journal.aclose()


@pytest.fixture
async def rival(store: Store) -> AsyncIterator[Journal]:
    """Another process on the same store."""
    journal = store.open()
    yield journal
    await journal.aclose()


async def owner(journal: Journal, group: str, *lots: str) -> Scribe:
    scribe = Scribe(journal, group, *lots)
    await scribe.take_over()
    return scribe


async def verdicts(journal: Journal, *batches: Batch) -> list[Verdict]:
    return [result.verdict for result in await journal.append(batches)]


# Taking over ----------------------------------------------------------------------------------------------------------


async def test_first_take_over_of_a_group_is_epoch_one_and_marks_an_empty_log(journal: Journal) -> None:
    assert await journal.take_over([Claim("g", ("a", "b"))]) == [Taken("g", 1, {"a": Top(1, 0), "b": Top(1, 0)})]
    assert await journal.read("a", "g") == [Marker(1, 0)]


async def test_marker_keeps_the_number_of_the_entry_before_it_under_the_new_epoch(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    await scribe.write("one", "two")
    assert await journal.take_over([scribe.claim]) == [Taken("g", 2, {"g": Top(2, 2)})]
    assert (await journal.read("g", "g"))[-1] == Marker(2, 2)


async def test_claims_are_answered_in_their_order_and_each_group_has_its_own_epoch(journal: Journal) -> None:
    await owner(journal, "old")
    taken = await journal.take_over([Claim("new", ("n",)), Claim("old", ("old",))])
    assert [(t.group, t.epoch) for t in taken] == [("new", 1), ("old", 2)]


async def test_a_lot_listed_into_a_live_group_joins_by_a_take_over(journal: Journal) -> None:
    scribe = await owner(journal, "g", "a")
    await scribe.write("bid on a")
    (taken,) = await journal.take_over([Claim("g", ("a", "b"))])
    assert taken == Taken("g", 2, {"a": Top(2, 1), "b": Top(2, 0)})


async def test_taking_over_no_group_is_nothing(journal: Journal) -> None:
    assert await journal.take_over([]) == []


# Appending ------------------------------------------------------------------------------------------------------------


async def test_what_was_appended_is_read_back_as_it_was(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    batch = await scribe.write("one", "two", "three")
    assert await journal.read("g", "g") == [Marker(1, 0), *batch.writes[0].entries]


@pytest.mark.parametrize("parts", [(b"public", b""), (b"", b"private"), (b"", b"")])
async def test_either_part_may_be_empty(journal: Journal, parts: tuple[bytes, bytes]) -> None:
    scribe = await owner(journal, "g")
    entries = scribe.entries("g", parts)
    assert await verdicts(journal, Batch("g", 1, [Write("g", Top(1, 0), entries)])) == [Verdict.APPENDED]
    assert await journal.read("g", "g") == [Marker(1, 0), *entries]


async def test_parts_are_bytes_of_any_kind(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    entries = scribe.entries("g", (bytes(range(256)), b"\r\n$5\r\n\x00\xff" * 5_000))
    assert await verdicts(journal, Batch("g", 1, [Write("g", Top(1, 0), entries)])) == [Verdict.APPENDED]
    assert (await journal.read("g", "g"))[1:] == entries


async def test_a_batch_may_write_several_logs_of_its_group(journal: Journal) -> None:
    scribe = await owner(journal, "g", "a", "b")
    writes = [
        Write("a", scribe.tops["a"], scribe.entries("a", (b"a1", b""), (b"a2", b""))),
        Write("b", scribe.tops["b"], scribe.entries("b", (b"b1", b""))),
    ]
    assert await verdicts(journal, Batch("g", 1, writes)) == [Verdict.APPENDED]
    assert [said(await journal.read(lot, "g")) for lot in "ab"] == [["*", "a1", "a2"], ["*", "b1"]]


async def test_appending_nothing_is_nothing(journal: Journal) -> None:
    assert await journal.append([]) == []


async def test_a_wrong_top_is_a_version_verdict_and_nothing_is_written(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    stale = scribe.batch("never")
    await scribe.write("one")
    assert await verdicts(journal, stale) == [Verdict.VERSION]
    ahead = Batch("g", 1, [Write("g", Top(1, 7), [Entry(1, 8, b"gap", b"", b"", b"")])])
    assert await verdicts(journal, ahead) == [Verdict.VERSION]
    assert said(await journal.read("g", "g")) == ["*", "one"]


async def test_a_batch_with_one_wrong_top_writes_none_of_its_logs(journal: Journal) -> None:
    scribe = await owner(journal, "g", "a", "b")
    writes = [
        Write("a", scribe.tops["a"], scribe.entries("a", (b"fine", b""))),
        Write("b", Top(1, 3), [Entry(1, 4, b"gap", b"", b"", b"")]),
    ]
    assert await verdicts(journal, Batch("g", 1, writes)) == [Verdict.VERSION]
    assert [said(await journal.read(lot, "g")) for lot in "ab"] == [["*"], ["*"]]


async def test_one_groups_trouble_is_nobody_elses(journal: Journal, rival: Journal) -> None:
    well, fenced, stale, also_well = [await owner(journal, group) for group in ("well", "fenced", "stale", "also")]
    await owner(rival, "fenced")
    behind = stale.batch("never")
    await stale.write("already there")
    batches = [well.batch("1", "2"), fenced.batch("never"), behind, also_well.batch("3")]
    results = await journal.append(batches)
    assert [r.verdict for r in results] == [Verdict.APPENDED, Verdict.FENCED, Verdict.VERSION, Verdict.APPENDED]
    assert [bool(r.detail) for r in results] == [False, True, True, False]
    logs = [said(await journal.read(group, group)) for group in ("well", "fenced", "stale", "also")]
    assert logs == [["*", "1", "2"], ["*", "*"], ["*", "already there"], ["*", "3"]]


async def test_many_groups_go_into_one_call(journal: Journal) -> None:
    scribes = [Scribe(journal, f"g{i}") for i in range(300)]
    await journal.take_over([scribe.claim for scribe in scribes])
    for scribe in scribes:
        scribe.epoch, scribe.tops[scribe.group] = 1, Top(1, 0)
    assert await verdicts(journal, *(scribe.batch("x", "y") for scribe in scribes)) == [Verdict.APPENDED] * 300
    assert said(await journal.read("g299", "g299")) == ["*", "x", "y"]


async def test_a_writer_who_lost_count_is_stopped_before_the_store(journal: Journal) -> None:
    await owner(journal, "g")
    with pytest.raises(AssertionError, match="do not follow"):
        await journal.append([Batch("g", 1, [Write("g", Top(1, 0), [Entry(1, 2, b"", b"", b"", b"")])])])


# Two owners -----------------------------------------------------------------------------------------------------------


async def test_an_old_owner_is_fenced_and_writes_nothing(journal: Journal, rival: Journal) -> None:
    old = await owner(journal, "g")
    await old.write("old")
    new = await owner(rival, "g")
    assert await verdicts(journal, old.batch("zombie")) == [Verdict.FENCED]
    await new.write("new")
    assert said(await journal.read("g", "g")) == ["*", "old", "*", "new"]


async def test_a_zombies_calls_under_way_are_all_fenced_after_the_take_over(journal: Journal, rival: Journal) -> None:
    zombie = FaultyJournal(journal)
    old = await owner(zombie, "g")
    zombie.hold = True
    for text in ("first", "second", "third"):
        batch = old.batch(text)
        with pytest.raises(JournalAway):
            await zombie.append([batch])
        old.wrote(batch)
    new = await owner(rival, "g")
    await new.write("new")
    assert [[r.verdict for r in results] for results in await zombie.deliver()] == [[Verdict.FENCED]] * 3
    assert said(await journal.read("g", "g")) == ["*", "*", "new"]


async def test_an_owner_who_was_never_there_is_fenced(journal: Journal) -> None:
    assert await verdicts(journal, Batch("g", 1, [Write("g", Top(0, 0), [Entry(1, 1, b"", b"", b"", b"")])])) == [
        Verdict.FENCED
    ]
    assert await journal.read("g", "g") == []


async def test_epochs_only_rise(journal: Journal, rival: Journal) -> None:
    epochs = []
    for who in (journal, rival, journal, rival):
        (taken,) = await who.take_over([Claim("g", ("g",))])
        epochs.append(taken.epoch)
    assert epochs == [1, 2, 3, 4]


# Lost replies ---------------------------------------------------------------------------------------------------------


async def test_after_a_lost_reply_the_take_over_finds_what_was_written(journal: Journal) -> None:
    faulty = FaultyJournal(journal)
    scribe = await owner(faulty, "g")
    await scribe.write("one")
    known = scribe.tops["g"]
    faulty.lose_replies = 1
    with pytest.raises(JournalAway):
        await faulty.append([scribe.batch("two")])
    await scribe.take_over()
    assert said(await journal.read("g", "g", after=known)) == ["two", "*"]


async def test_after_a_lost_call_the_take_over_finds_nothing_and_the_writer_goes_on(journal: Journal) -> None:
    faulty = FaultyJournal(journal)
    scribe = await owner(faulty, "g")
    faulty.lose_appends = 1
    with pytest.raises(JournalAway):
        await faulty.append([scribe.batch("lost")])
    await scribe.take_over()
    await scribe.write("again")
    records = await journal.read("g", "g")
    assert said(records) == ["*", "*", "again"]
    assert verify(records) is None


async def test_a_call_that_arrives_after_the_take_over_that_followed_it_is_fenced(journal: Journal) -> None:
    faulty = FaultyJournal(journal)
    scribe = await owner(faulty, "g")
    faulty.hold = True
    with pytest.raises(JournalAway):
        await faulty.append([scribe.batch("late")])
    faulty.hold = False
    await scribe.take_over()
    await scribe.write("decided again")
    assert [[r.verdict for r in results] for results in await faulty.deliver()] == [[Verdict.FENCED]]
    assert said(await journal.read("g", "g")) == ["*", "*", "decided again"]


# Reading --------------------------------------------------------------------------------------------------------------


async def test_a_log_that_does_not_exist_is_empty(journal: Journal) -> None:
    assert await journal.read("nobody", "nobody") == []
    assert await journal.read("nobody", "nobody", after_n=5) == []


async def history(journal: Journal) -> list[Record]:
    """Entries 1-6 under four owners, of whom the second wrote nothing."""
    for texts in (("1", "2"), (), ("3",), ("4", "5", "6")):
        scribe = await owner(journal, "g")
        if texts:
            await scribe.write(*texts)
    return await journal.read("g", "g")


@pytest.mark.parametrize(
    ("after_n", "told"),
    [
        (0, ["*", "1", "2", "*", "*", "3", "*", "4", "5", "6"]),
        (1, ["2", "*", "*", "3", "*", "4", "5", "6"]),
        (2, ["*", "*", "3", "*", "4", "5", "6"]),
        (3, ["*", "4", "5", "6"]),
        (4, ["5", "6"]),
        (6, []),
        (9, []),
    ],
)
async def test_reading_after_an_entry_gives_all_that_follows_it(
    journal: Journal, after_n: int, told: Sequence[str]
) -> None:
    await history(journal)
    assert said(await journal.read("g", "g", after_n)) == told


async def test_reading_after_a_record_gives_all_that_follows_it(journal: Journal) -> None:
    records = await history(journal)
    for i, record in enumerate(records):
        assert await journal.read("g", "g", after=Top(record.epoch, record.n)) == records[i + 1 :]


async def test_reading_stops_at_the_limit(journal: Journal) -> None:
    await history(journal)
    assert said(await journal.read("g", "g", limit=3)) == ["*", "1", "2"]
    assert said(await journal.read("g", "g", after_n=3, limit=2)) == ["*", "4"]
    assert await journal.read("g", "g", limit=0) == []


async def test_a_log_longer_than_a_page_is_read_whole_and_in_order(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    for start in range(0, 2_500, 500):
        await scribe.write(*(str(n) for n in range(start, start + 500)))
    records = await journal.read("g", "g")
    assert said(records) == ["*", *(str(n) for n in range(2_500))]
    assert verify(records) is None
    pages = [page async for page in journal.read_many([Claim("g", ("g",))])]
    assert [record for page in pages for record in page.records] == records
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


async def test_reading_many_gives_every_lot_once_whether_it_has_a_log_or_not(journal: Journal) -> None:
    await (await owner(journal, "g", "a", "b")).write("x", lot="b")
    await (await owner(journal, "solo")).write("y")
    pages = [page async for page in journal.read_many([Claim("g", ("a", "b", "none")), Claim("solo", ("solo",))])]
    assert [(page.lot, said(page.records), page.last) for page in pages] == [
        ("a", ["*"], True),
        ("b", ["*", "x"], True),
        ("none", [], True),
        ("solo", ["*", "y"], True),
    ]


async def test_reading_many_logs_takes_all(journal: Journal) -> None:
    claims = [Claim(f"g{i}", (f"g{i}",)) for i in range(250)]
    await journal.take_over(claims)
    pages = [page async for page in journal.read_many(claims)]
    assert pages == [Page(claim.group, [Marker(1, 0)], last=True) for claim in claims]


async def test_a_whole_life_of_a_log_passes_the_audit(journal: Journal) -> None:
    assert verify(await history(journal)) is None


# Beside the logs ------------------------------------------------------------------------------------------------------


async def test_refusals_are_kept_in_order_beside_the_log(journal: Journal) -> None:
    scribe = await owner(journal, "g")
    await journal.append([scribe.batch("one")], [RefusalNote("g", "g", b"low"), RefusalNote("g", "g", b"late")])
    assert await journal.refusals("g", "g") == [b"low", b"late"]
    assert said(await journal.read("g", "g")) == ["*", "one"]


async def test_refusals_can_be_written_without_a_batch(journal: Journal) -> None:
    assert await journal.append([], [RefusalNote("g", "g", b"low")]) == []
    assert await journal.refusals("g", "g") == [b"low"]
    assert await journal.refusals("other", "other") == []


async def test_refusals_of_a_lot_are_capped(journal: Journal) -> None:
    for start in range(0, 12_000, 2_000):
        await journal.append([], [RefusalNote("g", "g", str(n).encode()) for n in range(start, start + 2_000)])
    kept = [int(record) for record in await journal.refusals("g", "g")]
    assert 10_000 <= len(kept) <= 10_200
    assert kept == list(range(12_000 - len(kept), 12_000))


async def test_the_catalogue_keeps_its_order(journal: Journal, rival: Journal) -> None:
    assert await journal.catalogue() == []
    await journal.enter_in_catalogue([b"sale", b"lot 1"])
    await rival.enter_in_catalogue([b"lot 2"])
    await journal.enter_in_catalogue([b"lot 1"])
    assert await journal.catalogue() == [b"sale", b"lot 1", b"lot 2", b"lot 1"]


async def test_the_store_tells_its_time(journal: Journal) -> None:
    assert 0 < await journal.now() <= await journal.now()


async def test_a_store_as_we_run_it_passes_its_check(journal: Journal) -> None:
    assert all(note.startswith("the journal is in memory") for note in await journal.check())
