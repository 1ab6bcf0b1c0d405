"""The catalogue: which sales and lots the house has, in the order in which they were listed. Recovery reads it first.

STORED FORMAT: the records below. It refuses to know what a lot is sold under (its own log says) and where the records
are kept. A record may stand twice: listing again after a crash between log and catalogue heals it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgpack
import msgspec

from engine.errors import LogDamaged
from lots.listing import Listing, Sale


class Catalogue(NamedTuple):
    """What a house has.

    Attributes:
        sales: The sales by id.
        groups: The lots of each closing group by its name, in order of listing.
    """

    sales: dict[str, Sale]
    groups: dict[str, dict[str, None]]


def sale_record(sale: Sale) -> bytes:
    """Return the record of a sale."""
    return _packed({"sale": msgspec.structs.asdict(sale)})


def lot_record(listing: Listing) -> bytes:
    """Return the record of a lot: where its log is."""
    return _packed({"lot": listing.lot, "group": listing.group})


def read_catalogue(records: Iterable[bytes]) -> Catalogue:
    """Read all records.

    Raises:
        LogDamaged: a record is not one of ours.
    """
    catalogue = Catalogue({}, {})
    for record in records:
        try:
            _enter(catalogue, msgpack.unpackb(record))
        except (KeyError, ValueError, TypeError) as error:
            raise LogDamaged(f"The catalogue holds a record that is not ours: {error!r}.") from error
    return catalogue


def _enter(catalogue: Catalogue, record: dict[str, Any]) -> None:
    if "sale" in record:
        sale = msgspec.convert(record["sale"], Sale)
        catalogue.sales[sale.sale] = sale
        return
    catalogue.groups.setdefault(record["group"], {})[record["lot"]] = None


def _packed(record: dict[str, Any]) -> bytes:
    packed: bytes = msgpack.packb(record)
    return packed
