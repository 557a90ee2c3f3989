"""The staging and entering of an import of points; see `sql/imports.sql`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tallystick.core.ids import HolderId, ImportId, ProgramId, SubledgerId, UserId
from tallystick.core.import_jobs import Effects
from tallystick.core.points import Points
from tallystick.store.db import Record, Tx, refused_as
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
class StagedDoubts:
    """Staged rows that are right and may yet be a mistake: how many and the first lines, by code.

    usual: the amount that half of the rows exceed.
    """

    counts: dict[str, int]
    lines: dict[str, list[int]]
    usual: Points


class DebtorRow(NamedTuple):
    """A staged row of a member who owes points, and the member's last entry."""

    holder_id: HolderId
    subledger_id: SubledgerId
    line: int
    amount: Points
    start_at: datetime | None
    expires_at: datetime
    last_no: int
    last_at: datetime


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
    import_id: ImportId,
    program_id: ProgramId,
    staged: Staged,
    *,
    user_id: UserId | None,
    now: datetime,
    file_name: str,
    file_digest: bytes,
) -> None:
    """Insert the import's own row. Errors: NotFound."""
    with refused_as(gone(program_id)):
        await tx.execute(
            _SQL["insert_import"],
            import_id,
            program_id,
            user_id,
            now,
            file_name,
            file_digest,
            staged.row_count,
            staged.amount,
        )


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


async def examine(  # noqa: PLR0913 - by name
    tx: Tx, program_id: ProgramId, *, now: datetime, soon: timedelta, times: int, lines_max: int
) -> tuple[int, Effects, StagedDoubts]:
    """How many rows are staged, what they would change, debts apart, and what is doubtful."""
    await tx.execute(_SQL["give_room"])
    usual = await tx.fetchval(_SQL["usual_amount"]) or 0
    large = usual * times
    row = await tx.fetchrow(_SQL["sum_rows"], program_id, now, now + soon, large)
    assert row is not None
    asked = {
        "starts_in_past": (now,),
        "already_expired": (now,),
        "expires_soon": (now, now + soon),
        "unusually_large": (large,),
    }
    repeated = await tx.fetchrow(_SQL["find_repeated"], lines_max)
    assert repeated is not None
    counts, lines = {"repeated_row": repeated["row_count"]}, {"repeated_row": repeated["lines"]}
    for code, values in asked.items():
        counts[code] = row[code]
        found = await tx.fetch(_SQL[code], *values, lines_max) if row[code] else []
        lines[code] = [each["line"] for each in found]
    doubts = StagedDoubts(counts=counts, lines=lines, usual=Points(usual))
    return row["row_count"], _effects(row), doubts


def _effects(row: Record) -> Effects:
    amount, pending, expired = row["amount"], row["pending"], row["expired"]
    return Effects(
        amount=Points(amount),
        active=Points(amount - pending - expired),
        pending=Points(pending),
        expired=Points(expired),
        members=row["members"],
        new_members=row["new_members"],
        new_subledgers=row["new_subledgers"],
    )


async def list_rows_of_debtors(tx: Tx, program_id: ProgramId, *, now: datetime) -> list[DebtorRow]:
    """The staged rows of members who owe points, by member and line."""
    rows = await tx.fetch(_SQL["list_rows_of_debtors"], program_id, now)
    return [DebtorRow(**dict(row)) for row in rows]
