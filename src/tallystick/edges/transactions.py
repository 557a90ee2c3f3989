"""A transaction as the API writes it; pages show the same to whoever builds on it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, MemberTransaction, Source, Transaction
from tallystick.core.validity import NEVER, render_instant

Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class Flags(msgspec.Struct):
    """What is special about a transaction."""

    createsNegativeBalance: bool


class TransactionBody(msgspec.Struct, omit_defaults=True):
    """The contract's transaction of a profile."""

    transactionUUID: str
    created: str
    programId: int
    type: str
    name: str
    startDate: str
    expiryDate: str
    subledgerId: str
    amount: Decimal
    id: int
    customerSessionId: str | None = None
    flags: Flags | None = None
    validityDuration: str | None = None


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


def start_text(start_at: datetime | None) -> str:
    """The start of points as they are shown: an instant, `immediate` or `on_action`."""
    if start_at is None:
        return "immediate"
    return "on_action" if start_at == NEVER else render_instant(start_at)


def expiry_text(expires_at: datetime) -> str:
    """The expiry of points as they are shown: an instant or `unlimited`."""
    return "unlimited" if expires_at == NEVER else render_instant(expires_at)


def transaction_body(program: Program, transaction: Transaction) -> TransactionBody:
    """A transaction on the wire; what is absent is left out, never null."""
    return TransactionBody(
        transactionUUID=str(transaction.uuid),
        created=render_instant(transaction.recorded_at),
        programId=program.id,
        type="addition" if transaction.kind is Kind.ADDITION else "subtraction",
        name=transaction.name,
        startDate=start_text(transaction.start_at),
        expiryDate=expiry_text(transaction.expires_at),
        subledgerId=transaction.subledger,
        amount=decimal_of(transaction.amount),
        id=transaction.id,
        customerSessionId=transaction.session_id,
        flags=Flags(createsNegativeBalance=True) if transaction.creates_negative else None,
        validityDuration=transaction.validity,
    )


def program_transaction_body(program: Program, listed: MemberTransaction) -> ProgramTransactionBody:
    """The same of a program's list, with whose it is."""
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
