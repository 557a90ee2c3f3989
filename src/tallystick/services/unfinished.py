"""Signing in by pages: the password first, and then the code of whoever has a second factor.

In between there is an unfinished sign-in: a random token, kept as a digest, that opens nothing. It
lasts five minutes and is used up by the session that it becomes; a wrong code leaves it.
"""

import secrets
from dataclasses import dataclass, field

from tallystick.core.accounts import Origin
from tallystick.core.errors import NotSignedIn
from tallystick.core.ids import UserId
from tallystick.core.second_factor import SIGN_IN_LIFE
from tallystick.core.sessions import SessionKind
from tallystick.services.callers import secret_digest
from tallystick.services.codes import wrong_code
from tallystick.services.context import Context
from tallystick.services.guessing import attempt
from tallystick.services.sessions import Session, by_password, open_with_code
from tallystick.store import accounts as people_store
from tallystick.store import second_factor as store
from tallystick.store.db import Tx
from tallystick.store.second_factor import StoredFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Whoever has this has shown a password and not yet a code; it is shown this once."""

    token: str = field(repr=False)


async def start_sign_in(
    context: Context, *, email: str, password: str, origin: Origin
) -> Session | Unfinished:
    """A new session of a browser; an unfinished one for whoever has a second factor.

    Errors: NotSignedIn and TooManyAttempts, as of `sign_in`.
    """

    async def start(tx: Tx, user_id: UserId, _factor: StoredFactor) -> Unfinished:
        now, token = context.clock(), secrets.token_urlsafe(32)
        digest = secret_digest(context, token)
        expires_at = now + SIGN_IN_LIFE
        await store.insert_unfinished(tx, digest, user_id, now=now, expires_at=expires_at)
        return Unfinished(token=token)

    return await by_password(
        context,
        email=email,
        password=password,
        kind=SessionKind.BROWSER,
        origin=origin,
        with_factor=start,
    )


async def check_unfinished(context: Context, token: str) -> None:
    """Nothing, if a code can be shown with this token. Errors: NotSignedIn."""
    await _find(context, token)


async def finish_sign_in(context: Context, token: str, *, code: str, origin: Origin) -> Session:
    """The session of a browser that an unfinished sign-in becomes by a code.

    Errors: NotSignedIn if the token is unknown, used or too old; InvalidField for a wrong code;
    TooManyAttempts.
    """
    user_id, email = await _find(context, token)
    digest = secret_digest(context, token)
    async with attempt(context, email=email, address=origin.address) as tried:
        async with context.database.transaction() as tx:
            await people_store.lock_person(tx, user_id)
            factor = await store.find_second_factor(tx, user_id)
            if factor is None:
                raise _void()
            session = await open_with_code(
                context, tx, user_id, factor, code, kind=SessionKind.BROWSER, origin=origin
            )
            if session and not await store.take_unfinished(tx, digest, now=context.clock()):
                raise _void()
        tried.succeeded = session is not None
    if session is None:
        raise wrong_code()
    return session


async def _find(context: Context, token: str) -> tuple[UserId, str]:
    """Who has begun to sign in, and their address. Errors: NotSignedIn."""
    digest = secret_digest(context, token)
    async with context.database.reader() as reader:
        found = await store.find_unfinished(reader, digest, now=context.clock())
    if found is None:
        raise _void()
    return UserId(found["user_id"]), found["email"]


def _void() -> NotSignedIn:
    return NotSignedIn("it took longer than five minutes; sign in again")
