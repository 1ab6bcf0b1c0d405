"""The peers that take bids: how each is started, how it likes its bids, and what it leaves out.

Refuses to know how a run is counted. Invariants: each has a store of its own, fresh and as durable as the house's, and
everything is ended with the `with` that started it. The flight is the house's, 4,096 bids unanswered in all, for who
decides what waits together; for Node a quarter of it, measured too, was up to a tenth ahead, within the noise. Who
decides one bid of a line at a time has one bid on a line in its turn, and who awaits each call one bid a line in all:
otherwise bids of different lines overtake each other and are refused for that.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from bench.load import Address
from bench.pace import FLIGHT_LEN
from bench.peers import node
from bench.peers.bid_flight import Peer, Plain, Shape
from bench.peers.bid_schema import SCHEMA
from bench.peers.bid_scripts import SCRIPT
from bench.peers.bid_socketio import SocketIo
from bench.peers.postgres import postgres
from bench.peers.program import NotInstalledError, Program, started
from bench.peers.redis_store import RedisStore, redis_store
from bench.server import ROOT, directory_on_disk, free_port
from bench.surge import WINDOW_LEN

HOT, WARM = "hot", "warm"
"""The lots of a peer: the one that is measured, and the one that it warms up with."""

IN_WINDOWS = Shape(bidders=64, window_len=WINDOW_LEN, flight=FLIGHT_LEN, ahead_per_s=70_000)
IN_TURN = Shape(bidders=64, window_len=1, flight=FLIGHT_LEN, ahead_per_s=20_000)
ONE_EACH = Shape(bidders=64, window_len=1, flight=64, ahead_per_s=10_000)

_SCRIPT_LEAVES_OUT = (
    "no rule but a price to beat by a step, no soft close, no limits, no identity, no idempotency, no hash chains, "
    "no epoch against a second writer, no fan-out"
)


class Running(NamedTuple):
    """A peer that is up, and how to ask its store how many events of a lot it holds."""

    peer: Peer
    stored: Callable[[str], int]


class Candidate(NamedTuple):
    """A peer that could be measured."""

    name: str
    title: str
    leaves_out: str
    start: Callable[[], AbstractContextManager[Running]]


@contextmanager
def _node(script: str, dialect: type[Plain]) -> Iterator[Running]:
    program, scripts, port = node.node(), node.directory(), free_port()
    with redis_store() as store:
        command = [program, str(scripts / script), str(port), str(store.socket), str(SCRIPT)]
        with started(command, port, cwd=store.socket.parent, env={"NODE_ENV": "production"}) as server:
            peer = Peer(Address("127.0.0.1", port), dialect(), IN_WINDOWS, server, store.program)
            yield Running(peer, _in_stream(store))


@contextmanager
def _starlette_lua(kind: str, shape: Shape) -> Iterator[Running]:
    with redis_store() as store, _starlette(kind, str(store.socket), shape, store.program) as peer:
        yield Running(peer, _in_stream(store))


@contextmanager
def _postgres_row_lock() -> Iterator[Running]:
    if find_spec("asyncpg") is None:
        raise NotInstalledError("asyncpg is not installed")
    with postgres() as store:
        store.run(SCHEMA)
        for lot in (HOT, WARM):
            store.run("INSERT INTO lots VALUES (:'lot', 0, NULL, 0)", lot=lot)
        with _starlette("rows", store.dsn, ONE_EACH, store.program) as peer:
            yield Running(peer, lambda lot: int(store.run("SELECT count(*) FROM events WHERE lot = :'lot'", lot=lot)))


@contextmanager
def _starlette(kind: str, where: str, shape: Shape, store: Program) -> Iterator[Peer]:
    port = free_port()
    command = [sys.executable, "-m", "bench.peers.bid_server", str(port), kind, where]
    ours = {"PYTHONPATH": str(ROOT)}
    with directory_on_disk("kd-peer-") as directory, started(command, port, cwd=directory, env=ours) as server:
        yield Peer(Address("127.0.0.1", port), Plain(), shape, server, store)


def _in_stream(store: RedisStore) -> Callable[[str], int]:
    return lambda lot: store.stream_len(f"events:{lot}")


CANDIDATES = (
    Candidate("ws_lua", "Node ws + Lua, auto-pipelined", _SCRIPT_LEAVES_OUT, partial(_node, "bid_ws.js", Plain)),
    Candidate(
        "socketio_lua",
        "socket.io + Lua, auto-pipelined",
        _SCRIPT_LEAVES_OUT,
        partial(_node, "bid_socketio.js", SocketIo),
    ),
    Candidate(
        "starlette_lua",
        "Starlette + Lua, gathered in pipelines",
        _SCRIPT_LEAVES_OUT,
        partial(_starlette_lua, "gathered", IN_TURN),
    ),
    Candidate(
        "starlette_lua_plain",
        "Starlette + Lua, one call per bid",
        _SCRIPT_LEAVES_OUT,
        partial(_starlette_lua, "each", ONE_EACH),
    ),
    Candidate(
        "postgres_row_lock",
        "Starlette + PostgreSQL row lock",
        f"{_SCRIPT_LEAVES_OUT}, no refusal of bids that others overtook in its pool",
        _postgres_row_lock,
    ),
)
"""All of them, in the order in which they are measured."""
