"""What expires and becomes active, day by day, as a file; see `sql/expiring.sql`."""

from collections.abc import Sequence
from datetime import datetime

from tallystick.core.exports import LocalDay
from tallystick.core.ids import HolderId, ProgramId
from tallystick.store.copying import Rows, copy_rows, slices
from tallystick.store.db import Reader
from tallystick.store.queries import load_queries

_SQL = load_queries("expiring")


async def copy_expiring(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    at: datetime,
    days: Sequence[LocalDay],
    holder_id: HolderId | None,
    subledger: str | None,
    rows: Rows,
) -> None:
    """Copy what changes after `at`, as known then, a line per member, subledger and day.

    days: one after the other, at least one.
    """
    begins, names = [day.starts_at for day in days], [day.date.isoformat() for day in days]
    for first, last in await slices(reader, holder_id):
        await copy_rows(
            reader,
            _SQL,
            "copy_expiring",
            at,
            program_id,
            first,
            last,
            subledger,
            begins,
            names,
            days[-1].ends_at,
            rows=rows,
        )
