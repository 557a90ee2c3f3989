"""Copies the rows of a query to a sink: as CSV, or as JSON, one object a line.

A query comes in two shapes of one name, of which the second ends in `_json`. A file over all
holders is copied slice by slice, so that its first bytes are there before the last holder is read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from tallystick.core.ids import HolderId
from tallystick.store.db import Reader, Sink
from tallystick.store.queries import load_queries

_SQL = load_queries("exports")

_SLICE_BYTES = 2_000_000  # of the table of holders: some fifteen thousand of them
_SLICES_MAX = 40  # the planner knows ids by the hundredth, and nothing of what is smaller
_ALL = 2**128

# In JSON text both are escaped wherever they stand, so nothing is quoted and a line stays a line.
_DELIMITER, _QUOTE = "\x01", "\x02"

Bounds = tuple[HolderId, HolderId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where rows go, and as what: CSV without a header, or JSON."""

    output: Sink
    as_json: bool = False


async def copy_rows(
    reader: Reader, queries: Mapping[str, str], name: str, *values: object, rows: Rows
) -> None:
    """Copy the rows of the query of that name."""
    if rows.as_json:
        await reader.copy_from_query(
            queries[f"{name}_json"],
            *values,
            output=rows.output,
            format="csv",
            delimiter=_DELIMITER,
            quote=_QUOTE,
        )
    else:
        await reader.copy_from_query(queries[name], *values, output=rows.output, format="csv")


async def slices(reader: Reader, holder_id: HolderId | None) -> list[Bounds]:
    """The first and the last holder of each slice, rising; a single one for one holder."""
    if holder_id is not None:
        return [(holder_id, holder_id)]
    size = int(await reader.fetchval(_SQL["holder_bytes"]))
    return list(_bounds(min(1 + size // _SLICE_BYTES, _SLICES_MAX)))


def _bounds(count: int) -> Iterator[Bounds]:
    """So many equal parts of all ids, which are spread evenly."""
    for number in range(count):
        first, end = _ALL * number // count, _ALL * (number + 1) // count
        yield HolderId(UUID(int=first)), HolderId(UUID(int=end - 1))
