"""A visit: one request for a page by somebody, and what a page's handler may answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import unquote

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.accounts import User
from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import ProgramId
from tallystick.core.paging import Place
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.core.texts import line_in
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.house import House
from tallystick.services.programs import get_program_for
from tallystick.web.forms import Filled
from tallystick.web.showing import LOCALES, Showing

LINE_LENGTH_MAX = 1_000
NUMBER_LENGTH_MAX = 18

Tone = Literal["good", "info", "warn", "bad"]
TONES: tuple[Tone, ...] = ("good", "info", "warn", "bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A template and the values it shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One sentence at the top of the next page: what was done."""

    text: str
    tone: Tone = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where to go next, after something was done."""

    to: str
    note: Note | None = None


Answer = View | Redirect | Response


@dataclass(slots=True, kw_only=True)
class Visit(Filled):
    """What a handler is given.

    form: the fields that were sent; empty for a GET. refusal: why a form that was sent is shown
    again. `now` is the one instant of the request.
    """

    house: House
    request: Request
    caller: Caller
    person: User
    now: datetime
    program: Program | None = None

    @property
    def context(self) -> Context:
        """What use cases are given."""
        return self.house.context

    @property
    def query(self) -> QueryParams:
        """The parameters of the address."""
        return self.request.query_params

    def may(self, right: str) -> bool:
        """Whether the visitor has the right of that name, in the program that the page is about."""
        return self.caller.may(Right[right], self.program.id if self.program else None)

    @property
    def is_partial(self) -> bool:
        """Whether only what is inside <main> is wanted, by a script that is there already."""
        return is_partial(self.request)

    @property
    def is_whole(self) -> bool:
        """Whether a script puts all of it into <main>."""
        return self.request.headers.get("HX-Target") == "main#main"

    @property
    def known_program(self) -> Program:
        """The program of a page about one."""
        assert self.program is not None
        return self.program

    @property
    def show(self) -> Showing:
        """How values are written: for the visitor, and on a page about a program in its zone."""
        locale = self.person.settings.locale
        known = locale if locale in LOCALES else "en"
        return Showing(locale_name=known, zone=self._zone, now=self.now)

    @property
    def _zone(self) -> str:
        if self.program:
            return self.program.settings.timezone
        return self.person.settings.timezone or "UTC"

    def in_path(self, name: str) -> str:
        """That part of the path, as it was before it was escaped."""
        return unquote(self.request.path_params[name])

    def number_in_path(self, name: str, kind: str) -> int:
        """The same, of a thing that has a number. Errors: NotFound, of that kind."""
        text = self.in_path(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise NotFound(kind, text[:100])
        return int(text)

    def line(self, name: str) -> str:
        """A parameter of the address as it was written; empty if it is not given.

        Errors: InvalidField for what is no line of text.
        """
        return line_in(self.query.get(name), name, at_most=LINE_LENGTH_MAX)

    def place(self) -> Place:
        """Where in a list the address is. Errors: InvalidField."""
        return Place(after=self.line("after") or None, before=self.line("before") or None)

    def number(self, name: str) -> int | None:
        """A parameter of the address that is a number; None if it is not given.

        Errors: InvalidField.
        """
        text = self.query.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) <= NUMBER_LENGTH_MAX):
            raise InvalidField(name, shown(text), "write a whole number")
        return int(text) if text else None

    def address(self, **parameters: object) -> str:
        """The address of this page with these parameters in place of those of the same names.

        What is None or empty is left out.
        """
        kept = {name: self.query[name] for name in self.query if name not in parameters}
        wanted = kept | {name: str(value) for name, value in parameters.items() if value}
        path = self.request.url.path
        return f"{path}?{QueryParams(wanted)}" if wanted else path

    def chosen(self, name: str, among: tuple[str, ...]) -> str:
        """A parameter of the address that is one of a few; the first if it is not given.

        Errors: InvalidField.
        """
        text = self.query.get(name) or among[0]
        if text not in among:
            raise InvalidField(name, repr(text[:50]), f"choose one of {', '.join(among)}")
        return text


def is_partial(request: Request) -> bool:
    """Whether a script asks, that is on a page already and wants a part of one."""
    return request.headers.get("HX-Request") == "true"


Handler = Callable[[Visit], Awaitable[Answer]]


async def load_program(visit: Visit, right: Right) -> Program:
    """The program in the path, in which the visitor has the right. Errors: NotFound, NotAllowed."""
    program_id = ProgramId(visit.number_in_path("program", "loyalty program"))
    return await get_program_for(visit.context, visit.caller, program_id, right)
