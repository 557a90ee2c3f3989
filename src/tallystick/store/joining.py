"""Join dates: asked for, set, imported and written as a file; see `sql/joining.sql`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple

from tallystick.core.errors import Busy
from tallystick.core.ids import HolderId, ImportId, ProgramId, UserId
from tallystick.store.db import Reader, Sink, Tx, refused_as
from tallystick.store.programs import gone
from tallystick.store.queries import load_queries

_SQL = load_queries("joining")

STAGED_COLUMNS = ("line", "holder_id", "integration_id", "joined_at")


class Fault(NamedTuple):
    """A staged line that cannot be entered; `first_line` is of the same profile, if it is that."""

    line: int
    integration_id: str
    first_line: int | None


class Faults(NamedTuple):
    """The first of them in the order of the lines, and how many there are in all."""

    first: list[Fault]
    in_all: int


async def find_join_dates(
    reader: Reader, holder_id: HolderId, *, program_id: ProgramId | None = None, now: datetime
) -> dict[ProgramId, datetime]:
    """Since when the holder belongs to programs; only to those that were joined."""
    rows = await reader.fetch(_SQL["find_join_dates"], holder_id, program_id, now)
    return {row["program_id"]: row["joined_at"] for row in rows}


async def insert_membership(
    tx: Tx, holder_id: HolderId, program_id: ProgramId, *, now: datetime
) -> bool:
    """Set a join date; False if there was one already. Errors: NotFound."""
    with refused_as(gone(program_id)):
        return bool(await tx.fetchval(_SQL["insert_membership"], holder_id, program_id, now))


async def stage(tx: Tx, chunks: AsyncIterator[bytes]) -> int:
    """Copy rows, in the text format of COPY, into this transaction's staging table; how many."""
    await tx.execute(_SQL["create_staging"])
    await tx.copy_to_table("join_date_row", source=chunks, columns=STAGED_COLUMNS, format="text")
    await tx.execute(_SQL["analyze_staging"])
    return int(await tx.fetchval(_SQL["count_staged"]))


async def find_faults(tx: Tx, *, at_most: int) -> Faults:
    """The staged lines about profiles that are not there, or that stand there twice."""
    strangers = await tx.fetch(_SQL["staged_strangers"], at_most)
    twice = await tx.fetch(_SQL["staged_twice"], at_most)
    faults = [
        *(Fault(row["line"], row["integration_id"], None) for row in strangers),
        *(Fault(row["line"], row["integration_id"], row["first_line"]) for row in twice),
    ]
    in_all = sum(rows[0]["in_all"] for rows in (strangers, twice) if rows)
    return Faults(sorted(faults, key=lambda fault: fault.line)[:at_most], in_all)


async def enter_staged(tx: Tx, program_id: ProgramId) -> None:
    """Set the staged dates.

    Errors: NotFound; Busy if one of the profiles is erased at this moment.
    """
    with refused_as({"membership_holder_fkey": Busy("a member of the file")} | gone(program_id)):
        await tx.execute(_SQL["enter_staged"], program_id)


async def insert_import(  # noqa: PLR0913 - by name
    tx: Tx,
    program_id: ProgramId,
    *,
    user_id: UserId | None,
    now: datetime,
    file_name: str,
    file_digest: bytes,
    row_count: int,
) -> ImportId:
    """Insert the import's own row; its id comes back. Errors: NotFound."""
    values = program_id, user_id, now, file_name, file_digest, row_count
    with refused_as(gone(program_id)):
        return ImportId(await tx.fetchval(_SQL["insert_import"], *values))


async def copy_join_dates(
    reader: Reader, program_id: ProgramId, *, now: datetime, output: Sink
) -> None:
    """Write the join dates as CSV with its header, a line per member who has joined."""
    await reader.copy_from_query(
        _SQL["copy_join_dates"], program_id, now, output=output, format="csv", header=True
    )
