"""People and their sessions. Passwords are kept as Argon2id hashes."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tallystick.core.accounts import Origin
from tallystick.core.errors import InvalidField, NotSignedIn, shown
from tallystick.core.ids import UserId
from tallystick.core.programs import NAME_LENGTH_MAX, is_one_line
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may, secret_digest
from tallystick.services.changes import record_change, record_sign_in, record_sign_out
from tallystick.services.context import Context
from tallystick.store import accounts as store
from tallystick.store.db import Record

SESSION_LIFE = timedelta(days=90)  # the contract's three months
PASSWORD_LENGTH_MIN = 12

_HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has signed in; the token is shown this once."""

    user_id: UserId
    token: str = field(repr=False)
    created_at: datetime


async def create_user(  # noqa: PLR0913 - by name
    context: Context,
    *,
    email: str,
    password: str,
    name: str = "",
    is_admin: bool = False,
    caller: Caller | None = None,
) -> UserId:
    """Make a user who can sign in; the id comes back.

    Errors: NotAllowed; InvalidField for the address, the name or a password under 12 characters;
    AlreadyExists.
    """
    check_may(caller, Right.PEOPLE)
    if not _is_address(email):
        raise InvalidField("email", shown(email), "write an address like ada@example.com")
    check_name(name)
    if not PASSWORD_LENGTH_MIN <= len(password) <= 1_000:
        raise InvalidField(
            "password",
            f"{len(password)} characters",
            f"write at least {PASSWORD_LENGTH_MIN}, at most 1,000",
        )
    password_hash = await asyncio.to_thread(_HASHER.hash, password)
    now = context.clock()
    async with context.database.transaction() as tx:
        user_id = await store.insert_user(
            tx, email=email, name=name, password_hash=password_hash, is_admin=is_admin, now=now
        )
        new = {
            "id": user_id,
            "email": email,
            "name": name,
            "state": "active",
            "isAdmin": is_admin,
            "programRoles": [],
        }
        await record_change(tx, caller, f"/v1/users/{user_id}", now=now, new=new)
    return user_id


def check_name(name: str) -> None:
    """Refuse what cannot be a person's name. Errors: InvalidField."""
    if len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write one line of at most {NAME_LENGTH_MAX} characters"
        raise InvalidField("name", shown(name), fix)


def _is_address(email: str) -> bool:
    local, _, domain = email.partition("@")
    spaced = any(character.isspace() for character in email)
    return bool(local and domain) and len(email) <= 254 and not spaced and is_one_line(email)


async def has_users(context: Context) -> bool:
    """Whether anybody can sign in yet."""
    async with context.database.reader() as reader:
        return await store.has_users(reader)


async def sign_in(
    context: Context, *, email: str, password: str, origin: Origin | None = None
) -> Session:
    """A new session, three months long.

    Errors: NotSignedIn, the same and after the same work whether the address or the password is
    wrong, or the user is deactivated.
    """
    async with context.database.reader() as reader:
        user = await store.find_user(reader, email) if is_one_line(email) else None
    password_hash = user["password_hash"] if user else None
    right = await asyncio.to_thread(_is_password, password_hash, password)
    if user is None or not right:
        await _record_refusal(context, user, origin)
        raise NotSignedIn("the e-mail address or the password is wrong")
    now, token = context.clock(), secrets.token_urlsafe(32)
    user_id = UserId(user["user_id"])
    async with context.database.transaction() as tx:
        await store.insert_session(
            tx,
            token_digest=secret_digest(context, token),
            user_id=user_id,
            now=now,
            expires_at=now + SESSION_LIFE,
        )
        await store.note_sign_in(tx, user_id, now=now)
        await record_sign_in(tx, user_id, now=now, origin=origin)
    return Session(user_id=user_id, token=token, created_at=now)


async def _record_refusal(context: Context, user: Record | None, origin: Origin | None) -> None:
    if user is None:
        return
    async with context.database.transaction() as tx:
        await record_sign_in(
            tx, UserId(user["user_id"]), now=context.clock(), origin=origin, refused=True
        )


async def sign_out(context: Context, token: str, *, origin: Origin | None = None) -> None:
    """End the session of this token."""
    async with context.database.transaction() as tx:
        user_id = await store.delete_session(tx, secret_digest(context, token))
        if user_id is not None:
            await record_sign_out(tx, user_id, now=context.clock(), origin=origin)


def _is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; without a hash it is not, after the same work."""
    try:
        return _HASHER.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
