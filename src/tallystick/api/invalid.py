"""What msgspec says of a wrong request, as a refusal: the field, what was found, what to write."""

import re
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from tallystick.core.errors import InvalidField, shown

BODY = "body"  # the field of a problem with the body as a whole

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")


def invalid_member(error: msgspec.ValidationError, struct: Any, body: bytes) -> InvalidField:
    """The refusal of a body, as in "Expected `int`, got `str` - at `$.pageSize`".

    struct: what it should have been. body: what was sent.
    """
    what, names = _what_and_where(error)
    if missing := _MISSING.match(what):
        field = "/".join([*names, missing["name"]])
        return InvalidField(field, "nothing", "write it: it is needed")
    _, _, got = what.partition(", got ")
    found = got.replace("`", "") or _written(body, names)
    return InvalidField("/".join(names) or BODY, found, _fix(what, struct, names))


def invalid_parameter(
    error: msgspec.ValidationError, struct: Any, values: dict[str, object]
) -> InvalidField:
    """The same for a query; a parameter that is repeated is one field."""
    what, names = _what_and_where(error)
    if missing := _MISSING.match(what):
        return InvalidField(missing["name"], "nothing", "write it: it is needed")
    found = shown(str(_value(values, names)))
    return InvalidField(names[0], found, _fix(what, struct, names))


def _what_and_where(error: msgspec.ValidationError) -> tuple[str, list[str]]:
    match = _PLACE.fullmatch(str(error))
    assert match is not None
    return match["what"], re.findall(r"[^.\[\]]+", match["path"] or "")


def _written(body: bytes, names: list[str]) -> str:
    """What stands at that place of a body.

    That is not always known: msgspec names no keys of objects, and further on the body may be no
    JSON at all.
    """
    try:
        found = _value(msgspec.json.decode(body), names)
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, ValueError):
        return "something else"
    return shown(found if isinstance(found, str) else msgspec.json.encode(found).decode())


def _value(given: Any, names: list[str]) -> Any:
    for name in names:
        given = given[int(name)] if isinstance(given, list) else given[name]
    return given


def _fix(what: str, struct: Any, names: list[str]) -> str:
    if words := _words(struct, names):
        return f"write {', '.join(words[:-1])} or {words[-1]}" if words[1:] else f"write {words[0]}"
    if not what.startswith("Expected "):
        return f"mend it: {what}"
    return "write " + what.removeprefix("Expected ").partition(", got ")[0].replace("`", "")


def _words(struct: Any, names: list[str]) -> list[str]:
    """The words that the field takes, none if it takes anything else."""
    kinds = list(_alternatives(struct))
    for name in names:
        within = [found for kind in kinds for found in _within(kind, name)]
        kinds = [each for found in within for each in _alternatives(found)]
    words: list[str] = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            words.extend(map(str, get_args(kind)))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            words.extend(str(each.value) for each in kind)
    return words


def _alternatives(kind: Any) -> Iterator[Any]:
    """What a type may be: the sides of a union, what is annotated, and the values of an object."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _alternatives(inner[0])
    elif origin is dict:
        yield from _alternatives(inner[1])
    elif origin in {Union, UnionType}:
        for side in inner:
            yield from _alternatives(side)
    else:
        yield kind


def _within(kind: Any, name: str) -> list[Any]:
    """The type of a member of a struct, or of the items of a list."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return [each.type for each in fields if each.encode_name == name]
    return list(get_args(kind)[:1])
