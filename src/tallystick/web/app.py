"""From a request to a page: who visits, which handler, how its answer is rendered."""

from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tallystick.core.errors import InvalidField, NotAllowed, NotSignedIn, Refusal
from tallystick.edges.noting import note_refusal, route_of
from tallystick.services.callers import check_may
from tallystick.services.users import get_user
from tallystick.web import code_step, invitation, openid, setup, sign_in
from tallystick.web.cookies import SESSION, keep_note
from tallystick.web.entrance import Endpoint, caller_of, house_of
from tallystick.web.forms import read_form
from tallystick.web.pages import Page
from tallystick.web.refusals import STATUS_OF, Sorry, sorry_for
from tallystick.web.rendering import render, render_plain
from tallystick.web.routes import PAGES
from tallystick.web.same_site import check_same_site
from tallystick.web.static_files import STATIC_PATH, get_static_file
from tallystick.web.visits import (
    Answer,
    Handler,
    Redirect,
    View,
    Visit,
    is_partial,
    load_program,
)

_LOG = structlog.get_logger()
_OF_ADDRESSES = ":/%#?=@[]!$&'()*+,"  # what a whole address has besides letters and digits


def page_routes() -> list[BaseRoute]:
    """The routes of all pages and of what they load."""
    return [
        Route(f"{STATIC_PATH}{{name}}", get_static_file, methods=["GET"]),
        *(
            Route(path, _guarded(endpoint), methods=[method])
            for path, method, endpoint in (
                *sign_in.ENDPOINTS,
                *code_step.ENDPOINTS,
                *openid.ENDPOINTS,
                *setup.ENDPOINTS,
                *invitation.ENDPOINTS,
            )
        ),
        *(Route(page.path, _guarded(_endpoint(page)), methods=page.methods) for page in PAGES),
    ]


async def on_http_error(request: Request, error: HTTPException) -> Response | None:
    """A page for a browser that asks for one that is not there; None for everybody else."""
    if "text/html" not in request.headers.get("Accept", ""):
        return None
    sorry = Sorry(
        title="There is no such page",
        text="The address may be mistyped, or what was here has another one now.",
    )
    return render_plain(request, "sorry.html", {"sorry": sorry}, HTTPStatus(error.status_code))


def _guarded(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose refusals and faults are pages as well."""

    async def guarded(request: Request) -> Response:
        try:
            check_same_site(request)
            return await endpoint(request)
        except NotSignedIn as refusal:
            if SESSION.token(request):
                note_refusal(request.scope, refusal)
            return _to_sign_in(request)
        except Refusal as refusal:
            note_refusal(request.scope, refusal)
            status = STATUS_OF.get(type(refusal), HTTPStatus.BAD_REQUEST)
            return render_plain(request, "sorry.html", {"sorry": sorry_for(refusal)}, status)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - no fault of ours may show its insides
            _LOG.error("a page failed", path=route_of(request.scope), exc_info=error)
            sorry = Sorry(
                title="This page didn\N{RIGHT SINGLE QUOTATION MARK}t load",
                text="The server made a mistake; its log says more. Nothing was half done.",
                again=True,
            )
            return render_plain(
                request, "sorry.html", {"sorry": sorry}, HTTPStatus.INTERNAL_SERVER_ERROR
            )

    return guarded


def _to_sign_in(request: Request) -> Response:
    """The way to sign in and back to the page that was asked for, or that is there already."""
    partial = is_partial(request)
    wanted = _shown_page(request) if partial else _page_of(request.url)
    goes_back = partial or request.method == "GET"
    to = f"/login?next={quote(wanted)}" if goes_back else "/login"
    if partial:
        response = Response(headers={"HX-Redirect": to})  # a redirect would be swapped in
    else:
        response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
    if SESSION.token(request):
        SESSION.forget(response, request)
    return response


def _shown_page(request: Request) -> str:
    """The page on which a script asks, as it tells; empty if that is no address."""
    try:
        return _page_of(URL(request.headers.get("HX-Current-URL", "")))
    except ValueError:
        return ""


def _page_of(url: URL) -> str:
    return url.path + (f"?{url.query}" if url.query else "")


def _endpoint(page: Page) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        visit = await _visit(request, page)
        if request.method != "POST":
            assert page.show is not None, page.name
            return await _respond(visit, await page.show(visit))
        assert page.do is not None, page.name
        try:
            answer = await page.do(visit)
        except Refusal as refusal:
            answer = await _shown_again(visit, page.show, refusal)
        return await _respond(visit, answer)

    return endpoint


async def _shown_again(visit: Visit, show: Handler | None, refusal: Refusal) -> Answer:
    """The page of a form that was refused, with what was sent and why it was not right."""
    if show is None or isinstance(refusal, NotSignedIn | NotAllowed):
        raise refusal
    visit.refusal = refusal
    answer = await show(visit)
    if not isinstance(answer, View):
        raise refusal
    status = STATUS_OF.get(type(refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(refusal, InvalidField):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return View(template=answer.template, values=answer.values, status=status)


async def _visit(request: Request, page: Page) -> Visit:
    """Who visits, and the program that the page is about. Errors: NotSignedIn, NotFound, ..."""
    house = house_of(request)
    caller = await caller_of(request)
    assert caller.user_id is not None
    visit = Visit(
        house=house,
        request=request,
        caller=caller,
        person=await get_user(house.context, caller, caller.user_id),
        now=house.context.clock(),
    )
    if "program" in page.parameters:
        visit.program = await load_program(visit, page.right)
    else:
        check_may(caller, page.right)
    if request.method == "POST":
        visit.form = await read_form(request)
    return visit


async def _respond(visit: Visit, answer: Answer) -> Response:
    match answer:
        case View():
            return await render(visit, answer)
        case Redirect(to=to, note=note):
            response = _redirect(visit, to)
            if note is not None:
                keep_note(response, visit.request, note)
            return response
        case _:
            return answer


def _redirect(visit: Visit, to: str) -> Response:
    if visit.is_partial:
        return Response(headers={"HX-Redirect": quote(to, safe=_OF_ADDRESSES)})
    return RedirectResponse(to, HTTPStatus.SEE_OTHER)
