"""Builds a C program of this room with gcc, into a directory that goes away with the caller.

Refuses to know what the programs do. Invariant: a program is built from the source beside this file at every run, so
the limit that is measured is the one that can be read.
"""

import subprocess
from pathlib import Path


class CompilerMissingError(RuntimeError):
    """There is no gcc, or it would not build the program."""


def build(name: str, into: Path) -> Path:
    """Build `<name>.c`. Raises CompilerMissingError with gcc's own words."""
    source, program = Path(__file__).with_name(f"{name}.c"), into / name
    try:
        subprocess.run(  # noqa: S603  our own source file
            ["gcc", "-O2", "-o", str(program), str(source)],  # noqa: S607  gcc is found where the machine has it
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as missing:
        raise CompilerMissingError("this benchmark needs gcc, which is not on PATH") from missing
    except subprocess.CalledProcessError as failed:
        raise CompilerMissingError(f"gcc would not build {source.name}: {failed.stderr.strip()}") from failed
    return program
