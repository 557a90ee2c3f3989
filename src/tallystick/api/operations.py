"""What an operation is, and how a request becomes a typed call of its handler.

The table of operations (`routes.py`) is the whole API: method, path, who may call it, the structs
of query, body and answer, and the handler. Decoding, sign-in and errors follow from it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.requests import Request

from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.programs import is_one_line
from tallystick.services.accounts import Caller, CallerKind, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.writer import Writer

BODY_BYTES_MAX = 1_000_000
INTEGRATION_ID_LENGTH_MAX = 1_000
BODY = "body"  # the field of a problem with the body as a whole
_NOT_IN_BODY = ("loyaltyProgramId", "integrationId", "Idempotency-Key")


class Nothing(msgspec.Struct):
    """The query or body of an operation that has none."""


Query = TypeVar("Query", bound=msgspec.Struct)
Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all calls of a process share."""

    context: Context
    writer: Writer
    doorkeeper: Doorkeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Query, Body]):
    """One request to an operation, decoded."""

    house: House
    request: Request
    caller: Caller | None
    query: Query
    body: Body

    @property
    def context(self) -> Context:
        """What the use case is given."""
        return self.house.context

    def program_id(self) -> ProgramId:
        """The program named in the path. Errors: NotFound if it is no possible id."""
        text = self.request.path_params["loyaltyProgramId"]
        if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None:
            raise NotFound("loyalty program", unquote(text))
        return ProgramId(int(text))

    def integration_id(self) -> IntegrationId:
        """The profile named in the path. Errors: NotFound if it is no possible id."""
        text = unquote(self.request.path_params["integrationId"])
        if len(text) > INTEGRATION_ID_LENGTH_MAX or not is_one_line(text):
            raise NotFound("customer profile", text[:100])
        return IntegrationId(text)


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]

MANAGERS = frozenset({CallerKind.MANAGEMENT, CallerKind.PERSON})
SHOPS = frozenset({CallerKind.INTEGRATION})
ANYBODY: frozenset[CallerKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the table. `answer` None: the handler returns a Response or nothing."""

    id: str
    method: str
    path: str
    who: frozenset[CallerKind]
    handler: Handler
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] = Nothing
    answer: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    parameters: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {name.encode_name for name in msgspec.structs.fields(self.query)}
        object.__setattr__(self, "parameters", frozenset(names | set(_NOT_IN_BODY)))


async def read_body(request: Request, struct: type[msgspec.Struct]) -> msgspec.Struct:
    """The JSON body as its struct. Errors: InvalidField, pointing at the first wrong member."""
    if struct is Nothing:
        return Nothing()
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > BODY_BYTES_MAX:
            fix = f"send at most {BODY_BYTES_MAX:,} bytes"
            raise InvalidField(BODY, f"more than {BODY_BYTES_MAX:,} bytes", fix)
    try:
        return msgspec.json.decode(b"".join(pieces), type=struct)
    except msgspec.ValidationError as error:
        raise _invalid_member(error, {}) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidField(BODY, f"a body that is not JSON ({error})", "send JSON") from error


def read_query(request: Request, struct: type[msgspec.Struct]) -> msgspec.Struct:
    """The query parameters as their struct; unknown ones are left alone.

    Shape: a list takes every repetition of its parameter, others the last one.
    Errors: InvalidField, naming the first wrong parameter.
    """
    if struct is Nothing:
        return Nothing()
    given = request.query_params
    values: dict[str, object] = {}
    for name, kind in _fields(struct).items():
        if name in given:
            texts = [_one_line(text, name) for text in given.getlist(name)]
            text = texts[-1].strip()
            values[name] = texts if kind == "list" else text.lower() if kind == "bool" else text
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid_member(error, values) from error


def _one_line(text: str, field: str) -> str:
    if not is_one_line(text):
        raise InvalidField(field, shown(text), "write one line, without control characters")
    return text


_KINDS: dict[type[msgspec.Struct], dict[str, str]] = {}


def _fields(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The parameters of a query struct by name: "list", "bool" or "one"."""
    if struct not in _KINDS:
        kinds = {}
        for each in msgspec.structs.fields(struct):
            text = str(each.type)
            kind = "list" if "tuple[" in text else "bool" if "bool" in text else "one"
            kinds[each.encode_name] = kind
        _KINDS[struct] = kinds
    return _KINDS[struct]


_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")


def _invalid_member(error: msgspec.ValidationError, given: Mapping[str, object]) -> InvalidField:
    """The refusal for what msgspec says, as in "Expected `int`, got `str` - at `$.pageSize`"."""
    match = _PLACE.fullmatch(str(error))
    assert match is not None
    what, names = match["what"], re.findall(r"[^.\[\]]+", match["path"] or "")
    if missing := _MISSING.match(what):
        return InvalidField(
            "/".join([*names, missing["name"]]), "nothing", "write it: it is needed"
        )
    expected, _, got = what.partition(", got ")
    found = got or "something else"
    if names and names[0] in given:
        found, names = _given_text(given[names[0]], names[1:]), names[:1]
    wanted = expected.removeprefix("Expected ").replace("`", "")
    fix = f"write {wanted}" if expected != what or "Expected" in what else f"mend it: {what}"
    return InvalidField("/".join(names) or BODY, found.replace("`", ""), fix)


def _given_text(value: object, indexes: list[str]) -> str:
    """The text of a parameter, or of that one of its repetitions which is wrong."""
    wrong = value[int(indexes[0])] if isinstance(value, list) and indexes else value
    return shown(str(wrong))
