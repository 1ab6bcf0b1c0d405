"""The rostrum: where all actors' orders are carried out.

One round: heal the groups that are not known to be ours, draft what waits in the ready actors, append all drafts in one
call, adopt what was stored, answer, publish. Meanwhile the next orders gather, so batches form by themselves; and while
an append is on its way, other groups' orders are drafted, and those of the same group ahead, so that the store and we
do not wait for each other.
It refuses to know what an order means, who waits for the answer, and when a lot is due.

Invariants. Nothing leaves before the append that holds it has returned; a group has one append on its way at most; all
answers of an append go out before its events. A lost reply means unknown: the group is taken over again, its log read,
and each order of the batch answered once from what the log says. FENCED means another owner: the whole house steps
down. Source: design.md, "The path of a bid".
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgpack
import msgspec

from clock.instants import SECOND_US, Clock
from engine.actor import Actor, Answer, Answered, Draft, Waiting
from engine.commit import Commit
from engine.errors import Fenced, JournalAway, LogDamaged
from engine.figures import Figures
from engine.journal import Journal, RefusalNote, Result, Taken, Verdict
from engine.limits import EngineLimits
from engine.outages import Outage
from engine.pen import Salts
from engine.recovery import catch_up, has_another_owner
from engine.watch import Watch
from lots.orders import ListLot, Reoffer
from lots.refusals import LIMITS, Code, Refused
from lots.state import Accepted

log = logging.getLogger(__name__)

_APPENDS_MAX = 2
"""One on its way to the store, and one that is drafted meanwhile; more would only make batches smaller."""

OUT_OF_ORDER = "This lot is out of order; the house has been told."


class Rostrum:
    """Carries out what waits in the actors' inboxes.

    Args:
        journal: Where events are kept.
        clock: Tells the time.
        limits: How much one round takes on.
        figures: Where rounds are counted.
        watch: Told of every sign of life of the store, and when it does not answer.
        prepare: Called before anything is decided, with whether no append is on its way; it says whether to go on.
        publish: Told of every commit, after all answers of its round.
        healed: Told when a group is written again that could not be for so long.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        limits: EngineLimits,
        figures: Figures,
        watch: Watch,
        *,
        prepare: Callable[[bool], bool],
        publish: Callable[[Commit], None],
        healed: Callable[[Actor, Outage], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._figures = figures
        self._prepare = prepare
        self._publish = publish
        self._watch = watch
        self._healed = healed
        self._salts = Salts()
        self._ready: dict[str, Actor] = {}
        self._ailing: dict[str, Actor] = {}
        self._to_heal: dict[str, Actor] = {}
        self._pausing = False
        self._fenced: Fenced | None = None
        self._refusals: list[RefusalNote] = []
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._away: dict[str, Draft] = {}
        self.halted = False

    def call(self, actor: Actor) -> None:
        """Note that an actor has something in its inbox."""
        self._ready[actor.group] = actor
        self._wake.set()

    def wake(self) -> None:
        """Have a round soon, also when no order waits."""
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
        async with asyncio.TaskGroup() as appends:
            while True:
                await self._wake.wait()
                self._wake.clear()
                # A round may have nothing to wait for; what has come in over the wires meanwhile belongs into the next.
                await asyncio.sleep(0)
                async with self._turn:
                    await self._round(appends)

    async def between_rounds(self, work: Callable[[], Iterable[Actor]]) -> None:
        """Do something to actors while no append is on its way, then take the groups it returns over (anew).

        Raises:
            JournalAway: the store does not answer; the groups will be healed later.
            Fenced: one of them has another owner now; so `run` ends too.
        """
        async with self._quiet():
            actors = list(work())
            for actor in actors:
                self._ails(actor)
            await self._take_over(actors)

    async def drain(self) -> None:
        """Carry out all that waits in healthy actors, and the notes of refusals; for a clean stop.

        Raises:
            JournalAway: the store does not answer.
        """
        async with self._quiet():
            while self._has_work() and self._may_decide():
                await self._append(self._decide())
            if self._refusals and self._may_decide():
                await self._append([])

    @asynccontextmanager
    async def _quiet(self) -> AsyncIterator[None]:
        """Hold the next round back, and wait until no append is on its way."""
        async with self._turn:
            if self._under_way:
                await asyncio.wait(self._under_way)
            yield

    def _may_decide(self) -> bool:
        prepared = self._prepare(not self._away)
        return prepared and not self.halted and self._fenced is None

    def _has_work(self) -> bool:
        return any(actor.inbox and not self._is_ailing(actor) for actor in self._ready.values())

    async def _round(self, appends: asyncio.TaskGroup) -> None:
        if self._fenced is not None:
            raise self._fenced
        if self._to_heal:
            await self._heal()
        if len(self._under_way) >= _APPENDS_MAX:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        drafts = self._decide() if self._may_decide() else []
        if drafts or (self._refusals and not self.halted):
            self._send(appends, drafts)

    def _send(self, appends: asyncio.TaskGroup, drafts: list[Draft]) -> None:
        self._away.update((draft.actor.group, draft) for draft in drafts)
        append = appends.create_task(self._append(drafts))
        self._under_way.add(append)
        append.add_done_callback(partial(self._has_returned, drafts))

    def _has_returned(self, drafts: list[Draft], append: asyncio.Task[None]) -> None:
        self._under_way.discard(append)
        for draft in drafts:
            del self._away[draft.actor.group]
        if append.cancelled():
            for draft in drafts:
                self._put_back(draft, unknown=True)
        self._wake.set()

    # Healing ----------------------------------------------------------------------------------------------------------

    def _is_ailing(self, actor: Actor) -> bool:
        return actor.group in self._ailing

    async def _heal(self) -> None:
        actors, self._to_heal = list(self._to_heal.values()), {}
        try:
            await self._take_over(actors)
        except JournalAway as away:
            self._watch.store_away(away)
        if self._ailing:
            self._heal_later()

    def _heal_later(self) -> None:
        """Try again after a pause: healthy groups must not wait for an ailing one in every round."""
        if not self._pausing:
            self._pausing = True
            asyncio.get_running_loop().call_later(self._limits.heal_pause_us / SECOND_US, self._heal_again)

    def _heal_again(self) -> None:
        self._pausing = False
        self._to_heal = dict(self._ailing)
        self._wake.set()

    async def _take_over(self, actors: list[Actor]) -> None:
        if not actors:
            return
        for actor in actors:
            if await has_another_owner(self._journal, actor):
                raise self._step_down(actor, "its log has grown without us")
        for actor in actors:
            actor.claims += 1
        answers = await self._journal.take_over([actor.claim for actor in actors])
        self._watch.store_answered()
        for actor, taken in zip(actors, answers, strict=True):
            await self._settle_in(actor, taken)

    async def _settle_in(self, actor: Actor, taken: Taken) -> None:
        if not taken.epoch:
            if taken.detail != actor.ailment:
                log.warning("Group %s cannot be taken over: %s", actor.group, taken.detail)
            actor.ailment = taken.detail
            return
        try:
            news = await catch_up(self._journal, actor, taken)
        except LogDamaged as damage:
            self._break(actor, str(damage))
            return
        except Fenced as fenced:
            raise self._step_down(actor, str(fenced)) from fenced
        self._has_healed(actor)
        self._answer(actor.find_lost(), actor.group)
        for recovered in news:
            if recovered.commit is not None:
                self._publish(recovered.commit)
        if actor.inbox:
            self.call(actor)

    def _break(self, actor: Actor, why: str) -> None:
        """Stop an actor for good: what it would say could not be trusted."""
        log.critical("Group %s is stopped: %s", actor.group, why)
        actor.broken = why
        for actors in (self._ready, self._ailing, self._to_heal):
            actors.pop(actor.group, None)
        for waiting in actor.inbox:
            # What may be stored is not called refused. Nobody will ever know here; its giver asks again elsewhere.
            if not waiting.unsure:
                waiting.reply(Refused(Code.UNAVAILABLE, OUT_OF_ORDER, None, waiting.at))
        actor.inbox.clear()

    # Carrying out -----------------------------------------------------------------------------------------------------

    def _decide(self) -> list[Draft]:
        """Draft what waits; return what must be appended, having told what changed nothing."""
        to_append = []
        for draft in self._drafts():
            if not draft.pens:
                self._tell(draft)
            elif draft.actor.epoch:
                to_append.append(draft)
            else:
                self._put_back(draft, unknown=False)
        return to_append

    def _drafts(self) -> list[Draft]:
        """Draft what waits in the actors that are here and healthy, within what one round may take on."""
        drafts: list[Draft] = []
        left = self._limits.round_orders_max
        for group, actor in list(self._ready.items()):
            if group in self._ailing:
                continue
            if group in self._away:
                self._draft_ahead(actor, self._away[group])
                continue
            del self._ready[group]
            draft = self._draft(actor, min(left, self._limits.batch_orders_max))
            if draft is not None:
                drafts.append(draft)
                left -= len(draft.answered)
            if actor.inbox:
                self.call(actor)
            if left <= 0 or len(drafts) == self._limits.round_groups_max:
                self._wake.set()
                break
        return drafts

    def _draft_ahead(self, actor: Actor, on: Draft) -> None:
        """Use the time in which a batch is on its way, a few orders at a time: its answers must not wait for us."""
        with suppress(Exception):  # it is said, and the group stopped, when the same decision is made in earnest
            limits = self._limits
            if actor.draft_ahead(on, limits.batch_orders_max, self._salts, limits.ahead_orders_max):
                self._wake.set()

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
            self._refusals = refusals + self._refusals
            for draft in drafts:
                self._put_back(draft, unknown=True)
            self._watch.store_away(away)
            return
        if any(draft.heard for draft in drafts):
            # An append of private entries alone is not even counted: operators see the figures.
            self._figures.append_us.observe(self._clock.now() - began)
        self._watch.store_answered()
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
        if self._fenced is not None:
            raise self._fenced
        if self._refusals:
            self._wake.set()

    def _not_stored(self, draft: Draft, verdict: Verdict, detail: str) -> None:
        self._put_back(draft, unknown=verdict is Verdict.FAILED)
        if verdict is Verdict.FENCED:
            self._step_down(draft.actor, detail)
        else:
            log.warning("Group %s was not written (%s): %s", draft.actor.group, verdict, detail)

    def _step_down(self, actor: Actor, why: str) -> Fenced:
        """Have `run` end: another server has the group, and two servers on one store must not duel."""
        self._fenced = self._fenced or Fenced(f"Another server has taken group {actor.group} over: {why}")
        self._wake.set()
        return self._fenced

    def _put_back(self, draft: Draft, *, unknown: bool) -> None:
        draft.actor.put_back(draft, unknown=unknown)
        self._ails(draft.actor)

    def _ails(self, actor: Actor) -> None:
        """Have the group taken over (anew) in the next round; after a pause if that was of no use before."""
        if self._is_ailing(actor):
            return
        self._ailing[actor.group] = actor
        actor.ailing_since = now = self._clock.now()
        if actor.ailed is not None and now - actor.ailed.back_at <= self._limits.outage_us:
            actor.ailing_since = (
                actor.ailed.since
            )  # a relapse: it was taken over, and could not be written all the same
            self._heal_later()
            return
        actor.ailed = None
        self._to_heal[actor.group] = actor
        self._wake.set()

    def _has_healed(self, actor: Actor) -> None:
        self._ailing.pop(actor.group, None)
        self._to_heal.pop(actor.group, None)
        actor.ailment = ""
        now = self._clock.now()
        ailed = Outage(now if actor.ailing_since is None else actor.ailing_since, now)
        if actor.ailed is None and now - ailed.since > self._limits.outage_us:
            self._healed(actor, ailed)
        actor.ailing_since, actor.ailed = None, ailed

    def _tell(self, draft: Draft) -> None:
        draft.actor.ailed = None
        if draft.heard:
            self._figures.batch_orders.observe(draft.heard)
        self._answer(draft.answered, draft.actor.group)

    def _answer(self, answers: Iterable[Answered], group: str) -> None:
        for answered in answers:
            waiting, outcome = answered.waiting, answered.outcome
            if outcome is not None:
                waiting.reply(outcome)
                self._count(waiting, outcome, group, is_heard=answered.is_heard)

    def _count(self, waiting: Waiting, outcome: Answer, group: str, *, is_heard: bool) -> None:
        if isinstance(outcome, Accepted):
            # Operators see the count: that a sealed bid or a higher ceiling has come in must not show in it.
            self._figures.accepted += is_heard
            return
        self._figures.refused[outcome.code] += 1
        if outcome.code not in LIMITS and outcome.code is not Code.UNKNOWN_LOT:
            self._refusals.append(_note(waiting, outcome, group))


def _note(waiting: Waiting, refused: Refused, group: str) -> RefusalNote:
    """Return the record of a refusal by rule: kept, so that "my bid was refused" can be answered years later."""
    record = {"op": type(waiting.order).__name__, "at": waiting.at, "lag_us": waiting.lag_us}
    if not isinstance(waiting.order, ListLot | Reoffer):
        record |= msgspec.structs.asdict(waiting.order)
        record.pop("accepts", None)  # 32,000 characters of somebody's choice, ten thousand times over
    record |= {"code": refused.code, "ask": refused.ask}
    return RefusalNote(waiting.order.lot, group, msgpack.packb(record))
