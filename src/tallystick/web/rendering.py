"""Templates become answers: escaped, compressed, under a policy that lets only our files run."""

import gzip
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from lucide.jinja import lucide
from starlette.requests import Request
from starlette.responses import Response

from tallystick.web.addresses import segment
from tallystick.web.compression import accepts_gzip
from tallystick.web.cookies import forget_note, take_note
from tallystick.web.navigation import menu_of, waiting_in
from tallystick.web.refusals import sentence
from tallystick.web.showing import raw_points
from tallystick.web.static_files import static_url
from tallystick.web.visits import View, Visit

SAFETY = {
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; script-src 'self';"
    " style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Vary": "HX-Request, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_WORTH_COMPRESSING = 1_000


async def render(visit: Visit, view: View) -> Response:
    """The page of a view; only what is inside <main> if no more is wanted."""
    note = take_note(visit.request)
    values = {
        "visit": visit,
        "show": visit.show,
        "program": visit.program,
        "person": visit.person,
        "note": note,
        "theme": visit.person.settings.theme.value,
        "menu": [] if visit.is_partial else menu_of(visit, await waiting_in(visit)),
        "frame": "partial.html" if visit.is_partial else "base.html",
        **view.values,
    }
    response = _html(visit.request, view.template, values, view.status)
    if note is not None:
        forget_note(response, visit.request)
    return response


def render_plain(
    request: Request, template: str, values: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """A page of nobody in particular."""
    return _html(request, template, {"note": take_note(request), **values}, status)


def _html(
    request: Request, template: str, values: Mapping[str, Any], status: HTTPStatus
) -> Response:
    body = _environment().get_template(template).render(values).encode()
    headers = dict(SAFETY)
    if len(body) > _WORTH_COMPRESSING and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 5, mtime=0)
    return Response(body, status, headers=headers, media_type="text/html")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tallystick.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(icon=_icon, static=static_url)
    environment.filters.update(
        sentence=sentence, raw=raw_points, initials=_initials, segment=segment
    )
    return environment


def _initials(name: str) -> str:
    """One or two letters that stand for a person."""
    words = name.partition("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


@cache
def _icon(name: str) -> str:
    """An icon beside a word that says the same, so it is hidden from screen readers."""
    return lucide(name, size=None, **{"class": "i", "aria-hidden": "true"})
