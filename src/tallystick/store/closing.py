"""Which days are closed, and what has changed under them since; see `sql/closing.sql`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.dashboard import Day
from tallystick.core.ids import HolderId, ProgramId
from tallystick.store.dashboard import close_days
from tallystick.store.db import Reader, Tx
from tallystick.store.queries import load_queries

__all__ = [
    "Books",
    "announce",
    "forget_touched",
    "give_room",
    "list_books",
    "list_stored",
    "store_days",
    "take_closing",
    "touch_days",
    "touch_taken_back",
]

_SQL = load_queries("closing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A program in which something was posted, and how far its days are closed."""

    program_id: ProgramId
    zone: str
    first_at: datetime
    closed_until: datetime | None
    is_touched: bool


async def touch_days(tx: Tx, from_at: Mapping[ProgramId, datetime]) -> None:
    """Note that what this transaction enters changes days of these programs from an instant on.

    Whoever changes what a day's figures are worked out from calls this, or `touch_taken_back`, in
    the same transaction.
    """
    if from_at:
        await tx.execute(_SQL["touch_days"], list(from_at), list(from_at.values()))


async def touch_taken_back(tx: Tx, holder_id: HolderId, first_no: int, last_no: int) -> None:
    """The same for entries that have just got these opposites."""
    await tx.execute(_SQL["touch_taken_back"], holder_id, first_no, last_no)


async def list_books(reader: Reader) -> list[Books]:
    """The programs whose days are closed."""
    return [
        Books(
            program_id=row["program_id"],
            zone=row["timezone"],
            first_at=row["first_at"],
            closed_until=row["closed_until"],
            is_touched=row["is_touched"],
        )
        for row in await reader.fetch(_SQL["list_programs"])
    ]


async def take_closing(tx: Tx, program_id: ProgramId) -> datetime | None:
    """Up to when days of the program may have been closed; None while another closes them."""
    await tx.execute(_SQL["insert_closing"], program_id)
    closed_until: datetime | None = await tx.fetchval(_SQL["take_closing"], program_id)
    return closed_until


async def announce(
    tx: Tx, program_id: ProgramId, *, until: datetime, at_most_milliseconds: int
) -> None:
    """From the commit on, entries in days that end by `until` are noted; the program is taken.

    What was entered before and not noted is committed by then. Errors: LockTimeout.
    """
    await tx.execute(_SQL["limit_wait"], f"{at_most_milliseconds}ms")
    await tx.execute(_SQL["wait_for_entries"])
    await tx.execute(_SQL["announce"], program_id, until)


async def forget_touched(tx: Tx, program_id: ProgramId) -> None:
    """Take out the days that were touched; the program is taken."""
    rows = await tx.fetch(_SQL["forget_touches"], program_id)
    if rows:
        await tx.execute(_SQL["forget_days"], program_id, min(row["from_at"] for row in rows))


async def list_stored(reader: Reader, program_id: ProgramId) -> set[Day]:
    """The days that are stored."""
    rows = await reader.fetch(_SQL["list_stored"], program_id)
    return {Day(starts_at=row["starts_at"], ends_at=row["ends_at"]) for row in rows}


async def store_days(
    tx: Tx, program_id: ProgramId, days: Sequence[Day], *, before: Sequence[Day]
) -> None:
    """Work out days that follow one another and store them; the program is taken.

    before: the days from the program's first entry to the first of these.
    """
    await give_room(tx)
    await close_days(tx, program_id, days, before=before)


async def give_room(tx: Tx) -> None:
    """Let this transaction sort and count members by the million."""
    await tx.execute(_SQL["give_room"])
