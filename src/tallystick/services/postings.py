"""Wishes to add or deduct points, and what may become of one."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec

from tallystick.core.errors import Refusal
from tallystick.core.ids import ApprovalId, IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import Expiry, Start, written
from tallystick.services.callers import Caller
from tallystick.store.roles import Poster


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The wish to add or deduct points; `start` and `expiry` None mean the program's defaults.

    caller: whose wish it is, None for a command. may_wait: whether it waits for a second person
    where the program says so; one that was approved does not.
    """

    program_id: ProgramId
    integration_id: IntegrationId
    kind: Kind
    points: Points
    name: str = ""
    subledger: str = ""
    start: Start | None = None
    expiry: Expiry | None = None
    source: Source = Source.MANUAL
    caller: Caller | None = None
    session_id: str | None = None
    idempotency_key: str | None = None
    may_wait: bool = True

    @property
    def poster(self) -> Poster | None:
        """The person who posts, and where; None for a key or a command."""
        user_id = self.caller.user_id if self.caller else None
        return None if user_id is None else (user_id, self.program_id)

    def fingerprint(self) -> bytes:
        """What makes this request the same as another one under the same idempotency key."""
        wish = [
            self.program_id,
            self.integration_id,
            self.kind.value,
            self.points,
            self.name,
            self.subledger,
            written(self.start),
            written(self.expiry),
            self.source.value,
            self.session_id,
        ]
        return hashlib.sha256(msgspec.json.encode(wish)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The transactions that a posting made, or had made when its key was first sent."""

    transaction_uuids: tuple[UUID, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Nothing was posted: it waits for a second person, or began to when its key was first sent."""

    approval_id: ApprovalId
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The holder, or what its poster may post today, was locked by another transaction.

    Nothing was decided; post again.
    """


Outcome = Posted | Asked | Refusal | Waiting
