"""The web application: routing, and the one place where a handler's outcome becomes an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import cast

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tallystick.api.conditional import JSON, answer_if_changed, encode
from tallystick.api.errors import error_response, refusal_response
from tallystick.api.idempotency import once
from tallystick.api.openapi import description
from tallystick.api.operations import (
    About,
    Call,
    Operation,
    program_id_in,
    read_body,
    read_query,
)
from tallystick.api.reading import STYLE_PATH, get_style
from tallystick.api.routes import OPERATIONS
from tallystick.core.errors import NotAllowed, NotSignedIn, Refusal
from tallystick.edges.noting import note_caller, note_refusal, route_of
from tallystick.edges.origin import origin_of
from tallystick.services.callers import Caller, CallerKind, check_may
from tallystick.services.house import House, OpenContext, running_house

_LOG = structlog.get_logger()

HttpErrorHandler = Callable[[Request, HTTPException], Awaitable[Response | None]]
_ABOUT = About(operations=OPERATIONS, describe=description)


def create_app(
    open_context: OpenContext,
    *,
    pages: Sequence[BaseRoute] = (),
    on_http_error: HttpErrorHandler | None = None,
) -> ASGIApp:
    """The application; it opens its context when it starts and closes it when it ends.

    pages: routes of another face, served beside the API.
    on_http_error: what that face says where the router knows no answer; None is for the API.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with running_house(open_context) as house:
            app.state.house = house
            yield

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = await on_http_error(request, error) if on_http_error else None
        return said or _http_error(error)

    app = Starlette(
        routes=[*_routes(), *pages],
        lifespan=lifespan,
        exception_handlers={HTTPException: http_error},
    )
    app.router.redirect_slashes = False
    return _raw_paths(app)


def _raw_paths(app: ASGIApp) -> ASGIApp:
    """Route on the path as it was sent, so that %2F in an id stays within its segment."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("raw_path"):
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
        await app(scope, receive, send)

    return wrapped


def _routes() -> list[Route]:
    """The routes, those of one path in one, so that a wrong method is told from a wrong path."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [
        *(Route(path, _endpoint(found), methods=list(found)) for path, found in paths.items()),
        Route(STYLE_PATH, get_style, methods=["GET"]),
    ]


def _endpoint(operations: dict[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        operation = operations.get(request.method) or operations["GET"]  # HEAD
        try:
            return await _answer(operation, request)
        except Refusal as refusal:
            note_refusal(request.scope, refusal)
            return refusal_response(refusal, operation.parameters)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        except Exception as error:  # noqa: BLE001 - no fault of ours may show its insides
            return _fault(request, error)

    return endpoint


async def _answer(operation: Operation, request: Request) -> Response:
    house = cast("House", request.app.state.house)
    caller = await _caller(house, operation, request)
    call = Call(
        house=house,
        about=_ABOUT,
        request=request,
        caller=caller,
        query=read_query(request, operation.query),
        body=await read_body(request, operation.body, bytes_max=operation.body_bytes_max),
    )

    async def run() -> Response:
        return _response(operation, await operation.handler(call))

    answer = await once(operation, call, run)
    return answer_if_changed(answer, request) if operation.conditional else answer


def _response(operation: Operation, outcome: object) -> Response:
    if isinstance(outcome, Response):
        return outcome
    if operation.answer is None:
        return Response(status_code=operation.status)
    return Response(encode(outcome), operation.status, media_type=JSON)


async def _caller(house: House, operation: Operation, request: Request) -> Caller | None:
    if not operation.who:
        return None
    caller = await house.doorkeeper.identify(request.headers.get("Authorization", ""))
    note_caller(request.scope, caller)
    if caller.kind not in operation.who:
        wanted = " or ".join(sorted(f"'{kind.value} ...'" for kind in operation.who))
        raise NotSignedIn(
            f"{operation.id} takes the header Authorization with {wanted},"
            f" found '{caller.kind.value} ...'"
        )
    _check_reach(caller, operation, request)
    return replace(caller, origin=origin_of(request))


def _check_reach(caller: Caller, operation: Operation, request: Request) -> None:
    """Refuse what a person has no right to, or is beyond the key's endpoints.

    Errors: NotFound for a program that a person may not know of; NotAllowed.
    """
    if caller.kind is CallerKind.PERSON:
        assert operation.right is not None
        named = "loyaltyProgramId" in request.path_params
        check_may(caller, operation.right, program_id_in(request) if named else None)
    if not caller.may_use(operation.method, operation.path):
        fix = f"let the key's endpoints list {operation.method} {operation.path}"
        raise NotAllowed(f"call {operation.id} with this key", fix)


def _http_error(error: HTTPException) -> Response:
    """Paths and methods that the router does not know."""
    status = HTTPStatus(error.status_code)
    return error_response(
        status, status.description or status.phrase, headers=dict(error.headers or {})
    )


def _fault(request: Request, error: Exception) -> Response:
    """Tell that the fault is ours and nothing else; the log has the rest."""
    path = route_of(request.scope)
    _LOG.error("a request failed", method=request.method, path=path, exc_info=error)
    return error_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake; its log says more"
    )
