"""Bytes as nobody means them, sent to a real server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from tallystick.edges.protocol import CarefulProtocol


@asynccontextmanager
async def listening(
    app: ASGIApp, protocol: type[CarefulProtocol] = CarefulProtocol
) -> AsyncIterator[int]:
    """The port of an application that runs already, over the protocol that we serve with."""
    config = uvicorn.Config(
        app, port=0, http=protocol, ws="none", lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def said(port: int, *pieces: bytes, eof: bool = False) -> bytes:
    """All that comes back until the connection is closed; nothing if it was broken off.

    eof: whether it is told that nothing more will be sent.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if eof:
            writer.write_eof()
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    """The status of an answer as it came."""
    return int(answer.split(maxsplit=2)[1])
