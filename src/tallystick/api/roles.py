"""Roles: the two that there are, in the contract's words. A user has one of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from tallystick.api.operations import Call, Nothing, Operation
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.errors import InvalidField, NotFound
from tallystick.services.callers import CallerKind
from tallystick.services.users import list_user_ids

CREATED = "2026-11-01T00:00:00Z"  # roles come with Tallystick, not with an installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What people in a role may do: all operations for people, or all but those for admins."""

    id: int
    name: str
    description: str
    admin: bool


ROLES = (
    Role(id=1, name="Admin", description="Everything.", admin=True),
    Role(
        id=2,
        name="Manager",
        description="Programs, members and their points; nothing that is for admins.",
        admin=False,
    ),
)


class PermissionSet(msgspec.Struct):
    """The operations that a role opens, by their ids in this description."""

    name: str
    logicalOperations: list[str]


class Permissions(msgspec.Struct):
    """What a role gives, everywhere in the account.

    The contract's `roles`, which says where, is left out: an official client cannot read it.
    """

    permissionSets: list[PermissionSet]


class RoleBody(msgspec.Struct):
    """A role, and the ids of the users who have it. Roles cannot be changed."""

    id: int
    created: str
    modified: str
    accountId: int
    name: str
    description: str
    permissions: Permissions
    members: list[int]
    isReadonly: bool


class RolesBody(msgspec.Struct):
    """All roles."""

    totalResultSize: int
    data: list[RoleBody]


async def get_all(call: Call[Nothing, Nothing]) -> RolesBody:
    """All roles."""
    data = [await _body(call, role) for role in ROLES]
    return RolesBody(totalResultSize=len(data), data=data)


async def get_one(call: Call[Nothing, Nothing]) -> RoleBody:
    """One role."""
    role_id = call.number_in_path("roleId", "role")
    for role in ROLES:
        if role.id == role_id:
            return await _body(call, role)
    raise NotFound("role", str(role_id))


def role_ids(*, is_admin: bool) -> list[int]:
    """The roles of a user."""
    return [role.id for role in ROLES if role.admin is is_admin]


def wants_admin(ids: Iterable[int]) -> bool:
    """Whether roles of these ids make an admin. Errors: InvalidField."""
    wanted = list(ids)
    known = {role.id: role for role in ROLES}
    if not wanted or not known.keys() >= set(wanted):
        written = ", ".join(f"[{role.id}] for {role.name}" for role in ROLES)
        raise InvalidField("roles", str(wanted), f"write {written}")
    return any(known[role_id].admin for role_id in wanted)


async def _body(call: Call[Nothing, Nothing], role: Role) -> RoleBody:
    opened = PermissionSet(
        name=role.name,
        logicalOperations=[each.id for each in call.about.operations if _opens(role, each)],
    )
    return RoleBody(
        id=role.id,
        created=CREATED,
        modified=CREATED,
        accountId=ACCOUNT_ID,
        name=role.name,
        description=role.description,
        permissions=Permissions(permissionSets=[opened]),
        members=[*await list_user_ids(call.context, admins=role.admin)],
        isReadonly=True,
    )


def _opens(role: Role, operation: Operation) -> bool:
    return CallerKind.PERSON in operation.who and (role.admin or not operation.admin)
