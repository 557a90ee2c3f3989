"""The structs of the contract: field names as on the wire, and how ours become theirs.

Amounts are JSON numbers with at most two decimals; instants are RFC 3339 text in UTC.
"""

import re
from datetime import datetime
from decimal import Decimal

import msgspec

from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidField
from tallystick.core.points import FIX as POINTS_FIX
from tallystick.core.points import Points, decimal_of, points_of
from tallystick.core.validity import Duration, parse_duration, parse_instant
from tallystick.edges.transactions import Instant, TransactionBody

ACCOUNT_ID = 1  # an installation is one account
INSTANT_FIX = "write an instant like 2026-06-30T23:59:59Z"


class AddPoints(msgspec.Struct, forbid_unknown_fields=False):
    """The body of `addLoyaltyPoints`. `points` is read digit by digit, never as binary."""

    points: msgspec.Raw
    name: str | None = None
    validityDuration: str | None = None
    validUntil: Instant | None = None
    pendingDuration: str | None = None
    pendingUntil: Instant | None = None
    subledgerId: str | None = None
    applicationId: int | None = None


class DeductPoints(msgspec.Struct):
    """The body of `removeLoyaltyPoints`."""

    points: msgspec.Raw
    name: str | None = None
    subledgerId: str | None = None
    applicationId: int | None = None


class BalanceBody(msgspec.Struct):
    """The contract's balance of one ledger."""

    activePoints: Decimal
    pendingPoints: Decimal
    spentPoints: Decimal
    expiredPoints: Decimal
    negativePoints: Decimal


class BalancesBody(msgspec.Struct, omit_defaults=True):
    """The answer of `getLoyaltyBalances`."""

    balance: BalanceBody | None = None
    subledgerBalances: dict[str, BalanceBody] | None = None


class TransactionsBody(msgspec.Struct):
    """A page of transactions, the newest first."""

    hasMore: bool
    data: list[TransactionBody]


class ImportBody(msgspec.Struct):
    """The contract's record of an import; `amount` counts its rows."""

    id: int
    created: str
    accountId: int
    userId: int
    entity: str
    amount: int


class NewSession(msgspec.Struct):
    """The body of `createSession`. `code` is ours, and asked for only if a second factor is set."""

    email: str
    password: str
    code: str | None = None


class SessionBody(msgspec.Struct):
    """The answer of `createSession`."""

    userId: int
    token: str
    created: str


def balance_body(balance: Balance) -> BalanceBody:
    """A balance on the wire."""
    return BalanceBody(
        activePoints=decimal_of(balance.active),
        pendingPoints=decimal_of(balance.pending),
        spentPoints=decimal_of(balance.spent),
        expiredPoints=decimal_of(balance.expired),
        negativePoints=decimal_of(balance.negative),
    )


_NUMBER = re.compile(rb"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")


def points_in(raw: msgspec.Raw, field: str = "points") -> Points:
    """The exact amount of a JSON number. Errors: InvalidField."""
    return points_of(number_in(raw, field), field=field)


def number_in(raw: msgspec.Raw, field: str) -> Decimal:
    """A JSON number, digit by digit. Errors: InvalidField."""
    text = bytes(raw)
    if len(text) > 100 or _NUMBER.fullmatch(text) is None:
        raise InvalidField(field, text[:40].decode("utf-8", "replace"), POINTS_FIX)
    return Decimal(text.decode())


def instant_in(text: str | None, field: str) -> datetime | None:
    """The instant that a field or parameter names, None if it is absent. Errors: InvalidField."""
    if text is None:
        return None
    instant = parse_instant(text)
    if instant is None:
        raise InvalidField(field, repr(text[:60]), INSTANT_FIX)
    return instant


def duration_in(text: str, field: str, keywords: str) -> Duration:
    """The duration in a field. Errors: InvalidField."""
    duration = parse_duration(text)
    if duration is None:
        fix = f"write {keywords}, or a number with s, m, h, D, W, M or Y, like 90D or 1M_U"
        raise InvalidField(field, repr(text[:60]), fix)
    return duration
