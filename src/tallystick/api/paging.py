"""Pages and their order, for the lists of the account."""

from collections.abc import Collection
from typing import Annotated

import msgspec

from tallystick.core.errors import InvalidField, shown

PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Skip = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]


class PageQuery(msgspec.Struct):
    """Which page of a list."""

    pageSize: PageSize = 1000
    skip: Skip = 0


class SortedQuery(PageQuery):
    """Which page of a list, in which order."""

    sort: str = "id"


def sort_in(text: str, words: Collection[str]) -> str:
    """How to sort: one of the words, downwards with - in front. Errors: InvalidField."""
    if text.removeprefix("-") not in words:
        known = ", ".join(sorted(words))
        raise InvalidField("sort", shown(text), f"write {known}, or one of them after a minus")
    return text
