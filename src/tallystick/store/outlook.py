"""What is ahead of a program: worked out, stored, and read; see `sql/outlook.sql`."""

from collections.abc import Sequence
from datetime import datetime

from tallystick.core.ids import HolderId, ProgramId
from tallystick.core.outlook import Outlook
from tallystick.core.points import Points
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("outlook")


async def work_out(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    holder_ids: Sequence[HolderId],
    *,
    at: datetime,
    ends: Sequence[datetime],
    subledger: str | None,
) -> Outlook:
    """What is ahead of these holders in one ledger, or in all; `ends` are those of the days."""
    values = program_id, list(holder_ids), at, list(ends), subledger
    rows = await fetch_page(reader, _SQL["work_out"], *values)
    return _outlook(rows[0], at, ends[-1]) if rows else Outlook(at=at, until=ends[-1])


async def store_outlook(
    tx: Tx, program_id: ProgramId, *, at: datetime, ends: Sequence[datetime]
) -> None:
    """Work out the same of all holders in all ledgers, and let it take the place of what is stored.

    It is due at once, until it is postponed.
    """
    await tx.execute(_SQL["forget_outlook"], program_id)
    await fetch_page(tx, _SQL["store_outlook"], program_id, None, at, list(ends))


async def postpone(tx: Tx, program_id: ProgramId, *, due_at: datetime) -> None:
    """Leave what is stored of a program alone until an instant."""
    await tx.execute(_SQL["postpone"], program_id, due_at)


async def list_due(reader: Reader, *, now: datetime, few: int) -> list[tuple[ProgramId, str]]:
    """The programs of more than a few entries whose outlook is due, with their time zones."""
    rows = await reader.fetch(_SQL["list_due"], now, few)
    return [(row["program_id"], row["timezone"]) for row in rows]


async def find_outlook(
    reader: Reader, program_id: ProgramId, *, subledger: str | None
) -> Outlook | None:
    """What is stored of one ledger, or of all together; None if nothing is."""
    row = await reader.fetchrow(_SQL["find_outlook"], program_id, subledger)
    return None if row is None else _outlook(row, row["at"], row["until"])


def _outlook(row: Record, at: datetime, until: datetime) -> Outlook:
    return Outlook(
        at=at,
        until=until,
        expiring=Points(row["expiring"]),
        expiring_members=row["expiring_members"],
        largest=Points(row["largest"]),
        largest_until=row["largest_until"],
        activating=Points(row["activating"]),
        activating_members=row["activating_members"],
        owed=Points(row["owed"]),
        owing_members=row["owing_members"],
    )
