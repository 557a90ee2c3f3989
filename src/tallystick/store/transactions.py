"""Reads transactions: pages of a holder's or a program's, and the log as a file."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.core.ids import HolderId, ImportId, IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import (
    Amendment,
    AmendmentKind,
    Kind,
    LoggedTransaction,
    LotState,
    MemberTransaction,
    Origin,
    RecordedTransaction,
    Source,
    Taking,
    Transaction,
    TransactionBrief,
)
from tallystick.store.copying import Rows, copy_rows
from tallystick.store.db import Reader, Record
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("transactions")

LONG_LOG_BYTES = 50_000_000  # of the table
FEW_ENTRIES = 5_000  # what a program with no more of them has is read from its entries at once
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSearch:
    """Which transactions of a log are looked for; None leaves a column free.

    Both instants are inclusive. reason: part of the transaction's name, in any letters.
    """

    kind: Kind | None = None
    origin: Origin | None = None
    subledger: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    import_id: ImportId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSearch:
    """Whose transactions: ids that begin with a text, and the holders if these are few."""

    id_prefix: str = ""
    holder_ids: tuple[HolderId, ...] | None = None


LogKey = tuple[datetime, int]  # when a transaction was recorded, and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """So many entries of a program, from the one of that key on, or from the newest one on.

    Backwards they are those that were recorded after it.
    """

    key: LogKey | None
    backwards: bool
    look: int


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
    return [_member_transaction(row) for row in rows]


async def holder_log(  # noqa: PLR0913 - by name
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    wanted: LogSearch,
    number: int | None,
    backwards: bool,
    at_most: int,
) -> list[LoggedTransaction]:
    """A member's transactions from the one of that number on, the newest first.

    Backwards they come in the order of recording.
    """
    rows = await fetch_page(
        reader,
        _SQL["holder_log_before" if backwards else "holder_log_after"],
        program_id,
        holder_id,
        wanted.from_at,
        wanted.to_at,
        number,
        at_most,
        *_search(wanted),
    )
    return [
        LoggedTransaction(
            transaction=_transaction(row),
            number=row["txn_no"],
            balance_after=Points(row["balance_after"]),
        )
        for row in rows
    ]


async def program_log(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    wanted: LogSearch,
    members: MemberSearch,
    span: Span,
    at_most: int,
) -> list[MemberTransaction]:
    """Those of the entries of a span that are wanted, the newest first.

    Backwards they come in the order of recording.
    """
    rows = await fetch_page(
        reader,
        _SQL["program_log_before" if span.backwards else "program_log_after"],
        program_id,
        members.holder_ids,
        wanted.from_at,
        wanted.to_at,
        *(span.key or (None, None)),
        *_search(wanted),
        span.look,
        members.id_prefix,
        at_most,
    )
    return [_member_transaction(row) for row in rows]


async def program_log_end(
    reader: Reader,
    program_id: ProgramId,
    *,
    wanted: LogSearch,
    members: MemberSearch,
    span: Span,
) -> LogKey | None:
    """The last entry of a span; None if there are fewer."""
    rows = await fetch_page(
        reader,
        _SQL["log_end_before" if span.backwards else "log_end_after"],
        program_id,
        members.holder_ids,
        wanted.from_at,
        wanted.to_at,
        *(span.key or (None, None)),
        span.look,
    )
    return (rows[0]["recorded_at"], rows[0]["transaction_id"]) if rows else None


async def find_transaction(
    reader: Reader, program_id: ProgramId, name: UUID | int
) -> tuple[HolderId, RecordedTransaction] | None:
    """The transaction of that uuid or id with its holder, also one that was taken back."""
    uuid, number = (name, None) if isinstance(name, UUID) else (None, name)
    rows = await fetch_page(reader, _SQL["find_transaction"], program_id, uuid, number)
    if not rows:
        return None
    [row] = rows
    return row["holder_id"], RecordedTransaction(
        transaction=_transaction(row),
        integration_id=row["integration_id"],
        number=row["txn_no"],
        is_shown=row["is_shown"],
        user_email=row["user_email"],
        user_name=row["user_name"],
        import_file=row["import_file"],
        idempotency_key=row["idempotency_key"],
    )


async def find_named(
    reader: Reader, program_ids: Collection[ProgramId], name: UUID | int
) -> list[tuple[ProgramId, IntegrationId, TransactionBrief]]:
    """The transactions of that uuid or id in these programs, each with its program and member."""
    uuid, number = (name, None) if isinstance(name, UUID) else (None, name)
    rows = await fetch_page(reader, _SQL["find_named"], list(program_ids), uuid, number)
    return [(row["program_id"], row["integration_id"], brief_of(row)) for row in rows]


async def find_memberships(
    reader: Reader, holder_ids: Collection[HolderId], program_ids: Collection[ProgramId]
) -> list[tuple[HolderId, ProgramId]]:
    """In which of these programs the holders have entries."""
    rows = await reader.fetch(_SQL["find_memberships"], list(holder_ids), list(program_ids))
    return [(row["holder_id"], row["program_id"]) for row in rows]


_AMENDMENTS = {3: AmendmentKind.ACTIVATED, 4: AmendmentKind.REDUCED}


async def list_amendments(reader: Reader, holder_id: HolderId, number: int) -> list[Amendment]:
    """What later entries made of a holder's transaction of that number, in order."""
    return [
        Amendment(
            kind=_AMENDMENTS.get(row["kind"], AmendmentKind.TAKEN_BACK),
            at=row["recorded_at"],
            amount=Points(row["amount"]),
            user_email=row["user_email"],
        )
        for row in await reader.fetch(_SQL["list_amendments"], holder_id, number)
    ]


async def find_lot(
    reader: Reader, holder_id: HolderId, number: int, *, at: datetime
) -> LotState | None:
    """The lot that a holder's transaction of that number made, with what is left of it at `at`."""
    row = await reader.fetchrow(_SQL["find_lot"], holder_id, number, at)
    if row is None:
        return None
    return LotState(
        amount=Points(abs(row["amount"])),
        left=Points(abs(row["remains"])),
        start_at=row["start_at"],
        expires_at=row["expires_at"],
        is_debt=row["amount"] < 0,
    )


async def list_takings(reader: Reader, holder_id: HolderId, number: int) -> list[Taking]:
    """What a holder's transaction of that number took, and what was taken from its lot."""
    return [
        Taking(
            points=Points(row["points"]),
            at=row["effective_at"],
            start_at=row["start_at"],
            expires_at=row["expires_at"],
            is_debt=row["debt"],
            lot_of=brief_of(row, "lot_of_"),
            by=brief_of(row),
        )
        for row in await reader.fetch(_SQL["list_takings"], holder_id, number)
    ]


def _search(wanted: LogSearch) -> tuple[object, ...]:
    return (
        wanted.kind,
        wanted.origin and wanted.origin.value,
        wanted.subledger,
        wanted.import_id,
        wanted.reason,
    )


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


async def is_long_log(reader: Reader) -> bool:
    """Whether all programs together have so many entries that to read them takes seconds."""
    return bool(await reader.fetchval(_SQL["is_long_log"], LONG_LOG_BYTES))


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
    bounds = await reader.fetchval(_SQL["recorded_bounds"], LONG_LOG_BYTES) or []
    ends = [bounds[number] for number in _SPAN_ENDS if number < len(bounds)]
    ends = sorted({end for end in ends if (wanted.from_at or end) <= end < wanted.to_at})
    begins = [wanted.from_at, *(end + _NEXT for end in ends)]
    return list(zip(begins, [*ends, wanted.to_at], strict=True))


def brief_of(row: Record, prefix: str = "") -> TransactionBrief:
    """What a row says of a transaction in passing, in columns with that prefix."""
    return TransactionBrief(
        id=row[f"{prefix}transaction_id"],
        uuid=row[f"{prefix}transaction_uuid"],
        kind=Kind(row[f"{prefix}kind"]),
        source=Source(row[f"{prefix}source"]),
        name=row[f"{prefix}name"],
        session_id=row[f"{prefix}session_id"],
        import_id=row[f"{prefix}import_id"],
    )


def _member_transaction(row: Record) -> MemberTransaction:
    return MemberTransaction(
        transaction=_transaction(row),
        integration_id=IntegrationId(row["integration_id"]),
        user_email=row["user_email"],
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
