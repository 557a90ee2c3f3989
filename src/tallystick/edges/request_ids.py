"""Each request has an id: the one it came with, if that can be one, or else a new one.

It is in the answer, in every line of the log that is written meanwhile, and in the record of
changes.
"""

import re
import secrets

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-Id"
SCOPE_KEY = "tallystick.request_id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def with_request_ids(app: ASGIApp) -> ASGIApp:
    """The application, every request named."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                header = (HEADER.lower().encode(), request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        with bound_contextvars(request_id=request_id):
            await app({**scope, SCOPE_KEY: request_id}, receive, named)

    return wrapped


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
