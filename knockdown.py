"""The composition root and the command line: wires the four rooms into one process, and starts what measures it.

The only file that knows all rooms. It refuses to hold rules, protocols or storage: it reads settings, builds the parts,
hands them to each other, and turns errors into one line and an exit code.

Exit codes: 0 done (also after SIGTERM and Ctrl-C), 1 a check failed, 2 wrong use or input, 3 the store was refused, is
in use, or was taken over. Source: protocol.md, "Command line".
"""

import asyncio
import csv
import gc
import logging
import os
import re
import resource
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NoReturn, TextIO

import msgspec
import typer
import uvicorn
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import replay as replaying
from bench import surge as surging
from bench.crowd import run_crowd
from bench.desk import DeskError
from bench.findings import Findings
from bench.load import LineError, NotLoopbackError
from bench.page import Page
from bench.sample_sale import sample_sale
from bench.storms import storm as storming
from bench.storms.live_view import live_view
from clock.instants import SECOND_US, SystemClock, seconds_to_us
from engine.embedded_redis import EmbeddedRedis
from engine.errors import KnockdownError, StoreError
from engine.house import House
from engine.limits import EngineLimits, GatewayLimits, check_limits, limits_from
from engine.redis_journal import RedisJournal
from gateway.app import Gateway
from gateway.auth import Identity, Person, Role, sign
from gateway.board import Board
from gateway.what_if_table import WhatIfTable
from lots.files import BadFileError, read_bids, read_lots, read_terms, write_results
from lots.formats import Format
from lots.listing import Listing, Sale
from lots.phases import ENDED
from lots.sheets import ABOUT
from lots.simulation import Dated, Result, Simulation, as_taken, open_to_all
from lots.what_if import Trial, WhatIf, hold

log = logging.getLogger("knockdown")

EXIT_FAILED, EXIT_WRONG_USE, EXIT_STORE = 1, 2, 3
_TOKEN_TTL_US = 3_600 * SECOND_US
_OPEN_FILES_WANTED = 200_000

app = typer.Typer(
    name="knockdown",
    help="A real-time auction engine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
storm = typer.Typer(help="Load a house on this machine: with a real sale, or with as many bids as it takes.")
app.add_typer(storm, name="storm", no_args_is_help=True)


# Settings -------------------------------------------------------------------------------------------------------------

Host = Annotated[str, typer.Option(envvar="KNOCKDOWN_HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(envvar="KNOCKDOWN_PORT", min=0, max=65_535, help="Port to listen on.")]
DataDir = Annotated[
    Path, typer.Option(envvar="KNOCKDOWN_DATA_DIR", help="Where the embedded Redis and the secret are.")
]
RedisUrl = Annotated[str, typer.Option(envvar="KNOCKDOWN_REDIS_URL", help="The store; none: an embedded Redis.")]
ShowBoard = Annotated[bool, typer.Option("--board", help="Show a live board in the terminal.")]
TermsGiven = Annotated[
    str,
    typer.Option("--terms", help="Partial terms: a JSON file, or the name of a rule sheet (see `knockdown sheets`)."),
]
LotsFile = Annotated[Path, typer.Option("--lots", help="lots.csv")]
BidsFile = Annotated[Path, typer.Option("--bids", help="bids.csv")]
Settings = Annotated[list[str], typer.Option("--set", help="Change the terms: soft_close.window_s=300")]
VersusSettings = Annotated[list[str], typer.Option("--versus-set", help="Change the terms to compare with.")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write the whole report as JSON.")]
Shape = Literal["flood", "sale"]
Url = Annotated[str, typer.Argument(help="The house, on this machine: http://127.0.0.1:8000")]

_DATA = Path("data")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LINES_PER_STEP = 2_000
_PLOT_ENDINGS = (".png", ".svg")
_COLLECT_AFTER = (10_000, 10, 10_000)
"""Almost nothing of ours is cyclic: looking for cycles every 700 objects would cost a third of the processor, and
looking through all of a house with a million refs would hold every bidder up."""
_SECRET_NAME = "secret"  # noqa: S105  the name of the file, not what is in it


def house_secret(data_dir: Path) -> str:
    """Return the secret that signs tokens: KNOCKDOWN_SECRET, else one made once and kept in the data directory."""
    given = os.environ.get("KNOCKDOWN_SECRET")
    if given:
        return given
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / _SECRET_NAME
    with suppress(FileExistsError):
        # O_EXCL: of two processes that start at once, both use the secret of the first.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as writing:
            writing.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii").strip()


def signer(data_dir: Path) -> Callable[[str, str], str]:
    """Return what signs the tokens of load tests and of the demo's bidders."""
    secret = house_secret(data_dir)
    clock = SystemClock()

    def signed(role: str, sub: str) -> str:
        return sign(secret, Identity(sub, Role(role), None, clock.now() + _TOKEN_TTL_US))

    return signed


_SPANS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_span(text: str) -> float:
    """Read a span such as 90s, 10m, 1.5h or 2d into seconds; a bare number is seconds.

    Raises:
        typer.BadParameter: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no span of time; write 90s, 10m or 1h")
    return float(found[1]) * _SPANS_S[found[2] or "s"]


def stop_with(code: int, sentence: str) -> NoReturn:
    """End with one line on standard error."""
    print(f"knockdown: {sentence}", file=sys.stderr)  # noqa: T201  the command line speaks here
    raise typer.Exit(code)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what can go wrong outside of us into one line and an exit code."""
    try:
        yield
    except StoreError as error:
        stop_with(EXIT_STORE, str(error))
    except (BadFileError, KnockdownError, NotLoopbackError, LineError, DeskError, ValueError, OSError) as error:
        stop_with(EXIT_WRONG_USE, str(error))


# The house ------------------------------------------------------------------------------------------------------------


@dataclass
class Premises:
    """Where a house is: its address, its store, its secret; and whom everyone may be there, if it is for show."""

    host: str
    port: int
    data_dir: Path
    redis_url: str
    people: Sequence[Person] = ()

    def bind(self) -> socket.socket:
        """Take the port, before anything else is started.

        Raises:
            OSError: it is taken, or not ours to take.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except OSError as error:
            listening.close()
            raise OSError(f"cannot listen on {self.host} port {self.port}: {error.strerror}") from error
        self.port = listening.getsockname()[1]
        return listening

    @property
    def url(self) -> str:
        """Where clients on this machine find it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return f"http://{host}:{self.port}"

    @asynccontextmanager
    async def journal(self, limits: EngineLimits) -> AsyncIterator[RedisJournal]:
        """Open the store: the one named, else an embedded Redis of our own."""
        async with AsyncExitStack() as stack:
            url = self.redis_url
            if not url:
                url = (await stack.enter_async_context(EmbeddedRedis(self.data_dir, limits=limits))).url
            journal = RedisJournal(url, relaxed=relaxed(), limits=limits)
            stack.push_async_callback(journal.aclose)
            yield journal

    def gateway(self, house: House, limits: GatewayLimits) -> Gateway:
        """Open the doors of a house, still without a port."""
        origins = [origin for origin in os.environ.get("KNOCKDOWN_ORIGINS", "").split(",") if origin]
        secret = house_secret(self.data_dir)
        return Gateway(
            house,
            secret,
            limits,
            origins=origins,
            version=version("knockdown"),
            about=self.about(),
            payment_secret=os.environ.get("KNOCKDOWN_PAYMENT_SECRET") or None,
            sheets={name: read_terms(f"{name}.json", shipped_sheet(name)) for name in ABOUT},
            people=self.people,
            provider=os.environ.get("KNOCKDOWN_SIGN_IN_URL") or None,
        )

    def about(self) -> dict[str, object]:
        """Return what `/healthz` says of the store."""
        return {"store": "given" if self.redis_url else "embedded", "durability": "relaxed" if relaxed() else "strict"}


def relaxed() -> bool:
    """Whether the operator accepts a store that may lose the last second of what it acknowledged.

    Raises:
        ValueError: KNOCKDOWN_DURABILITY is neither `strict` nor `relaxed`.
    """
    chosen = os.environ.get("KNOCKDOWN_DURABILITY", "strict")
    if chosen not in ("strict", "relaxed"):
        raise ValueError(f"KNOCKDOWN_DURABILITY is {chosen!r}; it may be strict or relaxed")
    return chosen == "relaxed"


class Server(uvicorn.Server):
    """uvicorn's server, which lets the house answer what waits before it says goodbye to anyone."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Store and answer what waits, then part with the clients."""
        await self._house.stop()
        await super().shutdown(sockets)


Beside = Callable[[House, Gateway, Premises], Awaitable[None]]
"""What runs beside a serving house until it is cancelled: a board, a crowd."""


async def serve_house(premises: Premises, beside: Iterable[Beside] = ()) -> None:
    """Serve a house until a signal comes or its store is lost to another owner.

    Raises:
        OSError: the port is taken.
        StoreError: the store was refused, is in use, or was taken over.
    """
    engine_limits = limits_from(EngineLimits, os.environ)
    gateway_limits = limits_from(GatewayLimits, os.environ)
    check_limits(engine_limits, gateway_limits)
    _end_when_told()
    with premises.bind() as listening:
        async with premises.journal(engine_limits) as journal:
            house = House(journal, SystemClock(), engine_limits, events_kept=gateway_limits.ring_events_per_lot)
            gateway = premises.gateway(house, gateway_limits)
            house.publish, house.status = gateway.publish, gateway.fanout.status
            house.attendance = gateway.presence.attendance
            gc.collect()
            gc.disable()  # recovery makes much and drops little: to look through it for cycles would take as long again
            await house.start()
            await _serve(premises, house, gateway, listening, beside)


async def _serve(
    premises: Premises, house: House, gateway: Gateway, listening: socket.socket, beside: Iterable[Beside]
) -> None:
    server = Server(gateway.config(premises.host, premises.port), house)
    working = [asyncio.create_task(house.run()), asyncio.create_task(gateway.run())]
    aside = [asyncio.create_task(_run(show(house, gateway, premises))) for show in beside]
    for task in working:
        # Without its engine a server must not go on; whatever ended it is raised below.
        task.add_done_callback(lambda _ended: setattr(server, "should_exit", True))
    log.info("The house listens on %s; %d lots, %s.", premises.url, len(house.lots), _recovery(house))
    log.info("Catalogue: %s/  Console: %s/operator  Wall: %s/operator/wall", *(premises.url,) * 3)
    gc.freeze()  # what recovery made lives as long as the process: no collection need look at it again
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()
    _leave_signals_to_uvicorn()
    try:
        await server.serve(sockets=[listening])
    finally:
        ended = [task for task in working if task.done()]
        await _end([*aside, *working])
    for task in ended:
        task.result()
    log.info("The house has closed; all it acknowledged is stored. Started again, it goes on from its log.")


def _end_when_told() -> None:
    """Let a signal end the start, which may take long where there is much to recover."""
    starting = asyncio.current_task()
    for one in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(one, lambda: starting and starting.cancel())


def _leave_signals_to_uvicorn() -> None:
    """Let uvicorn act on signals; it raises them anew once it has stopped, when there is nothing left to interrupt."""
    for one in _SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(one)
        signal.signal(one, lambda _signal, _frame: None)


def _recovery(house: House) -> str:
    figures = house.figures
    parts = ", ".join(f"{part} {span / SECOND_US:.2f}" for part, span in figures.recovery_parts_us.items())
    return f"{figures.recovered_entries} entries read in {figures.recovery_us / SECOND_US:.2f} s ({parts})"


async def _run(work: Awaitable[None]) -> None:
    await work


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _prepare_process() -> None:
    """Take as many files as we may, and log what an operator should read."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES_WANTED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for talkative in ("knockdown.wire", "uvicorn.error"):
        # A line for every connection would bury the lines that matter.
        logging.getLogger(talkative).setLevel(logging.WARNING)


def _open_house(premises: Premises, beside: Iterable[Beside] = ()) -> None:
    _prepare_process()
    with one_line_errors(), suppress(asyncio.CancelledError):
        try:
            uvloop.run(serve_house(premises, beside))
        except BaseExceptionGroup as group:
            raise _first_of(group) from group


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first_of(error) if isinstance(error, BaseExceptionGroup) else error


async def show_board(house: House, gateway: Gateway, premises: Premises) -> None:
    """Show the house in the terminal."""
    place = f"{premises.url}/  /operator  /operator/wall"
    await Board(house, gateway.fanout.watchers, house.clock, place).run(Console(), asyncio.Event())


@app.command()
def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = _DATA,
    redis_url: RedisUrl = "",
    board: ShowBoard = False,
) -> None:
    """Serve a house: gateway, engine and clock in one process."""
    _open_house(Premises(host, port, data_dir, redis_url), [show_board] if board else [])


# The demo -------------------------------------------------------------------------------------------------------------

PEOPLE = (
    Person("alice", Role.BIDDER),
    Person("bob", Role.BIDDER),
    Person("carol", Role.BIDDER),
    Person("olga", Role.OPERATOR),
    Person("ada", Role.ADMIN),
    Person("otto", Role.AUDITOR),
)
"""Whom everyone may be in the demo; the simulated bidders and their clerk have other names."""


async def hold_sample_sale(house: House, _gateway: Gateway, premises: Premises) -> None:
    """Hold one sample sale after another, the one that is in the log first, and send simulated bidders to each."""
    while True:
        sale = _unfinished_sale(house) or await _list_sample_sale(house)
        await run_crowd(premises.url, signer(premises.data_dir), sale, seed=1, stop=asyncio.Event())
        log.info("The sample sale is over; the next one begins.")


def _unfinished_sale(house: House) -> str | None:
    for sale in reversed(list(house.sales)):
        lots = house.lots_of(sale)
        if lots and any(house.lots[lot].state.phase not in ENDED for lot in lots):
            return sale
    return None


async def _list_sample_sale(house: House) -> str:
    number = sum(sale.startswith("sample") for sale in house.sales) + 1
    sale, lots = sample_sale(house.clock.now(), sale=f"sample-{number}")
    await house.registers.list_sale(msgspec.convert(sale, Sale))
    for lot in lots:
        await house.listings.list_lot(msgspec.convert(lot, Listing))
    return str(sale["sale"])


@app.command()
def demo(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = _DATA,
    redis_url: RedisUrl = "",
) -> None:
    """Serve a house with sample sales and simulated bidders, and show it in the terminal. Ctrl-C stops it."""
    _open_house(Premises(host, port, data_dir, redis_url, PEOPLE), [hold_sample_sale, show_board])


# Sales from files -----------------------------------------------------------------------------------------------------


Moved = Callable[[float, float, str], None]
"""Takes how far something is: done, total, and what it is."""


def _open_text(path: Path, moved: Moved) -> Iterator[str]:
    size, done = path.stat().st_size, 0
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, line in enumerate(lines, start=1):
            yield line
            done += len(line)
            if number % _LINES_PER_STEP == 0:
                moved(done, size, path.name)


class RuleSheet(NamedTuple):
    """Partial terms, and what to call them."""

    name: str
    terms: dict[str, Any]


def shipped_sheet(name: str) -> str:
    """Return the JSON text of a rule sheet that ships.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in ABOUT:
        raise ValueError(f"no rule sheet is called {name!r}; there are {', '.join(ABOUT)}")
    return resources.files("lots.sheets").joinpath(f"{name}.json").read_text(encoding="utf-8")


def _read_sheet(given: str, settings: Sequence[str]) -> RuleSheet:
    """Read the file of this name, else the rule sheet of this name, and call it by what was changed in it, too."""
    path = Path(given)
    if given in ABOUT and not path.is_file():
        file, text = f"{given}.json", shipped_sheet(given)
    elif path.exists() or path.suffix or path.name != given:
        file, text = path.name, path.read_text(encoding="utf-8-sig")
    else:
        raise ValueError(f"{given!r} is neither a file nor a rule sheet; the sheets are {', '.join(ABOUT)}")
    terms = read_terms(file, text, settings)
    # A file of lots has neither appraisals nor deposits; what a listing must keep to is for whoever lists it.
    terms.pop("bounds", None)
    return RuleSheet(", ".join([Path(file).stem, *settings]), terms)


def _read_sale(
    terms: str, lots: Path, bids: Path, settings: Sequence[str], moved: Moved
) -> tuple[list[Listing], Iterator[Dated]]:
    listings = list(read_lots(lots.name, _open_text(lots, moved), _read_sheet(terms, settings).terms))
    return listings, _read_offers(bids, listings, moved)


def _read_offers(bids: Path, listings: Iterable[Listing], moved: Moved) -> Iterator[Dated]:
    return read_bids(bids.name, _open_text(bids, moved), [listing.lot for listing in listings])


@contextmanager
def progress_bar() -> Iterator[Moved]:
    """Show a bar on standard error, where it is a terminal; give what moves it: done, total, stage."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn()
    progress = Progress(
        *columns,
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,  # it may be a file, whose rows must not end up beside the bar
    )
    with progress:
        bar = progress.add_task("", total=None)

        def moved(done: float, total: float, stage: str) -> None:
            progress.update(bar, completed=done, total=total, description=stage)

        yield moved


@app.command()
def simulate(
    *,
    terms: TermsGiven,
    lots: LotsFile,
    bids: BidsFile,
    settings: Settings = [],  # noqa: B006  typer copies it
    versus: Annotated[str | None, typer.Option(help="What if: the terms to compare with, file or rule sheet.")] = None,
    versus_settings: VersusSettings = [],  # noqa: B006  typer copies it
    plot: Annotated[Path | None, typer.Option(help="Draw the comparison here, .png or .svg.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write R.csv here; else to standard output.")] = None,
) -> None:
    """Hold a sale from files in virtual time, under the same rules as a live one, or under two to compare them."""
    with one_line_errors():
        _check_versus(versus, versus_settings, plot)
        if versus is None:
            _write_rows(out, write_results(_hold(terms, lots, bids, settings)))
            return
        what_if = _hold_both(_read_sheets((terms, settings), (versus, versus_settings)), lots, bids)
        if out is not None:
            _write_rows(out, what_if.rows())
        if plot is not None:
            _draw(what_if, plot)
        _show(WhatIfTable(what_if))


def _hold(terms: str, lots: Path, bids: Path, settings: Sequence[str]) -> list[Result]:
    with progress_bar() as moved:
        listings, offers = _read_sale(terms, lots, bids, settings, moved)
        simulation = Simulation(listings)
        for dated in offers:
            simulation.offer(dated)
        return list(simulation.finish())


# Two sheets side by side ----------------------------------------------------------------------------------------------


def _check_versus(versus: str | None, versus_settings: Sequence[str], plot: Path | None) -> None:
    """See that what was asked for can be done, before a long sale is held for nothing."""
    if versus is None and (plot is not None or versus_settings):
        raise ValueError("--plot and --versus-set need --versus: the terms to compare with")
    if plot is not None and plot.suffix.lower() not in _PLOT_ENDINGS:
        raise ValueError(f"--plot is {str(plot)!r}; its name must end in {' or '.join(_PLOT_ENDINGS)}")
    if plot is not None and not plot.parent.is_dir():
        raise ValueError(f"--plot is {str(plot)!r}; there is no directory {str(plot.parent)!r}")


Given = tuple[str, Sequence[str]]
"""A sheet as the command line names it, and the settings that change it."""


def _read_sheets(one: Given, other: Given) -> tuple[RuleSheet, RuleSheet]:
    """Read both sheets, and see that what they are called tells them apart."""
    a, b = _read_sheet(*one), _read_sheet(*other)
    if a.name == b.name:
        a, b = (sheet._replace(name=", ".join([name, *changed])) for sheet, (name, changed) in ((a, one), (b, other)))
    if a.name == b.name:
        b = b._replace(name=f"{b.name} (again)")
    return a, b


def _hold_both(sheets: Iterable[RuleSheet], lots: Path, bids: Path) -> WhatIf:
    with progress_bar() as moved:
        rows = list(_open_text(lots, moved))
        one, other = (
            Trial(sheet.name, list(read_lots(f"{lots.name} under {sheet.name}", rows, sheet.terms))) for sheet in sheets
        )
        return hold(one, other, _read_offers(bids, one.listings, moved))


def _draw(what_if: WhatIf, path: Path) -> None:
    from gateway.what_if_plot import write_plot  # noqa: PLC0415  only who wants a picture waits for what draws it

    write_plot(what_if, path)


def _show(table: WhatIfTable) -> None:
    """Show the table, as wide as it wants to be where there is no terminal to be too narrow."""
    console = Console()
    if not console.is_terminal:
        console.width = table.width(console)
    with console.capture() as drawn:
        console.print(table, crop=False)
    _say(drawn.get())


# Rule sheets ----------------------------------------------------------------------------------------------------------


@app.command()
def sheets(name: Annotated[str | None, typer.Argument(help="Print this one, as JSON.")] = None) -> None:
    """List the rule sheets that ship, or print one."""
    with one_line_errors():
        width = max(map(len, ABOUT))
        listed = "".join(f"{sheet:{width}}  {about}\n" for sheet, about in ABOUT.items())
        _say(listed if name is None else shipped_sheet(name))


def _write_rows(out: Path | None, rows: Iterable[tuple[object, ...]]) -> None:
    if out is None:
        with _to_reader() as standard:
            csv.writer(standard, lineterminator="\n").writerows(rows)
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _say(text: str) -> None:
    with _to_reader() as standard:
        standard.write(text)


@contextmanager
def _to_reader() -> Iterator[TextIO]:
    """Give standard output to write to, whose reader may have seen enough (`| head`)."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Storms ---------------------------------------------------------------------------------------------------------------


def _finish(report: Findings, path: Path | None) -> None:
    for line in report.lines():
        print(line)  # noqa: T201  the command line speaks here
    if path is not None:
        report.write(path)
    if report.exit_status:
        raise typer.Exit(report.exit_status)


def _to_be_replayed(listing: Listing) -> Listing:
    """Return the lot as one that a file of bids can be replayed on: everyone may bid.

    Raises:
        ValueError: its bids cannot be followed in public.
    """
    if listing.terms.format is not Format.ENGLISH:
        raise ValueError("a replay follows each bid in public, as English lots have it: simulate this sheet instead")
    return open_to_all(listing)


@storm.command("replay")
def storm_replay(
    url: Url,
    *,
    terms: TermsGiven,
    lots: LotsFile,
    bids: BidsFile,
    settings: Settings = [],  # noqa: B006  typer copies it
    speed: Annotated[float, typer.Option(min=0.001, help="File time per real time.")] = 60.0,
    lead: Annotated[str, typer.Option(help="Bids earlier than this before the first close go out at once.")] = "10m",
    watchers: Annotated[int, typer.Option(min=1, help="Connections that follow every lot and check their feeds.")] = 1,
    data_dir: DataDir = _DATA,
    report: ReportFile = None,
) -> None:
    """Hold a sale from files on a live house, and compare it with the simulation."""
    with one_line_errors(), progress_bar() as moved:
        listings, offers = _read_sale(terms, lots, bids, settings, moved)
        open_lots = [_to_be_replayed(listing) for listing in listings]
        terms_of = {listing.lot: listing.terms for listing in open_lots}
        taken = [Dated(at, as_taken(order, terms_of[order.lot])) for at, order in offers]
        options = replaying.Options(speed=speed, lead_us=seconds_to_us(read_span(lead)), watchers=watchers)
        result = uvloop.run(replaying.replay(url, signer(data_dir), open_lots, taken, options, moved))
    _finish(result, report)


@storm.command("surge")
def storm_surge(
    url: Url,
    *,
    lots: Annotated[int, typer.Option(min=1)] = 1,
    bidders: Annotated[int, typer.Option(min=1)] = 64,
    watchers: Annotated[int, typer.Option(min=0)] = 0,
    rate: Annotated[float | None, typer.Option(help="Bids per second; none: full throttle.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=3_600)] = 10.0,
    seed: int = 1,
    shape: Annotated[
        Shape, typer.Option(help="An even flood of good bids, or a storm as real sales have it.")
    ] = "flood",
    data_dir: DataDir = _DATA,
    report: ReportFile = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with its plots as one HTML file.")] = None,
) -> None:
    """Bid as fast as asked, or as a real sale does, on lots of its own, and check that every promise is kept."""
    options = surging.Options(
        lots=lots, bidders=bidders, watchers=watchers, rate=rate, seconds=seconds, seed=seed, shape=shape
    )
    with one_line_errors():
        result = _surge(url, signer(data_dir), options)
        if html is not None:
            _write_page(result, html)
    _finish(result, report)


def _surge(url: str, signed: Callable[[str, str], str], options: surging.Options) -> surging.Report:
    _prepare_process()
    if options.shape == "sale":
        with live_view(Console(stderr=True)) as watch:
            return uvloop.run(storming.storm(url, signed, options, watch=watch))
    with progress_bar() as moved:
        return uvloop.run(surging.surge(url, signed, options, moved))


def _write_page(report: surging.Report, path: Path) -> None:
    page = Page(f"A storm surge, seed {report.options.seed}")
    report.show(page)
    page.write(path)


# Tokens ---------------------------------------------------------------------------------------------------------------


@app.command()
def token(
    *,
    role: Annotated[Role, typer.Option()],
    sub: Annotated[str, typer.Option(help="Who it stands for.")],
    org: Annotated[str | None, typer.Option(help="The consignor whose operator it is.")] = None,
    ttl: Annotated[str, typer.Option(help="How long it counts: 90s, 10m, 1h, 2d.")] = "1h",
    data_dir: DataDir = _DATA,
) -> None:
    """Print a token, and nothing else."""
    with one_line_errors():
        end = SystemClock().now() + seconds_to_us(read_span(ttl))
        print(sign(house_secret(data_dir), Identity(sub, role, org, end)))  # noqa: T201  the command line speaks here


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
