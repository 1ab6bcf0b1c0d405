"""Many parts measured one after another, to the end, and what came of the goals.

Refuses to know the parts. Invariants: a part that cannot be measured is named with its reason and the others go on;
a promise that did not hold, and a part that broke off on an error of its own, make the exit status 1, a goal that was
not reached does not; no figure is overwritten by another part's.
"""

import time
import traceback
from collections.abc import Iterator, Sequence

import msgspec

from bench.cannot import CANNOT
from bench.evidence.goals import Verdict, judged
from bench.evidence.parts import Part
from bench.measurement import Measurement, Progress, failures, skipped


class Outcome(msgspec.Struct, kw_only=True):
    """What came of one part: its report, or the reason why there is none."""

    part: Part
    took_s: float
    report: Measurement | None = None
    reason: str = ""
    failures: list[str] = msgspec.field(default_factory=list)

    def missing(self) -> Iterator[tuple[str, str]]:
        """How the names of missing figures begin, and why they are missing."""
        if self.report is None:
            yield from ((beginning, self.reason) for beginning in self.part.figures)
            return
        for name, why in skipped(self.report).items():
            yield f"{self.part.figures[0]}.{name}", why


class Run(msgspec.Struct):
    """What came of all parts, in their order."""

    outcomes: list[Outcome]

    @property
    def figures(self) -> dict[str, float]:
        """All figures by their names."""
        together: dict[str, float] = {}
        for outcome in self.outcomes:
            figures = outcome.report.figures() if outcome.report is not None else {}
            assert together.keys().isdisjoint(figures), f"{outcome.part.name} has a figure of another part"  # noqa: S101
            together |= figures
        return together

    @property
    def missing(self) -> dict[str, str]:
        """Why figures are missing, by how their names begin."""
        return {beginning: why for outcome in self.outcomes for beginning, why in outcome.missing()}

    @property
    def verdicts(self) -> list[Verdict]:
        """What came of each goal."""
        return judged(self.figures, self.missing)

    @property
    def failures(self) -> list[str]:
        """The promises that did not hold, and the parts that broke off."""
        return [f"{outcome.part.name}: {failure}" for outcome in self.outcomes for failure in outcome.failures]

    @property
    def exit_status(self) -> int:
        """0 measured, 1 a promise did not hold, 2 nothing could be measured."""
        if self.failures:
            return 1
        return 0 if any(outcome.report is not None for outcome in self.outcomes) else 2


def run(parts: Sequence[Part], progress: Progress) -> Run:
    """Measure all parts."""
    return Run([_measured(part, _counted(progress, n, len(parts))) for n, part in enumerate(parts, start=1)])


def _counted(progress: Progress, number: int, count: int) -> Progress:
    return lambda done, total, stage: progress(done, total, f"[{number}/{count}] {stage}")


def _measured(part: Part, progress: Progress) -> Outcome:
    progress(0, 1, part.name)
    started = time.monotonic()
    try:
        report = part.measure(progress)
    except CANNOT as why:
        return Outcome(part=part, took_s=time.monotonic() - started, reason=_sentence(why))
    except Exception as why:  # noqa: BLE001  a quarter of an hour of figures is not to be lost over one part
        traceback.print_exc()
        reason = f"broke off: {_sentence(why)}"
        return Outcome(part=part, took_s=time.monotonic() - started, reason=reason, failures=[reason])
    return Outcome(part=part, took_s=time.monotonic() - started, report=report, failures=failures(report))


def _sentence(why: Exception) -> str:
    said = str(why).strip().splitlines()
    return said[0][:300] if said else type(why).__name__
