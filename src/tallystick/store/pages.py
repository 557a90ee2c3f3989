"""Reads a page of a list, planned for the very values that are asked for.

A statement that the driver remembers is planned without its values from the sixth time on. For a
list that is a disaster: whether a filter is null and how small the page is decides whether an index
that has the order is read for fifty rows, or a million rows are sorted. So these statements are
prepared each time anew; that costs a round trip, and the plan is the one for the values.
"""

from tallystick.store.db import Reader, Record


async def fetch_page(reader: Reader, sql: str, *values: object) -> list[Record]:
    """The rows of a statement whose filters may be null."""
    statement = await reader.prepare(sql)
    return await statement.fetch(*values)
