"""To the OpenID provider and back: signing in there, or connecting an account of there."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallystick.core.errors import NotAllowed, NotSignedIn, ProviderFailed, TooManyAttempts
from tallystick.core.openid import CALLBACK
from tallystick.edges.origin import origin_of
from tallystick.services import openid
from tallystick.web.addresses import ME
from tallystick.web.cookies import START, keep_note
from tallystick.web.entrance import HOME, Endpoint, caller_of, house_of, let_in
from tallystick.web.sign_in import sign_in_form, way_on
from tallystick.web.visits import Note


async def go(request: Request) -> Response:
    """To the provider; or the form again with why not. Errors: NotFound if none is set."""
    to = way_on(request.query_params.get("next"))
    try:
        start = await openid.start(
            house_of(request).context,
            way_on=to,
            browser=START.token(request),
            origin=origin_of(request),
        )
    except (ProviderFailed, TooManyAttempts) as refusal:
        return sign_in_form(request, to=to, refusal=refusal)
    response = RedirectResponse(start.address, HTTPStatus.SEE_OTHER)
    START.keep(response, request, start.browser)
    return response


async def come_back(request: Request) -> Response:
    """Signed in, or connected; or the form again with why not.

    Errors: NotFound if no provider is set; NotAllowed and ProviderFailed for who connects.
    """
    brought, to = _brought(request), HOME
    context = house_of(request).context
    try:
        back = await openid.take_back(context, brought)
        if back.user_id is not None:
            return await _connected(request, brought, back)
        to = way_on(back.way_on)
        session = await openid.sign_in(context, brought, origin=origin_of(request))
    except (NotAllowed, ProviderFailed) as refusal:
        return sign_in_form(request, to=to, refusal=refusal)
    response = let_in(request, session, to)
    START.forget(response, request)
    return response


async def _connected(request: Request, brought: openid.Return, back: openid.Back) -> Response:
    """Back on the own account. Errors: NotAllowed, ProviderFailed."""
    try:
        caller = await caller_of(request)
    except NotSignedIn:
        caller = None
    if caller is None or caller.user_id != back.user_id:
        raise NotAllowed("connect this account", "sign in and begin again")
    await openid.connect(house_of(request).context, caller, brought)
    response = RedirectResponse(ME, HTTPStatus.SEE_OTHER)
    keep_note(response, request, Note(text="The account is connected. You can sign in with it."))
    START.forget(response, request)
    return response


def _brought(request: Request) -> openid.Return:
    found = request.query_params
    return openid.Return(
        state=found.get("state", ""),
        browser=START.token(request) or "",
        code=found.get("code", ""),
        error=found.get("error", ""),
        issuer=found.get("iss", ""),
    )


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("/login/openid", "GET", go),
    (CALLBACK, "GET", come_back),
)
