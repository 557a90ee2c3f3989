"""Sessions: a person signs in, sees where they are signed in, and ends what they do not know."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tallystick.core.accounts import Origin
from tallystick.core.errors import CodeNeeded, NotFound, NotSignedIn, Refusal
from tallystick.core.ids import UserId
from tallystick.core.programs import is_one_line
from tallystick.core.roles import Right
from tallystick.core.sessions import USER_AGENT_LENGTH_MAX, OpenSession, SessionKind, expiry_of
from tallystick.core.validity import render_instant
from tallystick.services.callers import Caller, CallerKind, check_may, secret_digest
from tallystick.services.changes import record_change, record_sign_in, record_sign_out
from tallystick.services.codes import use_code, wrong_code
from tallystick.services.context import Context
from tallystick.services.guessing import attempt, take_as_long_as_for_somebody
from tallystick.services.passwords import is_password
from tallystick.store import accounts as people_store
from tallystick.store import sessions as store
from tallystick.store.db import Tx
from tallystick.store.second_factor import StoredFactor, find_asked_factor

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has signed in; the token is shown this once."""

    user_id: UserId
    token: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


async def sign_in(  # noqa: PLR0913 - by name
    context: Context,
    *,
    email: str,
    password: str,
    code: str | None = None,
    kind: SessionKind = SessionKind.BEARER,
    origin: Origin | None = None,
) -> Session:
    """A new session, with a token of its own.

    code: of the second factor, from whoever has one.
    Errors: NotSignedIn, the same and after the same work whether the address or the password is
    wrong, or the user cannot sign in; to whoever knows the password, CodeNeeded without a code, and
    NotSignedIn for a wrong one; TooManyAttempts, whether there is such a user or not.
    """
    origin = origin or Origin()

    async def look_at_code(tx: Tx, user_id: UserId, factor: StoredFactor) -> Session | Refusal:
        if not code:
            await record_sign_in(tx, user_id, now=context.clock(), origin=origin, refused=True)
            return CodeNeeded()
        found = await open_with_code(context, tx, user_id, factor, code, kind=kind, origin=origin)
        return found or NotSignedIn(str(wrong_code()))

    return await by_password(
        context,
        email=email,
        password=password,
        kind=kind,
        origin=origin,
        with_factor=look_at_code,
    )


async def by_password(  # noqa: PLR0913 - by name
    context: Context,
    *,
    email: str,
    password: str,
    kind: SessionKind,
    origin: Origin,
    with_factor: Callable[[Tx, UserId, StoredFactor], Awaitable[T | Refusal]],
) -> Session | T:
    """A new session; or, of somebody with a second factor, what `with_factor` makes of it.

    Only a session forgets what failed before. A refusal that comes back from `with_factor` is
    raised, after what was written with it is committed. Errors: as of `sign_in`.
    """
    email = email[:254]
    async with attempt(context, email=email, address=origin.address) as tried:
        async with context.database.reader() as reader:
            user = await people_store.find_user(reader, email) if is_one_line(email) else None
        right = await is_password(user["password_hash"] if user else None, password)
        found: Session | T | Refusal = _wrong()
        if user is None:
            await take_as_long_as_for_somebody(context, email)
        else:
            user_id = UserId(user["user_id"])
            async with context.database.transaction() as tx:
                if not right:
                    now = context.clock()
                    await record_sign_in(tx, user_id, now=now, origin=origin, refused=True)
                elif factor := await _lock_factor(tx, user_id):
                    found = await with_factor(tx, user_id, factor)
                else:
                    found = await open_session(context, tx, user_id, kind=kind, origin=origin)
        tried.succeeded = not isinstance(found, NotSignedIn)
        tried.forgets = isinstance(found, Session)
    if isinstance(found, Refusal):
        raise found
    return found


async def _lock_factor(tx: Tx, user_id: UserId) -> StoredFactor | None:
    """The second factor that a person has to show; until the commit that stands still.

    Else a session could be opened by the password alone while a second factor is turned on, and be
    none of those that end by that.
    """
    await people_store.lock_person(tx, user_id)
    return await find_asked_factor(tx, user_id)


async def open_with_code(  # noqa: PLR0913 - by name
    context: Context,
    tx: Tx,
    user_id: UserId,
    factor: StoredFactor,
    code: str,
    *,
    kind: SessionKind,
    origin: Origin,
) -> Session | None:
    """A new session of somebody whose code is right; None, and a record of it, if it is wrong."""
    now = context.clock()
    person = Caller(kind=CallerKind.PERSON, user_id=user_id, origin=origin)
    if await use_code(context, tx, person, factor, code, now=now):
        return await open_session(context, tx, user_id, kind=kind, origin=origin)
    await record_sign_in(tx, user_id, now=now, origin=origin, refused=True)
    return None


async def open_session(  # noqa: PLR0913 - by name
    context: Context, tx: Tx, user_id: UserId, *, kind: SessionKind, origin: Origin, way: str = ""
) -> Session:
    """A new session of somebody who has shown who they are, within the transaction.

    way: how, if it was not by a password of theirs.
    """
    now, token = context.clock(), secrets.token_urlsafe(32)
    expires_at = expiry_of(kind, created_at=now, seen_at=now)
    await store.insert_session(
        tx,
        token_digest=secret_digest(context, token),
        user_id=user_id,
        kind=kind,
        now=now,
        expires_at=expires_at,
        address=origin.address,
        user_agent=_readable(origin.user_agent),
    )
    await people_store.note_sign_in(tx, user_id, now=now)
    await record_sign_in(tx, user_id, now=now, origin=origin, way=way)
    return Session(user_id=user_id, token=token, created_at=now, expires_at=expires_at)


async def sign_out(context: Context, token: str, *, origin: Origin | None = None) -> None:
    """End the session of this token."""
    async with context.database.transaction() as tx:
        user_id = await store.delete_session(tx, secret_digest(context, token))
        if user_id is not None:
            await record_sign_out(tx, user_id, now=context.clock(), origin=origin)


async def list_sessions(context: Context, caller: Caller, user_id: UserId) -> list[OpenSession]:
    """Where somebody is signed in, the last seen first. Errors: NotFound for somebody else."""
    _check_whose(caller, user_id)
    async with context.database.reader() as reader:
        return await store.list_sessions(reader, user_id, now=context.clock())


async def end_session(context: Context, caller: Caller, user_id: UserId, session_id: int) -> None:
    """End one of somebody's sessions. Errors: NotFound, also for somebody else."""
    _check_whose(caller, user_id)
    now = context.clock()
    async with context.database.transaction() as tx:
        known = {each.session_id: each for each in await store.list_sessions(tx, user_id, now=now)}
        if not await store.delete_user_session(tx, user_id, session_id) or session_id not in known:
            raise NotFound("session", str(session_id))
        path = f"/v1/users/{user_id}/sessions/{session_id}"
        await record_change(tx, caller, path, now=now, old=_told(known[session_id]))


async def end_other_sessions(context: Context, caller: Caller) -> int:
    """End all sessions of the caller but the one they call with; how many there were."""
    check_may(caller, Right.OWN_ACCOUNT)
    assert caller.user_id is not None
    now = context.clock()
    async with context.database.transaction() as tx:
        ended = await store.delete_user_sessions(tx, caller.user_id, but=caller.session_id)
        if ended:
            path = f"/v1/users/{caller.user_id}/sessions"
            await record_change(tx, caller, path, now=now, old={"ids": ended})
    return len(ended)


def _wrong() -> NotSignedIn:
    return NotSignedIn("the e-mail address or the password is wrong")


def _check_whose(caller: Caller, user_id: UserId) -> None:
    if caller.user_id != user_id and not caller.may(Right.PEOPLE):
        raise NotFound("user", str(user_id), hidden=True)


def _readable(user_agent: str) -> str:
    """What can be shown of what a browser says of itself."""
    cut = user_agent[:USER_AGENT_LENGTH_MAX]
    return cut if is_one_line(cut) else ""


def _told(session: OpenSession) -> dict[str, object]:
    return {
        "id": session.session_id,
        "kind": session.kind.value,
        "created": render_instant(session.created_at),
        "address": session.address,
    }
