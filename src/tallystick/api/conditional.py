"""Conditional requests: what an answer is called, and whether a caller already has it.

Source: RFC 9110, sections 8.8.3 and 13.1.
"""

import re
from hashlib import blake2b
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.errors import StateChanged

JSON = "application/json"
CACHE_CONTROL = "no-cache, private"

_JSON = msgspec.json.Encoder(decimal_format="number")
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def encode(answer: object) -> bytes:
    """The JSON of an answer, decimals as numbers."""
    return _JSON.encode(answer)


def etag(body: bytes) -> str:
    """The strong ETag of a body: another body has another one."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def answer_if_changed(answer: Response, request: Request) -> Response:
    """The answer with its ETag, or 304 if it is the one that the caller has."""
    if answer.status_code != HTTPStatus.OK:
        return answer
    tag = etag(bytes(answer.body))
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    if names(_sent(request, "If-None-Match"), tag, weakly=True):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    answer.headers.update(headers)
    return answer


def check_unchanged(request: Request, answer: object) -> None:
    """Hold `answer`, what is there now, against the request's If-Match, if it has one.

    Errors: StateChanged.
    """
    seen = _sent(request, "If-Match")
    if seen and not names(seen, etag(encode(answer)), weakly=False):
        raise StateChanged(seen)


def names(header: str, tag: str, *, weakly: bool) -> bool:
    """Whether a list of ETags, or *, names `tag`; only weakly if weak ones count too."""
    if header.strip() == "*":
        return True
    return any(opaque == tag and (weakly or not weak) for weak, opaque in _TAG.findall(header))


def _sent(request: Request, header: str) -> str:
    """The header, its repetitions joined as one list."""
    return ", ".join(request.headers.getlist(header))
