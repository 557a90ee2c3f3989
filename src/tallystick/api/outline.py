"""The description of the API as people read it: areas, operations, and lines about what they take.

Schemas become flat lists of members, those within others by their whole way, as `data[].name`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_NULL = {"type": "null"}
DEPTH_MAX = 4  # members further within are left to /openapi.json
_EXAMPLES = {
    "integrationId": "ann",
    "customerSessionId": "order-1",
    "loyaltyCardId": "CARD-1",
}
_TEXTS = {"timezone": "Europe/Berlin", "email": "ann@example.com", "currency": "EUR"}
_FORMAT_VALUES = {
    "date-time": "2026-12-01T00:00:00Z",
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
}
_TEXTS = {
    "date-time": "2026-12-01T00:00:00Z",
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "name": "Club",
    "title": "The Club",
    "timezone": "Europe/Berlin",
    "email": "ann@example.com",
    "currency": "EUR",
}
_FORMATS = {"date-time": "instant", "uuid": "UUID"}
_SCHEMES = {"api_key_v1": "ApiKey-v1", "management_key": "ManagementKey-v1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A parameter or a member: what it is called, what it holds and what it means."""

    name: str
    kind: str
    words: str
    needed: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status, what it says, and the codes of the refusals that have it."""

    number: str
    words: str
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    who: tuple[str, ...]
    parameters: tuple[Line, ...]
    body: tuple[Line, ...]
    body_type: str
    answer: tuple[Line, ...]
    answer_type: str
    statuses: tuple[Status, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The operations of one area."""

    name: str
    about: str
    entries: tuple[Entry, ...]


class Outline:
    """What of a description is shown."""

    def __init__(self, description: Schema) -> None:
        self._description = description
        self.version: str = description["info"]["version"]
        self.about: str = description["info"]["description"]
        self.schemes: dict[str, Schema] = description["components"]["securitySchemes"]

    def chapters(self) -> tuple[Chapter, ...]:
        """The areas that have operations, in their order."""
        entries: dict[str, list[Entry]] = {}
        for path, methods in self._description["paths"].items():
            for method, operation in methods.items():
                entry = self._entry(method.upper(), path, operation)
                entries.setdefault(operation["tags"][0], []).append(entry)
        return tuple(
            Chapter(name=tag["name"], about=tag["description"], entries=tuple(found))
            for tag in self._description["tags"]
            if (found := entries.get(tag["name"]))
        )

    def _entry(self, method: str, path: str, operation: Schema) -> Entry:
        body_type, body = _content(operation.get("requestBody", {}))
        answer_type, answer = _content(_success(operation))
        return Entry(
            id=operation["operationId"],
            method=method,
            path=path,
            summary=operation["summary"],
            about=operation.get("description", ""),
            who=tuple(scheme for each in operation["security"] for scheme in each),
            parameters=tuple(map(self._parameter, operation.get("parameters", ()))),
            body=tuple(self._members(body)),
            body_type=body_type,
            answer=tuple(self._members(answer)),
            answer_type=answer_type,
            statuses=tuple(
                Status(
                    number=number,
                    words=each["description"],
                    headers=tuple(each.get("headers", {})),
                )
                for number, each in operation["responses"].items()
            ),
            example=self._example(method, path, operation),
        )

    def _parameter(self, parameter: Schema) -> Line:
        return Line(
            name=parameter["name"],
            kind=self._kind(parameter["schema"], bounded=parameter["in"] != "path"),
            words=parameter.get("description", ""),
            needed=parameter.get("required", False),
            place=parameter["in"],
        )

    def _members(self, schema: Schema, prefix: str = "", depth: int = 0) -> Iterator[Line]:
        schema = self._plain(schema)
        if schema.get("type") == "array":
            yield from self._members(schema.get("items", {}), f"{prefix}[]", depth)
            return
        if isinstance(within := schema.get("additionalProperties"), dict):
            yield from self._members(within, f"{prefix}.*" if prefix else "*", depth)
        for name, member in schema.get("properties", {}).items():
            way = f"{prefix}.{name}" if prefix else name
            yield Line(
                name=way,
                kind=self._kind(_without_needless_null(member)),
                words=member.get("description") or self._plain(member).get("description", ""),
                needed=name in schema.get("required", ()),
            )
            if depth < DEPTH_MAX:
                yield from self._members(member, way, depth + 1)

    def _plain(self, schema: Schema) -> Schema:
        """The schema that a reference names, or the one that is not null."""
        if place := schema.get("$ref"):
            return self._plain(self._named(place))
        kinds = [kind for kind in schema.get("anyOf", ()) if kind != _NULL]
        return self._plain(kinds[0]) if len(kinds) == 1 else schema

    def _named(self, place: str) -> Schema:
        found: Schema = self._description["components"]["schemas"][place.rpartition("/")[2]]
        return found

    def _kind(self, schema: Schema, *, bounded: bool = True) -> str:
        """What a member holds, in a few words."""
        if place := schema.get("$ref"):
            return self._kind(self._named(place))
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(map(self._kind, schema["anyOf"])))
        if choices := schema.get("enum") or [schema[key] for key in ("const",) if key in schema]:
            words = ", ".join(f"`{choice}`" for choice in choices)
            return f"one of {words}" if len(choices) > 1 else words
        kind = schema.get("type", "any JSON")
        if kind == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        if kind == "object" and isinstance(within := schema.get("additionalProperties"), dict):
            return f"object of {self._kind(within)}"
        return _FORMATS.get(schema.get("format", ""), str(kind)) + (
            _bounds(schema) if bounded else ""
        )

    def _example(self, method: str, path: str, operation: Schema) -> str:
        """A command line that calls the operation."""
        for each in operation.get("parameters", ()):
            text = _EXAMPLES.get(each["name"]) or self._value(each["name"], each["schema"])
            path = path.replace(f"{{{each['name']}}}", str(text))
        query = "&".join(
            f"{each['name']}={self._value(each['name'], each['schema'])}"
            for each in operation.get("parameters", ())
            if each["in"] == "query" and each.get("required")
        )
        request = "curl" if method == "GET" else f"curl --request {method}"
        parts = [f'{request} "$server{path}{"?" if query else ""}{query}"']
        for scheme in (scheme for each in operation["security"][:1] for scheme in each):
            credentials = f"{_SCHEMES.get(scheme, 'Bearer')} KEY"
            parts.append(f"--header 'Authorization: {credentials}'")
        body_type, schema = _content(operation.get("requestBody", {}))
        if body_type == "application/json":
            parts.append("--header 'Content-Type: application/json'")
            body = json.dumps(self._value("", schema), ensure_ascii=False)
            parts.append("--data '" + body.replace("'", "'\\''") + "'")
        elif body_type:
            parts.extend(f"--form {name}=@file.csv" for name in schema["properties"])
        return " \\\n  ".join(parts)

    def _value(self, name: str, schema: Schema) -> Any:
        """A value that a schema takes: of an object, what is needed."""
        known = schema.get("examples") or self._plain(schema).get("enum")
        if known:
            return known[0]
        schema = self._plain(schema)
        kind, members = schema.get("type"), schema.get("properties", {})
        if kind == "object":
            needed = schema.get("required") or list(members)[:1]
            return {each: self._value(each, members[each]) for each in needed}
        if kind == "array":
            return [self._value(name, schema.get("items", {}))]
        plain = {"integer": max(1, schema.get("minimum", 1)), "number": 1, "boolean": True}
        text = _TEXTS.get(schema.get("format", "")) or _TEXTS.get(name, name)
        return plain.get(str(kind), text)


def _success(operation: Schema) -> Schema:
    found: Schema = next(
        each for number, each in operation["responses"].items() if number.startswith("2")
    )
    return found


def _content(message: Schema) -> tuple[str, Schema]:
    """The media type and the schema of a body, empty if there is none."""
    for media_type, content in message.get("content", {}).items():
        return media_type, content["schema"]
    return "", {}


def _without_needless_null(schema: Schema) -> Schema:
    """The schema of a member for which null says the same as leaving it out."""
    if schema.get("default", ...) is not None:
        return schema
    return {**schema, "anyOf": [kind for kind in schema.get("anyOf", ()) if kind != _NULL]}


def _bounds(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum")
    length = schema.get("maxLength")
    words = []
    if "exclusiveMinimum" in schema:
        words.append(f"above {least}")
    elif least is not None:
        words.append(f"from {least}")
    if most is not None:
        words.append(f"to {most}")
    if length is not None:
        words.append(f"of at most {length} characters")
    return (", " if "exclusiveMinimum" in schema else " ") + " ".join(words) if words else ""
