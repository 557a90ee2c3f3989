"""Reading transactions, of a member or of a whole program, page by page."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import TransactionsBody, instant_in
from tallystick.core.errors import InvalidField
from tallystick.core.transactions import Source
from tallystick.edges.transactions import (
    Instant,
    ProgramTransactionBody,
    program_transaction_body,
    transaction_body,
)
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
        data=[program_transaction_body(program, each) for each in page.transactions],
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
