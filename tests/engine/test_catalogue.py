"""The catalogue: what is entered is read back, twice is once, the latest rates count, what is not ours is refused."""

import msgpack
import pytest

from engine.catalogue import consignor_record, lot_record, rates_record, read_catalogue, sale_record
from engine.errors import LogDamaged
from lots.exchange import ExchangeRates, PostedRates
from lots.listing import Consignor, Sale, Stagger
from tests.lots.saleroom import listing

SALE = Sale(sale="S", title="Estate", description="of a watchmaker", place="Graz", org="K")
STAGGERED = Sale(
    sale="T", title="One by one", opens_at=1, closes_at=2, stagger=Stagger(every_s=1.5, batch=4), zone="Asia/Shanghai"
)
COURT = Consignor(consignor="K", name="Bezirksgericht Graz-Ost", kind="court")
RATES = PostedRates(ExchangeRates(base="EUR", rates={"USD": "1.0832", "JPY": "163.10"}), 1_700_000_000_000_000)


def test_what_is_entered_is_read_back_in_order_of_listing() -> None:
    lots = [listing("B"), listing("A", group="G"), listing("C", group="G"), listing("B")]
    sales = [sale_record(SALE), *map(lot_record, lots), sale_record(SALE), sale_record(STAGGERED)]
    catalogue = read_catalogue([consignor_record(COURT), *sales, consignor_record(COURT), rates_record(RATES)])
    assert catalogue.sales == {"S": SALE, "T": STAGGERED}
    assert catalogue.consignors == {"K": COURT}
    assert catalogue.rates == RATES
    assert {group: list(names) for group, names in catalogue.groups.items()} == {"B": ["B"], "G": ["A", "C"]}


def test_the_stored_format_of_the_records() -> None:
    assert msgpack.unpackb(lot_record(listing("A", group="G"))) == {"lot": "A", "group": "G"}
    assert msgpack.unpackb(lot_record(listing("A"))) == {"lot": "A", "group": "A"}
    assert msgpack.unpackb(sale_record(STAGGERED)) == {
        "sale": {
            "sale": "T",
            "title": "One by one",
            "description": "",
            "consignor": "",
            "country": "",
            "place": "",
            "org": None,
            "opens_at": 1,
            "closes_at": 2,
            "stagger": {"every_s": 1.5, "batch": 4},
            "zone": "Asia/Shanghai",
        }
    }
    assert msgpack.unpackb(consignor_record(COURT)) == {
        "consignor": {"consignor": "K", "name": "Bezirksgericht Graz-Ost", "kind": "court"}
    }
    assert msgpack.unpackb(rates_record(RATES)) == {
        "rates": {"base": "EUR", "rates": {"USD": "1.0832", "JPY": "163.10"}},
        "at": 1_700_000_000_000_000,
    }


def test_a_sale_of_a_house_that_knew_no_consignors_is_read() -> None:
    fields = {"sale": "S", "title": "Estate", "description": "", "consignor": "", "country": "", "place": ""}
    catalogue = read_catalogue([msgpack.packb({"sale": fields})])
    assert catalogue.sales == {"S": Sale(sale="S", title="Estate")}


def test_a_sale_of_a_house_that_knew_no_time_zones_is_read_as_one_that_names_none() -> None:
    fields = msgpack.unpackb(sale_record(SALE))["sale"]
    assert fields.pop("zone") == ""
    assert read_catalogue([msgpack.packb({"sale": fields})]).sales == {"S": SALE}


def test_of_exchange_rates_the_latest_count() -> None:
    later = PostedRates(ExchangeRates(base="USD", rates={}), RATES.at + 1)
    assert read_catalogue([rates_record(RATES), rates_record(later)]).rates == later


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xc1",
        b"\x93\x01",
        b"\x80",
        b"\x05",
        msgpack.packb({"sale": {"sale": 3}}),
        msgpack.packb({"consignor": {"consignor": "K", "name": "K", "kind": "club"}}),
        msgpack.packb({"rates": {"base": "EUR", "rates": {}}}),
        msgpack.packb({"rates": {"base": "EUR", "rates": {"USD": 1.08}}, "at": 1}),
    ],
)
def test_a_record_that_is_not_ours_stops_the_reading(record: bytes) -> None:
    with pytest.raises(LogDamaged, match="not ours"):
        read_catalogue([record])


def test_an_empty_catalogue_is_an_empty_house() -> None:
    assert read_catalogue([]) == ({}, {}, {}, {}, None)
