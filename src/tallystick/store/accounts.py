"""Users, their sessions, and the keys of other systems; secrets arrive here as digests."""

from datetime import datetime

from tallystick.core.errors import AlreadyExists
from tallystick.core.ids import UserId
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("accounts")


async def insert_user(  # noqa: PLR0913 - by name
    tx: Tx, *, email: str, name: str, password_hash: str, is_admin: bool, now: datetime
) -> UserId:
    """Insert a user; the id comes back.

    Errors: AlreadyExists if the e-mail address is taken, in whatever case.
    """
    with refused_as({"user_account_email_key": AlreadyExists("user", "email", email)}):
        return UserId(
            await tx.fetchval(_SQL["insert_user"], now, email, name, password_hash, is_admin)
        )


async def has_users(reader: Reader) -> bool:
    """Whether there is any user yet."""
    return bool(await reader.fetchval(_SQL["has_users"]))


async def find_user(reader: Reader, email: str) -> Record | None:
    """`user_id` and `password_hash` of the user with this e-mail address."""
    return await reader.fetchrow(_SQL["find_user"], email)


async def insert_session(
    tx: Tx, *, token_digest: bytes, user_id: UserId, now: datetime, expires_at: datetime
) -> None:
    """Insert a session and forget those that have expired."""
    await tx.execute(_SQL["delete_expired_sessions"], now)
    await tx.execute(_SQL["insert_session"], token_digest, user_id, now, expires_at)


async def delete_session(tx: Tx, token_digest: bytes) -> None:
    """End the session of this token."""
    await tx.execute(_SQL["delete_session"], token_digest)


async def find_session(reader: Reader, token_digest: bytes, *, now: datetime) -> Record | None:
    """`user_id`, `email` and `is_admin` of whoever is signed in with this token."""
    return await reader.fetchrow(_SQL["find_session"], token_digest, now)


async def insert_key(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    kind: str,
    name: str,
    sandbox: bool,
    digest: bytes,
    now: datetime,
    expires_at: datetime,
) -> int:
    """Insert an API key; its id comes back."""
    return int(await tx.fetchval(_SQL["insert_key"], now, expires_at, kind, name, sandbox, digest))


async def find_key(reader: Reader, digest: bytes, *, now: datetime) -> Record | None:
    """`api_key_id`, `kind`, `name` and `sandbox` of the key, unless it has expired."""
    return await reader.fetchrow(_SQL["find_key"], digest, now)
