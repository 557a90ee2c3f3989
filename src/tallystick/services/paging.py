"""Reading the pages of lists that are read by key."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tallystick.core.paging import KeyedPage, Place

Row = TypeVar("Row")


async def read_page(
    read: Callable[[Place], Awaitable[KeyedPage[Row]]], place: Place
) -> KeyedPage[Row]:
    """The page at a place; who comes back to the beginning of a list finds the first page full."""
    page = await read(place)
    if place.before is not None and page.before is None:
        page = await read(Place())
    return page
