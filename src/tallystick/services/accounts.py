"""People, their sessions, and the keys of other systems.

Passwords are kept as Argon2id hashes. Tokens and keys are random and kept as HMAC-SHA256 digests
under the installation's secret, so that neither can be read back from the database.
"""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cachetools import TTLCache

from tallystick.core.errors import InvalidField, NotSignedIn, shown
from tallystick.core.ids import UserId
from tallystick.core.programs import NAME_LENGTH_MAX, is_one_line
from tallystick.services.context import Context
from tallystick.store import accounts as store

SESSION_LIFE = timedelta(days=90)  # the contract's three months
PASSWORD_LENGTH_MIN = 12

_HASHER = PasswordHasher()


class CallerKind(Enum):
    """How somebody has shown who they are; the values are the schemes of `Authorization`."""

    INTEGRATION = "ApiKey-v1"
    MANAGEMENT = "ManagementKey-v1"
    PERSON = "Bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request. `user_id` is a person's, `key_id` a key's."""

    kind: CallerKind
    user_id: UserId | None = None
    key_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has signed in; the token is shown this once."""

    user_id: UserId
    token: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A new key; its text is shown this once."""

    key_id: int
    key: str = field(repr=False)
    expires_at: datetime


async def create_user(
    context: Context, *, email: str, password: str, name: str = "", is_admin: bool = False
) -> UserId:
    """Make a user who can sign in; the id comes back.

    Errors: InvalidField for the address, the name or a password under 12 characters; AlreadyExists.
    """
    if not _is_address(email):
        raise InvalidField("email", shown(email), "write an address like ada@example.com")
    if len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write one line of at most {NAME_LENGTH_MAX} characters"
        raise InvalidField("name", shown(name), fix)
    if not PASSWORD_LENGTH_MIN <= len(password) <= 1_000:
        raise InvalidField(
            "password",
            f"{len(password)} characters",
            f"write at least {PASSWORD_LENGTH_MIN}, at most 1,000",
        )
    password_hash = await asyncio.to_thread(_HASHER.hash, password)
    async with context.database.transaction() as tx:
        return await store.insert_user(
            tx,
            email=email,
            name=name,
            password_hash=password_hash,
            is_admin=is_admin,
            now=context.clock(),
        )


def _is_address(email: str) -> bool:
    local, _, domain = email.partition("@")
    spaced = any(character.isspace() for character in email)
    return bool(local and domain) and len(email) <= 254 and not spaced and is_one_line(email)


async def has_users(context: Context) -> bool:
    """Whether anybody can sign in yet."""
    async with context.database.reader() as reader:
        return await store.has_users(reader)


async def sign_in(context: Context, *, email: str, password: str) -> Session:
    """A new session, three months long.

    Errors: NotSignedIn, the same and after the same work whether the address or the password is
    wrong.
    """
    async with context.database.reader() as reader:
        user = await store.find_user(reader, email) if is_one_line(email) else None
    password_hash = user["password_hash"] if user else None
    right = await asyncio.to_thread(_is_password, password_hash, password)
    if user is None or not right:
        raise NotSignedIn("the e-mail address or the password is wrong")
    now, token = context.clock(), secrets.token_urlsafe(32)
    user_id = UserId(user["user_id"])
    async with context.database.transaction() as tx:
        await store.insert_session(
            tx,
            token_digest=_digest(context, token),
            user_id=user_id,
            now=now,
            expires_at=now + SESSION_LIFE,
        )
    return Session(user_id=user_id, token=token, created_at=now)


async def sign_out(context: Context, token: str) -> None:
    """End the session of this token."""
    async with context.database.transaction() as tx:
        await store.delete_session(tx, _digest(context, token))


async def create_key(
    context: Context, *, kind: CallerKind, name: str, life: timedelta, sandbox: bool = False
) -> ApiKey:
    """Make a key for another system.

    Errors: InvalidField without a name, or for a life that is not above zero.
    """
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write what the key is for, one line of up to {NAME_LENGTH_MAX} characters"
        raise InvalidField("name", shown(name), fix)
    if not timedelta() < life <= timedelta(days=3_660):
        raise InvalidField("days", str(life.days), "write a number from 1 to 3660")
    now, key = context.clock(), secrets.token_hex(32)
    async with context.database.transaction() as tx:
        key_id = await store.insert_key(
            tx,
            kind=kind.name.lower(),
            name=name,
            sandbox=sandbox,
            digest=_digest(context, key),
            now=now,
            expires_at=now + life,
        )
    return ApiKey(key_id=key_id, key=key, expires_at=now + life)


class Doorkeeper:
    """Tells who sends a request, and remembers the answer for a second.

    So a key that is revoked or a session that is ended works for one second more at the most.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: TTLCache[str, Caller] = TTLCache(maxsize=10_000, ttl=1)

    async def identify(self, authorization: str) -> Caller:
        """Whose credentials an `Authorization` header carries.

        Errors: NotSignedIn if they are missing, malformed, unknown or expired.
        """
        caller = self._known.get(authorization)
        if caller is None:
            caller = await _identify(self._context, authorization)
            self._known[authorization] = caller
        return caller

    def forget(self, authorization: str) -> None:
        """Ask anew the next time."""
        self._known.pop(authorization, None)


async def _identify(context: Context, authorization: str) -> Caller:
    scheme, _, secret = authorization.partition(" ")
    schemes = {kind.value.lower(): kind for kind in CallerKind}
    kind = schemes.get(scheme.lower())
    if kind is None or not secret:
        wanted = ", ".join(f"'{kind.value} ...'" for kind in CallerKind)
        raise NotSignedIn(f"send the header Authorization with one of {wanted}")
    if caller := await _find_caller(context, kind, _digest(context, secret.strip())):
        return caller
    raise NotSignedIn(f"the credentials after '{kind.value}' are unknown or have expired")


async def _find_caller(context: Context, kind: CallerKind, digest: bytes) -> Caller | None:
    now = context.clock()
    async with context.database.reader() as reader:
        if kind is CallerKind.PERSON:
            session = await store.find_session(reader, digest, now=now)
            return Caller(kind=kind, user_id=UserId(session["user_id"])) if session else None
        key = await store.find_key(reader, digest, now=now)
    if key is None or key["kind"] != kind.name.lower():
        return None
    return Caller(kind=kind, key_id=key["api_key_id"])


def _digest(context: Context, secret: str) -> bytes:
    return hmac.digest(context.secret, secret.encode(), hashlib.sha256)


def _is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; without a hash it is not, after the same work."""
    try:
        return _HASHER.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
