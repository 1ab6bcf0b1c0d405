"""The browser: which Chromium the tests drive, and how one is come by.

It refuses to know what is tested with it. `python -m tests.browser.chromium` sees to one: that on PATH, else the
system's package when we are root, else Playwright's own; where nothing works it says so and does not fail, since the
tests then say it again: they are skipped, and fail where CI is set. Invariant: a Chromium counts once it has told its
version, for some systems put a mere hint on PATH. Waits in seconds.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from playwright.async_api import Playwright

_SHELL: Final = "chromium-headless-shell"
NAMES: Final = (_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""The shell first: it draws the same pages without the bars of a window around them, which take as long to draw."""
HOW_TO: Final = (
    "No Chromium on this machine: install the package `chromium`, or run `.venv/bin/python -m playwright install "
    "--with-deps chromium`; the tests in a browser need one."
)
FLAGS: Final = (
    "--no-sandbox",  # root may not have one, and the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_UNASKED: Final = {"DEBIAN_FRONTEND": "noninteractive"}  # apt shall put no questions
_VERSION_S = 30
_INSTALL_S = 600


def on_path() -> Path | None:
    """Return the Chromium on PATH that starts, or None."""
    for name in NAMES:
        found = shutil.which(name)
        if found is not None and _runs(found, "--version", patience_s=_VERSION_S):
            return Path(found)
    return None


def executable(playwright: Playwright) -> Path | None:
    """Return the Chromium to drive: that on PATH, else the one Playwright has installed, else None."""
    own = Path(playwright.chromium.executable_path)
    return on_path() or (own if own.exists() else None)


def install() -> bool:
    """See to a Chromium; return whether there is one now."""
    return on_path() is not None or _by_apt() or _runs(sys.executable, "-m", "playwright", "install", "chromium")


def _by_apt() -> bool:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    sys.stdout.write("installing Chromium for the tests in a browser; this takes a minute or two\n")
    sys.stdout.flush()
    return (
        _runs(apt, "update", "-qq")
        and _runs(apt, "install", "-y", "-qq", "--no-install-recommends", _SHELL)
        and on_path() is not None
    )


def _runs(*command: str, patience_s: float = _INSTALL_S) -> bool:
    """Whether a command ends well; what it says is of no interest."""
    try:
        done = subprocess.run(  # noqa: S603  our own words
            command, env={**os.environ, **_UNASKED}, capture_output=True, timeout=patience_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__" and not install():
    sys.stderr.write(f"{HOW_TO}\n")
