"""What every answer tells a browser, unless whoever made it knows better; and faults of ours.

HSTS is told where the request came over TLS, to us or to a trusted proxy.
"""

from http import HTTPStatus

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallystick.edges.refusals import refusal

_LOG = structlog.get_logger()

YEAR_SECONDS = 31_536_000
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def safe_answers(app: ASGIApp) -> ASGIApp:
    """The application, whose answers carry these headers and never the insides of a fault."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(MutableHeaders(scope=message), tls=scope.get("scheme") == "https")
            await send(message)

        try:
            await app(scope, receive, guarded)
        except Exception as error:
            _LOG.error("a request failed", path=scope["path"], exc_info=error)
            if begun:
                raise  # the connection ends, so that nobody takes half an answer for a whole one
            await _FAULT(scope, receive, guarded)

    return wrapped


def _complete(headers: MutableHeaders, *, tls: bool) -> None:
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "private, no-cache" if "etag" in headers else "no-store")
    if tls:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}")


_FAULT = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake; its log says more")
