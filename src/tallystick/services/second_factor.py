"""A person's second factor: turned on and off by themselves, and reset by an admin.

Turning it on takes the password, then a code that shows that the app has the secret. Turning it off
and making new recovery codes take both at once. The secret and the recovery codes are shown once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tallystick.core.errors import InUse, InvalidField, NotFound, Refusal
from tallystick.core.ids import UserId
from tallystick.core.roles import Right
from tallystick.core.second_factor import SETUP_LIFE, SecondFactor
from tallystick.services import codes
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.guessing import attempt
from tallystick.services.passwords import is_password_of
from tallystick.services.users import lock_user
from tallystick.store import second_factor as store
from tallystick.store import sessions as session_store
from tallystick.store.db import Reader, Tx
from tallystick.store.second_factor import StoredFactor

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an app is given; it is shown this once, and good for its first code until it expires.

    secret: to be typed. uri: the same, to be drawn.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodes:
    """Codes for when the app is not there; they are shown this once."""

    codes: tuple[str, ...] = field(repr=False)


async def get_second_factor(context: Context, caller: Caller) -> SecondFactor:
    """Whether the caller has a second factor, and how many recovery codes. Errors: NotAllowed."""
    user_id = _own_id(caller)
    async with context.database.snapshot() as reader:
        found = await store.find_asked_factor(reader, user_id)
        if found is None:
            return SecondFactor()
        left = await store.count_recovery_codes(reader, user_id)
    return SecondFactor(since=found.confirmed_at, codes_left=left)


async def begin_second_factor(context: Context, caller: Caller, *, password: str) -> Setup:
    """A secret for the caller's app, in place of one that was never confirmed.

    Errors: NotAllowed; InUse if they have a second factor; InvalidField for a wrong password;
    TooManyAttempts.
    """
    user_id = _own_id(caller)
    if (await get_second_factor(context, caller)).since:
        raise _is_on(caller)
    secret, now = codes.new_secret(), context.clock()

    async def begin(tx: Tx) -> Setup | Refusal:
        sealed = codes.seal(context, user_id, secret)
        if not await store.begin_second_factor(tx, user_id, sealed, now=now):
            return _is_on(caller)
        return Setup(
            secret=codes.secret_text(secret),
            uri=codes.setup_uri(secret, caller.email),
            expires_at=now + SETUP_LIFE,
        )

    return await _with_password(context, caller, password, begin)


async def confirm_second_factor(context: Context, caller: Caller, *, code: str) -> RecoveryCodes:
    """Turn the caller's second factor on by the first code of their app; other sessions end.

    Errors: NotAllowed; NotFound if none was begun in time; InvalidField for a wrong code;
    TooManyAttempts.
    """
    user_id, now = _own_id(caller), context.clock()
    async with context.database.reader() as reader:
        await _find_begun(reader, caller, now)

    async def confirm(tx: Tx) -> RecoveryCodes | Refusal:
        await lock_user(tx, user_id)
        factor = await _find_begun(tx, caller, now)
        if not await codes.use_app_code(context, tx, user_id, factor, code, now=now):
            return codes.wrong_code()
        await store.confirm_second_factor(tx, user_id, now=now)
        await session_store.delete_user_sessions(tx, user_id, but=caller.session_id)
        await record_change(tx, caller, _path(user_id), now=now, new={"id": user_id})
        return await _new_codes(context, tx, user_id)

    async with attempt(context, email=caller.email, address=None) as tried:
        async with context.database.transaction() as tx:
            found = await confirm(tx)
        tried.succeeded = not isinstance(found, Refusal)
    return _told(found)


async def turn_off_second_factor(
    context: Context, caller: Caller, *, password: str, code: str
) -> None:
    """Let the caller sign in by their password alone.

    Errors: NotAllowed; NotFound if that is so; InvalidField for a wrong password or code;
    TooManyAttempts.
    """
    user_id, now = _own_id(caller), context.clock()

    async def turn_off(tx: Tx) -> None:
        await store.delete_second_factor(tx, user_id)
        await record_change(tx, caller, _path(user_id), now=now, old={"id": user_id})

    await _with_both(context, caller, password, code, turn_off)


async def renew_recovery_codes(
    context: Context, caller: Caller, *, password: str, code: str
) -> RecoveryCodes:
    """New recovery codes for the caller; those they had are void. Errors: as of turning it off."""
    user_id, now = _own_id(caller), context.clock()

    async def renew(tx: Tx) -> RecoveryCodes:
        made = await _new_codes(context, tx, user_id)
        path, new = f"{_path(user_id)}/recovery_codes", {"left": len(made.codes)}
        await record_change(tx, caller, path, now=now, new=new)
        return made

    return await _with_both(context, caller, password, code, renew)


async def reset_second_factor(context: Context, caller: Caller | None, user_id: UserId) -> None:
    """Let somebody who has lost it sign in by their password alone; their sessions end.

    Errors: NotAllowed; NotFound, also if they have no second factor.
    """
    check_may(caller, Right.PEOPLE)
    now = context.clock()
    async with context.database.transaction() as tx:
        user, _ = await lock_user(tx, user_id)
        if await store.find_asked_factor(tx, user_id) is None:
            raise NotFound("second factor of", user.email)
        await store.delete_second_factor(tx, user_id)
        await session_store.delete_user_sessions(tx, user_id)
        await record_change(tx, caller, _path(user_id), now=now, old={"id": user_id})


Work = Callable[[Tx], Awaitable[T | Refusal]]


async def _with_password(context: Context, caller: Caller, password: str, work: Work[T]) -> T:
    """What `work` returns in a transaction of whoever wrote their password again.

    A refusal that it returns counts as an attempt that failed, as a wrong password does.
    """
    async with attempt(context, email=caller.email, address=None) as tried:
        found: T | Refusal = InvalidField("password", "another", "write the one you sign in with")
        if await is_password_of(context, caller, password):
            async with context.database.transaction() as tx:
                await lock_user(tx, _own_id(caller))
                found = await work(tx)
        tried.succeeded = not isinstance(found, Refusal)
    return _told(found)


async def _with_both(
    context: Context, caller: Caller, password: str, code: str, work: Callable[[Tx], Awaitable[T]]
) -> T:
    """The same of whoever wrote a code as well. Errors: NotFound without a second factor."""
    now = context.clock()
    async with context.database.reader() as reader:
        await _find_on(reader, caller)

    async def work_with_code(tx: Tx) -> T | Refusal:
        factor = await _find_on(tx, caller)
        if not await codes.use_code(context, tx, caller, factor, code, now=now):
            return codes.wrong_code()
        return await work(tx)

    return await _with_password(context, caller, password, work_with_code)


async def _find_on(reader: Reader, caller: Caller) -> StoredFactor:
    found = await store.find_asked_factor(reader, _own_id(caller))
    if found is None:
        raise NotFound("second factor of", caller.email, "turn it on first")
    return found


async def _find_begun(reader: Reader, caller: Caller, now: datetime) -> StoredFactor:
    found = await store.find_second_factor(reader, _own_id(caller))
    if found is None or found.is_asked_for or now >= found.begun_at + SETUP_LIFE:
        raise NotFound("begun second factor of", caller.email, "begin anew")
    return found


async def _new_codes(context: Context, tx: Tx, user_id: UserId) -> RecoveryCodes:
    made = codes.new_recovery_codes()
    digests = [codes.recovery_digest(context, user_id, each) for each in made]
    await store.replace_recovery_codes(tx, user_id, digests)
    return RecoveryCodes(codes=made)


def _told(found: T | Refusal) -> T:
    if isinstance(found, Refusal):
        raise found
    return found


def _own_id(caller: Caller) -> UserId:
    check_may(caller, Right.OWN_ACCOUNT)
    assert caller.user_id is not None
    return caller.user_id


def _is_on(caller: Caller) -> InUse:
    return InUse("second factor of", caller.email, "it turned on", "turn it off first")


def _path(user_id: UserId) -> str:
    return f"/v1/users/{user_id}/second_factor"
