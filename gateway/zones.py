"""Time zones: which names a sale may give for the hours of its place.

It refuses to know instants: the house has microseconds since the epoch, and pages show them. Invariant: the same names
are taken on every machine with the same database. Source: the IANA time zone database, the system's and that of the
package `tzdata`, which is there where the system has none.
"""

import zoneinfo
from functools import cache

_OF_NO_PLACE = {"Factory", "localtime"}
"""What stands beside the zones and names none; browsers do not know it."""


@cache
def zone_names() -> frozenset[str]:
    """Return all names; the first call reads them from disk, so it is made before the house opens."""
    return frozenset(zoneinfo.available_timezones() - _OF_NO_PLACE)


def objection_to(zone: str) -> str | None:
    """Say why a sale may not be in this time zone; None if it may, or names none."""
    names = zone_names()
    if not zone or zone in names:
        return None
    meant = min((name for name in names if _is_meant(zone, name)), default=None)
    hint = f"perhaps you mean {meant}" if meant else "names are written as in Asia/Shanghai or Europe/Berlin"
    return f"There is no time zone {zone!r}; {hint}."


def _is_meant(zone: str, name: str) -> bool:
    """Whether somebody has only written a name in other letters, or left the region out."""
    return zone.casefold() in (name.casefold(), name.casefold().rpartition("/")[2])
