"""The contract: its operations, and whether an answer is what it says.

`contract/*.yaml` are what Talon.One publishes, cut down to shapes; each says at its top
what it holds.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

APIS = ("integration", "management")
JSON = "application/json"

# Members of answers that the contract does not name.
OURS = {"canUpdateJoinPolicy"}  # domain A2: the stable client has it

# Where the contract itself is overruled, and by what.
OVERRULED = {"application/csv": "text/csv"}  # domain I-3 and B0 3: one client reads only this

_FREE = {"attributes", "filter", "old", "new"}
_FOLDER = Path(__file__).with_name("contract")
_METHODS = {"get", "put", "post", "delete"}
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a path or query."""

    name: str
    place: str
    is_instant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the contract.

    `model` is the name of its body's schema and `body` where the body stands, if they are shared.
    """

    id: str
    api: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    model: str | None
    body: str | None
    answers: dict[int, frozenset[str]]

    def url(self, arguments: dict[str, Any]) -> str:
        """The path with its parameters, each as one segment."""
        return re.sub(r"{(\w+)}", lambda found: quote(str(arguments[found[1]]), safe=""), self.path)

    def query(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments that do not stand in the path."""
        return {k: v for k, v in arguments.items() if "{" + k + "}" not in self.path}

    def instants(self) -> frozenset[str]:
        """The names of the parameters that are moments."""
        return frozenset(each.name for each in self.parameters if each.is_instant)


@cache
def operations() -> dict[str, Operation]:
    """Every operation of both files by its id."""
    return {
        each["operationId"]: _operation(api, method, path, each)
        for api in APIS
        for path, methods in _document(api)["paths"].items()
        for method, each in methods.items()
        if method in _METHODS
    }


def departures(operation: Operation, status: int, media_type: str, body: Any) -> list[str]:
    """What in an answer is not as the contract says; nothing if it is. `body` is parsed JSON.

    Every refusal has the one error body (domain B0), also where the contract names a CSV file or no
    refusals at all. An answer without content has no body, whatever the contract says of it.
    """
    if status >= 400:
        found = [] if media_type == JSON else [f"the media type {media_type!r} of a refusal"]
        return found + error_departures(body)
    if status not in operation.answers:
        return [f"the status {status}: the contract has {sorted(operation.answers)}"]
    media_types = operation.answers[status]
    if status == HTTPStatus.NO_CONTENT or not media_types:
        return [] if body is None else ["a body: the contract has none"]
    [media_type_told] = media_types
    if media_type != OVERRULED.get(media_type_told, media_type_told):
        return [f"the media type {media_type!r}: the contract has {media_type_told!r}"]
    pointer = _pointer(operation, "responses", str(status), "content", media_type_told, "schema")
    wrong = _departures(operation.api, pointer, body)
    return [*wrong, *nulls(body), *_strangers(operation.api, {"$ref": f"#/{pointer}"}, body)]


def request_departures(operation: Operation, arguments: Iterable[str], body: Any) -> list[str]:
    """What in a request the contract does not know; a case that is to succeed has nothing such."""
    known = {each.name for each in operation.parameters} | {"upFile"}
    unknown = [f"the parameter {name!r}" for name in arguments if name not in known]
    if body is None:
        return unknown
    pointer = operation.body or _pointer(operation, "requestBody")
    return unknown + _departures(operation.api, f"{pointer}/content/{_escaped(JSON)}/schema", body)


def error_departures(body: Any) -> list[str]:
    """What in a refusal is not as the contract's one error body."""
    return _departures("management", "components/schemas/ErrorResponseWithStatus", body)


def nulls(body: Any, where: str = "") -> list[str]:
    """Where a body has nulls: a client that holds a member for required trips over them (B0 10).

    What others have put in as they liked may have them.
    """
    if isinstance(body, dict):
        return [
            found
            for name, each in body.items()
            if name not in _FREE
            for found in nulls(each, f"{where}/{name}")
        ]
    if isinstance(body, list):
        return [found for i, each in enumerate(body) for found in nulls(each, f"{where}/{i}")]
    return [f"{where} is null"] if body is None else []


def _strangers(api: str, schema: dict[str, Any], body: Any, where: str = "") -> list[str]:
    """Where a body has members that the contract does not name, as a misspelt one would be."""
    members, others, item = _shape(api, schema)
    if isinstance(body, list) and item is not None:
        return [
            found
            for i, each in enumerate(body)
            for found in _strangers(api, item, each, f"{where}/{i}")
        ]
    if not isinstance(body, dict) or not (members or others):
        return []
    results = []
    for name, each in body.items():
        inner = members.get(name, others)
        if inner is not None:
            results += _strangers(api, inner, each, f"{where}/{name}")
        elif name not in OURS:
            results.append(f"{where}/{name} is not in the contract")
    return results


def _shape(api: str, schema: dict[str, Any]) -> tuple[dict[str, Any], Any, Any]:
    """The schemas of an object's members by name, of its other members, and of a list's items."""
    told = _resolved(api, schema)
    members, others, item = dict(told.get("properties", {})), None, told.get("items")
    if isinstance(told.get("additionalProperties"), dict):
        others = told["additionalProperties"]
    for part in told.get("allOf", ()):
        more, more_others, _ = _shape(api, part)
        members |= more
        others = others or more_others
    return members, others, item


def _departures(api: str, pointer: str, body: Any) -> list[str]:
    errors = _validator(api, pointer).iter_errors(body)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@cache
def _validator(api: str, pointer: str) -> Draft202012Validator:
    schema = {"$ref": f"contract:{api}#/{pointer}"}
    return Draft202012Validator(schema, registry=_registry(), format_checker=_formats())


@cache
def _registry() -> Registry[Any]:
    resources = [(f"contract:{api}", DRAFT202012.create_resource(_document(api))) for api in APIS]
    return Registry[Any]().with_resources(resources)


@cache
def _formats() -> FormatChecker:
    """The formats of strings that the contract names and that can be wrong."""
    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_instant)
    formats.checks("uuid", raises=ValueError)(lambda text: bool(UUID(text)))
    formats.checks("email")(lambda text: "@" in text)
    return formats


def _is_instant(text: object) -> bool:
    return not isinstance(text, str) or (
        _INSTANT.fullmatch(text) is not None and datetime.fromisoformat(text).tzinfo is not None
    )


@cache
def _document(api: str) -> dict[str, Any]:
    document = _read(api)
    if api == "management":
        document["paths"] |= _read("search")["paths"]
    return document


def _read(name: str) -> dict[str, Any]:
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document


def _operation(api: str, method: str, path: str, found: dict[str, Any]) -> Operation:
    bodies = _resolved(api, found.get("requestBody", {})).get("content", {})
    reference = next((each["schema"].get("$ref", "") for each in bodies.values()), "")
    return Operation(
        id=found["operationId"],
        api=api,
        method=method,
        path=path,
        parameters=tuple(_parameter(api, each) for each in found.get("parameters", ())),
        model=reference.rpartition("/")[2] or None,
        body=found.get("requestBody", {}).get("$ref", "").removeprefix("#/") or None,
        answers={
            int(status): frozenset(each.get("content", ()))
            for status, each in found["responses"].items()
        },
    )


def _parameter(api: str, found: dict[str, Any]) -> Parameter:
    told = _resolved(api, found)
    instant = told.get("schema", {}).get("format") == "date-time"
    return Parameter(name=told["name"], place=told["in"], is_instant=instant)


def _resolved(api: str, found: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to; anything else as it is."""
    while "$ref" in found:
        target: Any = _document(api)
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[unquote(step).replace("~1", "/").replace("~0", "~")]
        found = target
    return found


def _pointer(operation: Operation, *rest: str) -> str:
    """Where something of an operation stands in its document."""
    return "/".join(map(_escaped, ("paths", operation.path, operation.method, *rest)))


def _escaped(text: str) -> str:
    """A name as part of a JSON Pointer in a URI."""
    return quote(text.replace("~", "~0").replace("/", "~1"), safe="~")
