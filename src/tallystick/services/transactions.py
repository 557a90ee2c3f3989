"""Transactions of a member or a program, page by page, and the log as a file."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import MemberTransaction, Transaction
from tallystick.core.validity import render_instant
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.exports import record_export
from tallystick.store import transactions as store
from tallystick.store.db import Sink, Tx
from tallystick.store.transactions import TransactionFilter

__all__ = [
    "DateFormat",
    "Page",
    "ProgramPage",
    "TransactionFilter",
    "export_transactions",
    "list_program_transactions",
    "list_transactions",
]


class DateFormat(Enum):
    """How instants are written in a file; always in UTC."""

    EXCEL = "excel"
    ISO8601 = "ISO8601"


_PATTERNS = {
    DateFormat.EXCEL: "YYYY-MM-DD HH24:MI:SS",
    DateFormat.ISO8601: 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Transactions, the newest first, and whether older ones follow."""

    transactions: list[Transaction]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPage:
    """Transactions of all members, the newest first, and whether older ones follow."""

    transactions: list[MemberTransaction]
    has_more: bool


async def list_transactions(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    wanted: TransactionFilter,
    page_size: int,
    skip: int,
) -> Page:
    """A page of a member's transactions. Errors: NotFound if there is no such profile."""
    async with context.database.reader() as reader:
        found = await store.holder_transactions(
            reader,
            profile_holder(integration_id, program.environment),
            program.id,
            wanted=wanted,
            at_most=page_size + 1,
            skip=skip,
        )
    if found is None:
        raise NotFound("customer profile", integration_id)
    return Page(transactions=found[:page_size], has_more=len(found) > page_size)


async def list_program_transactions(
    context: Context, program: Program, *, wanted: TransactionFilter, page_size: int, skip: int
) -> ProgramPage:
    """A page of the transactions of all members."""
    async with context.database.reader() as reader:
        found = await store.program_transactions(
            reader, program.id, wanted=wanted, at_most=page_size + 1, skip=skip
        )
    return ProgramPage(transactions=found[:page_size], has_more=len(found) > page_size)


async def export_transactions(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    *,
    caller: Caller | None = None,
    integration_id: IntegrationId | None = None,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    date_format: DateFormat = DateFormat.EXCEL,
    output: Sink,
) -> None:
    """Write the transaction log as CSV to `output`, by member and in the order of recording.

    It is written down that `caller`, None for a command, took the file. Errors: NotFound if there
    is no such profile.
    """
    now = context.clock()
    holder_id = integration_id and profile_holder(integration_id, program.environment)
    filter_ = {
        "integrationId": integration_id,
        "rangeStart": from_at and render_instant(from_at),
        "rangeEnd": to_at and render_instant(to_at),
        "dateFormat": date_format.value,
    }

    async def begin(tx: Tx) -> None:
        if holder_id and not await store.has_holder(tx, holder_id):
            raise NotFound("customer profile", integration_id or "")
        await record_export(
            tx,
            caller,
            "LoyaltyLedgerLog",
            program_id=program.id,
            filter_={name: value for name, value in filter_.items() if value is not None},
            now=now,
        )

    await context.database.write(begin)
    async with context.database.copying() as reader:
        await store.copy_transactions(
            reader,
            program.id,
            holder_id=holder_id or None,
            from_at=from_at,
            to_at=to_at,
            instant_pattern=_PATTERNS[date_format],
            output=output,
        )
