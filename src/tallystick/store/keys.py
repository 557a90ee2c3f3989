"""The keys of other systems; they arrive here as digests."""

import json
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.ids import ApplicationId, UserId
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("keys")

Endpoints = tuple[tuple[str, str | None], ...]  # path and method, pair by pair


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it is stored; `kind` is the word of the column. Without endpoints all are open."""

    key_id: int
    kind: str
    name: str
    created_at: datetime
    expires_at: datetime
    sandbox: bool
    application_id: ApplicationId | None
    user_id: UserId | None
    endpoints: Endpoints | None
    allowed_application_ids: tuple[ApplicationId, ...] | None
    used_at: datetime | None = None
    disabled: bool = False


async def insert_key(tx: Tx, key: KeyRow, *, digest: bytes) -> int:
    """Insert a key; the id comes back, that of `key` does not matter."""
    return int(
        await tx.fetchval(
            _SQL["insert_key"],
            key.created_at,
            key.expires_at,
            key.kind,
            key.name,
            key.sandbox,
            digest,
            key.application_id,
            key.user_id,
            None if key.endpoints is None else json.dumps(key.endpoints),
            key.allowed_application_ids,
        )
    )


async def find_key(reader: Reader, digest: bytes, *, now: datetime) -> KeyRow | None:
    """The key of this digest, unless it has expired or is disabled."""
    row = await reader.fetchrow(_SQL["find_key"], digest, now)
    return _key(row) if row else None


async def list_keys(
    reader: Reader, *, kind: str | None = None, application_id: ApplicationId | None = None
) -> list[KeyRow]:
    """The keys of that kind and application, or all of them, in the order of their ids."""
    return [_key(row) for row in await reader.fetch(_SQL["list_keys"], kind, application_id)]


async def note_use(tx: Tx, key_id: int, *, now: datetime) -> None:
    """Write down when the key was last shown."""
    await tx.execute(_SQL["note_use"], key_id, now)


async def delete_key(
    tx: Tx, key_id: int, *, kind: str | None = None, application_id: ApplicationId | None = None
) -> KeyRow | None:
    """The key that is deleted, if it was of that kind and application, or of any."""
    row = await tx.fetchrow(_SQL["delete_key"], kind, application_id, key_id)
    return _key(row) if row else None


def _key(row: Record) -> KeyRow:
    allowed, endpoints = row["allowed_application_ids"], row["endpoints"]
    return KeyRow(
        key_id=row["api_key_id"],
        kind=row["kind"],
        name=row["name"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        sandbox=row["sandbox"],
        application_id=row["application_id"],
        user_id=row["user_id"],
        endpoints=None if endpoints is None else tuple(map(tuple, json.loads(endpoints))),
        allowed_application_ids=None if allowed is None else tuple(allowed),
        used_at=row["used_at"],
        disabled=row["disabled"],
    )
