"""Reading transactions, of a member or of a whole program, page by page."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import (
    Flags,
    Instant,
    TransactionsBody,
    instant_in,
    transaction_body,
)
from tallystick.core.errors import InvalidField
from tallystick.core.programs import Program
from tallystick.core.transactions import MemberTransaction, Source
from tallystick.services.transactions import (
    TransactionFilter,
    list_program_transactions,
    list_transactions,
)

PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Skip = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]


class TransactionsQuery(msgspec.Struct):
    """Which transactions are wanted; what is left out leaves nothing out."""

    customerSessionIDs: tuple[str, ...] = ()
    transactionUUIDs: tuple[UUID, ...] = ()
    subledgerId: str | None = None
    loyaltyTransactionType: Literal["manual", "session", "import"] | None = None
    startDate: Instant | None = None
    endDate: Instant | None = None
    pageSize: PageSize = 50
    skip: Skip = 0
    awaitsActivation: bool | None = None


class ProgramTransactionBody(msgspec.Struct, omit_defaults=True):
    """A transaction of a program, with whose it is, and who made it by hand."""

    id: int
    transactionUUID: str
    created: Instant
    programId: int
    type: str
    amount: Decimal
    name: str
    startDate: str
    expiryDate: str
    subledgerId: str
    customerProfileId: str
    customerSessionId: str | None = None
    importId: int | None = None
    userId: int | None = None
    userEmail: str | None = None
    flags: Flags | None = None
    validityDuration: str | None = None


class ProgramTransactionsBody(msgspec.Struct):
    """A page of a program's transactions, the newest first."""

    hasMore: bool
    data: list[ProgramTransactionBody]


async def get_transactions(call: Call[TransactionsQuery, Nothing]) -> TransactionsBody:
    """A page of a member's transactions, the newest first."""
    program = await call.profile_program()
    page = await list_transactions(
        call.context,
        program,
        call.integration_id(),
        wanted=_wanted(call),
        page_size=call.query.pageSize,
        skip=call.query.skip,
    )
    return TransactionsBody(
        hasMore=page.has_more,
        data=[transaction_body(program, transaction) for transaction in page.transactions],
    )


async def get_program_transactions(
    call: Call[TransactionsQuery, Nothing],
) -> ProgramTransactionsBody:
    """A page of the transactions of all members of a program, the newest first."""
    program = await call.profile_program()
    page = await list_program_transactions(
        call.context,
        program,
        wanted=_wanted(call),
        page_size=call.query.pageSize,
        skip=call.query.skip,
    )
    return ProgramTransactionsBody(
        hasMore=page.has_more,
        data=[_program_transaction_body(program, each) for each in page.transactions],
    )


def _wanted(call: Call[TransactionsQuery, Nothing]) -> TransactionFilter:
    """What the parameters ask for. Errors: InvalidField."""
    query = call.query
    if query.awaitsActivation is False:
        raise InvalidField("awaitsActivation", "false", "write true, or leave it out")
    kind = query.loyaltyTransactionType
    return TransactionFilter(
        subledger=query.subledgerId,
        source=Source[kind.upper()] if kind else None,
        from_at=instant_in(query.startDate, "startDate"),
        to_at=instant_in(query.endDate, "endDate"),
        awaiting_activation_at=call.context.clock() if query.awaitsActivation else None,
        session_ids=query.customerSessionIDs,
        uuids=query.transactionUUIDs,
    )


def _program_transaction_body(
    program: Program, listed: MemberTransaction
) -> ProgramTransactionBody:
    transaction = listed.transaction
    shown = transaction_body(program, transaction)
    by_hand = transaction.source is Source.MANUAL
    return ProgramTransactionBody(
        id=shown.id,
        transactionUUID=shown.transactionUUID,
        created=shown.created,
        programId=shown.programId,
        type=shown.type,
        amount=shown.amount,
        name=shown.name,
        startDate=shown.startDate,
        expiryDate=shown.expiryDate,
        subledgerId=shown.subledgerId,
        customerProfileId=listed.integration_id,
        customerSessionId=shown.customerSessionId,
        importId=transaction.import_id,
        userId=transaction.user_id if by_hand else None,
        userEmail=listed.user_email if by_hand else None,
        flags=shown.flags,
        validityDuration=shown.validityDuration,
    )
