"""The registry: what the house's admin keeps that is no lot and no sale: the consignors, and what currencies are worth.

It refuses to know what consignors bring and what the rates are used for. Invariants: everyone may read it, only an
admin writes in it; a consignor, once taken on, stays as it is. Rates are decimal text, instants microseconds. Source:
running-sales.md, "Consignors".
"""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.house import House
from gateway import messages
from gateway.counter import FrontCounter, listed, parameters
from gateway.frames import Message
from gateway.problems import UNKNOWN_CONSIGNOR, ProblemError, answer, malformed
from lots.exchange import ExchangeRates
from lots.listing import Consignor

_CONSIGNOR: Final = msgspec.json.Decoder(Consignor)
_RATES: Final = msgspec.json.Decoder(ExchangeRates)


class Registry:
    """The routes.

    Args:
        house: Keeps what is written here.
        counter: Receives the requests.
    """

    def __init__(self, house: House, counter: FrontCounter) -> None:
        self._house = house
        self._counter = counter

    def routes(self) -> list[Route]:
        """Return all routes of the registry."""
        return [
            Route("/v1/consignors", self.consignors, methods=["GET"]),
            Route("/v1/consignors", self.take_on, methods=["POST"]),
            Route("/v1/consignors/{consignor}", self.consignor, methods=["GET"]),
            Route("/v1/rates", self.rates, methods=["GET"]),
            Route("/v1/rates", self.post_rates, methods=["PUT"]),
        ]

    # Consignors -------------------------------------------------------------------------------------------------------

    async def consignors(self, request: Request) -> Response:
        """Show all consignors, in the order in which they were taken on."""
        parameters(request)
        return answer({"consignors": [msgspec.to_builtins(one) for one in self._house.registers.consignors.values()]})

    async def consignor(self, request: Request) -> Response:
        """Show one consignor."""
        parameters(request)
        consignor = self._house.registers.consignors.get(request.path_params["consignor"])
        if consignor is None:
            raise ProblemError(404, UNKNOWN_CONSIGNOR, "There is no such consignor in this house.")
        return answer(msgspec.to_builtins(consignor))

    async def take_on(self, request: Request) -> Response:
        """Take a consignor on."""
        self._counter.admin(request)
        consignor = await self._counter.said(request, _CONSIGNOR)
        accepted = self._counter.granted(await self._house.registers.take_on(consignor))
        return listed(accepted, f"/v1/consignors/{consignor.consignor}", msgspec.to_builtins(consignor))

    # Rates ------------------------------------------------------------------------------------------------------------

    async def rates(self, request: Request) -> Response:
        """Show the exchange rates that count."""
        parameters(request)
        return answer(self._shown_rates())

    def _shown_rates(self) -> Message:
        posted = self._house.registers.rates
        if posted is None:
            return {"base": None, "rates": {}, "at": None}
        return {**msgspec.to_builtins(posted.rates), "at": posted.at}

    async def post_rates(self, request: Request) -> Response:
        """Let other exchange rates count from now on."""
        self._counter.admin(request)
        rates = await self._counter.said(request, _RATES)
        try:
            rates.check()
        except ValueError as error:
            raise malformed(messages.sentence(error)) from None
        self._counter.granted(await self._house.registers.post_rates(rates))
        return answer(self._shown_rates())
