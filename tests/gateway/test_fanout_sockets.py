"""A crowd of watchers over real sockets: everyone hears every event in order, whoever else does not read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson

from gateway.fanout import Fanout
from gateway.frames import JSON, PING
from gateway.wire import Wire
from tests.gateway.doors import Doors, Peer, Porter, masked, opened
from tests.gateway.gallery import Gallery

CROWD = 1_000
WATCH = masked(1, b"watch")  # type: ignore[arg-type]  # a number will do for an opcode


class Usher(Porter):
    """A reception where every message means: let me watch lot A."""

    def __init__(self) -> None:
        super().__init__()
        self.fanout: Fanout | None = None
        self.answer = self._seat
        self.on_drained = lambda wire: cast("Fanout", self.fanout).drained(wire)
        self.on_closed = lambda wire: cast("Fanout", self.fanout).drop(wire)

    def _seat(self, wire: Wire, payload: bytes) -> None:
        del payload
        cast("Fanout", self.fanout).watch_full(wire, "A")


@asynccontextmanager
async def crowded(**limits: Any) -> AsyncIterator[tuple[Doors, Gallery]]:  # noqa: ANN401  fields of the limits
    """Open the doors to a gallery whose fan-out writes to sockets."""
    usher = Usher()
    async with opened(usher, **limits) as doors:
        gallery = Gallery()
        usher.fanout = Fanout(gallery, asyncio.get_running_loop(), doors.board.flush, doors.board.limits)
        gallery.fanout = usher.fanout
        yield doors, gallery
        usher.fanout.stop()


async def watching(doors: Doors) -> Peer:
    peer = await doors.come_in()
    peer.say(WATCH)
    return peer


async def followed(peer: Peer, top: int) -> int:
    """Follow the lot up to `top` and fail on any gap; the seq of the snapshot with which it began."""
    first = seq = -1
    while seq < top:
        first_byte, payload = await peer.frame()
        if first_byte == PING[0]:
            continue
        message = orjson.loads(payload)
        if message["ev"] == "lot":
            assert seq == -1
            first = seq = message["seq"]
        elif "at" in message:
            seq += 1
            assert message["seq"] == seq
    return first


async def test_crowd_hears_every_event_in_order_newcomers_included() -> None:
    async with crowded(sweep_watchers_max=300) as (doors, gallery):
        early = [await watching(doors) for _ in range(CROWD // 2)]
        coming = [asyncio.ensure_future(watching(doors)) for _ in range(CROWD // 2)]
        for _ in range(30):
            gallery.bids(2)
            await asyncio.sleep(0)
        late = await asyncio.gather(*coming)
        while gallery.fanout.watchers("A") < CROWD:
            await doors.porter.heard.get()
        gallery.bid()
        top = gallery.lots["A"].state.seq
        began = await asyncio.gather(*(followed(peer, top) for peer in (*early, *late)))
        assert max(began) < top


async def test_slow_reader_is_dropped_and_the_others_hear_everything() -> None:
    async with crowded(slow_us_max=100_000, ping_s=5.0) as (doors, gallery):
        slow, *others = [await watching(doors) for _ in range(20)]
        while gallery.fanout.watchers("A") < 20:
            await doors.porter.heard.get()
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can read
        wire = doors.porter.wires[0]
        wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        while wire.transport.get_write_buffer_size() < 512 * 1024:
            wire.write(JSON.frame({"ev": "filler", "text": "x" * 10_000}))
            wire.flush()
        gallery.bids(5)
        assert await doors.porter.gone.get() is wire
        gallery.bid()
        await asyncio.gather(*(followed(peer, gallery.lots["A"].state.seq) for peer in others))
        assert gallery.fanout.watchers("A") == 19
        assert doors.board.slow_dropped == 1


async def test_slow_reader_that_reads_again_has_missed_nothing() -> None:
    async with crowded() as (doors, gallery):
        peer = await watching(doors)
        await doors.porter.heard.get()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can read
        wire = doors.porter.wires[0]
        while wire.transport.get_write_buffer_size() < 512 * 1024:
            wire.write(JSON.frame({"ev": "filler", "text": "x" * 10_000}))
            wire.flush()
        for _ in range(10):
            gallery.bids(3)
            await asyncio.sleep(0)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a stream's transport can read
        await followed(peer, gallery.lots["A"].state.seq)
