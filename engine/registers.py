"""The registers: what the house keeps besides its lots: sales, consignors, and what currencies are worth.

It refuses to know lots, and who may write here. Invariants: what is read here is in the catalogue, but for a sale that
its lots named before it was listed; one entry is written at a time, and no sale while it is not known which names
an import has taken. Instants are microseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable

from clock.instants import Clock
from engine.actor import Answer
from engine.catalogue import Catalogue, consignor_record, rates_record, sale_record
from engine.errors import StoreError
from engine.journal import Journal
from lots.exchange import ExchangeRates, PostedRates
from lots.listing import Consignor, Sale
from lots.refusals import Code, Refused
from lots.state import Accepted


class Registers:
    """Sales, consignors and exchange rates.

    Args:
        journal: Where the catalogue is.
        clock: Tells the time.

    Attributes:
        sales: The sales by id; a sale that lots name before it is listed has its id for a title.
        consignors: The consignors that were taken on, by id.
        rates: The exchange rates that count; None before any were posted.
        turn: Held by whoever writes into the catalogue or takes a name.
        imports_are_known: Finds out what became of an import whose fate is unknown; False while that is not to be had.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.sales: dict[str, Sale] = {}
        self.consignors: dict[str, Consignor] = {}
        self.rates: PostedRates | None = None
        self.turn = asyncio.Lock()
        self.imports_are_known: Callable[[], Awaitable[bool]] = _nothing_is_imported
        self._journal = journal
        self._clock = clock
        self._listed: set[str] = set()

    def recover(self, catalogue: Catalogue) -> None:
        """Take what the catalogue holds."""
        for sale in catalogue.sales.values():
            self.note_sale(sale)
        self.consignors.update(catalogue.consignors)
        self.rates = catalogue.rates

    def is_listed(self, sale: str) -> bool:
        """Whether a sale is in the catalogue: its lots may have named it before."""
        return sale in self._listed

    def note_sale(self, sale: Sale) -> None:
        """Take a sale that is in the catalogue."""
        self.sales[sale.sale] = sale
        self._listed.add(sale.sale)

    def name_sale(self, sale: str) -> None:
        """Take a sale that a lot names; until it is listed its id is all that is known of it."""
        if sale not in self.sales:
            self.sales[sale] = Sale(sale=sale, title=sale)

    async def list_sale(self, sale: Sale) -> Answer:
        """List a sale; the same again is harmless, another under its id is a conflict."""
        async with self.turn:
            if not await self.imports_are_known():
                return Refused(Code.UNAVAILABLE, "The sale could not be stored; list it again.")
            if not self.is_listed(sale.sale):
                return await self._enter_sale(sale)
        if self.sales[sale.sale] == sale:
            return self.kept(repeat=True)
        return Refused(Code.CONFLICT, f"Sale {sale.sale!r} is listed already, as something else.")

    async def _enter_sale(self, sale: Sale) -> Answer:
        if not await self._enter(sale_record(sale)):
            return Refused(Code.UNAVAILABLE, "The sale could not be stored; list it again.")
        self.note_sale(sale)
        return self.kept()

    async def take_on(self, consignor: Consignor) -> Answer:
        """Take a consignor on; the same again is harmless, another under its id is a conflict."""
        async with self.turn:
            known = self.consignors.get(consignor.consignor)
            if known is None:
                return await self._enter_consignor(consignor)
        if known == consignor:
            return self.kept(repeat=True)
        return Refused(Code.CONFLICT, f"Consignor {consignor.consignor!r} was taken on already, as somebody else.")

    async def _enter_consignor(self, consignor: Consignor) -> Answer:
        if not await self._enter(consignor_record(consignor)):
            return Refused(Code.UNAVAILABLE, "The consignor could not be stored; take it on again.")
        self.consignors[consignor.consignor] = consignor
        return self.kept()

    async def post_rates(self, rates: ExchangeRates) -> Answer:
        """Let these exchange rates count from now on; those that count already, again, are harmless."""
        async with self.turn:
            if self.rates is not None and self.rates.rates == rates:
                return self.kept(repeat=True)
            posted = PostedRates(rates, self._clock.now())
            if not await self._enter(rates_record(posted)):
                return Refused(Code.UNAVAILABLE, "The rates could not be stored; post them again.")
            self.rates = posted
            return self.kept()

    async def _enter(self, record: bytes) -> bool:
        """Store a record in the catalogue; False when the store would not take it."""
        try:
            await self._journal.enter_in_catalogue([record])
        except StoreError:
            return False
        return True

    def kept(self, *, repeat: bool = False) -> Accepted:
        """Return the answer to what was written, or stood here before."""
        return Accepted("", "", 0, self._clock.now(), repeat=repeat)


async def _nothing_is_imported() -> bool:
    """Know that nothing was imported, where nothing can be."""
    return True
