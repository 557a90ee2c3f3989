"""Sessions of users; tokens arrive here as digests."""

from datetime import datetime

from tallystick.core.ids import UserId
from tallystick.core.sessions import OpenSession, SessionKind
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("sessions")


async def insert_session(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    token_digest: bytes,
    user_id: UserId,
    kind: SessionKind,
    now: datetime,
    expires_at: datetime,
    address: str | None,
    user_agent: str,
) -> None:
    """Insert a session and forget those that have expired."""
    await tx.execute(_SQL["delete_expired_sessions"], now)
    await tx.execute(
        _SQL["insert_session"],
        token_digest,
        user_id,
        kind.value,
        now,
        expires_at,
        address,
        user_agent,
    )


async def find_session(reader: Reader, token_digest: bytes, *, now: datetime) -> Record | None:
    """Who is signed in with this token, and with which session.

    Shape: `user_id`, `email`, `is_admin`, `session_id`, `kind`, `created_at`, `seen_at`.
    """
    return await reader.fetchrow(_SQL["find_session"], token_digest, now)


async def see_session(tx: Tx, session_id: int, *, now: datetime, expires_at: datetime) -> None:
    """Write down when a session was last seen, and when it ends now."""
    await tx.execute(_SQL["see_session"], session_id, now, expires_at)


async def list_sessions(reader: Reader, user_id: UserId, *, now: datetime) -> list[OpenSession]:
    """The sessions of a user, the last seen first."""
    rows = await reader.fetch(_SQL["list_sessions"], user_id, now)
    return [_session(row) for row in rows]


async def delete_session(tx: Tx, token_digest: bytes) -> UserId | None:
    """Whose session is ended, if there was one."""
    user_id: UserId | None = await tx.fetchval(_SQL["delete_session"], token_digest)
    return user_id


async def delete_user_session(tx: Tx, user_id: UserId, session_id: int) -> bool:
    """End a session of a user; whether there was one."""
    return await tx.fetchval(_SQL["delete_user_session"], user_id, session_id) is not None


async def delete_user_sessions(tx: Tx, user_id: UserId, *, but: int | None = None) -> list[int]:
    """End all sessions of a user but one, and unfinished sign-ins; the sessions that ended."""
    await tx.execute(_SQL["delete_unfinished"], user_id)
    rows = await tx.fetch(_SQL["delete_user_sessions"], user_id, but)
    return sorted(row["session_id"] for row in rows)


def _session(row: Record) -> OpenSession:
    return OpenSession(
        session_id=row["session_id"],
        kind=SessionKind(row["kind"]),
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        address=row["address"],
        user_agent=row["user_agent"],
    )
