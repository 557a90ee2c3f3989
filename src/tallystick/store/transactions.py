"""Reads transactions: pages of a holder's or a program's, and the log as a file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.ids import HolderId, IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import Kind, MemberTransaction, Source, Transaction
from tallystick.store.db import Reader, Record, Sink
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("transactions")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """Which transactions are wanted; None leaves a column free. Both instants are inclusive."""

    subledger: str | None = None
    source: Source | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    awaiting_activation_at: datetime | None = None
    session_ids: tuple[str, ...] = ()
    uuids: tuple[UUID, ...] = ()


async def holder_transactions(  # noqa: PLR0913 - by name
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    wanted: TransactionFilter,
    at_most: int,
    skip: int,
) -> list[Transaction] | None:
    """A page of transactions, the newest first; None if there is no such holder."""
    rows = await fetch_page(
        reader,
        _SQL["holder_transactions"],
        holder_id,
        program_id,
        *_filters(wanted),
        at_most,
        skip,
    )
    if not rows and not await has_holder(reader, holder_id):
        return None
    return [_transaction(row) for row in rows]


async def program_transactions(
    reader: Reader,
    program_id: ProgramId,
    *,
    wanted: TransactionFilter,
    at_most: int,
    skip: int,
) -> list[MemberTransaction]:
    """A page of the transactions of all members, the newest first."""
    rows = await fetch_page(
        reader, _SQL["program_transactions"], program_id, *_filters(wanted), at_most, skip
    )
    return [
        MemberTransaction(
            transaction=_transaction(row),
            integration_id=IntegrationId(row["integration_id"]),
            user_email=row["user_email"],
        )
        for row in rows
    ]


def _filters(wanted: TransactionFilter) -> tuple[object, ...]:
    """The values of the filters in the order in which both lists take them."""
    return (
        wanted.subledger,
        wanted.source,
        wanted.from_at,
        wanted.to_at,
        wanted.awaiting_activation_at,
        wanted.session_ids or None,
        wanted.uuids or None,
    )


async def has_holder(reader: Reader, holder_id: HolderId) -> bool:
    """Whether there is such a holder."""
    return await reader.fetchval(_SQL["find_holder"], holder_id) is not None


async def copy_transactions(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    holder_id: HolderId | None,
    from_at: datetime | None,
    to_at: datetime | None,
    instant_pattern: str,
    output: Sink,
) -> None:
    """Write the transaction log as CSV with its header."""
    await reader.copy_from_query(
        _SQL["copy_transactions"],
        program_id,
        holder_id,
        from_at,
        to_at,
        instant_pattern,
        output=output,
        format="csv",
        header=True,
    )


def _transaction(row: Record) -> Transaction:
    return Transaction(
        id=row["transaction_id"],
        uuid=row["transaction_uuid"],
        recorded_at=row["recorded_at"],
        kind=Kind(row["kind"]),
        source=Source(row["source"]),
        amount=Points(row["amount"]),
        name=row["name"],
        subledger=row["subledger"],
        start_at=row["shown_start_at"],
        expires_at=row["shown_expires_at"],
        creates_negative=row["creates_negative"],
        validity=row["validity"],
        session_id=row["session_id"],
        user_id=row["user_id"],
        import_id=row["import_id"],
    )
