"""Idempotency keys of writes that are no postings: each is done at most once.

The key is claimed before the work begins and its answer kept after it has ended. A request that
ends in between without telling leaves its key claimed: the same key is never worked on twice.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from tallystick.core.errors import Busy, KeyReused, OutcomeUnknown, Refusal
from tallystick.services.context import Context
from tallystick.store import kept_answers as store
from tallystick.store.db import Tx

KEPT = timedelta(days=30)
RUNS_AT_MOST = timedelta(hours=1)  # a claimed key older than this belongs to a request that died


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a request was answered; `body` is None if it may not be kept."""

    status: int
    body: bytes | None
    replayed: bool = False


async def answer_once(
    context: Context, *, owner: str, key: str, wish: bytes, work: Callable[[], Awaitable[Answer]]
) -> Answer:
    """What `work` answers, or what it answered when the same wish came with the same key before.

    A refusal is not kept: the same request may be sent again under its key. Errors: those of
    `work`; KeyReused if the key stands for another wish, or its answer was shown once; Busy while
    the first request is still at work; OutcomeUnknown if it ended without telling.
    """
    now = context.clock()
    # With the secret, as a wish may hold a password.
    fingerprint = hmac.digest(context.secret, wish, hashlib.sha256)

    async def claim(tx: Tx) -> store.KeptAnswer | None:
        return await store.claim_key(
            tx, owner, key, fingerprint=fingerprint, now=now, keep_from=now - KEPT
        )

    kept = await context.database.write(claim)
    if kept is not None:
        if kept.fingerprint != fingerprint:
            raise KeyReused(key)
        if kept.status is None:
            raise Busy("the key") if now - kept.recorded_at < RUNS_AT_MOST else OutcomeUnknown
        if kept.body is None:
            raise KeyReused(key)
        return Answer(status=kept.status, body=kept.body, replayed=True)
    try:
        answer = await work()
    except OutcomeUnknown:
        raise
    except Refusal:
        await context.database.write(lambda tx: store.free_key(tx, owner, key))
        raise
    await context.database.write(
        lambda tx: store.keep_answer(tx, owner, key, status=answer.status, body=answer.body)
    )
    return answer
