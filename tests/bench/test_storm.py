"""A storm finds every promise that a house breaks, names it and fails; a house that keeps them passes."""

from pathlib import Path

import pytest

from bench.pace import Options
from bench.page import Page
from bench.server import house
from bench.storms import hearing
from bench.storms import storm as storming
from bench.storms.faults import Broken
from bench.storms.report import StormReport
from bench.storms.storm import storm
from tests.bench.scripted_front import open_front

_TRIES = 3
"""A machine that stands still for the most of a second leaves no occasion to commit a fault: then there is another."""
OPTIONS = Options(shape="sale", lots=2, bidders=6, watchers=4, feed="full", rate=150.0, seconds=0.7, seed=5)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come at once on this machine does not come."""
    monkeypatch.setattr(storming, "_ANSWER_WAIT_S", 1.0)
    monkeypatch.setattr(storming, "_END_SLACK_S", 1.0)
    monkeypatch.setattr(storming, "_SPARE_S", 0.2)
    monkeypatch.setattr(hearing, "_SETTLE_WAIT_S", 0.3)


async def stormed(fault: str) -> tuple[StormReport, int]:
    """Let a storm pass over a scripted house; how often its fault had an occasion."""
    async with open_front(fault) as plant:
        return await storm(plant.url, lambda _role, sub: sub, OPTIONS), plant.committed


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("gap", Broken.GAP),
        ("head", Broken.HEAD),
        ("lost", Broken.MISSING),
        ("late", Broken.LATE_BID),
        ("early", Broken.EARLY_CLOSE),
        ("twice", Broken.SECOND_EFFECT),
    ],
)
async def test_a_planted_fault_is_found_and_named(fault: str, broken: Broken) -> None:
    for _ in range(_TRIES):
        report, committed = await stormed(fault)
        if committed:
            break
    assert report.exit_status == 1
    assert report.fault_counts[broken] > 0
    assert any(sentence.startswith(f"{broken}: ") for sentence in report.failures)
    assert report.figures()["storm.faults"] > 0


async def test_a_scripted_house_without_a_fault_passes() -> None:
    report, _ = await stormed("")
    assert report.failures == []
    assert report.repeats > 0


async def test_a_house_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    options = Options(shape="sale", lots=6, bidders=8, watchers=8, rate=150.0, seconds=1.5, seed=2)
    with house() as running:
        report = await storm(running.url, running.sign, options)
    assert report.failures == []
    assert report.accepted == report.recorded > 0
    assert report.ended.closed == 6
    page = Page("A storm")
    report.show(page)
    page.write(tmp_path / "storm.html")
    assert (tmp_path / "storm.html").read_text("utf-8").count("<svg") >= 4
