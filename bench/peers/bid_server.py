"""The Starlette peers: `python -m bench.peers.bid_server PORT KIND STORE`; KIND is `each`, `gathered` or `rows`.

Refuses to know how a bid is decided. Invariants: one handler per connection, which reads a bid, awaits its decision,
answers, and only then reads the next; uvicorn on uvloop, its sans-I/O WebSocket protocol (measured: ahead of its older
one), compression off, orjson for JSON. Instants in microseconds since the epoch, amounts in minor units.
"""

import itertools
import sys
import time
from contextlib import AbstractAsyncContextManager

import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bench.peers.bid_scripts import Decide, scripts

_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"  # fills the event up


class Counter:
    """Takes bids, one connection at a time or many."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._numbers = itertools.count(1)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        bidder = f"bidder-{next(self._numbers)}"
        async for message in socket.iter_text():
            answer = await self._answer(orjson.loads(message), bidder)
            await socket.send_text(orjson.dumps(answer).decode())

    async def _answer(self, bid: dict[str, str | int], bidder: str) -> dict[str, str | int]:
        lot, amount, ref = str(bid["lot"]), int(bid["amount"]), bid["ref"]
        at = time.time_ns() // 1_000
        event = {"ev": "bid_placed", "lot": lot, "ref": ref, "bidder": bidder, "amount": amount, "at": at}
        seq = await self._decide(lot, amount, bidder, orjson.dumps({**event, "agent": _USER_AGENT}))
        if seq == 0:
            return {"ev": "refused", "ref": ref, "lot": lot, "code": "below_ask", "at": at}
        return {"ev": "accepted", "ref": ref, "lot": lot, "seq": seq, "at": at, "paddle": bidder, "amount": amount}


def _decider(kind: str, store: str) -> AbstractAsyncContextManager[Decide]:
    if kind == "rows":
        from bench.peers.bid_rows import rows  # noqa: PLC0415  asyncpg is there only where this peer is wanted

        return rows(store)
    return scripts(store, gathered=kind == "gathered")


async def main(port: int, kind: str, store: str) -> None:
    """Serve until told to end."""
    async with _decider(kind, store) as decide:
        app = Starlette(routes=[WebSocketRoute("/v1/ws", Counter(decide).serve)])
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            access_log=False,
            log_level="warning",
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
