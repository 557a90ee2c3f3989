"""The staging and entering of an import of points; see `sql/imports.sql`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.ids import HolderId, ImportId, ProgramId, UserId
from tallystick.core.points import Points
from tallystick.store.db import Tx, refused_as
from tallystick.store.posting import LockedHolder
from tallystick.store.programs import gone
from tallystick.store.queries import load_queries

_SQL = load_queries("imports")

# The columns of the staging table in the order in which staged rows give them.
STAGED_COLUMNS = (
    "line",
    "holder_id",
    "integration_id",
    "amount",
    "start_at",
    "expires_at",
    "shown_expires_at",
    "validity",
    "subledger",
    "name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What the staged rows come to."""

    row_count: int
    amount: Points
    subledgers: list[str]


async def stage(tx: Tx, chunks: AsyncIterator[bytes]) -> None:
    """Copy rows, in the text format of COPY, into this transaction's staging table."""
    await tx.execute(_SQL["create_staging"])
    await tx.copy_to_table("import_row", source=chunks, columns=STAGED_COLUMNS, format="text")
    await tx.execute(_SQL["analyze_staging"])


async def sum_staged(tx: Tx) -> Staged:
    """Count and sum what was staged."""
    row = await tx.fetchrow(_SQL["sum_staging"])
    assert row is not None
    subledgers = [r["subledger"] for r in await tx.fetch(_SQL["list_staged_subledgers"])]
    return Staged(
        row_count=row["row_count"], amount=Points(row["amount"]), subledgers=sorted(subledgers)
    )


async def take_turn(tx: Tx) -> None:
    """Wait until no other import is being applied."""
    await tx.execute(_SQL["take_turn"])


async def insert_import(  # noqa: PLR0913 - by name
    tx: Tx,
    program_id: ProgramId,
    staged: Staged,
    *,
    user_id: UserId | None,
    now: datetime,
    file_name: str,
    file_digest: bytes,
) -> ImportId:
    """Insert the import's own row; its id comes back. Errors: NotFound."""
    with refused_as(gone(program_id)):
        import_id = await tx.fetchval(
            _SQL["insert_import"],
            program_id,
            user_id,
            now,
            file_name,
            file_digest,
            staged.row_count,
            staged.amount,
        )
    return ImportId(import_id)


async def number_holders(tx: Tx, *, now: datetime, sandbox: bool) -> int:
    """Make the members that are missing, lock them all and number their rows.

    How many were made comes back.
    """
    inserted = await tx.execute(_SQL["insert_staged_holders"], now, sandbox)
    await tx.execute(_SQL["number_staged_holders"], now)
    return int(inserted.rsplit(" ", 1)[1])


async def enter_rows(
    tx: Tx,
    program_id: ProgramId,
    import_id: ImportId,
    *,
    user_id: UserId | None,
    uuid_prefix: str,
) -> None:
    """Enter a transaction and a lot for each staged row.

    `uuid_prefix` is the first 24 hexadecimal digits of their uuids.
    """
    await tx.execute(_SQL["enter_staged_rows"], program_id, import_id, user_id, uuid_prefix)


async def list_debtors(tx: Tx) -> dict[HolderId, LockedHolder]:
    """The members of the import who may owe points."""
    rows = await tx.fetch(_SQL["list_staged_debtors"])
    return {
        row["holder_id"]: LockedHolder(
            last_no=row["last_no"], last_at=row["last_at"], owing_until=row["last_at"]
        )
        for row in rows
    }
