"""What the pages share that need no session: where they are, and how one comes in by them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.services.house import House
from tallystick.services.sessions import Session
from tallystick.web.cookies import keep_session

HOME = "/"

Endpoint = Callable[[Request], Awaitable[Response]]


def house_of(request: Request) -> House:
    """The house of the server that the request came to."""
    return cast("House", request.app.state.house)


def let_in(request: Request, session: Session, to: str = HOME) -> Response:
    """On to a page, with a browser that shows from now on who has signed in."""
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
    keep_session(response, request, session.token)
    return response
