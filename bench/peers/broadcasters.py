"""The peers of the fan-out: how each is started, where it listens, and what is said to it there.

Refuses to know how they are measured. Invariants: each is a real program with a port of its own on 127.0.0.1, set up as
its own documents advise for the job; one that is not installed is a NotInstalledError that says what is missing.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.drain import Script
from bench.load import Address
from bench.peers import fan_protocols as say
from bench.peers import node
from bench.peers.fan_protocols import Turn
from bench.peers.program import NotInstalledError, Program, on_path, started
from bench.server import free_port

_HERE = Path(__file__).parent
_SBIN = Path("/usr/sbin")  # where Debian puts servers, which is not on everyone's PATH
_CONNECTIONS_TO_SPARE = 100


class Station(NamedTuple):
    """A running peer: its programs, its watchers' door and its publisher's, and the event."""

    programs: Sequence[Program]
    address: Address
    script: Script
    greetings: int
    door: Address
    dialogue: Sequence[Turn]
    event: bytes

    def cpu_s(self) -> float:
        """CPU seconds so far, of all its processes."""
        return sum(program.cpu_s() for program in self.programs)


class Job(NamedTuple):
    """What a peer is to do: where it may write, how many watch, how long a delivered frame is in bytes."""

    directory: Path
    watchers: int
    frame_len: int


Started = Callable[[Job], AbstractContextManager[Station]]


class Broadcaster(NamedTuple):
    """A peer: its name in the figures and in the table, what it does in a line, and how it is started."""

    name: str
    title: str
    does: str
    started: Started


@contextmanager
def nchan(job: Job) -> Iterator[Station]:
    """An nginx with one worker. Raises NotInstalledError, PeerFailedError."""
    nginx, port = on_path("nginx", _SBIN / "nginx"), free_port()
    room = 2 * job.watchers + _CONNECTIONS_TO_SPARE
    config = _filled_in(
        "fan_nchan.conf",
        job.directory,
        LOAD_MODULE=nchan_module(_build_options(nginx)),
        FILES=room,
        CONNECTIONS=room,
        PORT=port,
    )
    with started([nginx, "-p", str(job.directory), "-c", str(config)], port, cwd=job.directory) as program:
        here = Address("127.0.0.1", port)
        yield Station([program], here, say.plain_script(here), 0, here, [], say.post(here, job.frame_len))


@contextmanager
def nats(job: Job) -> Iterator[Station]:
    """A nats-server with a WebSocket listener. Raises NotInstalledError, PeerFailedError."""
    program_path, port, watch_port = on_path("nats-server", _SBIN / "nats-server"), free_port(), free_port()
    config = _filled_in("fan_nats.conf", job.directory, PORT=port, WATCH_PORT=watch_port)
    # An INFO, the PONG to the subscriber's PING, and the server's own first PING, two seconds after the connect.
    greetings = 3
    with started([program_path, "-c", str(config)], watch_port, cwd=job.directory) as program:
        here, door = Address("127.0.0.1", watch_port), Address("127.0.0.1", port)
        script, event = say.nats_script(here), say.nats_event(job.frame_len)
        yield Station([program], here, script, greetings, door, say.nats_dialogue(), event)


@contextmanager
def node_ws(job: Job) -> Iterator[Station]:
    """A Node process with `ws`. Raises NotInstalledError, PeerFailedError."""
    port = free_port()
    with started([node.node(), str(node.directory() / "fan_ws.js"), str(port)], port, cwd=job.directory) as program:
        yield _plain(program, port, job)


@contextmanager
def socketio(job: Job) -> Iterator[Station]:
    """A Node process with socket.io, and the Redis of its adapter. Raises NotInstalledError, PeerFailedError."""
    script, redis = node.directory() / "fan_socketio.js", on_path("redis-server")
    port, redis_port = free_port(), free_port()
    in_memory = [redis, "--bind", "127.0.0.1", "--port", str(redis_port), "--save", "", "--appendonly", "no"]
    # The Engine.IO handshake, and the connect to the namespace.
    greetings = 2
    with (
        started(in_memory, redis_port, cwd=job.directory) as store,
        started([node.node(), str(script), str(port), str(redis_port)], port, cwd=job.directory) as program,
    ):
        here = Address("127.0.0.1", port)
        watching, dialogue = say.socketio_script(here), say.socketio_dialogue(here)
        yield Station([program, store], here, watching, greetings, here, dialogue, say.socketio_event(job.frame_len))


@contextmanager
def python(script: str, job: Job) -> Iterator[Station]:
    """A Python program beside this file, run by its path. Raises PeerFailedError."""
    port = free_port()
    with started([sys.executable, "-P", str(_HERE / script), str(port)], port, cwd=job.directory) as program:
        yield _plain(program, port, job)


BROADCASTERS: Sequence[Broadcaster] = (
    Broadcaster(
        "nchan",
        "Nchan (nginx)",
        "an HTTP POST, kept in shared memory, to one nginx worker; ordered, short resume; no durability",
        nchan,
    ),
    Broadcaster(
        "nats",
        "NATS over WebSocket",
        "a PUB of core NATS; ordered per publisher, at most once; no durability, no resume",
        nats,
    ),
    Broadcaster(
        "ws",
        "Node ws",
        "a message in, one ready frame out to each socket; no durability, no numbers, no resume",
        node_ws,
    ),
    Broadcaster(
        "socketio",
        "socket.io + Redis adapter",
        "an emit in, a room emit out and published to Redis; at most once; no durability, no resume",
        socketio,
    ),
    Broadcaster(
        "websockets",
        "websockets.broadcast",
        "a message in, one broadcast out; no durability, no numbers, no resume, no limit on a slow reader",
        lambda job: python("fan_websockets.py", job),
    ),
    Broadcaster(
        "starlette",
        "Starlette send_bytes",
        "a message in, one awaited send per watcher; no durability, no numbers, no resume; a slow reader holds all up",
        lambda job: python("fan_starlette.py", job),
    ),
)


def nchan_module(build_options: str) -> str:
    """The line that loads Nchan, by what `nginx -V` says; empty when it is built in. Raises NotInstalledError."""
    options = build_options.split()
    if any(option.startswith("--add-module=") and "nchan" in option for option in options):
        return ""
    folders = [option.partition("=")[2] for option in options if option.startswith("--modules-path=")]
    module = Path(folders[0] if folders else "") / "ngx_nchan_module.so"
    if not module.is_file():
        raise NotInstalledError("nginx is here, but not its module Nchan (Debian: libnginx-mod-nchan)")
    return f"load_module {module};"


def _build_options(nginx: str) -> str:
    return subprocess.run([nginx, "-V"], capture_output=True, text=True, check=True).stderr  # noqa: S603  found on PATH


def _plain(program: Program, port: int, job: Job) -> Station:
    """A peer with nothing but the two WebSocket paths."""
    here = Address("127.0.0.1", port)
    return Station(
        [program], here, say.plain_script(here), 0, here, say.plain_dialogue(here), say.plain_event(job.frame_len)
    )


def _filled_in(name: str, directory: Path, **values: object) -> Path:
    """A configuration beside this file with its @NAMES@ filled in, written to a directory."""
    text = (_HERE / name).read_text("utf-8")
    for key, value in {**values, "DIRECTORY": directory}.items():
        text = text.replace(f"@{key}@", str(value))
    written = directory / name
    written.write_text(text, "utf-8")
    return written
