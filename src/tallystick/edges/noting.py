"""What the log is told of requests: what they asked for without names, and that one was refused.

A path as it was sent may hold the name of a member or the token of a link, so the log has the
route's, with its parameters between braces.
"""

import structlog
from starlette.types import Scope

from tallystick.core.errors import NotAllowed, NotFound, NotSignedIn, Refusal, TooManyAttempts
from tallystick.services.callers import Caller

_LOG = structlog.get_logger()


def route_of(scope: Scope) -> str:
    """The path of the route that was found; empty if none was."""
    return getattr(scope.get("route"), "path", "")


def note_refusal(scope: Scope, refusal: Refusal) -> None:
    """Write to the log that somebody did not show who they are, or wanted more than they may.

    Other refusals are part of the day's work and are not written.
    """
    hidden = isinstance(refusal, NotFound) and refusal.hidden
    if hidden or isinstance(refusal, NotSignedIn | NotAllowed | TooManyAttempts):
        note_refused(scope, "hidden" if hidden else refusal.code)


def note_refused(scope: Scope, code: str) -> None:
    """Write to the log that a request was refused for its sender's sake: what, where, who."""
    client = scope.get("client")
    caller = scope.get("state", {}).get("caller")
    _LOG.warning(
        "a request was refused",
        code=code,
        method=scope.get("method"),
        path=route_of(scope),
        address=client[0] if client else None,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
    )


def note_caller(scope: Scope, caller: Caller) -> None:
    """Remember who sends the request, for what the log is told of it."""
    scope.setdefault("state", {})["caller"] = caller
