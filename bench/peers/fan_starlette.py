"""A peer of the fan-out: Starlette under uvicorn. What comes in on /publish is sent to each who watches on /watch.

    python fan_starlette.py PORT

Its best practice: uvloop, uvicorn's sans-I/O WebSockets (the fastest it has), no compression, ready bytes by
`send_bytes`, one watcher after the other as its documents show. No durability, no resume; one slow reader holds
everyone up. Keepalive pings are off, so that frames alone are counted. It is run by its path: it refuses to know the
bench.
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

watchers: set[WebSocket] = set()


async def watch(socket: WebSocket) -> None:
    """Be among those who are sent every event."""
    await socket.accept()
    watchers.add(socket)
    try:
        async for _ in socket.iter_bytes():
            pass
    finally:
        watchers.discard(socket)


async def publish(socket: WebSocket) -> None:
    """Send every message to all who watch."""
    await socket.accept()
    async for event in socket.iter_bytes():
        for watcher in tuple(watchers):
            await watcher.send_bytes(event)


app = Starlette(routes=[WebSocketRoute("/watch", watch), WebSocketRoute("/publish", publish)])


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4_096,
    )
