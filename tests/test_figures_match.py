"""The README's figures are those of bench/figures.json, and neither was edited alone."""

import re

import msgspec
import pytest

from bench.evidence import readme, record
from bench.evidence.goals import judged

README = readme.README.read_text(encoding="utf-8")
KEPT = record.read()


def test_the_readme_shows_the_figures_of_the_file() -> None:
    assert readme.found(README) == readme.section(KEPT)


def test_the_verdicts_follow_from_the_figures() -> None:
    assert judged(KEPT.figures, KEPT.missing) == KEPT.verdicts


def test_day_commit_and_machine_are_named() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", KEPT.date)
    assert re.fullmatch(r"[0-9a-f]{10}", KEPT.commit)
    assert (KEPT.date, KEPT.commit, KEPT.is_dirty) == (KEPT.machine.date, KEPT.machine.commit, KEPT.machine.is_dirty)
    for named in (KEPT.date, KEPT.commit, KEPT.command, KEPT.machine.processor, KEPT.machine.python):
        assert named in readme.found(README)


def test_a_readme_edited_by_hand_is_found_out() -> None:
    section = readme.section(KEPT)
    for row in readme.rows(KEPT):
        edited = section.replace(row, f"{row.rsplit('|', 2)[0]}| surpassed |")
        assert readme.found(edited) != section


@pytest.mark.parametrize("figure", [verdict.figure for verdict in KEPT.verdicts if verdict.figure in KEPT.figures])
def test_a_figure_edited_in_the_file_is_found_out(figure: str) -> None:
    edited = msgspec.structs.replace(KEPT, figures={**KEPT.figures, figure: KEPT.figures[figure] * 1.1 + 1})
    assert judged(edited.figures, edited.missing) != edited.verdicts
    assert readme.section(record.judged_again(edited)) != readme.section(KEPT)
