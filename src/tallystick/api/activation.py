"""Activating points that wait for it, and deleting a member's transactions."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.core.errors import InvalidField
from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.validity import NEVER, render_instant
from tallystick.edges.transactions import Flags, Instant
from tallystick.services.activation import Activated, activate_session, activate_transactions
from tallystick.services.deletion import delete_transactions

UUIDS_MAX = 50


class ActivatePoints(msgspec.Struct, forbid_unknown_fields=True):
    """Which points are to be activated: exactly one of the two."""

    transactionUUIDs: (
        Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=UUIDS_MAX)] | None
    ) = None
    sessionId: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


class LedgerEntryBody(msgspec.Struct, omit_defaults=True):
    """An entry of the ledger. An immediate start and an unlimited expiry are left out."""

    created: Instant
    programID: int
    type: str
    amount: Decimal
    name: str
    subLedgerID: str
    customerProfileID: str | None = None
    customerSessionID: str | None = None
    startDate: Instant | None = None
    expiryDate: Instant | None = None
    userID: int | None = None
    flags: Flags | None = None
    validityDuration: str | None = None


class LedgerEntriesBody(msgspec.Struct):
    """The additions whose points were activated."""

    ledgerEntries: list[LedgerEntryBody]


class DeleteTransactions(msgspec.Struct, forbid_unknown_fields=True):
    """From which ledgers the transactions are to be deleted; "" is the main ledger."""

    scope: Literal["AllSubledgers", "SelectedSubledgers"]
    subledgerIds: list[str] | None = None


async def activate(call: Call[Nothing, ActivatePoints]) -> LedgerEntriesBody:
    """Activate points that wait for it.

    They can be spent from now on, and their validity begins to run. Transactions that wait for
    nothing stay as they are and are not in the answer.
    """
    program, body = await call.profile_program(), call.body
    if (body.transactionUUIDs is None) == (body.sessionId is None):
        fix = "write either transactionUUIDs or sessionId"
        found = "both" if body.sessionId is not None else "neither"
        raise InvalidField("sessionId", found, fix)
    if body.sessionId is not None:
        activated = await activate_session(
            call.context, program, body.sessionId, caller=call.caller
        )
    else:
        assert body.transactionUUIDs is not None
        activated = await activate_transactions(
            call.context, program, body.transactionUUIDs, caller=call.caller
        )
    return LedgerEntriesBody(ledgerEntries=[_entry(program, each) for each in activated])


def _entry(program: Program, activated: Activated) -> LedgerEntryBody:
    expires_at = activated.shown_expires_at
    return LedgerEntryBody(
        created=render_instant(activated.recorded_at),
        programID=program.id,
        type="addition",
        amount=decimal_of(activated.amount),
        name=activated.name,
        subLedgerID=activated.subledger,
        customerProfileID=activated.integration_id,
        customerSessionID=activated.session_id,
        startDate=render_instant(activated.starts_at),
        expiryDate=None if expires_at == NEVER else render_instant(expires_at),
        userID=activated.user_id,
    )


async def delete(call: Call[Nothing, DeleteTransactions]) -> None:
    """Delete a member's transactions from all ledgers of a program, or from some.

    Balances and lists answer from then on as if they had never been, at every instant. In the books
    each stays, together with its opposite: ask for a balance `asKnownAt` an earlier instant to see
    what was known then.
    """
    body = call.body
    selected = body.scope == "SelectedSubledgers"
    if selected and body.subledgerIds is None:
        raise InvalidField("subledgerIds", "nothing", 'list the ledgers, the main one as ""')
    await delete_transactions(
        call.context,
        await call.profile_program(),
        call.integration_id(),
        subledgers=body.subledgerIds if selected else None,
        caller=call.caller,
    )
