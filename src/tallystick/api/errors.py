"""How each refusal is told over HTTP: its status and the contract's error body.

Every answer of 400 and above has the body of `ErrorBody`. A problem's `source` holds one of
`pointer` (into the JSON body), `parameter` or `line` (of an uploaded file), or nothing.
"""

from collections.abc import Collection
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from tallystick.core import errors

STATUS_OF: dict[type[errors.Refusal], HTTPStatus] = {
    errors.InvalidField: HTTPStatus.BAD_REQUEST,
    errors.InvalidFile: HTTPStatus.BAD_REQUEST,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.AlreadyExists: HTTPStatus.CONFLICT,
    errors.AlreadyUndone: HTTPStatus.CONFLICT,
    errors.AlreadyDecided: HTTPStatus.CONFLICT,
    errors.NotNow: HTTPStatus.CONFLICT,
    errors.InUse: HTTPStatus.CONFLICT,
    errors.StateChanged: HTTPStatus.PRECONDITION_FAILED,
    errors.InsufficientPoints: HTTPStatus.BAD_REQUEST,
    errors.NotSupported: HTTPStatus.BAD_REQUEST,
    errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.CodeNeeded: HTTPStatus.UNAUTHORIZED,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.OutcomeUnknown: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ProviderFailed: HTTPStatus.BAD_GATEWAY,
    errors.CannotStart: HTTPStatus.SERVICE_UNAVAILABLE,
}

INVALID = "The submitted data was invalid"


class Source(msgspec.Struct, omit_defaults=True):
    """Where the problem is; one of the three."""

    pointer: str | None = None
    parameter: str | None = None
    line: str | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """One problem of a request; `title` is the refusal's stable code."""

    title: str
    source: Source
    details: str | None = None


class ErrorBody(msgspec.Struct):
    """The body of every refusal."""

    message: str
    errors: list[Problem]
    StatusCode: int


def refusal_response(refusal: errors.Refusal, parameters: Collection[str] = ()) -> Response:
    """The answer for a refusal; fields among `parameters` were not in the body."""
    status = STATUS_OF[type(refusal)]
    headers = {}
    if isinstance(refusal, errors.Busy | errors.TooManyAttempts):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return error_response(status, _message(refusal), problems_of(refusal, parameters), headers)


def error_response(
    status: HTTPStatus,
    message: str,
    problems: list[Problem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer in the contract's error shape."""
    body = ErrorBody(message=message, errors=problems or [], StatusCode=status)
    return Response(
        msgspec.json.encode(body), status, headers=headers, media_type="application/json"
    )


def _message(refusal: errors.Refusal) -> str:
    match refusal:
        case errors.InvalidField() | errors.InsufficientPoints() | errors.NotSupported():
            return INVALID
        case errors.InvalidFile(count=count, problems=shown) if count > len(shown):
            return f"{INVALID}: {refusal}; the first {len(shown)} are listed"
        case errors.InvalidFile():
            return f"{INVALID}: {refusal}"
        case _:
            return str(refusal)


def problems_of(refusal: errors.Refusal, parameters: Collection[str] = ()) -> list[Problem]:
    """What the body lists for a refusal; fields among `parameters` were not in the body."""
    match refusal:
        case errors.InvalidFile(problems=rows):
            return [
                Problem(title=row.code, details=str(row), source=Source(line=str(row.line)))
                for row in rows
            ]
        case errors.InvalidField(field=field) | errors.NotSupported(field=field):
            source = _source(field, parameters)
        case errors.InsufficientPoints():
            source = Source(pointer="/points")
        case _:
            source = Source()
    return [Problem(title=refusal.code, details=str(refusal), source=source)]


def _source(field: str, parameters: Collection[str]) -> Source:
    if field in parameters:
        return Source(parameter=field)
    if field == "body":
        return Source(pointer="")
    return Source(pointer="/" + field.replace("[", "/").replace("]", "").replace(".", "/"))
