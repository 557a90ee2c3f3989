"""Links by which a person sets a password: an invitation, or a way back in that an admin gives.

Nothing is sent from here: whoever makes a link passes it on. Its token is random, kept as a digest,
good for a week and for one use.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tallystick.core.accounts import Origin, User, UserState
from tallystick.core.errors import InUse, InvalidField, NotAllowed
from tallystick.core.ids import UserId
from tallystick.core.roles import ProgramRole, Right
from tallystick.core.sessions import SessionKind
from tallystick.services.accounts import check_email, check_name
from tallystick.services.callers import Caller, CallerKind, check_may, secret_digest
from tallystick.services.changes import record_change, record_sign_in
from tallystick.services.codes import use_code, wrong_code
from tallystick.services.context import Context
from tallystick.services.guessing import attempt
from tallystick.services.passwords import check_new_password, hash_of
from tallystick.services.sessions import Session, open_session
from tallystick.services.users import check_programs, lock_user, told_user
from tallystick.store import accounts as store
from tallystick.store.db import Tx
from tallystick.store.roles import replace_program_roles
from tallystick.store.second_factor import find_asked_factor
from tallystick.store.sessions import delete_user_sessions

LINK_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who is to be invited, and what they will be."""

    email: str
    name: str = ""
    is_admin: bool = False
    roles: tuple[ProgramRole, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link for somebody; the token is shown this once."""

    user_id: UserId
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom a link is for. invited: they have not been in yet. needs_code: beside the password."""

    user_id: UserId
    email: str
    name: str
    invited: bool
    needs_code: bool


async def invite_user(context: Context, caller: Caller | None, wish: Invitation) -> Link:
    """Make a user who can sign in once they have used the link.

    Errors: NotAllowed, InvalidField, AlreadyExists.
    """
    check_may(caller, Right.PEOPLE)
    check_email(wish.email)
    check_name(wish.name)
    now = context.clock()
    async with context.database.transaction() as tx:
        await check_programs(tx, wish.roles)
        user_id = await store.insert_user(
            tx,
            email=wish.email,
            name=wish.name,
            password_hash="",
            is_admin=wish.is_admin,
            state=UserState.INVITED,
            now=now,
        )
        await replace_program_roles(tx, user_id, wish.roles)
        user, _ = await lock_user(tx, user_id)
        await record_change(tx, caller, f"/v1/users/{user_id}", now=now, new=told_user(user))
        return await _make_link(context, tx, user_id, now)


async def renew_link(context: Context, caller: Caller | None, user_id: UserId) -> Link:
    """A new link for somebody who was invited, or has lost their password; the last one is void.

    Until it is used, their password and sessions stay as they are.
    Errors: NotAllowed; NotFound; InUse for somebody who is deactivated.
    """
    check_may(caller, Right.PEOPLE)
    now = context.clock()
    async with context.database.transaction() as tx:
        user, _ = await lock_user(tx, user_id)
        if user.state is UserState.DEACTIVATED:
            raise InUse("user", user.email, "the state deactivated", "activate the user first")
        link = await _make_link(context, tx, user_id, now)
        path = f"/v1/users/{user_id}/password_link"
        await record_change(tx, caller, path, now=now, new={"id": user_id})
        return link


async def find_addressee(context: Context, token: str) -> Addressee:
    """Whom the link is for. Errors: NotAllowed if it was used, replaced, or is too old."""
    async with context.database.reader() as reader:
        found = await store.find_link(reader, secret_digest(context, token), now=context.clock())
    if found is None:
        raise _void()
    return Addressee(
        user_id=UserId(found["user_id"]),
        email=found["email"],
        name=found["name"],
        invited=found["state"] == UserState.INVITED.value,
        needs_code=found["has_second_factor"],
    )


async def use_link(  # noqa: PLR0913 - by name
    context: Context,
    token: str,
    *,
    password: str,
    code: str | None = None,
    kind: SessionKind = SessionKind.BEARER,
    origin: Origin | None = None,
) -> Session:
    """Set the password of whoever the link is for, and sign them in; all other sessions end.

    code: of their second factor, if they have one: a link is no way round it.
    Errors: NotAllowed if it was used, replaced, or is too old; InvalidField for what cannot be a
    password, or a code that is missing or wrong, and the link stays good; TooManyAttempts.
    """
    origin = origin or Origin()
    addressee = await find_addressee(context, token)
    check_new_password(password, email=addressee.email)
    password_hash = await hash_of(password)

    async def use() -> Session | None:
        return await _use_link(context, token, password_hash, code, kind=kind, origin=origin)

    if not code:
        session = await use()
    else:
        async with attempt(context, email=addressee.email, address=origin.address) as tried:
            session = await use()
            tried.succeeded = session is not None
    if session is None:
        raise wrong_code()
    return session


async def _use_link(  # noqa: PLR0913 - by name
    context: Context,
    token: str,
    password_hash: str,
    code: str | None,
    *,
    kind: SessionKind,
    origin: Origin,
) -> Session | None:
    """The session of whoever has used the link; None, and a record of it, for a wrong code."""
    now = context.clock()
    digest = secret_digest(context, token)
    async with context.database.transaction() as tx:
        found = await store.find_link(tx, digest, now=now)
        if found is None:
            raise _void()
        user, _ = await lock_user(tx, UserId(found["user_id"]))
        person = Caller(kind=CallerKind.PERSON, user_id=user.user_id, origin=origin)
        factor = await find_asked_factor(tx, user.user_id)
        if factor is not None:
            if not code:
                fix = "write the one that the app shows now, or a recovery code"
                raise InvalidField("code", "none", fix)
            if not await use_code(context, tx, person, factor, code, now=now):
                await record_sign_in(tx, user.user_id, now=now, origin=origin, refused=True)
                return None
        if await store.take_link(tx, digest, now=now) is None:
            raise _void()
        await store.set_password(tx, user.user_id, password_hash, now=now)
        await delete_user_sessions(tx, user.user_id)
        await _record_use(tx, person, user, now=now)
        return await open_session(context, tx, user.user_id, kind=kind, origin=origin)


async def _make_link(context: Context, tx: Tx, user_id: UserId, now: datetime) -> Link:
    token, expires_at = secrets.token_urlsafe(32), now + LINK_LIFE
    digest = secret_digest(context, token)
    await store.replace_link(tx, user_id, digest, now=now, expires_at=expires_at)
    return Link(user_id=user_id, token=token, expires_at=expires_at)


async def _record_use(tx: Tx, person: Caller, user: User, *, now: datetime) -> None:
    """Write down, as done by themselves, that somebody came in or has a new password."""
    if user.state is UserState.INVITED:
        active = replace(user, state=UserState.ACTIVE)
        path, old, new = f"/v1/users/{user.user_id}", told_user(user), told_user(active)
        await record_change(tx, person, path, now=now, old=old, new=new)
    else:
        path = f"/v1/users/{user.user_id}/password"
        await record_change(tx, person, path, now=now, old={}, new={})


def _void() -> NotAllowed:
    fix = "it was used before, or is older than a week; ask an admin for a new one"
    return NotAllowed("use this link", fix)
