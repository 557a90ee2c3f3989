"""What every answer tells a browser, unless whoever made it knows better; and faults of ours.

HSTS is told where the request came over TLS, to us or to a trusted proxy.
"""

from collections.abc import Iterable
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallystick.edges.noting import route_of
from tallystick.edges.refusals import refusal

Header = tuple[bytes, bytes]

_LOG = structlog.get_logger()

YEAR_SECONDS = 31_536_000
_POLICY = (
    b"default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none';"
    b" frame-ancestors 'none'"
)
_HEADERS = (  # as they are sent: every answer passes here
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _POLICY),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NEVER_KEPT = (b"cache-control", b"no-store")
_ASKED_AGAIN = (b"cache-control", b"private, no-cache")
_OVER_TLS = (b"strict-transport-security", b"max-age=%d; includeSubDomains" % YEAR_SECONDS)


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
                tls = scope.get("scheme") == "https"
                message = {**message, "headers": _completed(message.get("headers", ()), tls=tls)}
            await send(message)

        try:
            await app(scope, receive, guarded)
        except Exception as error:
            _LOG.error("a request failed", path=route_of(scope), exc_info=error)
            if begun:
                raise  # the connection ends, so that nobody takes half an answer for a whole one
            await _FAULT(scope, receive, guarded)

    return wrapped


def _completed(headers: Iterable[Header], *, tls: bool) -> list[Header]:
    """The headers of an answer with those that it lacks."""
    found = list(headers)
    names = {name.lower() for name, _ in found}
    kept = _ASKED_AGAIN if b"etag" in names else _NEVER_KEPT
    wanted = (*_HEADERS, kept, _OVER_TLS) if tls else (*_HEADERS, kept)
    return found + [header for header in wanted if header[0] not in names]


_FAULT = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake; its log says more")
