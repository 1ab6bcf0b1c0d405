"""What is kept of a full run: its figures, the verdicts on them, and on what and by which command they were taken.

Refuses to know how it is shown. Invariants: the verdicts follow from the figures and the reasons beside them, so
whoever reads the file can work them out again; figures are kept to six significant digits, which is more than they are
good for; the same run gives the same bytes.
"""

from pathlib import Path
from typing import Any

import msgspec
import orjson

from bench.evidence.full_run import Run
from bench.evidence.goals import Verdict, judged
from bench.machine import Machine
from bench.server import ROOT

FIGURES = ROOT / "bench" / "figures.json"
"""The run that the README tells of."""
_DIGITS = 6


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as it is kept. `missing` says why figures are missing, by how their names begin; times in seconds."""

    date: str
    commit: str
    is_dirty: bool
    command: str
    machine: Machine
    took_s: dict[str, float]
    figures: dict[str, float]
    missing: dict[str, str]
    failures: list[str]
    verdicts: list[Verdict]

    def origin(self) -> str:
        """Day, commit, command and machine, in a sentence."""
        return f"{self.date}, {self.machine.state()}, `{self.command}`: {self.machine.place()}"


def record(run: Run, here: Machine, command: str) -> Record:
    """What is kept of a run on a machine, as that was when it began."""
    figures = {name: float(f"{value:.{_DIGITS}g}") for name, value in sorted(run.figures.items())}
    return Record(
        date=here.date,
        commit=here.commit,
        is_dirty=here.is_dirty,
        command=command,
        machine=here,
        took_s={outcome.part.name: round(outcome.took_s, 1) for outcome in run.outcomes},
        figures=figures,
        missing=run.missing,
        failures=run.failures,
        verdicts=judged(figures, run.missing),
    )


def judged_again(kept: Record) -> Record:
    """The same figures under the goals of today."""
    return msgspec.structs.replace(kept, verdicts=judged(kept.figures, kept.missing))


def read(path: Path = FIGURES) -> Record:
    """The record in a file. Raises OSError, msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Record)


def write(kept: Record, path: Path = FIGURES) -> None:
    """Keep a record. Raises OSError."""
    path.write_bytes(orjson.dumps(as_data(kept), option=orjson.OPT_INDENT_2) + b"\n")


def as_data(kept: Record) -> dict[str, Any]:
    """A record in plain types."""
    plain: dict[str, Any] = msgspec.to_builtins(kept)
    return plain
