"""Reads transactions: pages of one holder's, and the log as a file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.ids import HolderId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import Kind, Source, Transaction
from tallystick.store.balances import Sink
from tallystick.store.db import Reader, Record
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
    rows = await reader.fetch(
        _SQL["holder_transactions"],
        holder_id,
        program_id,
        wanted.subledger,
        wanted.source,
        wanted.from_at,
        wanted.to_at,
        wanted.awaiting_activation_at,
        wanted.session_ids or None,
        wanted.uuids or None,
        at_most,
        skip,
    )
    if not rows and await reader.fetchval(_SQL["find_holder"], holder_id) is None:
        return None
    return [_transaction(row) for row in rows]


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
        amount=Points(row["amount"]),
        name=row["name"],
        subledger=row["subledger"],
        start_at=row["shown_start_at"],
        expires_at=row["shown_expires_at"],
        creates_negative=row["creates_negative"],
        validity=row["validity"],
        session_id=row["session_id"],
    )
