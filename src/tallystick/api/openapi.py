"""The description of the API in OpenAPI 3.1, made from the table of operations and nothing else."""

import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from tallystick import __version__
from tallystick.api.conditional import CACHE_CONTROL, JSON
from tallystick.api.errors import STATUS_OF, ErrorBody
from tallystick.api.operations import Nothing, Operation
from tallystick.api.points import KEY_LENGTH_MAX
from tallystick.api.routes import AREAS, Area
from tallystick.api.schemas import Schema, Schemas, prose, without_null
from tallystick.api.words import WORDS
from tallystick.core import errors
from tallystick.core.formats import FORMATS
from tallystick.core.roles import EVERYBODYS, who_may
from tallystick.services.callers import CallerKind

_ABOUT = """\
A loyalty-points ledger: how many points did, does or will somebody have at an instant.

Amounts are JSON numbers with at most two decimals. Instants are RFC 3339 text; answers have them \
in UTC. Durations are a whole number and a unit, `s`, `m`, `h`, `D`, `W`, `M` or `Y`; `_U` after \
days to years rounds up to the end of the unit, `_D` after days down to the start. Ids in a path \
are percent-encoded. A path that is not listed answers 404, a method that is not listed 405.
"""

_SCHEMES = {
    CallerKind.INTEGRATION: ("api_key_v1", "A shop or till, with an integration key"),
    CallerKind.MANAGEMENT: ("management_key", "A back office, with a management key"),
    CallerKind.PERSON: ("manager_auth", "A person who has signed in"),
}
_NAMED_BY_TEXT = {"integrationId", "customerSessionId", "loyaltyCardId"}
_CHOICES = {"format": {"type": "string", "enum": [*FORMATS]}}  # of words in a path
_ID: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
_TEXT: Schema = {"type": "string", "minLength": 1}

_HEADERS: dict[str, Schema] = {
    "ETag": {
        "description": "What this answer is, to be sent back as If-None-Match or If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    },
    "Cache-Control": {
        "description": "The caller may keep the answer, and asks before using it again.",
        "required": True,
        "schema": {"type": "string", "const": CACHE_CONTROL},
    },
    "Content-Disposition": {
        "description": "The name of the file.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "After how many seconds the same request may be sent again; absent if"
        " nobody knows whether something was written.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to sign in.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` if this is the answer that the first request of the key had.",
        "schema": {"type": "string", "const": "true"},
    },
}
# What the server answers before an operation is reached; tallystick.edges has the limits.
_OF_REQUESTS = {
    HTTPStatus.TOO_MANY_REQUESTS: "more requests a second than this server takes from one caller",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too many headers, or too long ones",
}
_OF_BODIES = {
    HTTPStatus.REQUEST_TIMEOUT: "the body did not come in time",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "a body that is larger than any may be",
}
_CONDITIONAL = ("ETag", "Cache-Control")
_HEADERS_OF = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}


@cache
def description() -> Schema:
    """The description of this API; made once, as it is always the same."""
    return describe(AREAS)


def describe(areas: Iterable[Area]) -> Schema:
    """The description of the operations of these areas, as JSON is made of it."""
    areas = list(areas)
    operations = [operation for area in areas for operation in area.operations]
    schemas = Schemas(
        queries=[each.query for each in operations],
        bodies=[each.body for each in operations],
        answers=[
            ErrorBody,
            *(each.answer for each in operations if each.answer is not None),
            *(each.waits for each in operations if each.waits is not None),
        ],
    )
    schemas.members(Nothing)
    queries = {each.query: schemas.members(each.query) for each in _with_query(operations)}
    paths: dict[str, dict[str, Any]] = {}
    for area in areas:
        for each in area.operations:
            described = _operation(area, each, queries.get(each.query, {}), schemas)
            paths.setdefault(each.path, {})[each.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "This server"}],
        "tags": [_tag(area) for area in areas],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "headers": _HEADERS,
            "securitySchemes": {name: _scheme(kind) for kind, (name, _) in _SCHEMES.items()},
        },
    }


def _info() -> Schema:
    return {
        "title": "Tallystick",
        "version": __version__,
        "description": _ABOUT,
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }


def _scheme(kind: CallerKind) -> Schema:
    _, who = _SCHEMES[kind]
    words = f"{who}; the header holds `{kind.value} ` and then the key or token."
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}


def _with_query(operations: Iterable[Operation]) -> list[Operation]:
    """Those that take a query; the ones that share a struct are told by the first."""
    found = {each.query: each for each in operations if each.query is not Nothing}
    return list(found.values())


def _operation(area: Area, operation: Operation, query: Schema, schemas: Schemas) -> Schema:
    summary, _, rest = prose(operation.handler.__doc__).partition("\n\n")
    described: Schema = {
        "operationId": operation.id,
        "tags": [area.name],
        "summary": " ".join(summary.split()).removesuffix("."),
    }
    if words := "\n\n".join(filter(None, (_which_people(operation), rest))):
        described["description"] = words
    if parameters := [*_in_path(operation), *_in_query(query), *_in_header(operation)]:
        described["parameters"] = parameters
    if body := _body(operation, schemas):
        described["requestBody"] = body
    described["responses"] = _responses(operation, schemas)
    kinds = [kind for kind in _SCHEMES if kind in operation.who]
    described["security"] = [{_SCHEMES[kind][0]: []} for kind in kinds]
    return described


def _which_people(operation: Operation) -> str:
    """The roles that a person needs, unless nobody, or everybody, has what it takes."""
    if operation.right is None or operation.right in EVERYBODYS:
        return ""
    return f"A person needs the role {who_may(operation.right)}."


def _in_path(operation: Operation) -> Iterable[Schema]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": WORDS.get(name, "What it is about."),
            "schema": _CHOICES.get(name)
            or (_ID if name.endswith("Id") and name not in _NAMED_BY_TEXT else _TEXT),
        }


def _in_query(query: Schema) -> Iterable[Schema]:
    for name, member in query.get("properties", {}).items():
        schema = without_null(member)
        parameter = {"name": name, "in": "query", "schema": schema}
        if words := schema.pop("description", None):
            parameter["description"] = words
        if name in query.get("required", ()):
            parameter["required"] = True
        yield parameter


def _in_header(operation: Operation) -> Iterable[Schema]:
    if operation.keyed:
        words = (
            "A name of your choice for this request, like a UUID; sent again with the same name,"
            " the same request is done once and gets the same answer."
        )
        length = {"minLength": 1, "maxLength": KEY_LENGTH_MAX}
        yield _header("Idempotency-Key", words, {"type": "string", **length})
    if errors.StateChanged in operation.refuses:
        words = "The ETag of what you saw; if that is no longer what is there, nothing changes."
        yield _header("If-Match", words, {"type": "string"})
    if operation.in_ranges:
        words = "The bytes that are wanted, like `bytes=1000-`."
        yield _header("Range", words, {"type": "string"})
        words = "The ETag of what you have; the range counts only if that is still what is there."
        yield _header("If-Range", words, {"type": "string"})
    if operation.conditional:
        words = "The ETag of what you have; if that is still what is there, the answer is 304."
        yield _header("If-None-Match", words, {"type": "string"})


def _header(name: str, words: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "description": words, "schema": schema}


def _body(operation: Operation, schemas: Schemas) -> Schema | None:
    if operation.upload:
        part = {"type": "string", "contentMediaType": "text/csv", "description": "The file."}
        form = {
            "type": "object",
            "properties": {operation.upload: part},
            "required": [operation.upload],
        }
        return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    if operation.body is Nothing:
        return None
    return {"required": True, "content": {JSON: {"schema": schemas.of(operation.body)}}}


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    responses = {str(int(operation.status)): _success(operation, schemas)}
    if operation.may_be_empty:
        responses["204"] = {"description": HTTPStatus.NO_CONTENT.phrase}
    if operation.waits is not None:
        words = "Nothing is done yet: it waits for a second person's approval."
        waiting: Schema = {"description": words, "headers": _headers(["Idempotency-Replayed"])}
        waiting["content"] = {JSON: {"schema": schemas.of(operation.waits)}}
        responses["202"] = waiting
    if operation.conditional:
        words = "What you have is still what is there."
        responses["304"] = {"description": words, "headers": _headers(_CONDITIONAL)}
    if operation.in_ranges:
        words = "The part that was asked for."
        responses["206"] = {**_success(operation, schemas), "description": words}
        responses["416"] = _refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, set(), schemas)
    for status, codes in sorted(_refusals(operation).items()):
        responses[str(int(status))] = _refused(status, codes, schemas)
    for status, words in _at_the_edge(operation).items():
        known = responses.setdefault(str(int(status)), _refused(status, set(), schemas))
        known["description"] += f"; {words}" if ": " in known["description"] else f": {words}"
    responses["500"] = _refused(HTTPStatus.INTERNAL_SERVER_ERROR, set(), schemas)
    return dict(sorted(responses.items()))


def _at_the_edge(operation: Operation) -> dict[HTTPStatus, str]:
    """What may be answered before the operation is reached, in words, by status."""
    takes_body = operation.upload or operation.body is not Nothing
    return _OF_REQUESTS | (_OF_BODIES if takes_body else {})


def _success(operation: Operation, schemas: Schemas) -> Schema:
    names: tuple[str, ...] = _CONDITIONAL if operation.conditional else ()
    names += ("Idempotency-Replayed",) if operation.keyed else ()
    names += ("Content-Disposition",) if operation.media_type == "text/csv" else ()
    success: Schema = {"description": operation.status.phrase}
    if names:
        success["headers"] = _headers(names)
    if operation.media_type != JSON:
        kinds = operation.media_type, *operation.more_media_types
        success["content"] = {kind: {"schema": {"type": "string"}} for kind in kinds}
    elif operation.answer is not None:
        success["content"] = {JSON: {"schema": schemas.of(operation.answer)}}
    return success


def _refused(status: HTTPStatus, codes: set[str], schemas: Schemas) -> Schema:
    told = ", ".join(f"`{code}`" for code in sorted(codes))
    refused: Schema = {
        "description": f"{status.phrase}: {told}" if told else status.phrase,
        "content": {JSON: {"schema": schemas.of(ErrorBody)}},
    }
    if names := _HEADERS_OF.get(status):
        refused["headers"] = _headers(names)
    return refused


def _headers(names: Iterable[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refusals(operation: Operation) -> dict[HTTPStatus, set[str]]:
    """The codes of what can be refused, by status."""
    codes: dict[HTTPStatus, set[str]] = {}
    for refusal in {*operation.refuses, *_derived(operation)}:
        codes.setdefault(STATUS_OF[refusal], set()).add(refusal.code)
    return codes


def _derived(operation: Operation) -> Iterable[type[errors.Refusal]]:
    """What can be refused because of what the operation takes and does."""
    structs = {operation.query, operation.body} - {Nothing}
    if "{" in operation.path:
        yield errors.NotFound
    if structs or operation.upload or operation.keyed or "{" in operation.path:
        yield errors.InvalidField
    if operation.upload:
        yield errors.InvalidFile
    if operation.who:
        yield errors.NotSignedIn
    if CallerKind.MANAGEMENT in operation.who or _which_people(operation):
        yield errors.NotAllowed
    if operation.keyed:
        yield errors.KeyReused
    if operation.who or structs:
        yield errors.Busy
        if operation.method != "GET":
            yield errors.OutcomeUnknown


def _tag(area: Area) -> Schema:
    """The area, described by the first sentence of its module."""
    first = prose(area.about).partition("\n")[0].partition(". ")[0].removesuffix(".")
    return {"name": area.name, "description": first + "."}
