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

_FAULTS_AT_ONCE = 10_000

STAGED_COLUMNS = ("line", "holder_id", "integration_id", "joined_at")


class Fault(NamedTuple):
    """A staged line that cannot be entered; `first_line` has the same profile, if there is one."""

    line: int
    integration_id: str
    is_stranger: bool
    first_line: int | None


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


async def stage(tx: Tx, chunks: AsyncIterator[bytes]) -> None:
    """Copy rows, in the text format of COPY, into this transaction's staging table."""
    await tx.execute(_SQL["create_staging"])
    await tx.copy_to_table("join_date_row", source=chunks, columns=STAGED_COLUMNS, format="text")
    await tx.execute(_SQL["analyze_staging"])


async def count_staged(tx: Tx) -> int:
    """How many rows are staged."""
    return int(await tx.fetchval(_SQL["count_staged"]))


async def take_faults(tx: Tx) -> AsyncIterator[list[Fault]]:
    """The staged lines about profiles that are not there, or that stand there twice.

    Shape: in the order of the lines, some thousand at a time; they are not staged any more.
    """
    await tx.execute(_SQL["mark_faults"])
    while rows := await tx.fetch(_SQL["take_faults"], _FAULTS_AT_ONCE):
        yield sorted(Fault(*row) for row in rows)


async def enter_staged(tx: Tx, program_id: ProgramId) -> None:
    """Set the staged dates.

    Errors: NotFound; Busy if one of the profiles is erased at this moment.
    """
    with refused_as({"membership_holder_fkey": Busy("a member of the file")} | gone(program_id)):
        await tx.execute(_SQL["enter_staged"], program_id)


async def insert_import(  # noqa: PLR0913 - by name
    tx: Tx,
    import_id: ImportId,
    program_id: ProgramId,
    *,
    user_id: UserId | None,
    now: datetime,
    file_name: str,
    file_digest: bytes,
    row_count: int,
) -> None:
    """Insert the import's own row. Errors: NotFound."""
    values = import_id, program_id, user_id, now, file_name, file_digest, row_count
    with refused_as(gone(program_id)):
        await tx.execute(_SQL["insert_import"], *values)


async def copy_join_dates(
    reader: Reader, program_id: ProgramId, *, now: datetime, output: Sink
) -> None:
    """Write the join dates as CSV with its header, a line per member who has joined."""
    await reader.copy_from_query(
        _SQL["copy_join_dates"], program_id, now, output=output, format="csv", header=True
    )
