"""All curves of how a house scales, one after the other, and the report on them.

Refuses to know how any of them is measured. Invariants: a curve that cannot be measured here does not keep the others
from being; every plot has its law beneath it in words. Units stand in the curves.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from bench.machine import Machine, machine
from bench.page import Page
from bench.scale.bid_rate import bid_rate
from bench.scale.closing_lag import closing_lag
from bench.scale.curve import Curve, Scope
from bench.scale.event_recovery import event_recovery
from bench.scale.frame_cost import frame_cost
from bench.scale.load_latency import load_latency
from bench.scale.lot_memory import lot_memory
from bench.scale.lot_recovery import lot_recovery
from bench.scale.watcher_memory import watcher_memory
from bench.surge import Progress, nothing_shown

CURVES: dict[str, Callable[[Scope], Curve]] = {
    draw.__name__: draw
    for draw in (
        frame_cost,
        bid_rate,
        load_latency,
        watcher_memory,
        lot_memory,
        event_recovery,
        lot_recovery,
        closing_lag,
    )
}
"""Every curve by the name that its figures have."""


class ScaleReport(msgspec.Struct, kw_only=True):
    """All curves that were drawn."""

    machine: Machine
    full: bool
    seed: int
    seconds: float
    curves: list[Curve]

    @property
    def failures(self) -> list[str]:
        """What did not hold: broken promises, not slowness."""
        return [f"{curve.name}: {failure}" for curve in self.curves for failure in curve.failures]

    def lines(self) -> list[str]:
        """The report for a terminal."""
        return [line for curve in self.curves for line in curve.lines()]

    def figures(self) -> dict[str, float]:
        """Every figure by name: `scale.<curve>.<place>`, and with `.<column>` behind it for all columns."""
        return {name: value for curve in self.curves for name, value in curve.figures().items()}

    def show(self, page: Page) -> None:
        """Put a section for each curve onto a page: the plot with its law in words, and the points."""
        from bench.scale.plot import picture  # noqa: PLC0415  matplotlib is loaded only when something is drawn

        for curve in self.curves:
            page.heading(curve.title)
            if curve.points:
                page.plot(picture(curve), " ".join(curve.words) or curve.title)
                page.table(*curve.table())
            page.text(*curve.gaps(), *(f"FAILED: {failure}" for failure in curve.failures))


def scale(
    *, full: bool, seed: int = 1, progress: Progress = nothing_shown, only: Sequence[str] = tuple(CURVES)
) -> ScaleReport:
    """Draw the curves: all, or those named; short ones in less than a minute, or in full in less than ten."""
    started, curves = time.perf_counter(), []
    for number, name in enumerate(only):

        def note(stage: str, number: int = number) -> None:
            progress(number, len(only), stage)

        note(name)
        curves.append(CURVES[name](Scope(full=full, seed=seed, note=note)))
    seconds = round(time.perf_counter() - started, 1)
    return ScaleReport(machine=machine(), full=full, seed=seed, seconds=seconds, curves=curves)
