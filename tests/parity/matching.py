"""What an answer has to be: plain JSON in which a `Like` stands for what cannot be known ahead."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Like:
    """Any value of a kind."""

    kind: str
    fits: Callable[[Any], bool]

    def __repr__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class Only:
    """These members and no others; elsewhere an answer may have more than is named."""

    members: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Has:
    """A list with at least these, in any order; the account's lists are shared by all tests."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Csv:
    """A CSV file: its header as it is written, and its rows."""

    header: str
    rows: tuple[tuple[Any, ...], ...]


def has(*items: Any) -> Has:
    """A list with at least these."""
    return Has(items)


ID = Like("an id", lambda found: isinstance(found, int) and found > 0)
COUNT = Like("a count", lambda found: isinstance(found, int) and found >= 0)
TEXT = Like("a text", lambda found: isinstance(found, str) and found != "")
INSTANT = Like("an instant", lambda found: _instant(found) is not None)
UUID = Like("a UUID", lambda found: re.fullmatch(r"[0-9a-f-]{36}", str(found)) is not None)
LIST = Like("a list", lambda found: isinstance(found, list))
OBJECT = Like("an object", lambda found: isinstance(found, dict))


def differences(found: Any, expected: Any, where: str = "", *, unread: frozenset[str]) -> list[str]:
    """Where what was found is not what was expected; nothing if it is.

    `unread` are members that a client drops, as its models are older than the contract, by the ends
    of their paths. Instants are equal however they are written.
    """
    match expected:
        case Like():
            found_wrong = not expected.fits(found)
        case Csv():
            return _csv_differences(found, expected, where)
        case Has():
            return _missing_items(found, expected, where, unread=unread)
        case Only() | dict():
            return _member_differences(found, expected, where, unread=unread)
        case list() | tuple():
            return _item_differences(found, expected, where, unread=unread)
        case _:
            found_wrong = not _same(found, expected)
    return [f"{where}: {found!r} is not {expected!r}"] if found_wrong else []


def _same(found: Any, expected: Any) -> bool:
    """Whether two values are equal; true is no number."""
    if isinstance(expected, str) and _same_instant(found, expected):
        return True
    return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)


def _member_differences(
    found: Any, expected: Only | dict[str, Any], where: str, *, unread: frozenset[str]
) -> list[str]:
    if not isinstance(found, dict):
        return [f"{where}: {found!r} is no object"]
    members = expected.members if isinstance(expected, Only) else expected
    extra = sorted(found.keys() - members.keys()) if isinstance(expected, Only) else []
    results = [f"{where}/{name} is there too" for name in extra]
    for name, each in members.items():
        path = f"{where}/{name}"
        is_unread = any(path.endswith(f"/{end}") for end in unread)
        if name in found and is_unread:
            results.append(f"{path} is read after all")
        elif name in found:
            results += differences(found[name], each, path, unread=unread)
        elif not is_unread:
            results.append(f"{path} is missing")
    return results


def _item_differences(
    found: Any, expected: list[Any] | tuple[Any, ...], where: str, *, unread: frozenset[str]
) -> list[str]:
    if not isinstance(found, list | tuple) or len(found) != len(expected):
        return [f"{where}: {found!r} is no list of {len(expected)}"]
    return [
        difference
        for i, (one, each) in enumerate(zip(found, expected, strict=True))
        for difference in differences(one, each, f"{where}/{i}", unread=unread)
    ]


def _missing_items(found: Any, expected: Has, where: str, *, unread: frozenset[str]) -> list[str]:
    return [
        f"{where}: nothing like {item!r} in {found!r}"
        for item in expected.items
        if not any(not differences(each, item, unread=unread) for each in found)
    ]


def _csv_differences(found: Any, expected: Csv, where: str) -> list[str]:
    if not isinstance(found, str):
        return [f"{where}: {found!r} is no text"]
    rows = list(csv.reader(io.StringIO(found)))
    header = expected.header.split(",")
    return differences(rows, [header, *expected.rows], where, unread=frozenset())


def _same_instant(found: Any, expected: str) -> bool:
    one, other = _instant(found), _instant(expected)
    return one is not None and one == other


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    return datetime.fromisoformat(value)
