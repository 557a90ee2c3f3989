"""How large a body may be and how slowly it may come, whatever is done with it.

An operation has narrower limits of its own; here is what nothing may exceed. A body must not take
longer than its grace and a second for every kilobyte, so that a trickle cannot hold a request open.
"""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallystick.edges.noting import note_refused
from tallystick.edges.refusals import refusal

GRACE_SECONDS = 30
BYTES_PER_SECOND_MIN = 1_000
FRAME_BYTES = 100_000  # what a form needs beside its file

_CLOSE = {"Connection": "close"}


def limited_bodies(
    app: ASGIApp, *, bytes_max: int, grace_seconds: float = GRACE_SECONDS
) -> ASGIApp:
    """The application, which is given bodies within limits, or else told that nobody is there."""
    most = bytes_max + FRAME_BYTES

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            await app(scope, receive, send)  # there is no body
            return
        if length.isascii() and length.isdigit() and int(length) > most:
            note_refused(scope, "body_too_large")
            await _too_large(most)(scope, receive, send)
            return
        body = _Body(receive, send, most, grace_seconds, has_end="transfer-encoding" not in headers)
        await app(scope, body.receive, body.send)
        if body.broken and not body.begun:
            large = body.size > most
            note_refused(scope, "body_too_large" if large else "body_too_slow")
            answer = _too_large(most) if large else _TOO_SLOW
            await answer(scope, receive, send)

    return wrapped


class _Body:
    """The body of one request as it comes. has_end: whether it told how long it will be."""

    def __init__(
        self, receive: Receive, send: Send, most: int, grace_seconds: float, *, has_end: bool
    ) -> None:
        self.size = 0
        self.broken = False  # nothing more is taken, and nothing of the application's is sent
        self.begun = False
        self._more = True
        self._receive = receive
        self._send = send
        self._most = most
        self._has_end = has_end
        self._deadline = asyncio.get_running_loop().time() + grace_seconds

    async def receive(self) -> Message:
        """The next piece, or a disconnection if the body is too large or too slow."""
        if not self._more:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline + self.size / BYTES_PER_SECOND_MIN):
                message = await self._receive()
        except TimeoutError:
            return self._broken_off()
        self.size += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        return self._broken_off() if self.size > self._most else message

    async def send(self, message: Message) -> None:
        """Send what the application says, unless its request was broken off before."""
        if self.broken and not self.begun:
            return
        self.begun = True
        if message["type"] == "http.response.start" and self._more and not self._has_end:
            # Nobody would read the rest, which may go on for ever.
            message = {
                **message,
                "headers": [*message.get("headers", ()), (b"connection", b"close")],
            }
        await self._send(message)

    def _broken_off(self) -> Message:
        self.broken, self._more = True, False
        return {"type": "http.disconnect"}


def _too_large(most: int) -> ASGIApp:
    text = f"the body is larger than {most:,} bytes; send less at once"
    return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text, _CLOSE)


_TOO_SLOW = refusal(
    HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time; send it faster", _CLOSE
)
