"""Users: listed, changed, deactivated and deleted. One active admin always remains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tallystick.core.accounts import OwnSettings, User, UserState
from tallystick.core.errors import InUse, InvalidField, NotAllowed, NotFound
from tallystick.core.ids import ProgramId, UserId
from tallystick.core.points import decimal_of
from tallystick.core.programs import is_one_line
from tallystick.core.roles import ProgramRole, Right, Role
from tallystick.services.accounts import check_name
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import accounts as store
from tallystick.store import openid as openid_store
from tallystick.store import roles as role_store
from tallystick.store import sessions as session_store
from tallystick.store.db import Tx
from tallystick.store.programs import find_programs
from tallystick.store.second_factor import delete_second_factor

SORTS = frozenset({"id", "created", "modified", "email", "name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """Users, and how many there are on all pages."""

    users: list[User]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWish:
    """What is to be of a user; what is None stays.

    roles: all of them. role_in: the one in this program, or none there; the others stay.
    """

    name: str | None = None
    state: UserState | None = None
    is_admin: bool | None = None
    roles: tuple[ProgramRole, ...] | None = None
    role_in: tuple[ProgramId, ProgramRole | None] | None = None


async def list_users(
    context: Context, caller: Caller, *, sort: str, page_size: int, skip: int
) -> UserPage:
    """A page of all users; somebody who is no admin sees themselves only."""
    only = None if caller.may(Right.PEOPLE) else caller.user_id
    async with context.database.snapshot() as reader:
        users = await store.list_users(reader, only=only, sort=sort, skip=skip, at_most=page_size)
        return UserPage(users=users, total=await store.count_users(reader, only=only))


async def list_role_members(context: Context, caller: Caller) -> dict[Role, list[UserId]]:
    """Who has each role, be it in a single program. Errors: NotAllowed."""
    check_may(caller, Right.PEOPLE)
    async with context.database.reader() as reader:
        return await role_store.list_role_members(reader)


async def get_user(context: Context, caller: Caller, user_id: UserId) -> User:
    """The user. Errors: NotFound, also for what somebody who is no admin may not see."""
    _check_sees(caller, user_id)
    async with context.database.reader() as reader:
        found = await store.list_users(reader, only=user_id, sort="id", skip=0, at_most=1)
    if not found:
        raise _no_user(user_id)
    return found[0]


async def find_user_id(context: Context, caller: Caller | None, email: str) -> UserId:
    """The user of that address. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.PEOPLE)
    async with context.database.reader() as reader:
        user_id = await store.find_user_id(reader, email) if is_one_line(email) else None
    if user_id is None:
        raise NotFound("user", email[:254])
    return user_id


async def update_user(
    context: Context, caller: Caller | None, user_id: UserId, wish: UserWish
) -> User:
    """Change a user and return them. Deactivating ends their sessions.

    Errors: InvalidField, NotFound; NotAllowed if somebody who is no admin wants more than another
    name; InUse if nobody would be left who administers.
    """
    _check_sees(caller, user_id)
    if wish.name is not None:
        check_name(wish.name)
    now = context.clock()
    async with context.database.transaction() as tx:
        user, admins = await lock_user(tx, user_id)
        if user.state is UserState.INVITED and wish.state is UserState.ACTIVE:
            fix = "they are active once they have used their link; make them a new one"
            raise InvalidField("state", "the state invited", fix)
        new = _wanted(user, wish, now)
        if replace(new, modified_at=user.modified_at) == user:
            return user
        if replace(new, name=user.name, modified_at=user.modified_at) != user:
            _check_may_promote(caller)
        if not new.administers:
            _check_not_last(user, admins)
        await store.update_user(tx, new)
        if new.roles != user.roles:
            await check_programs(tx, new.roles)
            await role_store.replace_program_roles(tx, user_id, new.roles)
        if new.state is not UserState.ACTIVE:
            await session_store.delete_user_sessions(tx, user_id)
            await store.delete_link(tx, user_id)
        path = f"/v1/users/{user_id}"
        await record_change(tx, caller, path, now=now, old=told_user(user), new=told_user(new))
    return new


async def update_own_settings(context: Context, caller: Caller, settings: OwnSettings) -> None:
    """Let these be the caller's own settings. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.OWN_ACCOUNT)
    assert caller.user_id is not None
    now = context.clock()
    async with context.database.transaction() as tx:
        user, _ = await lock_user(tx, caller.user_id)
        if user.settings == settings:
            return
        await store.update_own_settings(tx, user.user_id, settings, now=now)
        path = f"/v1/users/{user.user_id}/settings"
        old, new = _told_settings(user.settings), _told_settings(settings)
        await record_change(tx, caller, path, now=now, old=old, new=new)


async def delete_user(context: Context, caller: Caller, user_id: UserId) -> None:
    """Delete a user: their sessions end, and their address can be used again.

    Errors: NotAllowed; NotFound; InUse if nobody would be left who administers.
    """
    check_may(caller, Right.PEOPLE)
    now = context.clock()
    async with context.database.transaction() as tx:
        user, admins = await lock_user(tx, user_id)
        _check_not_last(user, admins)
        await store.delete_user(tx, user_id, now=now)
        await session_store.delete_user_sessions(tx, user_id)
        await store.delete_link(tx, user_id)
        await delete_second_factor(tx, user_id)
        await openid_store.delete_identities(tx, user_id)
        await role_store.replace_program_roles(tx, user_id, ())
        await record_change(tx, caller, f"/v1/users/{user_id}", now=now, old=told_user(user))


def _check_sees(caller: Caller | None, user_id: UserId) -> None:
    if caller and not caller.may(Right.PEOPLE) and caller.user_id != user_id:
        raise NotFound("user", str(user_id), hidden=True)


def _check_may_promote(caller: Caller | None) -> None:
    if caller and not caller.may(Right.PEOPLE):
        fix = "only admins change who is active and who is what; ask one of them"
        raise NotAllowed("change your own state or role", fix)


async def check_programs(tx: Tx, roles: Sequence[ProgramRole]) -> None:
    """Refuse roles in programs that are not there, and two in the same. Errors: InvalidField."""
    left = set(await find_programs(tx, [each.program_id for each in roles]))
    for number, each in enumerate(roles):
        if each.program_id not in left:
            field, fix = f"programRoles[{number}].loyaltyProgramId", "write each program once"
            raise InvalidField(field, str(each.program_id), f"{fix}, and one that is there")
        left.remove(each.program_id)


def _no_user(user_id: UserId) -> NotFound:
    return NotFound("user", str(user_id))


async def lock_user(tx: Tx, user_id: UserId) -> tuple[User, list[UserId]]:
    """The user and all active admins, locked until the commit. Errors: NotFound."""
    user, admins = await store.lock_user(tx, user_id)
    if user is None:
        raise _no_user(user_id)
    return user, admins


def _wanted(user: User, wish: UserWish, now: datetime) -> User:
    return replace(
        user,
        modified_at=now,
        name=user.name if wish.name is None else wish.name,
        state=wish.state or user.state,
        is_admin=user.is_admin if wish.is_admin is None else wish.is_admin,
        roles=tuple(sorted(_wanted_roles(user, wish), key=_program_of)),
    )


def _wanted_roles(user: User, wish: UserWish) -> Sequence[ProgramRole]:
    roles = user.roles if wish.roles is None else wish.roles
    if wish.role_in is None:
        return roles
    program_id, role = wish.role_in
    others = [each for each in roles if each.program_id != program_id]
    return [*others, role] if role else others


def _program_of(role: ProgramRole) -> ProgramId:
    return role.program_id


def _check_not_last(user: User, admins: list[UserId]) -> None:
    if admins == [user.user_id]:
        fix = "make another user an admin first"
        raise InUse("user", user.email, "no other active admin", fix)


def told_user(user: User) -> dict[str, object]:
    """What the record of changes holds of a user."""
    return {
        "id": user.user_id,
        "email": user.email,
        "name": user.name,
        "state": user.state.value,
        "isAdmin": user.is_admin,
        "programRoles": [_told_role(each) for each in user.roles],
    }


def _told_role(role: ProgramRole) -> dict[str, object]:
    told: dict[str, object] = {"loyaltyProgramId": role.program_id, "role": role.role.value}
    limit = role.points_a_day
    return told if limit is None else told | {"pointsPerDay": decimal_of(limit)}


def _told_settings(settings: OwnSettings) -> dict[str, object]:
    return {
        "theme": settings.theme.value,
        "timezone": settings.timezone,
        "locale": settings.locale,
    }
