"""Transactions of a member or a program, page by page."""

from dataclasses import dataclass

from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import MemberTransaction, Transaction
from tallystick.services.context import Context
from tallystick.store import transactions as store
from tallystick.store.transactions import TransactionFilter

__all__ = [
    "Page",
    "ProgramPage",
    "TransactionFilter",
    "list_program_transactions",
    "list_transactions",
]


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
