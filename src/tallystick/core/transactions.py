"""What a transaction is once it is in the books; the numbers are those the database keeps."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from uuid import UUID

from tallystick.core.ids import ImportId, IntegrationId, UserId
from tallystick.core.points import Points


class Kind(IntEnum):
    """Which way the points go."""

    ADDITION = 1
    SUBTRACTION = 2


class Source(IntEnum):
    """Who caused the transaction: a person or system by hand, a session, a file."""

    MANUAL = 1
    SESSION = 2
    IMPORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as it is shown: `amount` is above zero, `kind` is its direction.

    `start_at` is None for "immediate" and NEVER for "on_action"; `expires_at` is NEVER for
    "unlimited". Both are as they were given or worked out when the points were added.
    """

    id: int
    uuid: UUID
    recorded_at: datetime
    kind: Kind
    source: Source
    amount: Points
    name: str
    subledger: str
    start_at: datetime | None
    expires_at: datetime
    creates_negative: bool
    validity: str | None
    session_id: str | None
    user_id: UserId | None = None
    import_id: ImportId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBrief:
    """What a line says that speaks of a transaction in passing."""

    id: int
    uuid: UUID
    kind: Kind
    source: Source
    name: str
    session_id: str | None
    import_id: ImportId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTransaction:
    """A transaction of a program's list: whose it is, and the email of the user who made it."""

    transaction: Transaction
    integration_id: IntegrationId
    user_email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedPoints:
    """What is left at an instant of the points that a transaction added.

    `id`, `uuid`, `recorded_at`, `name` and `session_id` are those of that transaction, `user_id`
    names who made it by hand; `start_at` and `expires_at` are as it is shown, so an activation has
    given them a date.
    """

    id: int
    uuid: UUID
    recorded_at: datetime
    left: Points
    name: str
    subledger: str
    start_at: datetime | None
    expires_at: datetime
    validity: str | None
    session_id: str | None
    user_id: UserId | None


class PointsStatus(Enum):
    """What unused points are at an instant."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"
