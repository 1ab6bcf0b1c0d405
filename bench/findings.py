"""What every storm's report has in common: failures, the exit status that follows from them, and a file.

Refuses to know what was looked for. Invariant: with any failure the exit status is 1.
"""

from pathlib import Path

import msgspec
import orjson


class Findings(msgspec.Struct, kw_only=True):
    """The base of a report. `failures` are sentences."""

    failures: list[str] = msgspec.field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 when everything that is required held, else 1."""
        return 1 if self.failures else 0

    def lines(self) -> list[str]:
        """The report for a terminal."""
        return [f"FAILED: {failure}" for failure in self.failures]

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(orjson.dumps(msgspec.to_builtins(self), option=orjson.OPT_INDENT_2) + b"\n")
