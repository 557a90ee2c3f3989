"""Coming in by a link: whoever was invited, or has lost the password, sets one and is in."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.core.errors import InvalidField
from tallystick.core.sessions import SessionKind
from tallystick.edges.origin import origin_of
from tallystick.services import links
from tallystick.services.house import House
from tallystick.web.cookies import keep_session
from tallystick.web.forms import Filled, read_form
from tallystick.web.rendering import render_plain
from tallystick.web.sign_in import HOME


async def show_invitation(request: Request) -> Response:
    """The form of a password. Errors: NotAllowed if the link is good no more."""
    return await _form(request, Filled())


async def accept_invitation(request: Request) -> Response:
    """Signed in with the new password; or the form again. Errors: NotAllowed."""
    form, house = await read_form(request), _house(request)
    try:
        session = await links.use_link(
            house.context,
            request.path_params["token"],
            password=form.get("password", ""),
            kind=SessionKind.BROWSER,
            origin=origin_of(request),
        )
    except InvalidField as refusal:
        filled = Filled(form=form, refusal=refusal)
        return await _form(request, filled, HTTPStatus.UNPROCESSABLE_ENTITY)
    house.doorkeeper.forget_all(lambda caller: caller.user_id == session.user_id)
    response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
    keep_session(response, request, session.token)
    return response


async def _form(request: Request, filled: Filled, status: HTTPStatus = HTTPStatus.OK) -> Response:
    token = request.path_params["token"]
    addressee = await links.find_addressee(_house(request).context, token)
    values = {"filled": filled, "addressee": addressee}
    return render_plain(request, "invitation.html", values, status)


def _house(request: Request) -> House:
    return cast("House", request.app.state.house)


ENDPOINTS: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
    ("/invite/{token}", "GET", show_invitation),
    ("/invite/{token}", "POST", accept_invitation),
)
