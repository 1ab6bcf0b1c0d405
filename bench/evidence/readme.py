"""The README's table of goals: written from a record between two comments, and found there again.

Refuses to know how anything was measured or judged. Invariants: what stands outside the comments is never touched;
the same record gives the same text, so that a test can tell when one of the two was edited alone.
"""

from pathlib import Path

from bench.evidence.goals import GOALS
from bench.evidence.record import Record
from bench.server import ROOT

README = ROOT / "README.md"
BEGIN = "<!-- Written by `make bench-full README=1` from bench/figures.json; edit neither by hand. -->"
END = "<!-- End of what the bench wrote. -->"
_HEAD = ("| | goal | figure | beside it, in the same run | |", "|---|---|---|---|---|")


class NoPlaceError(ValueError):
    """The README lacks the comments between which the table stands."""


def section(record: Record) -> str:
    """All that stands between the comments, with them."""
    return "\n".join([BEGIN, "", f"{record.origin()}.", "", *_HEAD, *rows(record), "", *_notes(record), END])


def rows(record: Record) -> list[str]:
    """One row for each goal."""
    told = []
    for goal, verdict in zip(GOALS, record.verdicts, strict=True):
        figure = "" if verdict.value is None else goal.value(verdict.value)
        outcome = "**not reached**" if verdict.outcome == "not reached" else verdict.outcome
        told.append(f"| {goal.subject} | {verdict.goal} | {figure} | {verdict.beside} | {outcome} |")
    return told


def found(text: str) -> str:
    """What stands between the comments of a text, with them. Raises NoPlaceError."""
    before, after = text.find(BEGIN), text.find(END)
    if before < 0 or after < before:
        raise NoPlaceError(f"README.md needs the line {BEGIN!r} and after it the line {END!r}")
    return text[before : after + len(END)]


def renewed(text: str, record: Record) -> str:
    """The text with the table of another record. Raises NoPlaceError."""
    return text.replace(found(text), section(record), 1)


def write(record: Record, path: Path = README) -> None:
    """Write the table into the README. Raises NoPlaceError, OSError."""
    path.write_text(renewed(path.read_text("utf-8"), record), "utf-8")


def _notes(record: Record) -> list[str]:
    """Why goals were not measured, each reason once."""
    reasons: dict[str, list[str]] = {}
    for goal, verdict in zip(GOALS, record.verdicts, strict=True):
        if verdict.outcome == "not measured":
            reasons.setdefault(verdict.reason, []).append(goal.subject)
    if not reasons:
        return []
    told = "; ".join(f"{', '.join(dict.fromkeys(subjects))}: {reason}" for reason, subjects in reasons.items())
    return [f"Not measured: {told}.", ""]
