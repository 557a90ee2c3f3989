"""The kinds of ids, each its own type, and how the ids that are worked out are worked out."""

import hashlib
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NewType
from uuid import UUID

ProgramId = NewType("ProgramId", int)
SubledgerId = NewType("SubledgerId", int)
ApplicationId = NewType("ApplicationId", int)
UserId = NewType("UserId", int)
ImportId = NewType("ImportId", int)
ExportId = NewType("ExportId", int)
ApprovalId = NewType("ApprovalId", int)
HolderId = NewType("HolderId", UUID)
IntegrationId = NewType("IntegrationId", str)

MAIN_LEDGER = SubledgerId(0)  # the ledger that has no name

# The namespace of holder ids. It must never change: every stored id follows from it.
_HOLDERS = UUID("7a1b5c0e-2f64-5d1c-9d0b-74a3f3f6a0d1").bytes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION_AND_VARIANT = 0xF << 76 | 0x3 << 62


class Environment(Enum):
    """Where a profile lives; the same integration id may exist once in each."""

    LIVE = "live"
    SANDBOX = "sandbox"


def profile_holder(integration_id: IntegrationId, environment: Environment) -> HolderId:
    """The id of the profile's holder: uuid5 of its natural key, the same on every machine."""
    key = f"profile\x1f{environment.value}\x1f{integration_id}"
    digest = hashlib.sha1(_HOLDERS + key.encode(), usedforsecurity=False).digest()
    return HolderId(UUID(bytes=digest[:16], version=5))


def uuid7(at: datetime, randomness: bytes) -> UUID:
    """A uuid of version 7: the milliseconds of `at`, then the given ten random bytes."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    number = milliseconds << 80 | int.from_bytes(randomness)
    return UUID(int=(number & ~_VERSION_AND_VARIANT) | 0x7 << 76 | 0x2 << 62)
