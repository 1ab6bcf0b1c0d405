"""Which time zones a sale may name: those of the IANA list, on every machine, by the names that browsers know."""

import re
import zoneinfo
from collections.abc import Iterator

import msgspec
import pytest

from gateway.zones import objection_to, zone_names
from lots.listing import Sale


@pytest.fixture
def bare_machine() -> Iterator[None]:
    """Make this a machine whose system knows no time zones."""
    zone_names.cache_clear()
    zoneinfo.reset_tzpath(to=())
    yield
    zoneinfo.reset_tzpath()
    zone_names.cache_clear()


@pytest.mark.parametrize(
    "zone", ["", "Asia/Shanghai", "Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+8"]
)
def test_a_zone_of_the_list_may_be_named(zone: str) -> None:
    assert objection_to(zone) is None


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Shanghai", "Asia/Shanghai"),
        ("NEW_YORK", "America/New_York"),
        ("utc", "Etc/UTC"),
    ],
)
def test_who_nearly_has_the_name_is_told_it(zone: str, meant: str) -> None:
    assert objection_to(zone) == f"There is no time zone {zone!r}; perhaps you mean {meant}."


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Asia", "CST", "localtime", "Factory", "posix/Asia/Shanghai"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    assert (objection_to(zone) or "").startswith(f"There is no time zone {zone!r};")


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_without_time_zones_of_its_own_knows_the_same() -> None:
    assert zoneinfo.TZPATH == ()
    assert objection_to("Asia/Shanghai") is None
    assert objection_to("Asia/Nowhere") is not None
    assert len(zone_names()) > 400


def test_every_name_fits_the_shape_that_a_sale_asks_for() -> None:
    for zone in zone_names():
        assert msgspec.convert({"sale": "S", "title": "T", "zone": zone}, Sale).zone == zone


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai\n", "/etc", "Asia/", "Asia//Shanghai", "../UTC", "Asia Shanghai", "x" * 65]
)
def test_what_has_not_the_shape_is_told_before_any_list_is_asked(zone: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape("$.zone")):
        msgspec.convert({"sale": "S", "title": "T", "zone": zone}, Sale)
