"""Node.js peers: where node is, and the npm packages that they stand on.

Refuses to know what the peers do. Packages are installed by name at the versions of `package.json` beside this file,
once, into a directory that git ignores; nothing of them is kept in the repository.
"""

import shutil
import subprocess
from pathlib import Path

from bench.peers.program import NotInstalledError, on_path

_HERE = Path(__file__).parent
_INSTALLED = _HERE.parent.parent / "build" / "peers"
_NPM_WAIT_S = 180.0


def node() -> str:
    """The node program. Raises NotInstalledError."""
    return on_path("node")


def directory() -> Path:
    """A directory with the peers' scripts and their packages, installed if need be. Raises NotInstalledError."""
    wanted = (_HERE / "package.json").read_bytes()
    stamp = _INSTALLED / "package.json"
    for script in _HERE.glob("*.js"):
        _INSTALLED.mkdir(parents=True, exist_ok=True)
        shutil.copy(script, _INSTALLED)
    if not stamp.exists() or stamp.read_bytes() != wanted:
        _install(wanted, stamp)
    return _INSTALLED


def _install(wanted: bytes, stamp: Path) -> None:
    npm = on_path("npm")
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    stamp.write_bytes(wanted)
    try:
        subprocess.run(  # noqa: S603  a program found on PATH, our own arguments
            [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"],
            cwd=_INSTALLED,
            check=True,
            capture_output=True,
            text=True,
            timeout=_NPM_WAIT_S,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        stamp.unlink()
        raise NotInstalledError(
            f"npm could not install the packages of {_HERE.name}/package.json: {failed}"
        ) from failed
