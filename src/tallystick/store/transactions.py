"""Reads transactions: pages of a holder's or a program's, and the log as a file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.core.ids import HolderId, ImportId, IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import (
    Kind,
    MemberTransaction,
    Source,
    Transaction,
    TransactionBrief,
)
from tallystick.store.copying import Rows, copy_rows
from tallystick.store.db import Reader, Record
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("transactions")

_LONG_LOG_BYTES = 50_000_000  # of the table
_SPAN_ENDS = (1, 5, 25, 50, 75)  # hundredths of all transactions
_NEXT = timedelta(microseconds=1)


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


async def first_holders(
    reader: Reader, program_id: ProgramId, *, at_most: int
) -> list[HolderId] | None:
    """All whom entries of the program are about; None if it has more entries than that."""
    row = await reader.fetchrow(_SQL["first_holders"], program_id, at_most + 1)
    assert row is not None
    return None if row["entries"] > at_most else row["holder_ids"] or []


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which transactions of a program go into a file; None leaves a column free.

    Both instants are inclusive. holder_ids: empty for everybody. import_id: as in the books.
    """

    to_at: datetime
    from_at: datetime | None = None
    holder_ids: tuple[HolderId, ...] = ()
    kind: Kind | None = None
    source: Source | None = None
    subledger: str | None = None
    import_id: ImportId | None = None


async def copy_transactions(
    reader: Reader,
    program_id: ProgramId,
    *,
    wanted: LogFilter,
    instant_pattern: str,
    rows: Rows,
) -> None:
    """Copy the transaction log, in the order of recording.

    A long one comes in spans of time, of which the first is short: to sort all of it takes a while.
    """
    for from_at, to_at in await _spans(reader, wanted):
        await copy_rows(
            reader,
            _SQL,
            "copy_transactions",
            program_id,
            list(wanted.holder_ids) or None,
            from_at,
            to_at,
            instant_pattern,
            None if wanted.kind is None else wanted.kind.value,
            None if wanted.source is None else wanted.source.value,
            wanted.subledger,
            wanted.import_id,
            rows=rows,
        )


async def _spans(reader: Reader, wanted: LogFilter) -> list[tuple[datetime | None, datetime]]:
    """The span that is wanted, in parts that follow one another; their ends are inclusive."""
    if wanted.holder_ids:
        return [(wanted.from_at, wanted.to_at)]
    bounds = await reader.fetchval(_SQL["recorded_bounds"], _LONG_LOG_BYTES) or []
    ends = [bounds[number] for number in _SPAN_ENDS if number < len(bounds)]
    ends = sorted({end for end in ends if (wanted.from_at or end) <= end < wanted.to_at})
    begins = [wanted.from_at, *(end + _NEXT for end in ends)]
    return list(zip(begins, [*ends, wanted.to_at], strict=True))


def brief_of(row: Record) -> TransactionBrief:
    """What a row says of a transaction in passing."""
    return TransactionBrief(
        id=row["transaction_id"],
        uuid=row["transaction_uuid"],
        kind=Kind(row["kind"]),
        source=Source(row["source"]),
        name=row["name"],
        session_id=row["session_id"],
        import_id=row["import_id"],
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
