"""Users. People who are no admins see themselves only, and can change their own name."""

from typing import Annotated, Any, Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import SortedQuery, sort_in
from tallystick.api.roles import role_ids, wants_admin
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.accounts import User, UserState
from tallystick.core.errors import InvalidField
from tallystick.core.ids import UserId
from tallystick.core.validity import render_instant
from tallystick.services import users as service
from tallystick.services.users import UserWish


class UserBody(msgspec.Struct, omit_defaults=True):
    """A person who can sign in. `policy` and `inviteToken` are always empty."""

    id: int
    created: str
    modified: str
    email: str
    accountId: int
    name: str
    state: Literal["active", "deactivated"]
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
    """What is to change; what is left out stays. `roles` says the same as `isAdmin`."""

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
    return _body(await service.get_user(call.context, call.known_caller, _user_id(call)))


async def put_user(call: Call[Nothing, UpdateUser]) -> UserBody:
    """Change a user; deactivating ends their sessions and disables their management keys."""
    body = call.body
    wish = UserWish(
        name=body.name,
        state=UserState(body.state) if body.state else None,
        is_admin=_is_admin(body),
    )
    return _body(await _update(call, _user_id(call), wish))


async def delete_user(call: Call[Nothing, Nothing]) -> None:
    """Delete a user; the e-mail address can be used again."""
    await _delete(call, _user_id(call))


async def delete_by_email(call: Call[Nothing, UserEmail]) -> None:
    """Delete the user with an e-mail address, which can be used again."""
    await _delete(call, await service.find_user_id(call.context, call.body.email))


async def activate_by_email(call: Call[Nothing, UserEmail]) -> None:
    """Let the user with an e-mail address sign in again."""
    user_id = await service.find_user_id(call.context, call.body.email)
    await _update(call, user_id, UserWish(state=UserState.ACTIVE))


async def deactivate_by_email(call: Call[Nothing, UserEmail]) -> None:
    """End the sessions of the user with an e-mail address, and let them sign in no more."""
    user_id = await service.find_user_id(call.context, call.body.email)
    await _update(call, user_id, UserWish(state=UserState.DEACTIVATED))


async def _update(call: Call[Nothing, Any], user_id: UserId, wish: UserWish) -> User:
    user = await service.update_user(call.context, call.known_caller, user_id, wish)
    _forget_reach(call)
    return user


async def _delete(call: Call[Nothing, Any], user_id: UserId) -> None:
    await service.delete_user(call.context, call.known_caller, user_id)
    _forget_reach(call)


def _forget_reach(call: Call[Nothing, Any]) -> None:
    """Ask anew for everybody: with a user, their sessions and management keys may have ended."""
    call.house.doorkeeper.forget_all(lambda _: True)


def _user_id(call: Call[Nothing, Any]) -> UserId:
    return UserId(call.number_in_path("userId", "user"))


def _is_admin(body: UpdateUser) -> bool | None:
    if body.roles is None:
        return body.isAdmin
    by_roles = wants_admin(body.roles)
    if body.isAdmin not in {None, by_roles}:
        found = f"{body.roles}, and isAdmin {str(body.isAdmin).lower()}"
        raise InvalidField("roles", found, "let both say the same, or leave one out")
    return by_roles


def _body(user: User) -> UserBody:
    return UserBody(
        id=user.user_id,
        created=render_instant(user.created_at),
        modified=render_instant(user.modified_at),
        email=user.email,
        accountId=ACCOUNT_ID,
        name=user.name,
        state="active" if user.state is UserState.ACTIVE else "deactivated",
        inviteToken="",
        isAdmin=user.is_admin,
        policy={},
        roles=role_ids(is_admin=user.is_admin),
        authMethod="basic_auth",
        lastSignedIn=render_instant(user.signed_in_at) if user.signed_in_at else None,
    )
