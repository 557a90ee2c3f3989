"""Style sheets, scripts and fonts: read once, named by their content, kept by browsers for good.

Our own files lie in `static/`; those of others in `static/vendor/`, where set-up puts them under
names that hold their digest, with a manifest that tells them.
"""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePosixPath

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.errors import CannotStart
from tallystick.web.compression import accepts_gzip

STATIC_PATH = "/static/"

_FOR_GOOD = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {  # not known to every system, or not with their encoding
    "js": "text/javascript",
    "svg": "image/svg+xml; charset=utf-8",
    "woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file as it is sent, as it is and compressed."""

    address: str
    media_type: str
    body: bytes
    compressed: bytes


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All files by the name that templates use.

    Errors: CannotStart if those that set-up fetches are missing.
    """
    folder = files("tallystick.web") / "static"
    vendor = folder / "vendor"
    try:
        manifest = msgspec.json.decode((vendor / "manifest.json").read_bytes(), type=dict[str, str])
    except FileNotFoundError as error:
        fix = "run make install, which fetches them, then start again"
        raise CannotStart(f"the browser files are missing; {fix}") from error
    ours = {
        each.name: _static_file(_hashed(each.name, each.read_bytes()), each.read_bytes())
        for each in folder.iterdir()
        if each.is_file()
    }
    fetched = {
        name: _static_file(hashed, (vendor / hashed).read_bytes())
        for name, hashed in manifest.items()
    }
    return ours | fetched


def static_url(name: str) -> str:
    """Where browsers find the file of that name; another content has another address."""
    return STATIC_PATH + static_files()[name].address


async def get_static_file(request: Request) -> Response:
    """A file by the name that holds its digest."""
    file = _by_address().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": _FOR_GOOD,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if file.compressed is not file.body and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(file.compressed, headers=headers, media_type=file.media_type)
    return Response(file.body, headers=headers, media_type=file.media_type)


@cache
def _by_address() -> Mapping[str, StaticFile]:
    return {file.address: file for file in static_files().values()}


def _hashed(name: str, body: bytes) -> str:
    path = PurePosixPath(name)
    return f"{path.stem}.{sha256(body).hexdigest()[:12]}{path.suffix}"


def _static_file(address: str, body: bytes) -> StaticFile:
    suffix = address.rpartition(".")[2]
    guessed, _ = mimetypes.guess_type(address)
    smaller = gzip.compress(body, mtime=0)
    return StaticFile(
        address=address,
        media_type=_MEDIA_TYPES.get(suffix) or guessed or "application/octet-stream",
        body=body,
        compressed=smaller if len(smaller) < len(body) else body,
    )
