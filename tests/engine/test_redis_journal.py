"""What only a journal in Redis can suffer: damaged keys, and servers that die, hang, forget or run out of memory."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from engine.chains import verify
from engine.errors import JournalAway, LogDamaged, StoreError, StoreRefused
from engine.journal import Batch, Claim, Entry, Marker, Record, RefusalNote, Top, Verdict, Write
from engine.limits import EngineLimits
from engine.redis_journal import (
    CATALOGUE_KEY,
    RedisJournal,
    epoch_key,
    log_key,
    one_ahead,
    refusals_key,
    shard_of,
)
from tests.engine.scribe import Scribe, said
from tests.engine.stores import RedisStore


@pytest.fixture
async def journal(redis_store: RedisStore) -> AsyncIterator[RedisJournal]:
    journal = RedisJournal(redis_store.url)
    yield journal
    await journal.aclose()


async def owner(journal: RedisJournal, group: str, *lots: str) -> Scribe:
    scribe = Scribe(journal, group, *lots)
    await scribe.take_over()
    return scribe


def test_all_keys_of_a_group_lie_in_one_slot() -> None:
    tag = f"{{{shard_of('g')}}}"
    assert log_key("a", "g") == f"knockdown:{tag}:log:a"
    assert epoch_key("g") == f"knockdown:{tag}:epoch:g"
    assert refusals_key("a", "g") == f"knockdown:{tag}:refusals:a"
    assert 0 <= shard_of("g") < 64


async def test_the_stored_format_of_a_log(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    (entry,) = (await scribe.write("one")).writes[0].entries
    with redis_store.open_redis() as client:
        assert client.xrange(log_key("g", "g")) == [
            (b"1-0", {b"m": b""}),
            (b"1-1", {b"p": b"one", b"s": b"private one", b"h": entry.head, b"c": entry.chain}),
        ]
        assert client.get(epoch_key("g")) == b"1"


# Half-dead groups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damaged", ["log", "epoch"])
async def test_a_group_with_a_key_of_another_type_fails_alone(
    journal: RedisJournal, redis_store: RedisStore, damaged: str
) -> None:
    well, ill, also_well = [await owner(journal, group) for group in ("well", "ill", "also")]
    with redis_store.open_redis() as client:
        key = log_key("ill", "ill") if damaged == "log" else epoch_key("ill")
        client.delete(key)
        client.lpush(key, "what is this")
    results = await journal.append([well.batch("1"), ill.batch("never"), also_well.batch("2")])
    assert [r.verdict for r in results] == [Verdict.APPENDED, Verdict.FAILED, Verdict.APPENDED]
    assert key in results[1].detail
    assert "WRONGTYPE" in results[1].detail
    taken = await journal.take_over([well.claim, ill.claim, also_well.claim])
    assert [t.epoch for t in taken] == [2, 0, 2]
    assert taken[1].tops == {}
    assert key in taken[1].detail


async def test_a_group_of_which_one_log_is_damaged_writes_none_of_them(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g", "a", "b")
    with redis_store.open_redis() as client:
        client.delete(log_key("b", "g"))
        client.set(log_key("b", "g"), "what is this")
    writes = [Write(lot, scribe.tops[lot], scribe.entries(lot, (b"never", b""))) for lot in ("a", "b")]
    (result,) = await journal.append([Batch("g", 1, writes)])
    assert result.verdict == Verdict.FAILED
    assert said(await journal.read("a", "g")) == ["*"]


async def test_a_damaged_refusal_stream_fails_nothing(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        client.set(refusals_key("g", "g"), "what is this")
    notes = [RefusalNote("g", "g", b"lost"), RefusalNote("h", "h", b"kept")]
    assert [r.verdict for r in await journal.append([scribe.batch("one")], notes)] == [Verdict.APPENDED]
    assert await journal.refusals("h", "h") == [b"kept"]


async def test_a_store_without_memory_fails_batches_whole_and_recovers(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        client.config_set("maxmemory", 1)
        (result,) = await journal.append([scribe.batch("one", "two")])
        assert result.verdict == Verdict.FAILED
        assert (await journal.take_over([scribe.claim]))[0].epoch == 0
        client.config_set("maxmemory", 0)
    await scribe.take_over()
    await scribe.write("one", "two")
    assert said(await journal.read("g", "g")) == ["*", "*", "one", "two"]


async def test_a_log_that_lost_its_last_entries_is_not_taken_over(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g")
    await scribe.write("one", "two")
    with redis_store.open_redis() as client:
        client.xdel(log_key("g", "g"), "1-2")
    (taken,) = await journal.take_over([scribe.claim])
    assert taken.epoch == 0
    assert "deleted, up to 1-2" in taken.detail


async def test_a_log_that_vanished_is_a_version_verdict(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    await scribe.write("one")
    with redis_store.open_redis() as client:
        client.delete(log_key("g", "g"))
    (result,) = await journal.append([scribe.batch("two")])
    assert result.verdict == Verdict.VERSION


async def test_a_lost_epoch_key_fences_and_the_logs_make_it_good(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g")
    await scribe.take_over()
    with redis_store.open_redis() as client:
        client.delete(epoch_key("g"))
    (result,) = await journal.append([scribe.batch("never")])
    assert result.verdict == Verdict.FENCED
    await scribe.take_over()
    assert scribe.epoch == 3


async def test_a_foreign_record_is_damage_and_names_its_place(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        client.xadd(log_key("g", "g"), {"x": "y"}, id="1-1")
    with pytest.raises(LogDamaged, match=r"log:g holds a record 1-1"):
        await journal.read("g", "g")
    with pytest.raises(LogDamaged):
        _ = [page async for page in journal.read_many([scribe.claim])]


async def test_reading_many_names_a_key_that_is_no_log(journal: RedisJournal, redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.set(log_key("a", "g"), "what is this")
    with pytest.raises(LogDamaged, match="log:a cannot be read as a log"):
        _ = [page async for page in journal.read_many([Claim("g", ("a",))])]


async def test_a_damaged_catalogue_is_said(journal: RedisJournal, redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.set(CATALOGUE_KEY, "what is this")
    with pytest.raises(StoreError, match="catalogue"):
        await journal.enter_in_catalogue([b"sale"])


# Lifetimes ------------------------------------------------------------------------------------------------------------


async def test_a_log_that_will_expire_is_refused(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        client.expire(log_key("g", "g"), 1_000)
    with pytest.raises(StoreRefused, match=r"log:g has a time to live.*PERSIST"):
        await journal.check()
    (taken,) = await journal.take_over([scribe.claim])
    assert "PERSIST" in taken.detail


async def test_lifetimes_are_checked_of_all_logs_in_turn(redis_store: RedisStore) -> None:
    journal = RedisJournal(redis_store.url, limits=EngineLimits(lifetimes_per_check=2))
    await journal.take_over([Claim("g", tuple("abcde"))])
    with redis_store.open_redis() as client:
        client.expire(log_key("e", "g"), 1_000)
    await journal.check()
    await journal.check()
    with pytest.raises(StoreRefused, match="log:e"):
        await journal.check()
    await journal.aclose()


# Servers that die, hang and forget ------------------------------------------------------------------------------------


async def test_what_was_acknowledged_outlives_a_killed_server(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    acknowledged: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_until_away(scribe, acknowledged))
        while len(acknowledged) < 200:  # noqa: ASYNC110 - the kill is to fall between two replies, wherever
            await asyncio.sleep(0)
        redis_store.kill()
    redis_store.start()
    await scribe.take_over()
    records = await journal.read("g", "g")
    texts = [text for text in said(records) if text != "*"]
    assert texts[: len(acknowledged)] == acknowledged
    assert len(texts) - len(acknowledged) in (0, 4)
    assert verify(records) is None
    await scribe.write("and on it goes")


async def write_until_away(scribe: Scribe, acknowledged: list[str]) -> None:
    n = 0
    while True:
        texts = [str(n + i) for i in range(4)]
        try:
            await scribe.write(*texts)
        except JournalAway:
            return
        acknowledged += texts
        n += 4


async def test_a_server_that_is_gone_is_away_and_the_next_call_dials_anew(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g")
    redis_store.kill()
    for call in (journal.now, journal.check, journal.catalogue):
        with pytest.raises(JournalAway):
            await call()
    with pytest.raises(JournalAway):
        await journal.append([scribe.batch("never")])
    redis_store.start()
    await scribe.write("as if nothing had happened")


async def test_a_server_that_still_reads_its_log_is_away(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    await scribe.write(*("x" for _ in range(1_200)))
    redis_store.kill()
    redis_store.launch("--key-load-delay", "100")  # us a command; it looks at its socket every thousand
    said_while_away = ""
    async with asyncio.timeout(20):
        while "loading" not in said_while_away:
            try:
                await journal.now()
            except JournalAway as away:
                said_while_away = str(away)
                await asyncio.sleep(0.001)  # leave the processor to the server, which sets no event of ours
            else:
                pytest.fail("it told the time before it had read its log")
    redis_store.wait()
    assert await journal.now() > 0


async def test_trying_a_server_that_is_gone_again_and_again_lets_others_work(redis_store: RedisStore) -> None:
    redis_store.kill()
    others_worked = asyncio.Event()
    asyncio.get_running_loop().call_later(0.001, others_worked.set)
    async with aclosing(RedisJournal(redis_store.url)) as journal, asyncio.timeout(20):
        while not others_worked.is_set():
            with pytest.raises(JournalAway):
                await journal.now()
    redis_store.start()


async def test_a_line_that_the_server_closed_in_between_is_no_lost_reply(
    journal: RedisJournal, redis_store: RedisStore
) -> None:
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    await asyncio.sleep(0.02)  # the news travels through the kernel to our loop; there is no event to wait for
    await scribe.write("said once, on a new line")


async def test_a_script_that_the_server_forgot_is_taught_again(journal: RedisJournal, redis_store: RedisStore) -> None:
    scribe = await owner(journal, "g")
    await scribe.write("one")
    with redis_store.open_redis() as client:
        client.script_flush()
    await scribe.write("two")
    with redis_store.open_redis() as client:
        client.script_flush()
    await scribe.take_over()
    assert said(await journal.read("g", "g")) == ["*", "one", "two", "*"]


async def test_a_server_that_hangs_is_away_and_what_it_did_later_is_found(redis_store: RedisStore) -> None:
    journal = RedisJournal(redis_store.url, limits=EngineLimits(store_reply_us=100_000))
    scribe = await owner(journal, "g")
    with redis_store.open_redis() as client:
        pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(JournalAway, match=r"within 0\.1 s"):
            await journal.append([scribe.batch("late")])
    finally:
        os.kill(pid, signal.SIGCONT)
    await scribe.take_over()
    assert said(await journal.read("g", "g")) in (["*", "late", "*"], ["*", "*"])
    await scribe.write("and on it goes")
    await journal.aclose()


async def test_a_cancelled_call_does_not_leave_its_reply_to_the_next(journal: RedisJournal) -> None:
    scribe = await owner(journal, "g")
    call = asyncio.create_task(journal.append([scribe.batch("cut off")]))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await scribe.take_over()
    await scribe.write("next")
    assert said(await journal.read("g", "g"))[-1] == "next"


async def test_calls_at_the_same_time_get_their_own_replies(journal: RedisJournal) -> None:
    for i in range(20):
        await (await owner(journal, f"g{i}")).write(f"entry of {i}")
    logs = await asyncio.gather(*(journal.read(f"g{i}", f"g{i}") for i in range(20)))
    assert [said(log)[-1] for log in logs] == [f"entry of {i}" for i in range(20)]


async def test_a_wrong_password_is_a_refusal_that_does_not_repeat_it(redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.acl_setuser("clerk", enabled=True, passwords=["+right"], categories=["+@all"], keys=["*"])
    journal = RedisJournal(redis_store.url.replace("unix://", "unix://clerk:sesame@"))
    with pytest.raises(StoreRefused, match="does not let us in") as refused:
        await journal.now()
    assert "sesame" not in str(refused.value)
    await journal.aclose()


async def test_a_user_who_may_not_write_gets_failed_verdicts(redis_store: RedisStore) -> None:
    with redis_store.open_redis() as client:
        client.acl_setuser("reader", enabled=True, nopass=True, categories=["+@read", "+@connection"], keys=["*"])
    journal = RedisJournal(redis_store.url.replace("unix://", "unix://reader:any@"))
    entries = [Entry(1, 1, b"", b"", b"", b"")]
    (result,) = await journal.append([Batch("g", 1, [Write("g", Top(0, 0), entries)])])
    assert result.verdict == Verdict.FAILED
    assert "permission" in result.detail
    (taken,) = await journal.take_over([Claim("g", ("g",))])
    assert (taken.epoch, "permission" in taken.detail) == (0, True)
    await journal.aclose()


async def test_a_large_group_is_taken_over_whole_and_many_in_several_calls(redis_store: RedisStore) -> None:
    journal = RedisJournal(redis_store.url, limits=EngineLimits(take_over_lots_max=10))
    claims = [Claim("big", tuple(f"b{i}" for i in range(25))), *(Claim(f"s{i}", (f"s{i}",)) for i in range(25))]
    taken = await journal.take_over(claims)
    assert [t.group for t in taken] == [claim.group for claim in claims]
    assert all(t.epoch == 1 and len(t.tops) == len(c.lots) for t, c in zip(taken, claims, strict=True))
    assert await journal.read("b24", "big") == [Marker(1, 0)]
    await journal.aclose()


# Reading ahead --------------------------------------------------------------------------------------------------------


async def test_the_next_item_is_asked_for_before_the_last_was_looked_at_and_all_come_in_order() -> None:
    asked: list[int] = []

    async def items() -> AsyncGenerator[int, None]:
        for n in range(4):
            asked.append(n)
            await asyncio.sleep(0)
            yield n

    seen = []
    async for item in one_ahead(items()):
        seen.append(item)
        assert asked == list(range(min(item + 2, 4)))
    assert seen == [0, 1, 2, 3]


async def test_what_fails_ahead_is_raised_in_its_turn() -> None:
    async def items() -> AsyncGenerator[int, None]:
        yield 1
        raise JournalAway("gone")

    async with aclosing(one_ahead(items())) as ahead:
        assert await anext(ahead) == 1
        with pytest.raises(JournalAway):
            await anext(ahead)


async def test_whoever_stops_looking_leaves_nothing_under_way() -> None:
    closed = asyncio.Event()

    async def items() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.get_running_loop().create_future()
        finally:
            closed.set()

    async with aclosing(one_ahead(items())) as ahead:
        assert await anext(ahead) == 1
    assert closed.is_set()


async def test_many_logs_are_read_whole_whatever_the_size_of_an_exchange(redis_store: RedisStore) -> None:
    limits = EngineLimits(read_lots_max=2, read_records_max=3)
    async with aclosing(RedisJournal(redis_store.url, limits=limits)) as journal:
        for i in range(5):
            await (await owner(journal, f"g{i}")).write(*(f"{i}-{n}" for n in range(2 * i + 1)))
        claims = [Claim(f"g{i}", (f"g{i}",)) for i in range(5)]
        found: dict[str, list[Record]] = {}
        lasts = []
        async for page in journal.read_many(claims):
            found.setdefault(page.lot, []).extend(page.records)
            lasts += [page.lot] * page.last
        assert lasts == [f"g{i}" for i in range(5)]
        assert [said(found[f"g{i}"]) for i in range(5)] == [
            ["*", *(f"{i}-{n}" for n in range(2 * i + 1))] for i in range(5)
        ]
