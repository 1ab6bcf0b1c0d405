"""A peer of the fan-out: `websockets.broadcast`. What comes in on /publish goes out to all who watch on /watch.

    python fan_websockets.py PORT

Its best practice: no compression, uvloop, the new asyncio server, `broadcast` of ready bytes as text. No durability, no
resume; a slow reader's frames pile up in memory. Keepalive pings are off, so that frames alone are counted. It is run
by its path: it refuses to know the bench.
"""

import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(port: int) -> None:
    """Serve until the process is ended."""
    watchers: set[ServerConnection] = set()

    async def take(connection: ServerConnection) -> None:
        assert connection.request is not None  # noqa: S101  it is open
        if connection.request.path == "/publish":
            async for event in connection:
                broadcast(watchers, event, text=True)
            return
        watchers.add(connection)
        try:
            await connection.wait_closed()
        finally:
            watchers.discard(connection)

    async with serve(take, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4_096) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
