"""The rostrum: where all actors' orders are carried out, one append at a time.

One round: heal the groups that are not known to be ours, draft what waits in all ready actors, append all drafts in one
call, adopt what was stored, answer, publish. Meanwhile the next orders gather, so batches form by themselves.
It refuses to know what an order means, who waits for the answer, and when a lot is due.

Invariants. Nothing leaves before the append that holds it has returned; all answers of a round go out before its events.
A lost reply means unknown: the group is taken over again, its log read, and each order of the batch answered once
from what the log says. FENCED means another owner: the whole house steps down. Source: design.md, "The path of a bid".
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

import msgpack
import msgspec

from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answered, Draft
from engine.commit import Commit
from engine.errors import Fenced, JournalAway, LogDamaged
from engine.figures import Figures
from engine.journal import Journal, RefusalNote, Result, Taken, Verdict
from engine.limits import EngineLimits
from engine.pen import Salts
from engine.recovery import catch_up
from lots.orders import Bid, MaxBid
from lots.refusals import LIMITS, Code, Refused
from lots.state import Accepted

log = logging.getLogger(__name__)

OUT_OF_ORDER = "This lot is out of order; the house has been told."


class Rostrum:
    """Carries out what waits in the actors' inboxes.

    Args:
        journal: Where events are kept.
        clock: Tells the time.
        limits: How much one round takes on.
        figures: Where rounds are counted.
        publish: Told of every commit, after all answers of its round.
        store_answered: Told of every sign of life of the store.
        store_away: Told when the store does not answer.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        limits: EngineLimits,
        figures: Figures,
        *,
        publish: Callable[[Commit], None],
        store_answered: Callable[[], None],
        store_away: Callable[[JournalAway], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._figures = figures
        self._publish = publish
        self._store_answered = store_answered
        self._store_away = store_away
        self._salts = Salts()
        self._ready: dict[str, Actor] = {}
        self._ailing: dict[str, Actor] = {}
        self._refusals: list[RefusalNote] = []
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self.halted = False

    def call(self, actor: Actor) -> None:
        """Note that an actor has something in its inbox."""
        self._ready[actor.group] = actor
        self._wake.set()

    def ailing(self) -> list[Actor]:
        """Return the actors that wait to be taken over."""
        return list(self._ailing.values())

    def halt(self, *, halted: bool) -> None:
        """Stop deciding anything, or go on: for when the house may not trust its clock or its store."""
        self.halted = halted
        self._wake.set()

    async def run(self) -> None:
        """Work round after round until cancelled.

        Raises:
            Fenced: another owner has taken a group over.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._turn:
                await self._round()
            if self._ailing:
                # Attempts are spaced, but healthy groups must not wait for an ailing one.
                asyncio.get_running_loop().call_later(self._limits.heal_pause_us / SECOND_US, self._wake.set)

    async def between_rounds(self, work: Callable[[], Iterable[Actor]]) -> None:
        """Do something to actors while no append is under way, then take the groups it returns over (anew).

        Raises:
            JournalAway: the store does not answer; the groups will be healed later.
        """
        async with self._turn:
            actors = list(work())
            for actor in actors:
                self._ails(actor)
            await self._take_over(actors)

    async def drain(self) -> None:
        """Carry out all that waits in healthy actors, and the notes of refusals; for a clean stop.

        Raises:
            JournalAway: the store does not answer.
        """
        async with self._turn:
            while any(actor.inbox and not self._is_ailing(actor) for actor in self._ready.values()):
                await self._carry_out()
            if self._refusals:
                await self._append([])

    async def _round(self) -> None:
        if self._ailing:
            await self._heal()
        if not self.halted:
            await self._carry_out()

    # Healing ----------------------------------------------------------------------------------------------------------

    def _is_ailing(self, actor: Actor) -> bool:
        return actor.group in self._ailing

    async def _heal(self) -> None:
        try:
            await self._take_over(list(self._ailing.values()))
        except JournalAway as away:
            self._store_away(away)

    async def _take_over(self, actors: list[Actor]) -> None:
        if not actors:
            return
        answers = await self._journal.take_over([actor.claim for actor in actors])
        self._store_answered()
        for actor, taken in zip(actors, answers, strict=True):
            await self._settle_in(actor, taken)

    async def _settle_in(self, actor: Actor, taken: Taken) -> None:
        if not taken.epoch:
            log.warning("Group %s cannot be taken over: %s", actor.group, taken.detail)
            return
        try:
            news = await catch_up(self._journal, actor, taken)
        except LogDamaged as damage:
            self._break(actor, str(damage))
            return
        self._is_well(actor)
        for recovered in news:
            if recovered.commit is not None:
                self._publish(recovered.commit)
        if actor.inbox:
            self.call(actor)

    def _break(self, actor: Actor, why: str) -> None:
        """Stop an actor for good: what it would say could not be trusted."""
        log.critical("Group %s is stopped: %s", actor.group, why)
        actor.broken = why
        self._is_well(actor)
        self._ready.pop(actor.group, None)
        while actor.inbox:
            waiting = actor.inbox.popleft()
            waiting.reply(Refused(Code.UNAVAILABLE, OUT_OF_ORDER, None, waiting.at))

    # Carrying out -----------------------------------------------------------------------------------------------------

    async def _carry_out(self) -> None:
        drafts = self._drafts()
        written = [draft for draft in drafts if draft.pens]
        for draft in drafts:
            if not draft.pens:
                self._tell(draft)
        owned = [draft for draft in written if draft.actor.epoch]
        for draft in written:
            if not draft.actor.epoch:
                self._put_back(draft)
        if owned:
            await self._append(owned)

    def _drafts(self) -> list[Draft]:
        """Draft what waits in the healthy actors, within what one round may take on."""
        drafts: list[Draft] = []
        left = self._limits.round_orders_max
        for group, actor in list(self._ready.items()):
            if self._is_ailing(actor):
                continue
            del self._ready[group]
            draft = self._draft(actor, min(left, self._limits.batch_orders_max))
            if draft is not None:
                drafts.append(draft)
                left -= len(draft.answered)
            if actor.inbox:
                self.call(actor)
            if left <= 0:
                break
        return drafts

    def _draft(self, actor: Actor, orders_max: int) -> Draft | None:
        try:
            return actor.draft(orders_max, self._salts)
        except Exception:
            # A broken invariant, not a refusal: this group's state can no longer be trusted, everyone else's can.
            log.exception("Deciding in group %s failed", actor.group)
            self._break(actor, "a decision broke an invariant")
            return None

    async def _append(self, drafts: list[Draft]) -> None:
        refusals, self._refusals = self._refusals, []
        began = self._clock.now()
        try:
            results = await self._journal.append([draft.batch for draft in drafts], refusals)
        except JournalAway as away:
            for draft in drafts:
                self._put_back(draft)
            self._store_away(away)
            return
        self._figures.append_us.observe(self._clock.now() - began)
        self._store_answered()
        self._settle(drafts, results)

    def _settle(self, drafts: list[Draft], results: list[Result]) -> None:
        stored = [draft for draft, result in zip(drafts, results, strict=True) if result.verdict is Verdict.APPENDED]
        for draft in stored:
            draft.actor.adopt(draft)
            self._tell(draft)
        for draft in stored:
            for commit in draft.commits():
                self._publish(commit)
        for draft, (verdict, detail) in zip(drafts, results, strict=True):
            if verdict is not Verdict.APPENDED:
                self._not_stored(draft, verdict, detail)

    def _not_stored(self, draft: Draft, verdict: Verdict, detail: str) -> None:
        if verdict is Verdict.FENCED:
            raise Fenced(f"Another server has taken group {draft.actor.group} over: {detail}")
        log.warning("Group %s was not written (%s): %s", draft.actor.group, verdict, detail)
        self._put_back(draft)

    def _put_back(self, draft: Draft) -> None:
        draft.actor.put_back(draft)
        self._ails(draft.actor)
        self._wake.set()

    def _ails(self, actor: Actor) -> None:
        if self._ailing.setdefault(actor.group, actor).ailing_since is None:
            actor.ailing_since = self._clock.now()

    def _is_well(self, actor: Actor) -> None:
        self._ailing.pop(actor.group, None)
        actor.ailing_since = None

    def _tell(self, draft: Draft) -> None:
        self._figures.batch_orders.observe(len(draft.answered))
        draft.answer()
        for answered in draft.answered:
            self._count(answered, draft.actor.group)

    def _count(self, answered: Answered, group: str) -> None:
        outcome = answered.outcome
        if isinstance(outcome, Accepted):
            self._figures.accepted += 1
        elif outcome is not None:
            self._figures.refused[outcome.code] += 1
            if outcome.code not in LIMITS and outcome.code is not Code.UNKNOWN_LOT:
                self._refusals.append(_note(answered, group))


def _note(answered: Answered, group: str) -> RefusalNote:
    """Return the record of a refusal by rule: kept, so that "my bid was refused" can be answered years later."""
    waiting, outcome = answered.waiting, answered.outcome
    record = {"op": type(waiting.order).__name__, "at": waiting.at, "lag_us": waiting.lag_us}
    if isinstance(waiting.order, Bid | MaxBid):
        record |= msgspec.structs.asdict(waiting.order)
    if isinstance(outcome, Refused):
        record |= {"code": outcome.code, "ask": outcome.ask}
    return RefusalNote(waiting.order.lot, group, msgpack.packb(record))

