"""Answers with a file while the database is still writing it, in little memory.

The export runs in a task of its own and hands its pieces over through a short queue. While the
queue is full the database waits, so a slow reader costs a connection and no memory; one who reads
nothing at all for a while is given up, and one who goes away ends the query at once.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tallystick.core.errors import Busy
from tallystick.services.context import Context

PIECES_MAX = 8  # what a reader may be behind; the driver makes pieces of some ten kilobytes
_NAME_LENGTH_MAX = 150
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")

Sink = Callable[[bytes], Coroutine[None, None, None]]
Write = Callable[[Sink], Awaitable[None]]


class StalledError(Exception):
    """The reader took nothing for too long."""


async def file_response(  # noqa: PLR0913 - by name
    context: Context,
    request: Request,
    name: str,
    write: Write,
    *,
    media_type: str = "text/csv",
    more_headers: Mapping[str, str] | None = None,
) -> Response:
    """The file that `write` writes, to be saved under that name; it begins with the first bytes.

    Whatever `write` raises before them is raised here, so that it can be told with a status of its
    own. more_headers: as `write` has filled it by then. Errors: Busy if too many files are being
    written.
    """
    headers = attachment(name) | {"Cache-Control": "no-store"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    export = _Export(write, context)
    try:
        first = await _first_piece(export, request)
    except BaseException:
        await export.end()
        raise
    return _FileStream(export, first, headers | dict(more_headers or {}), media_type)


def attachment(name: str) -> dict[str, str]:
    """The header that tells to save an answer under a name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def file_name(*parts: str, suffix: str = "csv") -> str:
    """A file's name that says what is in it, in characters that every system takes."""
    name = "-".join(filter(None, (_NOT_IN_NAMES.sub("_", part).strip("._-") for part in parts)))
    return f"{name[:_NAME_LENGTH_MAX] or 'file'}.{suffix}"


class _Export:
    """An export that runs, and its bytes on their way to whoever reads them."""

    def __init__(self, write: Write, context: Context) -> None:
        self._context = context
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(PIECES_MAX)
        self._running = asyncio.create_task(self._run(write))

    async def next_piece(self) -> bytes | None:
        """The next bytes, None when the file is whole. Errors: whatever the export raised."""
        piece = await self._pieces.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def end(self) -> None:
        """End the query, if it still runs, and give its connection back."""
        self._running.cancel()
        await asyncio.wait({self._running})

    async def _run(self, write: Write) -> None:
        try:
            await self._take_turn(write)
        except Exception as error:  # noqa: BLE001 - raised again where the pieces are read
            await self._pieces.put(error)
        else:
            await self._pieces.put(None)

    async def _take_turn(self, write: Write) -> None:
        turns = self._context.export_turns
        if turns.locked():
            raise Busy("the writing of files", retry_after_seconds=10)
        async with turns:
            await write(self._take)

    async def _take(self, piece: bytes) -> None:
        try:
            async with asyncio.timeout(self._context.limits.export_stall_seconds):
                await self._pieces.put(bytes(piece))  # the driver's own may be a bytearray
        except TimeoutError as error:
            raise StalledError from error


async def _first_piece(export: _Export, request: Request) -> bytes | None:
    """The first bytes. Errors: ClientDisconnect if nobody waits for them any more."""
    first = asyncio.create_task(export.next_piece())
    gone = asyncio.create_task(_gone(request.receive))
    try:
        await asyncio.wait({first, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            raise ClientDisconnect
        return first.result()
    finally:
        first.cancel()
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _FileStream(StreamingResponse):
    """Sends the pieces, and ends the export however the sending ends."""

    def __init__(
        self, export: _Export, first: bytes | None, headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(_pieces(export, first), headers=headers, media_type=media_type)
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._export.end()


async def _pieces(export: _Export, first: bytes | None) -> AsyncIterator[bytes]:
    """The pieces; an error breaks the answer off, so that half a file is not taken for a whole."""
    piece = first
    while piece is not None:
        yield piece
        piece = await export.next_piece()
