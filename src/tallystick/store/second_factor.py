"""Second factors, recovery codes and unfinished sign-ins; secrets arrive sealed or as digests."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from tallystick.core.ids import UserId
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("second_factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFactor:
    """A second factor as it is kept. confirmed_at: None before its first code."""

    sealed_secret: bytes = field(repr=False)
    begun_at: datetime
    confirmed_at: datetime | None

    @property
    def is_asked_for(self) -> bool:
        """Whether signing in takes a code of it."""
        return self.confirmed_at is not None


async def begin_second_factor(
    tx: Tx, user_id: UserId, sealed_secret: bytes, *, now: datetime
) -> bool:
    """Write a factor that waits for its first code, in place of such; False if one is confirmed."""
    args = user_id, sealed_secret, now
    return await tx.fetchval(_SQL["begin_second_factor"], *args) is not None


async def find_second_factor(reader: Reader, user_id: UserId) -> StoredFactor | None:
    """The factor of a user, confirmed or not."""
    row = await reader.fetchrow(_SQL["find_second_factor"], user_id)
    return None if row is None else StoredFactor(**row)


async def find_asked_factor(reader: Reader, user_id: UserId) -> StoredFactor | None:
    """The factor that a user has to show; None for one that is not confirmed as well."""
    found = await find_second_factor(reader, user_id)
    return found if found is not None and found.is_asked_for else None


async def confirm_second_factor(tx: Tx, user_id: UserId, *, now: datetime) -> None:
    """Let the factor of a user be asked for from now on."""
    await tx.execute(_SQL["confirm_second_factor"], user_id, now)


async def use_step(tx: Tx, user_id: UserId, step: int) -> bool:
    """Let no code of that step or an earlier one be good any more; False if none was."""
    return await tx.fetchval(_SQL["use_step"], user_id, step) is not None


async def delete_second_factor(tx: Tx, user_id: UserId) -> None:
    """Delete the factor of a user with all recovery codes, if there is one."""
    await tx.execute(_SQL["delete_recovery_codes"], user_id)
    await tx.execute(_SQL["delete_second_factor"], user_id)


async def replace_recovery_codes(tx: Tx, user_id: UserId, digests: Collection[bytes]) -> None:
    """Let these be the recovery codes of a user."""
    await tx.execute(_SQL["delete_recovery_codes"], user_id)
    await tx.execute(_SQL["insert_recovery_codes"], user_id, list(digests))


async def use_recovery_code(tx: Tx, user_id: UserId, digest: bytes) -> bool:
    """Whether there was such a code; it is gone now."""
    return await tx.fetchval(_SQL["use_recovery_code"], user_id, digest) is not None


async def count_recovery_codes(reader: Reader, user_id: UserId) -> int:
    """How many recovery codes a user has left."""
    return int(await reader.fetchval(_SQL["count_recovery_codes"], user_id))


async def insert_unfinished(
    tx: Tx, token_digest: bytes, user_id: UserId, *, now: datetime, expires_at: datetime
) -> None:
    """Insert an unfinished sign-in and forget those that have expired."""
    await tx.execute(_SQL["delete_expired_unfinished"], now)
    await tx.execute(_SQL["insert_unfinished"], token_digest, user_id, now, expires_at)


async def find_unfinished(reader: Reader, token_digest: bytes, *, now: datetime) -> Record | None:
    """`user_id` and `email` of the active user who has begun to sign in."""
    return await reader.fetchrow(_SQL["find_unfinished"], token_digest, now)


async def take_unfinished(tx: Tx, token_digest: bytes, *, now: datetime) -> bool:
    """Whether there was such an unfinished sign-in; it is gone now."""
    return await tx.fetchval(_SQL["take_unfinished"], token_digest, now) is not None
