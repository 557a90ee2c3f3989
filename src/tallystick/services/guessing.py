"""Guessing at passwords: attempts are counted before they are made, and refused if many fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from tallystick.core.errors import TooManyAttempts
from tallystick.core.guessing import FORGOTTEN_AFTER, LONGEST_PAUSE, OF_ADDRESS, OF_EMAIL
from tallystick.services.callers import secret_digest
from tallystick.services.context import Context
from tallystick.store import guessing as store
from tallystick.store.db import Tx

_LOG = structlog.get_logger()


@dataclass(slots=True)
class Attempt:
    """An attempt that counts as a failure unless it is told to have succeeded.

    forgets: whether a success forgets the failures before it; not that of a password that a code
    has to follow, or whoever knows the password could guess at codes for ever.
    """

    succeeded: bool = False
    forgets: bool = True


@asynccontextmanager
async def attempt(context: Context, *, email: str, address: str | None) -> AsyncIterator[Attempt]:
    """Let one password be tried for an e-mail address, from a network address if it is known.

    Shape: `succeeded`, set within, forgets the failures of the e-mail address, unless `forgets` is
    unset; those of the network address stay, or whoever knows one password could guess at others.
    Errors: TooManyAttempts, whether anybody has the e-mail address or not.
    """
    by_email = _subject_of(context, email)
    free = {by_email: OF_EMAIL}
    if address is not None:
        free[secret_digest(context, f"address {address}")] = OF_ADDRESS
    try:
        await context.database.write(lambda tx: _begin(tx, context, free))
    except TooManyAttempts as refusal:
        wait = refusal.retry_after_seconds
        _LOG.warning("an attempt to sign in has to wait", address=address, seconds=wait)
        raise
    tried = Attempt()
    yield tried
    if not tried.succeeded:
        _LOG.warning("an attempt to sign in failed", address=address)
    else:
        forgotten = by_email if tried.forgets else None
        await context.database.write(lambda tx: _succeed(tx, context, forgotten, free))


async def take_as_long_as_for_somebody(context: Context, email: str) -> None:
    """Change nothing about an address that nobody has, in a transaction that writes all the same.

    What is refused to somebody is written down, which takes time; so the time does not tell whether
    there is anybody.
    """
    async with context.database.transaction() as tx:
        failures = await store.lock_failures(tx, [_subject_of(context, email)])
        await store.update_failures(tx, failures)


def _subject_of(context: Context, email: str) -> bytes:
    return secret_digest(context, f"email {email.casefold()!a}")


async def _begin(tx: Tx, context: Context, free: dict[bytes, int]) -> None:
    now = context.clock()
    failures = await store.lock_failures(tx, free)
    if wait := max(each.seconds_to_wait(now) for each in failures.values()):
        raise TooManyAttempts(wait)
    counted = {
        subject: each.after_attempt(now, free=free[subject]) for subject, each in failures.items()
    }
    await store.update_failures(tx, counted)


async def _succeed(
    tx: Tx, context: Context, forgotten: bytes | None, free: dict[bytes, int]
) -> None:
    now = context.clock()
    failures = await store.lock_failures(tx, free)
    await store.update_failures(
        tx, {subject: each.after_success(now) for subject, each in failures.items()}
    )
    if forgotten is not None:
        await store.forget_failures(tx, forgotten)
    await store.forget_old_failures(tx, before=now - FORGOTTEN_AFTER - LONGEST_PAUSE)
