"""What the pages share that need no session: where they are, and how one comes in by them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.core.errors import NotSignedIn
from tallystick.edges.noting import note_caller
from tallystick.edges.origin import origin_of
from tallystick.services.callers import Caller
from tallystick.services.house import House
from tallystick.services.sessions import Session, sign_out
from tallystick.services.unfinished import Unfinished
from tallystick.web.cookies import SESSION, SIGN_IN

HOME = "/"
CODE_PATH = "/login/code"

Endpoint = Callable[[Request], Awaitable[Response]]


def house_of(request: Request) -> House:
    """The house of the server that the request came to."""
    return cast("House", request.app.state.house)


def public_url(request: Request) -> str:
    """Where browsers find us, without a slash at the end: as it is set, or as this one did."""
    return house_of(request).context.public_url or str(request.base_url).rstrip("/")


async def caller_of(request: Request) -> Caller:
    """Who has signed in with this browser. Errors: NotSignedIn."""
    token = SESSION.token(request)
    if not token:
        raise NotSignedIn("sign in first")
    caller = await house_of(request).doorkeeper.identify(f"Bearer {token}")
    note_caller(request.scope, caller)
    return replace(caller, origin=origin_of(request))


def let_in(request: Request, session: Session, to: str = HOME) -> Response:
    """On to a page, with a browser that shows from now on who has signed in.

    The session that it showed before ends, once the answer is on its way.
    """
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER, background=BackgroundTask(leave, request))
    SESSION.keep(response, request, session.token)
    return response


async def leave(request: Request) -> None:
    """End the session that the browser shows, if it shows one."""
    if token := SESSION.token(request):
        house = house_of(request)
        await sign_out(house.context, token, origin=origin_of(request))
        house.doorkeeper.forget(f"Bearer {token}")


def to_code(request: Request, unfinished: Unfinished, to: str) -> Response:
    """To the page that asks for a code, and after that to the one that was wanted."""
    response = RedirectResponse(f"{CODE_PATH}?next={quote(to)}", HTTPStatus.SEE_OTHER)
    SIGN_IN.keep(response, request, unfinished.token)
    return response
