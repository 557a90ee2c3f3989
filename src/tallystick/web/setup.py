"""The setup page: the first admin of an empty installation, for whoever has the link."""

from http import HTTPStatus

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.errors import NotFound, Refusal
from tallystick.core.programs import ProgramSettings
from tallystick.core.sessions import SessionKind
from tallystick.core.validity import list_zones
from tallystick.edges.origin import origin_of
from tallystick.services.sessions import sign_in
from tallystick.services.setup import Setup, check_setup, set_up
from tallystick.web.entrance import Endpoint, house_of, let_in
from tallystick.web.forms import Filled, read_form
from tallystick.web.rendering import render_plain

FIELDS = ("email", "password", "name", "timezone")


async def show_setup(request: Request) -> Response:
    """The form. Errors: NotFound without the token, and once anybody can sign in."""
    token = request.query_params.get("token", "")
    await check_setup(house_of(request).context, token)
    return _form(request, token, Filled(), HTTPStatus.OK)


async def do_setup(request: Request) -> Response:
    """The first admin, signed in; or the form again with what was wrong. Errors: NotFound."""
    form, context = await read_form(request), house_of(request).context
    token = form.get("token", "")
    try:
        await set_up(context, token, _wish(form), origin=origin_of(request))
    except NotFound:
        raise
    except Refusal as refusal:
        await check_setup(context, token)
        filled = Filled(form=form, refusal=refusal)
        return _form(request, token, filled, HTTPStatus.UNPROCESSABLE_ENTITY)
    session = await sign_in(
        context,
        email=form.get("email", ""),
        password=form.get("password", ""),
        kind=SessionKind.BROWSER,
        origin=origin_of(request),
    )
    return let_in(request, session)


def _wish(form: QueryParams) -> Setup:
    """What the form wants. Errors: InvalidField."""
    program = form.get("name", "").strip()
    return Setup(
        email=form.get("email", "").strip(),
        password=form.get("password", ""),
        program=ProgramSettings(name=program, timezone=form.get("timezone", "").strip())
        if program
        else None,
        demo="demo" in form,
    )


def _form(request: Request, token: str, filled: Filled, status: HTTPStatus) -> Response:
    values = {"filled": filled, "token": token, "zones": list_zones(), "fields": FIELDS}
    return render_plain(request, "setup.html", values, status)


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("/setup", "GET", show_setup),
    ("/setup", "POST", do_setup),
)
