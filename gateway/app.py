"""The app: the gateway's parts put together, and what serves them on one port.

Given a house it makes the desk, the reception, the wires, the fan-out, the routes and the figures, and the
configuration under which uvicorn serves them. It refuses to know how the house stores anything, and which flags there
are. Invariant: WebSockets never pass through the HTTP app; HTTP never waits for a watcher. Sizes are bytes, times
seconds where a library takes them.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from engine.commit import Commit
from engine.house import House
from engine.limits import GatewayLimits
from gateway import documents
from gateway.admission import Admission
from gateway.agenda import HouseAgenda
from gateway.audit import Audit
from gateway.auth import Doorkeeper, Person, Role, weakness
from gateway.bid_desk import BidDesk
from gateway.bulk import Bulk
from gateway.counter import FrontCounter
from gateway.directing import Directing
from gateway.exports import Exports
from gateway.fanout import Fanout
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.operations import Operations, readiness
from gateway.origins import Origins, address_behind, is_loopback
from gateway.pages import Pages
from gateway.payments import Payments, read_key
from gateway.presence import Presence
from gateway.problems import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, ProblemError, answer, problem
from gateway.rates import Pace
from gateway.registry import Registry
from gateway.rest import Rest
from gateway.session import Reception
from gateway.sign_in import SignIn, read_provider
from gateway.wire import make_wire
from lots.offering import Partial
from lots.refusals import Code

log = logging.getLogger(__name__)

_KEEP_ALIVE_S: Final = 75
_GRACE_S: Final = 5
_BACKLOG: Final = 4_096


class Gateway:
    """Everything between the house and its guests. To be made inside the running loop.

    Args:
        house: The auction house; its `publish`, `status` and `attendance` are to be set to those here before it starts.
        secret: What tokens are signed with.
        limits: What one guest may do.
        origins: Pages that may connect besides the server's own.
        version: Of the program.
        about: What `/healthz` says besides: how the store is kept, for instance.
        payment_secret: What a payment provider signs its notices with; None: the house takes none.
        sheets: The rule sheets that sales may be imported under, by name.
        people: Whom everyone may sign in as: in a house for show alone.
        provider: Where the house's identity provider signs people in; None: they have to bring a token.

    Raises:
        ValueError: The payment provider's secret or the identity provider's address is none.
    """

    def __init__(  # noqa: PLR0913  each is one thing that a house may be given
        self,
        house: House,
        secret: str,
        limits: GatewayLimits | None = None,
        *,
        origins: Iterable[str] = (),
        version: str = "0",
        about: Mapping[str, object] | None = None,
        payment_secret: str | None = None,
        sheets: Mapping[str, Partial] | None = None,
        people: Iterable[Person] = (),
        provider: str | None = None,
    ) -> None:
        weak = weakness(secret)
        if weak is not None:
            log.warning("%s", weak)
        self.house = house
        self.limits = limits or GatewayLimits()
        self._payment_key = None if payment_secret is None else read_key(payment_secret)
        self._version = version
        self._about = dict(about or {})
        self._sheets = sheets or {}
        self._people = tuple(people)
        self._provider = None if provider is None else read_provider(provider)
        self._origins = Origins(origins)
        self._doorkeeper = Doorkeeper(secret, self._origins, self.limits.signed_out_max)
        self.agenda = HouseAgenda(standing.state for standing in house.lots.values())
        self.desk = BidDesk(house, Pace(self.limits.bids_per_second, self.limits.bids_burst))
        self.presence = Presence(house.clock)
        self.reception = Reception(house, self.desk, self._doorkeeper, self.limits, self._origins, self.presence)
        self._counter = FrontCounter(house, self._doorkeeper, self.limits)
        loop = asyncio.get_running_loop()
        self.wire_class, self.switchboard = make_wire(self.reception, loop, self.limits)
        self.fanout = Fanout(house, loop, self.switchboard.flush, self.limits)
        self.reception.attend(self.fanout)
        self.operations = Operations(house, self.agenda, self.fanout, self.reception, self.switchboard)
        self._metrics = Metrics(house, self.agenda, self.desk, self.reception, self.switchboard)
        self.app = self._app()

    def publish(self, commit: Commit) -> None:
        """Tell everyone what the house has stored."""
        self.agenda.note(commit.state)
        self.fanout.publish(commit)

    async def run(self) -> None:
        """Do once a second what is to be done then, until cancelled."""
        await self.operations.run()

    def config(self, host: str, port: int) -> uvicorn.Config:
        """Return what uvicorn needs to serve all this."""
        return uvicorn.Config(
            self.app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws=self.wire_class,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )

    # The HTTP app -----------------------------------------------------------------------------------------------------

    def _app(self) -> Starlette:
        counter = self._counter
        parts = (
            Rest(self.house, self.agenda, self.desk, counter),
            Directing(self.house, self.desk, counter),
            Admission(self.desk, counter),
            Audit(self.house, counter),
            Registry(self.house, counter),
            Bulk(self.house, counter, self.limits, self._sheets),
            Exports(self.house, counter),
            Payments(self.house, self.desk, counter, self._payment_key),
            SignIn(
                self.house.clock,
                self._doorkeeper,
                counter,
                self._origins,
                self.reception.sign_out,
                self._people,
                self._provider,
            ),
            Pages(self.house),
        )
        app = Starlette(
            routes=[*(route for part in parts for route in part.routes()), *self._house_routes()],
            middleware=self._middleware(),
            exception_handlers={ProblemError: _told, HTTPException: _told_by_starlette, Exception: _failed},
        )
        app.router.redirect_slashes = False  # a redirect would be an answer that is in no document
        return app

    def _house_routes(self) -> list[Route]:
        openapi, asyncapi = documents.openapi(self._version), documents.asyncapi(self._version)

        async def show_openapi(_request: Request) -> Response:
            return Response(openapi, media_type="application/json")

        async def show_asyncapi(_request: Request) -> Response:
            return Response(asyncapi, media_type="application/json")

        return [
            Route("/healthz", self._health, methods=["GET"]),
            Route("/readyz", self._readiness, methods=["GET"]),
            Route("/metrics", self._show_metrics, methods=["GET"]),
            Route("/openapi.json", show_openapi, methods=["GET"]),
            Route("/asyncapi.json", show_asyncapi, methods=["GET"]),
        ]

    def _middleware(self) -> list[Middleware]:
        """Let the pages of other hosts that were named read our answers."""
        if not self._origins.allowed:
            return []
        return [
            Middleware(
                CORSMiddleware,
                allow_origins=sorted(self._origins.allowed),
                allow_methods=["GET", "POST", "PUT", "DELETE"],
                allow_headers=["Authorization", "Content-Type"],
                allow_credentials=True,
            )
        ]

    async def _health(self, _request: Request) -> Response:
        """Say that the process lives, whatever its store does."""
        body = {"status": "ok", "version": self._version, **self._about, "notes": self.house.notes()}
        return answer({**body, "now": self.house.clock.now()})

    async def _readiness(self, _request: Request) -> Response:
        body = readiness(self.house)
        return answer(body, 200 if body["ready"] else 503)

    async def _show_metrics(self, request: Request) -> Response:
        """Show the figures to this machine and to admins; a proxy on this machine asks for somebody else."""
        peer = request.client.host if request.client is not None else ""
        address = address_behind(peer, request.headers.getlist("X-Forwarded-For"))
        if not is_loopback(address) and not self._is_admin(request):
            raise ProblemError(403, Code.FORBIDDEN, "The figures are for admins, and for this machine.")
        return Response(self._metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    def _is_admin(self, request: Request) -> bool:
        identity = self._counter.who(request)
        return identity is not None and identity.role is Role.ADMIN


def build_app(gateway: Gateway) -> Starlette:
    """Return the HTTP app of a gateway, for those who serve it themselves."""
    return gateway.app


async def _told(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101  registered for nothing else
    return error.response()


async def _told_by_starlette(request: Request, error: Exception) -> Response:
    """Give Starlette's own answers the form of all problems."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    if error.status_code == 404:
        return problem(404, NOT_FOUND, "There is nothing at this address.")
    if error.status_code == 405:
        response = problem(405, METHOD_NOT_ALLOWED, "This address does not take this method.")
        response.headers["Allow"] = ", ".join(sorted(_methods_here(request)))
        return response
    return problem(error.status_code, Code.MALFORMED, f"{error.detail}.")


def _methods_here(request: Request) -> set[str]:
    """Return the methods that an address takes: each has a route of its own, and Starlette names those of one."""
    here = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in here if isinstance(route, Route) for method in route.methods or ()}


async def _failed(_request: Request, _error: Exception) -> Response:
    """Answer when the fault is ours; the log has the rest."""
    return problem(500, INTERNAL, "The house has made a mistake; it is in its log.")
