"""The API for its readers: its description, and a page made of that."""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from tallystick.api.conditional import JSON, answer_if_changed, encode
from tallystick.api.operations import Call, Nothing
from tallystick.api.outline import Outline

STYLE_PATH = "/docs/style.css"

_SAFETY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; object-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_WHO = {
    "api_key_v1": "integration key",
    "management_key": "management key",
    "manager_auth": "signed-in person",
}
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=/)")
_CODE = re.compile(r"`([^`]+)`")


async def get_openapi(call: Call[Nothing, Nothing]) -> Response:
    """This description of the API, in OpenAPI 3.1."""
    return Response(_encoded(call.about.describe), media_type=JSON)


async def get_docs(call: Call[Nothing, Nothing]) -> Response:
    """The description as a page for people."""
    return Response(_page(call.about.describe), headers=_SAFETY, media_type="text/html")


async def get_style(request: Request) -> Response:
    """The style sheet of the page."""
    return answer_if_changed(Response(_style(), headers=_SAFETY, media_type="text/css"), request)


Describe = Callable[[], dict[str, Any]]


@cache
def _encoded(describe: Describe) -> bytes:
    return encode(describe())


@cache
def _page(describe: Describe) -> str:
    environment = Environment(
        loader=PackageLoader("tallystick.api", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = _inline
    environment.filters["breakable"] = _breakable
    outline = Outline(describe())
    template = environment.get_template("docs.html")
    return template.render(outline=outline, style_path=STYLE_PATH, who=_WHO)


@cache
def _style() -> bytes:
    return files("tallystick.api").joinpath("pages", "docs.css").read_bytes()


def _inline(text: str) -> Markup:
    """A text whose `words` are code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _breakable(name: str) -> Markup:
    """A name that may break over two lines where its words meet."""
    return Markup("<wbr>").join(_JOINT.split(name))
