"""What a form of a page sends."""

from starlette.datastructures import QueryParams
from starlette.requests import Request

from tallystick.core.errors import InvalidField

FORM_BYTES_MAX = 200_000


async def read_form(request: Request) -> QueryParams:
    """The fields of a small form; a file that comes along is left to the handler.

    Errors: InvalidField if there is more than a form can hold.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return QueryParams()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            fix = f"send at most {FORM_BYTES_MAX:,} bytes"
            raise InvalidField("form", f"more than {FORM_BYTES_MAX:,} bytes", fix)
    return QueryParams(body.decode("utf-8", "replace"))
