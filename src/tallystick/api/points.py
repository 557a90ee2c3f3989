"""Adding and deducting points, balances and transactions of a member."""

from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import (
    AddPoints,
    BalancesBody,
    DeductPoints,
    Instant,
    TransactionsBody,
    balance_body,
    duration_in,
    instant_in,
    line_in,
    points_in,
    transaction_body,
)
from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidField
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import Expiry, Keyword, Start
from tallystick.services.balances import member_balances
from tallystick.services.posting import Posting
from tallystick.services.programs import get_profile_program
from tallystick.services.transactions import TransactionFilter, list_transactions

SUBLEDGER_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 255
KEY_LENGTH_MAX = 255


async def add_points(call: Call[Nothing, AddPoints]) -> Response:
    """Add points to a member's ledger, making the subledger if it is new."""
    return await _post(call, Kind.ADDITION, start=_start(call.body), expiry=_expiry(call.body))


async def deduct_points(call: Call[Nothing, DeductPoints]) -> Response:
    """Deduct active points from a member's ledger, the soonest to expire first."""
    return await _post(call, Kind.SUBTRACTION)


async def _post(
    call: Call[Nothing, AddPoints] | Call[Nothing, DeductPoints],
    kind: Kind,
    *,
    start: Start | None = None,
    expiry: Expiry | None = None,
) -> Response:
    """Post it for whoever calls, under the key that came along."""
    body = call.body
    posting = Posting(
        program_id=call.program_id(),
        integration_id=call.integration_id(),
        kind=kind,
        points=points_in(body.points),
        name=line_in(body.name, "name", at_most=TEXT_LENGTH_MAX),
        subledger=line_in(body.subledgerId, "subledgerId", at_most=SUBLEDGER_LENGTH_MAX),
        start=start,
        expiry=expiry,
        user_id=call.caller.user_id if call.caller else None,
        idempotency_key=_idempotency_key(call.request),
    )
    posted = await call.house.writer.post(posting)
    headers = {"Idempotency-Replayed": "true"} if posted.replayed else None
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= KEY_LENGTH_MAX and key.isprintable()):
        fix = f"write 1 to {KEY_LENGTH_MAX} printable characters, like a UUID"
        raise InvalidField("Idempotency-Key", repr(key[:40]), fix)
    return key


def _start(body: AddPoints) -> Start | None:
    _only_one("pendingDuration", body.pendingDuration, "pendingUntil", body.pendingUntil)
    if body.pendingDuration in {Keyword.IMMEDIATE.value, Keyword.ON_ACTION.value}:
        return Keyword(body.pendingDuration)
    if body.pendingDuration is not None:
        return duration_in(body.pendingDuration, "pendingDuration", "immediate, on_action")
    return instant_in(body.pendingUntil, "pendingUntil")


def _expiry(body: AddPoints) -> Expiry | None:
    _only_one("validityDuration", body.validityDuration, "validUntil", body.validUntil)
    if body.validityDuration == Keyword.UNLIMITED.value:
        return Keyword.UNLIMITED
    if body.validityDuration is not None:
        return duration_in(body.validityDuration, "validityDuration", "unlimited")
    return instant_in(body.validUntil, "validUntil")


def _only_one(field: str, value: str | None, other: str, other_value: str | None) -> None:
    if value is not None and other_value is not None:
        raise InvalidField(other, repr(other_value[:60]), f"leave it out, or leave out {field}")


class BalancesQuery(msgspec.Struct):
    """The parameters of `getLoyaltyBalances`; `asKnownAt` is ours."""

    endDate: Instant | None = None
    subledgerId: str | None = None
    includeTiers: bool = False
    includeProjectedTier: bool = False
    asKnownAt: Instant | None = None


async def get_balances(call: Call[BalancesQuery, Nothing]) -> BalancesBody:
    """Balances of a member's ledgers at any instant, now if none is given.

    Source: decision I-20 for what a subledger parameter leaves out.
    """
    query = call.query
    program = await get_profile_program(call.context, call.program_id())
    balances = await member_balances(
        call.context,
        program,
        call.integration_id(),
        at=instant_in(query.endDate, "endDate"),
        known_at=instant_in(query.asKnownAt, "asKnownAt"),
    )
    bodies = {name: balance_body(balance) for name, balance in balances.items()}
    main = bodies.pop("")
    if query.subledgerId is None:
        return BalancesBody(balance=main, subledgerBalances=bodies)
    if not query.subledgerId:
        return BalancesBody(balance=main)
    name = query.subledgerId
    return BalancesBody(subledgerBalances={name: bodies.get(name, balance_body(Balance()))})


class TransactionsQuery(msgspec.Struct):
    """The parameters of `getLoyaltyProgramProfileTransactions`."""

    customerSessionIDs: tuple[str, ...] = ()
    transactionUUIDs: tuple[UUID, ...] = ()
    subledgerId: str | None = None
    loyaltyTransactionType: Literal["manual", "session", "import"] | None = None
    startDate: Instant | None = None
    endDate: Instant | None = None
    pageSize: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    skip: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)] = 0
    awaitsActivation: bool | None = None


async def get_transactions(call: Call[TransactionsQuery, Nothing]) -> TransactionsBody:
    """A page of a member's transactions, the newest first."""
    query = call.query
    if query.awaitsActivation is False:
        raise InvalidField("awaitsActivation", "false", "write true, or leave it out")
    kind = query.loyaltyTransactionType
    program = await get_profile_program(call.context, call.program_id())
    page = await list_transactions(
        call.context,
        program,
        call.integration_id(),
        wanted=TransactionFilter(
            subledger=query.subledgerId,
            source=Source[kind.upper()] if kind else None,
            from_at=instant_in(query.startDate, "startDate"),
            to_at=instant_in(query.endDate, "endDate"),
            awaiting_activation_at=call.context.clock() if query.awaitsActivation else None,
            session_ids=query.customerSessionIDs,
            uuids=query.transactionUUIDs,
        ),
        page_size=query.pageSize,
        skip=query.skip,
    )
    return TransactionsBody(
        hasMore=page.has_more,
        data=[transaction_body(program, transaction) for transaction in page.transactions],
    )
