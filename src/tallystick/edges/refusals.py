"""What the edges say when they say no, in the contract's error body."""

from http import HTTPStatus

import msgspec
from starlette.responses import Response


def refusal(status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that ends the matter before an operation or a page has seen the request."""
    return Response(refusal_body(status, message), status, headers, media_type="application/json")


def refusal_body(status: HTTPStatus, message: str) -> bytes:
    """Its body alone."""
    return msgspec.json.encode({"message": message, "errors": [], "StatusCode": status})
