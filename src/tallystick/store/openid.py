"""Identities at OpenID providers, and who is on the way to one; tokens arrive here as digests."""

from datetime import datetime

from tallystick.core.errors import NotAllowed
from tallystick.core.ids import UserId
from tallystick.core.openid import Identity
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("openid")


async def insert_start(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    state_digest: bytes,
    browser_digest: bytes,
    user_id: UserId | None,
    way_on: str,
    address: str | None,
    expires_at: datetime,
) -> None:
    """Write down that somebody goes to the provider."""
    await tx.execute(
        _SQL["insert_start"], state_digest, browser_digest, user_id, way_on, address, expires_at
    )


async def count_starts(tx: Tx, address: str | None, *, now: datetime) -> int:
    """How many have gone from that address and may come back; the others are deleted."""
    await tx.execute(_SQL["delete_expired_starts"], now)
    return int(await tx.fetchval(_SQL["count_starts"], address))


async def take_start(
    tx: Tx, *, state_digest: bytes, browser_digest: bytes, now: datetime
) -> Record | None:
    """`user_id` and `way_on` of who is back in time with the same browser; it is gone now."""
    return await tx.fetchrow(_SQL["take_start"], state_digest, browser_digest, now)


async def find_identity(reader: Reader, issuer: str, subject: str) -> UserId | None:
    """The user whom the issuer means by that subject."""
    user_id = await reader.fetchval(_SQL["find_identity"], issuer, subject)
    return None if user_id is None else UserId(user_id)


async def list_identities(reader: Reader, user_id: UserId) -> list[Identity]:
    """The identities of a user, one an issuer, the first connected first."""
    rows = await reader.fetch(_SQL["list_identities"], user_id)
    return [
        Identity(
            issuer=row["issuer"],
            subject=row["subject"],
            email=row["email"],
            connected_at=row["connected_at"],
        )
        for row in rows
    ]


async def insert_identity(tx: Tx, user_id: UserId, identity: Identity) -> None:
    """Connect an identity to a user. Errors: NotAllowed if it is somebody else's by now."""
    taken = NotAllowed("connect this account", "it is connected to somebody else")
    with refused_as({"identity_subject_key": taken}):
        await tx.execute(
            _SQL["insert_identity"],
            user_id,
            identity.issuer,
            identity.subject,
            identity.email,
            identity.connected_at,
        )


async def delete_identities(tx: Tx, user_id: UserId, *, issuer: str | None = None) -> None:
    """Disconnect all identities of a user, or that of one issuer."""
    await tx.execute(_SQL["delete_identities"], user_id, issuer)
