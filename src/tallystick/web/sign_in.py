"""Signing in and out."""

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.core.errors import NotSignedIn, Refusal, TooManyAttempts
from tallystick.edges.origin import origin_of
from tallystick.services.accounts import has_users
from tallystick.services.unfinished import Unfinished, start_sign_in
from tallystick.web.cookies import SESSION
from tallystick.web.entrance import HOME, Endpoint, house_of, leave, let_in, to_code
from tallystick.web.forms import read_form
from tallystick.web.refusals import STATUS_OF
from tallystick.web.rendering import render_plain

_ODD = re.compile(r"[\x00-\x20\x7f\\]")


async def show_sign_in(request: Request) -> Response:
    """The form, which says so if nobody can sign in yet."""
    is_new = not await has_users(house_of(request).context)
    return sign_in_form(request, to=way_on(request.query_params.get("next")), is_new=is_new)


async def do_sign_in(request: Request) -> Response:
    """A new session, the page for a code, or the form again with what was wrong."""
    form = await read_form(request)
    email, to = form.get("email", ""), way_on(form.get("next"))
    house = house_of(request)
    try:
        found = await start_sign_in(
            house.context,
            email=email,
            password=form.get("password", ""),
            origin=origin_of(request),
        )
    except (NotSignedIn, TooManyAttempts) as refusal:
        return sign_in_form(request, to=to, email=email, refusal=refusal)
    if isinstance(found, Unfinished):
        return to_code(request, found, to)
    return let_in(request, found, to)


async def do_sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    await leave(request)
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    SESSION.forget(response, request)
    return response


def sign_in_form(
    request: Request,
    *,
    to: str,
    email: str = "",
    refusal: Refusal | None = None,
    is_new: bool = False,
) -> Response:
    """The form, with why it is shown again. is_new: nobody can sign in yet."""
    openid = house_of(request).context.openid
    values = {
        "email": email,
        "next": to,
        "problem": str(refusal) if refusal else "",
        "is_new": is_new,
        "provider": openid.settings.name if openid else "",
    }
    status = STATUS_OF[type(refusal)] if refusal else HTTPStatus.OK
    return render_plain(request, "sign_in.html", values, status)


def way_on(wanted: str | None) -> str:
    """Where to go after signing in: a page of ours, never another site.

    Browsers leave tabs and line breaks of an address out, and take a backslash for a slash.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or _ODD.search(wanted):
        return HOME
    return wanted


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("/login", "GET", show_sign_in),
    ("/login", "POST", do_sign_in),
    ("/logout", "POST", do_sign_out),
)
