"""Coming in by a link: whoever was invited, or has lost the password, sets one and is in."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.errors import InvalidField, TooManyAttempts
from tallystick.core.sessions import SessionKind
from tallystick.edges.origin import origin_of
from tallystick.services import links
from tallystick.web.entrance import Endpoint, house_of, let_in
from tallystick.web.forms import Filled, read_form
from tallystick.web.refusals import STATUS_OF
from tallystick.web.rendering import render_plain


async def show_invitation(request: Request) -> Response:
    """The form of a password. Errors: NotAllowed if the link is good no more."""
    return await _form(request, Filled())


async def accept_invitation(request: Request) -> Response:
    """Signed in with the new password; or the form again. Errors: NotAllowed."""
    form, house = await read_form(request), house_of(request)
    try:
        session = await links.use_link(
            house.context,
            request.path_params["token"],
            password=form.get("password", ""),
            code=form.get("code"),
            kind=SessionKind.BROWSER,
            origin=origin_of(request),
        )
    except (InvalidField, TooManyAttempts) as refusal:
        filled = Filled(form=form, refusal=refusal)
        status = STATUS_OF.get(type(refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
        return await _form(request, filled, status)
    house.doorkeeper.forget_all(lambda caller: caller.user_id == session.user_id)
    return let_in(request, session)


async def _form(request: Request, filled: Filled, status: HTTPStatus = HTTPStatus.OK) -> Response:
    token = request.path_params["token"]
    addressee = await links.find_addressee(house_of(request).context, token)
    values = {"filled": filled, "addressee": addressee}
    return render_plain(request, "invitation.html", values, status)


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("/invite/{token}", "GET", show_invitation),
    ("/invite/{token}", "POST", accept_invitation),
)
