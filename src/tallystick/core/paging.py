"""Pages of lists that are read by key: each goes on from a row, and costs what the first does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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


def keyed_page(
    found: Sequence[Row],
    place: Place,
    *,
    page_size: int,
    key: Callable[[Row], str],
    looked_until: str | None,
) -> KeyedPage[Row]:
    """The page of what was found from `place` on, in the direction of reading.

    found: one more than the page has, if there are so many. looked_until: the key of the row at
    which the looking ended, None if it came to the end of the list.
    """
    rows = list(found[:page_size])
    ahead = key(rows[-1]) if len(found) > page_size else looked_until
    if place.before is not None:
        return KeyedPage(rows=rows[::-1], before=ahead, after=key(rows[0]) if rows else None)
    came_from = place.after is not None and rows
    return KeyedPage(rows=rows, before=key(rows[0]) if came_from else None, after=ahead)
