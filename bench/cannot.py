"""What keeps something from being measured on this machine, as opposed to a promise that did not hold.

Refuses to know what was to be measured. Invariant: an error that is not among these is a mistake of ours, and is shown
as one. The list is the same for a part of a full run and for a point of a curve.
"""

from bench.compile_c import CompilerMissingError
from bench.desk import DeskError, NotInTimeError
from bench.drain import ChildSilentError
from bench.peers.program import NotInstalledError, PeerFailedError
from bench.server import HouseNotReadyError
from bench.stock import NotStockedError
from bench.store_limit import StoreLimitError

CANNOT = (
    ChildSilentError,
    CompilerMissingError,
    DeskError,
    HouseNotReadyError,
    ImportError,
    NotInTimeError,
    NotInstalledError,
    NotStockedError,
    OSError,
    PeerFailedError,
    StoreLimitError,
)
"""Errors that are a reason, not a finding; `ImportError` is a library that only developers have."""
