"""The JSON schemas of the structs on the wire, as they are really read and written.

msgspec gives the schemas. What it cannot know is mended here: amounts are numbers that are read
digit by digit, and of an answer some members are always there and others absent, never null.
"""

from collections.abc import Collection, Iterable, Mapping
from inspect import cleandoc
from typing import Any, get_args

import msgspec

from tallystick.api.words import PARAMETERS, WORDS

Schema = dict[str, Any]

PLACE = "#/components/schemas/{name}"
AMOUNT: Schema = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": 999_999_999_999.99,
    "multipleOf": 0.01,
}
_THRESHOLD: Schema = {"type": "number", "minimum": 0, **AMOUNT}
del _THRESHOLD["exclusiveMinimum"]
_AMOUNTS = {"points": AMOUNT, "amount": AMOUNT, "minPoints": _THRESHOLD}
_DECIMAL = {"type": "string", "format": "decimal"}
_NULL = {"type": "null"}
_INSTANTS = {"created", "modified"}


class Schemas:
    """The schemas of everything that is asked and answered.

    `components` are those that have a name; `of` gives the schema of a type, mostly a reference.
    """

    def __init__(
        self, *, queries: Collection[Any], bodies: Collection[Any], answers: Collection[Any]
    ) -> None:
        kinds = [*queries, *bodies, *answers]
        schemas, named = msgspec.json.schema_components(kinds, ref_template=PLACE)
        self._schemas = [
            (kind, _mended(schema)) for kind, schema in zip(kinds, schemas, strict=True)
        ]
        self.components: dict[str, Schema] = {name: _mended(each) for name, each in named.items()}
        read, written = _structs([*queries, *bodies]), _structs(answers)
        for struct in read | written:
            schema = self._component(struct)
            _describe_members(
                struct, schema, {**WORDS, **PARAMETERS} if struct in queries else WORDS
            )
            if struct not in read:
                _tell_what_is_absent(struct, schema)

    def of(self, kind: Any) -> Schema:
        """The schema of a type that was asked or answered."""
        found: Schema = next(schema for known, schema in self._schemas if known == kind)
        return found

    def members(self, struct: type[msgspec.Struct]) -> Schema:
        """The schema of a struct itself; it is no longer one of the components."""
        found: Schema = self.components.pop(self._name(struct))
        return found

    def _component(self, struct: type[msgspec.Struct]) -> Schema:
        return self.components[self._name(struct)]

    def _name(self, struct: type[msgspec.Struct]) -> str:
        """The name that msgspec gives: structs of the same name have their modules in front."""
        long = f"{struct.__module__}.{struct.__qualname__}"
        return long if long in self.components else struct.__name__


def prose(docstring: str | None) -> str:
    """What a docstring tells the readers of an API: all but where it is from and its errors."""
    paragraphs = cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(filter(None, map(_told, paragraphs)))


def _told(paragraph: str) -> str:
    lines = paragraph.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("Source:", "Errors:", "Shape:")):
            return "\n".join(lines[:number])
    return paragraph


def _mended(schema: Any) -> Any:
    """The schema with decimals as numbers, and descriptions as people read them."""
    if isinstance(schema, list | tuple):
        return [_mended(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    mended = {key: _mended(value) for key, value in schema.items()}
    if mended.items() >= _DECIMAL.items():
        del mended["format"]
        mended["type"] = "number"
    if isinstance(mended.get("description"), str):
        mended["description"] = prose(mended["description"])
    choices = mended.get("enum")
    if isinstance(choices, list) and all(isinstance(choice, str) for choice in choices):
        mended["type"] = "string"
    return mended


def _structs(kinds: Iterable[Any]) -> set[type[msgspec.Struct]]:
    """The structs among the types, and those within them."""
    found: set[type[msgspec.Struct]] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in found:
                found.add(kind)
                waiting.extend(member.type for member in msgspec.structs.fields(kind))
        else:
            waiting.extend(get_args(kind))
    return found


def _describe_members(
    struct: type[msgspec.Struct], schema: Schema, words: Mapping[str, str]
) -> None:
    for member in msgspec.structs.fields(struct):
        name, kind = member.encode_name, member.type
        found = schema["properties"][name]
        if msgspec.Raw in {kind, *get_args(kind)} and name in _AMOUNTS and "type" not in found:
            _say_amount(found, _AMOUNTS[name])
        if name in _INSTANTS and found.get("type") == "string":
            found.setdefault("format", "date-time")
        if told := words.get(f"{struct.__name__}.{name}", words.get(name)):
            found.setdefault("description", told)


def _say_amount(schema: Schema, amount: Schema) -> None:
    if "anyOf" in schema:
        schema["anyOf"] = [amount, _NULL]
    else:
        schema.update(amount)


def _tell_what_is_absent(struct: type[msgspec.Struct], schema: Schema) -> None:
    """An answer leaves out what holds its default, if its struct says so; else all is there."""
    properties = schema["properties"]
    if not struct.__struct_config__.omit_defaults:
        schema["required"] = list(properties)
        for each in properties.values():
            each.pop("default", None)
        return
    for each in properties.values():
        if "default" in each and each["default"] is None:
            del each["default"]
            _drop_null(each)


def without_null(schema: Schema) -> Schema:
    """The schema of what can be written in a query, where nothing is null."""
    plain = dict(schema)
    if "default" in plain and plain["default"] is None:
        del plain["default"]
    _drop_null(plain)
    return plain


def _drop_null(schema: Schema) -> None:
    kinds = [kind for kind in schema.get("anyOf", []) if kind != _NULL]
    if len(kinds) == 1:
        del schema["anyOf"]
        described = schema.pop("description", None)
        schema.update(kinds[0])
        if described:
            schema["description"] = described
    elif kinds:
        schema["anyOf"] = kinds
