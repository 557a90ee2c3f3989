"""Users. People who are no admins see themselves only, and can change their own name."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import SortedQuery, sort_in
from tallystick.api.roles import NUMBERED
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.accounts import User, UserState
from tallystick.core.errors import InvalidField
from tallystick.core.ids import UserId
from tallystick.core.roles import ProgramRole, Role
from tallystick.core.validity import render_instant
from tallystick.services import users as service
from tallystick.services.programs import list_programs
from tallystick.services.users import UserWish


class UserBody(msgspec.Struct, omit_defaults=True):
    """A person who can sign in. `policy` and `inviteToken` are always empty."""

    id: int
    created: str
    modified: str
    email: str
    accountId: int
    name: str
    state: Literal["invited", "active", "deactivated"]
    inviteToken: Literal[""]
    isAdmin: bool
    policy: dict[str, Any]
    roles: list[int]
    authMethod: str
    lastSignedIn: str | None = None


class UsersBody(msgspec.Struct):
    """A page of users."""

    totalResultSize: int
    data: list[UserBody]


class UpdateUser(msgspec.Struct):
    """What is to change; what is left out stays.

    `roles` as they were change nothing. Other ones make an admin of the user, or give them that one
    role in every program there is.
    """

    name: str | None = None
    state: Literal["active", "deactivated"] | None = None
    isAdmin: bool | None = None
    roles: list[int] | None = None


class UserEmail(msgspec.Struct):
    """Whom it is about."""

    email: Annotated[str, msgspec.Meta(description="The address that the user signs in with.")]


async def get_all(call: Call[SortedQuery, Nothing]) -> UsersBody:
    """A page of the users."""
    query = call.query
    page = await service.list_users(
        call.context,
        call.known_caller,
        sort=sort_in(query.sort, service.SORTS),
        page_size=query.pageSize,
        skip=query.skip,
    )
    return UsersBody(totalResultSize=page.total, data=[_body(user) for user in page.users])


async def get_one(call: Call[Nothing, Nothing]) -> UserBody:
    """One user."""
    return _body(await service.get_user(call.context, call.known_caller, user_id_in(call)))


async def put_user(call: Call[Nothing, UpdateUser]) -> UserBody:
    """Change a user; deactivating ends their sessions and disables their management keys."""
    body, user_id = call.body, user_id_in(call)
    wish = UserWish(
        name=body.name,
        state=UserState(body.state) if body.state else None,
        is_admin=body.isAdmin,
    )
    if body.roles is not None:
        user = await service.get_user(call.context, call.known_caller, user_id)
        wish = await _with_roles(call, wish, user, set(body.roles))
    return _body(await _update(call, user_id, wish))


async def delete_user(call: Call[Nothing, Nothing]) -> None:
    """Delete a user; the e-mail address can be used again."""
    await _delete(call, user_id_in(call))


async def delete_by_email(call: Call[Nothing, UserEmail]) -> None:
    """Delete the user with an e-mail address, which can be used again."""
    user_id = await service.find_user_id(call.context, call.known_caller, call.body.email)
    await _delete(call, user_id)


async def activate_by_email(call: Call[Nothing, UserEmail]) -> None:
    """Let the user with an e-mail address sign in again."""
    user_id = await service.find_user_id(call.context, call.known_caller, call.body.email)
    await _update(call, user_id, UserWish(state=UserState.ACTIVE))


async def deactivate_by_email(call: Call[Nothing, UserEmail]) -> None:
    """End the sessions of the user with an e-mail address, and let them sign in no more."""
    user_id = await service.find_user_id(call.context, call.known_caller, call.body.email)
    await _update(call, user_id, UserWish(state=UserState.DEACTIVATED))


async def _update(call: Call[Nothing, Any], user_id: UserId, wish: UserWish) -> User:
    user = await service.update_user(call.context, call.known_caller, user_id, wish)
    forget_reach(call)
    return user


async def _delete(call: Call[Nothing, Any], user_id: UserId) -> None:
    await service.delete_user(call.context, call.known_caller, user_id)
    forget_reach(call)


def forget_reach(call: Call[Nothing, Any]) -> None:
    """Ask anew for everybody: with a user, their sessions and management keys may have ended."""
    call.house.doorkeeper.forget_all(lambda _: True)


def user_id_in(call: Call[Nothing, Any]) -> UserId:
    """The user named in the path. Errors: NotFound if it is no possible id."""
    return UserId(call.number_in_path("userId", "user"))


async def _with_roles(
    call: Call[Nothing, UpdateUser], wish: UserWish, user: User, wanted: set[int]
) -> UserWish:
    """The wish with the roles of these ids. Errors: InvalidField."""
    if wanted == set(_role_ids(user)):
        return wish
    by_roles = _role_in(wanted)
    is_admin = by_roles is Role.ADMIN
    if wish.is_admin not in {None, is_admin}:
        found = f"{sorted(wanted)}, and isAdmin {str(wish.is_admin).lower()}"
        raise InvalidField("roles", found, "let both say the same, or leave one out")
    if is_admin:
        return replace(wish, is_admin=True)
    programs = await list_programs(call.context)
    roles = tuple(ProgramRole(program_id=each.id, role=by_roles) for each in programs)
    return replace(wish, is_admin=False, roles=roles)


def _role_in(wanted: set[int]) -> Role:
    """The role that ids stand for: Admin is more than any. Errors: InvalidField."""
    known = {number: role for number, role in NUMBERED.items() if role is not Role.SUPPORT}
    if wanted <= NUMBERED.keys() and Role.ADMIN in map(NUMBERED.get, wanted):
        return Role.ADMIN
    if len(wanted) == 1 and wanted <= known.keys():
        return known[min(wanted)]
    written = ", ".join(f"[{number}] for {role.value}" for number, role in known.items())
    fix = f"write {written}; other roles are given program by program, by setUserProgramRoles"
    raise InvalidField("roles", str(sorted(wanted)), fix)


def _role_ids(user: User) -> list[int]:
    """The roles of a user, wherever they have them; an admin is nothing else."""
    roles = {Role.ADMIN} if user.is_admin else {each.role for each in user.roles}
    return [number for number, role in NUMBERED.items() if role in roles]


def _body(user: User) -> UserBody:
    return UserBody(
        id=user.user_id,
        created=render_instant(user.created_at),
        modified=render_instant(user.modified_at),
        email=user.email,
        accountId=ACCOUNT_ID,
        name=user.name,
        state=user.state.value,  # type: ignore[arg-type]  # nobody sees who is deleted
        inviteToken="",
        isAdmin=user.is_admin,
        policy={},
        roles=_role_ids(user),
        authMethod="basic_auth",
        lastSignedIn=render_instant(user.signed_in_at) if user.signed_in_at else None,
    )
