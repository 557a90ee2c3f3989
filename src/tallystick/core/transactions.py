"""What a transaction is once it is in the books; the numbers are those the database keeps."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

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
    amount: Points
    name: str
    subledger: str
    start_at: datetime | None
    expires_at: datetime
    creates_negative: bool
    validity: str | None
    session_id: str | None
