"""The second step of signing in, of whoever has a second factor: a code, and then a session."""

from http import HTTPStatus
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.core.errors import InvalidField, NotSignedIn, TooManyAttempts
from tallystick.edges.origin import origin_of
from tallystick.services.unfinished import check_unfinished, finish_sign_in
from tallystick.web.cookies import SIGN_IN
from tallystick.web.entrance import CODE_PATH, Endpoint, house_of, let_in
from tallystick.web.forms import Filled, read_form
from tallystick.web.refusals import STATUS_OF
from tallystick.web.rendering import render_plain
from tallystick.web.sign_in import sign_in_form, way_on

RECOVERY = "recovery"


async def show_code(request: Request) -> Response:
    """The form of a code; back to the password if none was shown, or too long ago."""
    query = request.query_params
    to = way_on(query.get("next"))
    try:
        await check_unfinished(house_of(request).context, SIGN_IN.token(request) or "")
    except NotSignedIn:
        return RedirectResponse(f"/login?next={quote(to)}", HTTPStatus.SEE_OTHER)
    return _form(request, Filled(), to, query.get("with") == RECOVERY)


async def do_code(request: Request) -> Response:
    """A new session; the form again for a wrong code, or that of the password if it is too late."""
    form = await read_form(request)
    to = way_on(form.get("next"))
    try:
        session = await finish_sign_in(
            house_of(request).context,
            SIGN_IN.token(request) or "",
            code=form.get("code", ""),
            origin=origin_of(request),
        )
    except (InvalidField, TooManyAttempts) as refusal:
        filled, recovers = Filled(form=form, refusal=refusal), form.get("with") == RECOVERY
        status = STATUS_OF.get(type(refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
        return _form(request, filled, to, recovers, status)
    except NotSignedIn as refusal:
        response = sign_in_form(request, to=to, refusal=refusal)
    else:
        response = let_in(request, session, to)
    SIGN_IN.forget(response, request)
    return response


def _form(
    request: Request,
    filled: Filled,
    to: str,
    recovers: bool,  # noqa: FBT001 - named where it is shown
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    other = {"next": to} if recovers else {"with": RECOVERY, "next": to}
    values = {
        "filled": filled,
        "next": to,
        "with_": RECOVERY if recovers else "",
        "other": f"{CODE_PATH}?{urlencode(other)}",
    }
    return render_plain(request, "code.html", values, status)


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    (CODE_PATH, "GET", show_code),
    (CODE_PATH, "POST", do_code),
)
