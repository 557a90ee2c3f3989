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


class Origin(Enum):
    """Where a transaction came from, as people ask for it."""

    HAND = "hand"  # a person who was signed in
    API = "api"  # a key, sessions too
    IMPORT = "import"


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

    @property
    def adds(self) -> bool:
        """Whether points came in."""
        return self.kind is Kind.ADDITION

    @property
    def origin(self) -> Origin:
        """Where it came from."""
        if self.source is Source.IMPORT:
            return Origin.IMPORT
        by_person = self.source is Source.MANUAL and self.user_id is not None
        return Origin.HAND if by_person else Origin.API

    def is_pending_at(self, at: datetime) -> bool:
        """Whether its points become active only after an instant."""
        return self.adds and self.start_at is not None and self.start_at > at


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
class LoggedTransaction:
    """A transaction of a member's list, its number among the member's, and the balance after it.

    `balance_after` is what was active in the transaction's ledger at the moment of its recording,
    by all that had been recorded up to it, itself included. What was taken back later counts there,
    and of two that were recorded at one moment the earlier one does not know the later.
    """

    transaction: Transaction
    number: int
    balance_after: Points


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


class AmendmentKind(Enum):
    """What a later entry made of a transaction."""

    ACTIVATED = "activated"  # points that awaited an action start then
    TAKEN_BACK = "taken-back"  # as if it had never been
    REDUCED = "reduced"  # what was left of an imported addition is taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What was done about a transaction at `at`; `amount` is how many points that concerns."""

    kind: AmendmentKind
    at: datetime
    amount: Points
    user_email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotState:
    """The lot that a transaction made: of an addition its points, below zero the debt.

    Neither `amount` nor `left` is below zero; `left` is what is neither spent nor repaid by now,
    expired or not. An activation gives the lot another window.
    """

    amount: Points
    left: Points
    start_at: datetime
    expires_at: datetime
    is_debt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Points that `by` takes from the lot of `lot_of`, from `at` on; below zero it gives them back.

    start_at, expires_at: the lot's window. Of a debt they are repaid, or owed again below zero.
    """

    points: Points
    at: datetime
    start_at: datetime
    expires_at: datetime
    is_debt: bool
    lot_of: TransactionBrief
    by: TransactionBrief


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTransaction:
    """A transaction with what is known of how it came about.

    is_shown: whether lists have it; what was taken back they have not.
    """

    transaction: Transaction
    integration_id: IntegrationId
    number: int
    is_shown: bool
    user_email: str | None
    user_name: str | None
    import_file: str | None
    idempotency_key: str | None


class PointsStatus(Enum):
    """What unused points are at an instant."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"
