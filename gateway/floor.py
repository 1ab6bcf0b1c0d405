"""The floor: what the gateway's fan-out needs to see of the house.

It refuses to know how a lot is decided and where it is stored. Invariant: whatever is seen here is in the log.
Instants are microseconds since the epoch.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from clock.instants import Clock
from engine.commit import Standing
from lots.listing import Sale


class Floor(Protocol):
    """The part of the house that is read here."""

    @property
    def clock(self) -> Clock:
        """The house's clock."""
        ...

    @property
    def lots(self) -> Mapping[str, Standing]:
        """How every lot stands."""
        ...

    @property
    def sales(self) -> Mapping[str, Sale]:
        """The sales."""
        ...

    def lots_of(self, sale: str) -> Sequence[str]:
        """Return the ids of a sale's lots."""
        ...
