"""Recovery: from logs to lots, and on from what is known after a take-over."""

import pytest

from clock.instants import ManualClock
from engine.actor import Actor, Waiting
from engine.errors import JournalAway, LogDamaged
from engine.journal import Claim, Journal, Record, Taken, Top, Verdict
from engine.memory_journal import MemoryJournal, Shelf
from engine.pen import Pen, Salts, Tail
from engine.recovery import Replay, catch_up, has_another_owner, is_open_ended, replay_all
from lots.events import LotOpened
from lots.orders import Bid, ListLot, Order, Ring, Withdraw
from tests.engine.troubled_journal import TroubledJournal
from tests.lots.saleroom import CLOSES_AT, LISTED_AT, OPENS_AT, listing

SALTS = Salts()


class Owner:
    """An actor that writes through a journal, without a house around it."""

    def __init__(self, journal: Journal, group: str = "G", *lots: str) -> None:
        self.journal = journal
        self.actor = Actor(group)
        self.actor.tails = dict.fromkeys(lots or ("A", "B"), Tail())

    async def take_over(self) -> Taken:
        (taken,) = await self.journal.take_over([self.actor.claim])
        await catch_up(self.journal, self.actor, taken)
        return taken

    async def write(self, *orders: Order, at: int = OPENS_AT) -> None:
        self.actor.inbox.extend(Waiting(order, at, 0, lambda _: None) for order in orders)
        draft = self.actor.draft(100, SALTS)
        (result,) = await self.journal.append([draft.batch])
        assert result.verdict is Verdict.APPENDED
        self.actor.adopt(draft)


def shop() -> tuple[MemoryJournal, Shelf]:
    shelf = Shelf()
    return MemoryJournal(ManualClock(), shelf), shelf


async def a_group(journal: Journal) -> Owner:
    owner = Owner(journal)
    await owner.take_over()
    await owner.write(*(ListLot(listing(lot, group="G")) for lot in "AB"), at=LISTED_AT)
    await owner.write(Ring("A"), Bid("A", "ann", "1", 100))
    return owner


async def test_all_logs_are_replayed_to_where_they_stand() -> None:
    journal, _ = shop()
    owner = await a_group(journal)
    recovered = await replay_all(journal, {"G": ["A", "B"]}, keep=2)
    for lot in "AB":
        commit, tail, _ = recovered[lot]
        assert commit is not None
        assert (commit.state, tail) == (owner.actor.lots[lot], owner.actor.tails[lot])
    assert [len(recovered[lot].commit.said) for lot in "AB"] == [2, 1]  # type: ignore[union-attr]
    assert [recovered[lot].entries for lot in "AB"] == [4, 1]


async def test_a_log_without_entries_is_no_lot() -> None:
    journal, _ = shop()
    await journal.take_over([Claim("G", ("A",))])
    recovered = (await replay_all(journal, {"G": ["A"]}, keep=9))["A"]
    assert (recovered.commit, recovered.tail.top, recovered.entries) == (None, Top(1, 0), 0)


async def test_after_a_take_over_only_what_is_new_is_told() -> None:
    journal, shelf = shop()
    one = await a_group(journal)
    other = Owner(MemoryJournal(ManualClock(), shelf))
    await other.take_over()
    await other.write(Bid("A", "bob", "2", 110), at=OPENS_AT + 5)
    (taken,) = await journal.take_over([one.actor.claim])
    news = await catch_up(journal, one.actor, taken)
    assert [recovered.commit.state.lot for recovered in news if recovered.commit] == ["A"]
    commit = news[0].commit
    assert commit is not None
    assert [said.public["ev"] for said in commit.said] == ["bidder_admitted", "bid_placed"]
    assert commit.touched == {"ann", "bob"}
    assert one.actor.lots == other.actor.lots
    assert one.actor.epoch == taken.epoch
    assert one.actor.stamp(0) == OPENS_AT + 5


async def test_our_own_marker_alone_is_not_read_but_chained() -> None:
    journal, _ = shop()
    owner = await a_group(journal)
    troubled = TroubledJournal(journal)
    (taken,) = await troubled.take_over([owner.actor.claim])
    troubled.away = True
    assert await catch_up(troubled, owner.actor, taken) == []
    troubled.away = False
    await owner.write(Bid("A", "bob", "2", 110))
    fresh = await replay_all(journal, {"G": ["A", "B"]}, keep=1)
    assert [fresh[lot].tail for lot in "AB"] == [owner.actor.tails[lot] for lot in "AB"]


async def test_a_store_that_goes_away_while_reading_leaves_the_actor_as_it_was() -> None:
    journal, shelf = shop()
    owner = await a_group(journal)
    await Owner(MemoryJournal(ManualClock(), shelf)).take_over()
    (taken,) = await journal.take_over([owner.actor.claim])
    before = (dict(owner.actor.lots), dict(owner.actor.tails), owner.actor.epoch)
    troubled = TroubledJournal(journal)
    troubled.away = True
    with pytest.raises(JournalAway):
        await catch_up(troubled, owner.actor, taken)
    assert (owner.actor.lots, owner.actor.tails, owner.actor.epoch) == before


async def test_a_log_that_does_not_end_where_the_take_over_says_is_damaged() -> None:
    journal, shelf = shop()
    owner = await a_group(journal)
    await Owner(MemoryJournal(ManualClock(), shelf)).take_over()
    (taken,) = await journal.take_over([owner.actor.claim])
    shelf.logs["G", "A"].pop()
    with pytest.raises(LogDamaged, match="ends at"):
        await catch_up(journal, owner.actor, taken)


async def test_a_log_that_tells_what_cannot_have_happened_is_damaged() -> None:
    journal, _ = shop()
    owner = await a_group(journal)
    records = await journal.read("A", "G")
    pen = Pen(owner.actor.tails["A"], owner.actor.epoch, SALTS)
    pen.write(LotOpened(lot="A", at=CLOSES_AT, seq=99, closes_at=CLOSES_AT, ask=1), 0)
    with pytest.raises(LogDamaged, match="cannot have happened"):
        Replay("A").follow([*records, *pen.entries])


# Whose group it is ----------------------------------------------------------------------------------------------------


async def test_a_group_that_was_never_ours_may_be_taken_from_anyone() -> None:
    journal, _ = shop()
    await a_group(journal)
    assert not await has_another_owner(journal, Owner(journal).actor)


async def test_a_group_that_nobody_else_took_is_still_ours() -> None:
    journal, _ = shop()
    owner = await a_group(journal)
    assert not await has_another_owner(journal, owner.actor)
    await journal.take_over([owner.actor.claim])  # the reply of ours was lost
    owner.actor.claims = 1
    assert not await has_another_owner(journal, owner.actor)


@pytest.mark.parametrize("claims", [0, 1])
async def test_a_group_that_another_has_taken_is_not_ours_any_more(claims: int) -> None:
    journal, shelf = shop()
    owner = await a_group(journal)
    owner.actor.claims = claims
    other = Owner(MemoryJournal(ManualClock(), shelf))
    await other.take_over()
    await other.write(Bid("A", "bob", "2", 110))
    assert await has_another_owner(journal, owner.actor)


async def test_a_log_that_cannot_be_read_says_nothing_of_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = shop()
    owner = await a_group(journal)

    async def damaged(*_: object, **__: object) -> list[Record]:
        raise LogDamaged("what is this")

    troubled = TroubledJournal(journal)
    monkeypatch.setattr(troubled, "read", damaged)
    assert not await has_another_owner(troubled, owner.actor)


async def test_a_group_is_open_ended_while_one_of_its_lots_awaits_something() -> None:
    journal, _ = shop()
    owner = await a_group(journal)
    for lot in "AB":
        assert is_open_ended(owner.actor.lots.values())
        await owner.write(Withdraw(lot=lot, by="clerk", ref=lot))
    assert not is_open_ended(owner.actor.lots.values())
    assert not is_open_ended([])
