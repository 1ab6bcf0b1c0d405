"""The catalogue: what the house has besides its lots' logs, in the order in which it came. Recovery reads it first.

Sales, lots, consignors, exchange rates, imports. STORED FORMAT: the records below, and those in `imports`; each says
by its first field what it is of.
It refuses to know what a lot is sold under (its own log says) and where the records are kept. A record may stand
twice: listing again after a crash between log and catalogue heals it. Of exchange rates the latest count.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgpack
import msgspec

from engine.errors import LogDamaged
from engine.imports import Import, packed_record, read_import
from lots.exchange import ExchangeRates, PostedRates
from lots.listing import Consignor, Listing, Sale
from lots.terms import Instant


class Catalogue(NamedTuple):
    """What a house has.

    Attributes:
        sales: The sales by id.
        lots: The closing group of each lot, in order of listing.
        consignors: The consignors by id.
        imports: The imports by name, whole or not; the lots of those that are whole stand in `lots` too.
        rates: The exchange rates that count; None before any were posted.
    """

    sales: dict[str, Sale]
    lots: dict[str, str]
    consignors: dict[str, Consignor]
    imports: dict[str, Import]
    rates: PostedRates | None = None

    @property
    def groups(self) -> dict[str, list[str]]:
        """The lots of each closing group by its name, in order of listing."""
        groups: dict[str, list[str]] = {}
        for lot, group in self.lots.items():
            groups.setdefault(group, []).append(lot)
        return groups

    def unlisted(self) -> list[Import]:
        """Return the imports that have happened, but may have lots that are not in their logs yet."""
        return [imported for imported in self.imports.values() if imported.is_whole and not imported.is_listed]


def sale_record(sale: Sale) -> bytes:
    """Return the record of a sale."""
    return packed_record({"sale": msgspec.to_builtins(sale)})


def lot_record(listing: Listing) -> bytes:
    """Return the record of a lot: where its log is."""
    return packed_record({"lot": listing.lot, "group": listing.group})


def consignor_record(consignor: Consignor) -> bytes:
    """Return the record of a consignor."""
    return packed_record({"consignor": msgspec.to_builtins(consignor)})


def rates_record(posted: PostedRates) -> bytes:
    """Return the record of exchange rates."""
    return packed_record({"rates": msgspec.to_builtins(posted.rates), "at": posted.at})


def read_catalogue(records: Iterable[bytes]) -> Catalogue:
    """Read all records.

    Raises:
        LogDamaged: a record is not one of ours.
    """
    catalogue = Catalogue({}, {}, {}, {})
    for record in records:
        try:
            catalogue = _entered(catalogue, msgpack.unpackb(record))
        except (KeyError, ValueError, TypeError) as error:
            raise LogDamaged(f"The catalogue holds a record that is not ours: {error!r}.") from error
    return catalogue


def _entered(catalogue: Catalogue, record: dict[str, Any]) -> Catalogue:
    if "import" in record:
        _enter_import(catalogue, read_import(catalogue.imports, record))
    elif "sale" in record:
        sale = msgspec.convert(record["sale"], Sale)
        catalogue.sales[sale.sale] = sale
    elif "consignor" in record:
        consignor = msgspec.convert(record["consignor"], Consignor)
        catalogue.consignors[consignor.consignor] = consignor
    elif "rates" in record:
        rates, at = msgspec.convert(record["rates"], ExchangeRates), msgspec.convert(record["at"], Instant)
        return catalogue._replace(rates=PostedRates(rates, at))
    else:
        catalogue.lots.setdefault(record["lot"], record["group"])
    return catalogue


def _enter_import(catalogue: Catalogue, imported: Import | None) -> None:
    """Enter the sale and the lots of an import that has just become whole."""
    if imported is None:
        return
    catalogue.sales[imported.sale.sale] = imported.sale
    for lot, group, _ in imported.lots:
        catalogue.lots.setdefault(lot, group)
