"""What an operation is, and how a request becomes a typed call of its handler.

The table of operations (`routes.py`) is the whole API: method, path, who may call it, the structs
of query, body and answer, and the handler. Decoding, sign-in and errors follow from it.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.requests import Request

from tallystick.api.invalid import BODY, invalid_member, invalid_parameter
from tallystick.core.errors import InvalidField, NotFound, Refusal, shown
from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.programs import Program, is_one_line
from tallystick.core.roles import Right
from tallystick.core.texts import integration_id_in
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.house import House
from tallystick.services.programs import check_profiles, get_program_for

BODY_BYTES_MAX = 1_000_000
_HEADERS = ("Idempotency-Key", "If-Match")


class Nothing(msgspec.Struct):
    """The query or body of an operation that has none."""


Query = TypeVar("Query", bound=msgspec.Struct)
Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the API is: the table of its operations, and their description in OpenAPI."""

    operations: "tuple[Operation, ...]"
    describe: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Query, Body]):
    """One request to an operation, decoded."""

    house: House
    about: "About"
    request: Request
    caller: Caller | None
    query: Query
    body: Body

    @property
    def context(self) -> Context:
        """What the use case is given."""
        return self.house.context

    @property
    def known_caller(self) -> Caller:
        """Who calls an operation that is not open to anybody."""
        assert self.caller is not None
        return self.caller

    def number_in_path(self, name: str, kind: str) -> int:
        """The id of that name in the path. Errors: NotFound, of that kind, if it cannot be one."""
        return number_in(self.request, name, kind)

    def program_id(self) -> ProgramId:
        """The program named in the path, whether it is there or not.

        Errors: NotFound if it is no possible id.
        """
        return program_id_in(self.request)

    async def program(self) -> Program:
        """The program named in the path.

        Errors: NotFound, also if it is of another environment, or not connected to the application
        that the caller's key is for.
        """
        return await get_program_for(self.context, self.known_caller, self.program_id())

    async def profile_program(self) -> Program:
        """The same for points of customer profiles. Errors: NotFound, NotSupported."""
        return check_profiles(await self.program())

    async def posting_program_id(self) -> ProgramId:
        """The program named in the path, which the ledger itself will look up.

        It is read here only for a key that does not reach every program; what people reach is known
        without. Errors: NotFound.
        """
        caller = self.known_caller
        if caller.kind is CallerKind.INTEGRATION or caller.allowed_application_ids is not None:
            return (await self.program()).id
        return self.program_id()

    def integration_id(self) -> IntegrationId:
        """The profile named in the path. Errors: NotFound if it is no possible id."""
        return integration_id_in(unquote(self.request.path_params["integrationId"]))


def number_in(request: Request, name: str, kind: str) -> int:
    """The id of that name in the path. Errors: NotFound, of that kind, if it cannot be one."""
    text = request.path_params[name]
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None:
        raise NotFound(kind, unquote(text)[:100])
    return int(text)


def program_id_in(request: Request) -> ProgramId:
    """The program named in the path, whether it is there or not. Errors: NotFound."""
    return ProgramId(number_in(request, "loyaltyProgramId", "loyalty program"))


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]

MANAGERS = frozenset({CallerKind.MANAGEMENT, CallerKind.PERSON})
PEOPLE = frozenset({CallerKind.PERSON})
SHOPS = frozenset({CallerKind.INTEGRATION})
ANYBODY: frozenset[CallerKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the table. Decoding, sign-in, errors and the API's description follow from it.

    who: which kinds of caller may. right: what a person among them needs, in the program of the
    path if there is one; it is missing only where no person may. Keys need none: a management key's
    own list of endpoints says what it opens.
    query, body: the structs that a request is read into.
    answer: the struct of a JSON answer; a handler may return it as a Response, too. None: there is
    nothing in the answer.
    may_be_empty: a success may also be 204, with nothing in it.
    waits: the struct of a success that is 202, because it waits for a second person; the handler
    returns the Response. None: it never waits.
    media_type: what a success is written in. Other than JSON (`text/csv`), the handler returns the
    Response and `answer` stays None. more_media_types: what it may be written in as well.
    in_ranges: whether a part of the answer can be asked for.
    upload: the name of the part of a multipart body that holds a file, which the handler reads.
    keeps_key: the handler itself keeps the Idempotency-Key that comes along, with the entries it
    makes. Of other writes the whole answer is kept, but for one that is `shown_once`.
    refuses: refusals that do not follow from the rest. 400 is told of whatever takes something, 401
    of whatever is not open, 404 of a path with ids, 422 of `keyed`, 500 and 503 of everything; so
    409 AlreadyExists, say, has to be named.
    """

    id: str
    method: str
    path: str
    who: frozenset[CallerKind]
    right: Right | None = None
    handler: Handler
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] = Nothing
    answer: Any = None
    status: HTTPStatus = HTTPStatus.OK
    may_be_empty: bool = False
    waits: type[msgspec.Struct] | None = None
    body_bytes_max: int = BODY_BYTES_MAX
    media_type: str = "application/json"
    more_media_types: tuple[str, ...] = ()
    in_ranges: bool = False
    upload: str = ""
    keeps_key: bool = False
    shown_once: bool = False
    refuses: tuple[type[Refusal], ...] = ()
    parameters: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        assert (self.right is not None) is (CallerKind.PERSON in self.who), f"whose is {self.id}?"
        in_query = {name.encode_name for name in msgspec.structs.fields(self.query)}
        in_path = re.findall(r"\{(\w+)\}", self.path)
        object.__setattr__(self, "parameters", in_query.union(in_path, _HEADERS))

    @property
    def keyed(self) -> bool:
        """Whether the request may carry the header Idempotency-Key."""
        return bool(self.who) and self.method in {"POST", "PUT", "DELETE"}

    @property
    def conditional(self) -> bool:
        """Whether its answer has an ETag, by which a caller can ask for it only if it changed."""
        return self.method == "GET" and self.media_type in {"application/json", "text/html"}


async def read_body(
    request: Request, struct: type[msgspec.Struct], *, bytes_max: int = BODY_BYTES_MAX
) -> msgspec.Struct:
    """The JSON body as its struct. Errors: InvalidField, pointing at the first wrong member."""
    if struct is Nothing:
        return Nothing()
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > bytes_max:
            fix = f"send at most {bytes_max:,} bytes"
            raise InvalidField(BODY, f"more than {bytes_max:,} bytes", fix)
    body = b"".join(pieces)
    try:
        body.decode()  # of members that no struct has, msgspec does not look at the bytes
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise invalid_member(error, struct, body) from error
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
        raise invalid_parameter(error, struct, values) from error


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
