"""Answers that are kept under the Idempotency-Key of their request."""

from dataclasses import dataclass
from datetime import datetime

from tallystick.store.db import Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("kept_answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What stands under a key: `status` is None until the first request was answered."""

    recorded_at: datetime
    fingerprint: bytes
    status: int | None
    body: bytes | None


async def claim_key(  # noqa: PLR0913 - by name
    tx: Tx, owner: str, key: str, *, fingerprint: bytes, now: datetime, keep_from: datetime
) -> KeptAnswer | None:
    """Take the key, None coming back; or what stands under it already.

    Answers from before `keep_from` are forgotten first.
    """
    await tx.execute(_SQL["delete_old_answers"], keep_from)
    if await tx.fetchval(_SQL["claim_key"], owner, key, now, fingerprint):
        return None
    row = await tx.fetchrow(_SQL["find_answer"], owner, key)
    assert row is not None, "nobody frees a key that another has claimed"
    return KeptAnswer(
        recorded_at=row["recorded_at"],
        fingerprint=row["fingerprint"],
        status=row["status"],
        body=row["body"],
    )


async def keep_answer(tx: Tx, owner: str, key: str, *, status: int, body: bytes | None) -> None:
    """Write down how the request under this key was answered."""
    await tx.execute(_SQL["keep_answer"], owner, key, status, body)


async def free_key(tx: Tx, owner: str, key: str) -> None:
    """Let the key be used again: nothing was changed under it."""
    await tx.execute(_SQL["free_key"], owner, key)
