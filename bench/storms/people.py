"""The people of a storm: its bidders, its watchers, the ushers who watch every lot, and an operator who only looks.

Refuses to know when anything happens. Invariants: popular lots have more watchers, by the same law by which they have
more bids; of the watchers every other one is on the full feed where both are asked for; every lot is in one usher's
sight, so that nothing goes unseen.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.feed import FullFeed, Message
from bench.load import Address
from bench.pace import Options
from bench.storms.contenders import Contender
from bench.storms.house_figures import HouseFigures
from bench.storms.kept_line import KeptLine
from bench.storms.mishaps import Mishap, Party
from bench.storms.onlookers import ENDED, LOTS_PER_USHER, Earshot, Onlooker
from bench.storms.plan import Plan
from bench.storms.slips import Slips
from bench.storms.start_line import StartLine

__all__ = ["ENDED", "People", "Sign"]

Sign = Callable[[str, str], str]
"""Signs a token for a role and a sub."""


class People:
    """Everyone who takes part.

    Attributes:
        contenders: The bidders, by their number in the plan.
        watchers: Those who follow one lot each, by their number in the plan.
        onlookers: The watchers, and after them the ushers.
        figures: The operator's line.
        lines: Everybody's.
    """

    def __init__(
        self,
        address: Address,
        sign: Sign,
        plan: Plan,
        options: Options,
        lots: Sequence[str],
        slips: Slips,
        start_line: StartLine,
    ) -> None:
        self.earshot = Earshot()
        self.contenders = [
            Contender(address, sign("bidder", f"{lots[0]}-b{n}"), lots, slips) for n in range(options.bidders)
        ]
        interests = random.Random(options.seed).choices(lots, [lot.popularity for lot in plan.lots], k=options.watchers)
        self.watchers = [
            _watcher(
                address, self.earshot, n, lot, is_full=options.feed == "full" or (options.feed == "both" and n % 2 == 0)
            )
            for n, lot in enumerate(interests)
        ]
        ushers = list(_ushers(address, self.earshot, lots))
        self.onlookers = [*self.watchers, *ushers]
        self.figures = HouseFigures(address, sign("operator", "storm-operator"), start_line.elapsed)
        self.lines: list[KeptLine] = [
            *(one.kept for one in self.contenders),
            *(one.kept for one in self.onlookers),
            self.figures.kept,
        ]
        self._sight: Mapping[str, FullFeed] = {lot: feed for usher in ushers for lot, feed in usher.full.items()}

    def seen(self, lot: str) -> Message:
        """How a lot stands by its usher's feed."""
        return self._sight[lot].state

    def waiting(self) -> int:
        """How many bids wait for an answer."""
        return sum(len(one.unanswered) for one in self.contenders)

    def befall(self, mishap: Mishap) -> bool:
        """Let a mishap happen to whom it was planned for; False where his line is away."""
        if mishap.party is Party.BIDDER:
            return self.contenders[mishap.number].befall(mishap)
        return self.watchers[mishap.number].befall(mishap)

    def feeds(self) -> dict[str, dict[str, FullFeed]]:
        """All full feeds: by lot, then by who hears it."""
        found: dict[str, dict[str, FullFeed]] = {lot: {} for lot in self._sight}
        for onlooker in self.onlookers:
            for lot, feed in onlooker.full.items():
                found[lot][onlooker.name] = feed
        return found


def _watcher(address: Address, earshot: Earshot, number: int, lot: str, *, is_full: bool) -> Onlooker:
    full, live = ([lot], []) if is_full else ([], [lot])
    return Onlooker(f"watcher {number}", address, earshot, full, live)


def _ushers(address: Address, earshot: Earshot, lots: Sequence[str]) -> Iterator[Onlooker]:
    for first in range(0, len(lots), LOTS_PER_USHER):
        theirs = lots[first : first + LOTS_PER_USHER]
        yield Onlooker(f"usher {first // LOTS_PER_USHER}", address, earshot, theirs, [])
