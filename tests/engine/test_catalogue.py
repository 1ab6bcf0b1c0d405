"""The catalogue: what is entered is read back, twice is once, and what is not ours is refused."""

import msgpack
import pytest

from engine.catalogue import lot_record, read_catalogue, sale_record
from engine.errors import LogDamaged
from lots.listing import Sale
from tests.lots.saleroom import listing

SALE = Sale(sale="S", title="Estate", description="of a watchmaker", place="Graz")


def test_what_is_entered_is_read_back_in_order_of_listing() -> None:
    lots = [listing("B"), listing("A", group="G"), listing("C", group="G"), listing("B")]
    catalogue = read_catalogue([sale_record(SALE), *map(lot_record, lots), sale_record(SALE)])
    assert catalogue.sales == {"S": SALE}
    assert {group: list(names) for group, names in catalogue.groups.items()} == {"B": ["B"], "G": ["A", "C"]}


def test_the_stored_format_of_the_records() -> None:
    assert msgpack.unpackb(lot_record(listing("A", group="G"))) == {"lot": "A", "group": "G"}
    assert msgpack.unpackb(lot_record(listing("A"))) == {"lot": "A", "group": "A"}
    assert set(msgpack.unpackb(sale_record(SALE))["sale"]) == {
        "sale",
        "title",
        "description",
        "consignor",
        "country",
        "place",
    }


@pytest.mark.parametrize("record", [b"", b"\xc1", b"\x93\x01", b"\x80", msgpack.packb({"sale": {"sale": 3}}), b"\x05"])
def test_a_record_that_is_not_ours_stops_the_reading(record: bytes) -> None:
    with pytest.raises(LogDamaged, match="not ours"):
        read_catalogue([record])


def test_an_empty_catalogue_is_an_empty_house() -> None:
    assert read_catalogue([]) == ({}, {})
