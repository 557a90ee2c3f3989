"""Pages of lists that are read by key: each goes on from a row, and costs what the first does."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tallystick.core.errors import InvalidField, shown

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: right after the row of a key, or ends: right before it.

    With neither it is the first page. Keys are those of a `KeyedPage`, and mean nothing else.
    """

    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedPage(Generic[Row]):
    """Rows in the order of the list, and the keys of the pages on both sides, if there are any.

    A filter that lets few rows pass is not followed without an end: then a page has fewer rows than
    were asked for, perhaps none, and the key from which to look further.
    """

    rows: list[Row]
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedCount:
    """How many there are; where that is not exact, there are at least so many."""

    count: int
    is_exact: bool


def place_key(place: Place, numbers: int) -> tuple[int, ...] | None:
    """The numbers of the key at which reading begins, None for the first page.

    Errors: InvalidField for a key that no page has told.
    """
    field, key = ("after", place.after) if place.before is None else ("before", place.before)
    if key is None:
        return None
    pattern = "-".join([r"([0-9]{1,18})"] * numbers)
    match = re.fullmatch(pattern, key, re.ASCII)
    if match is None:
        raise InvalidField(field, shown(key), "take it from a page of this list, or leave it out")
    return tuple(map(int, match.groups()))


def keyed_page(
    found: Sequence[Row],
    place: Place,
    *,
    page_size: int,
    key: Callable[[Row], str],
    looked_until: str | None = None,
) -> KeyedPage[Row]:
    """The page of what was found from `place` on, in the direction of reading.

    found: one more than the page has, if there are so many. looked_until: the key of the row at
    which the looking ended, None if it came to the end of the list.
    """
    rows = list(found[:page_size])
    ahead = key(rows[-1]) if len(found) > page_size else looked_until
    behind = key(rows[0]) if rows else looked_until
    if place.before is not None:
        return KeyedPage(rows=rows[::-1], before=ahead, after=behind)
    return KeyedPage(rows=rows, before=None if place.after is None else behind, after=ahead)
