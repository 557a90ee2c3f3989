"""Roles, in the contract's words: what each of them opens, and who has it anywhere."""

import msgspec

from tallystick.api.operations import Call, Nothing, Operation
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.errors import NotFound
from tallystick.core.ids import UserId
from tallystick.core.roles import RIGHTS, Role
from tallystick.services.callers import CallerKind
from tallystick.services.users import list_role_members

CREATED = "2026-11-01T00:00:00Z"  # roles come with Tallystick, not with an installation

NUMBERED = dict(enumerate(Role, start=1))

_ABOUT = {
    Role.ADMIN: "Everything, in every program.",
    Role.MANAGER: "The members of a program and their points.",
    Role.SUPPORT: "The same, up to a number of points a day.",
    Role.ANALYST: "All that is in a program, also as files; changes nothing.",
    Role.VIEWER: "All that is in a program; changes nothing.",
}


class PermissionSet(msgspec.Struct):
    """The operations that a role opens, by their ids in this description."""

    name: str
    logicalOperations: list[str]


class Permissions(msgspec.Struct):
    """What a role gives, in the programs in which somebody has it.

    The contract's `roles`, which says where, is left out: an official client cannot read it.
    """

    permissionSets: list[PermissionSet]


class RoleBody(msgspec.Struct):
    """A role, and the ids of the users who have it in any program. Roles cannot be changed."""

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
    members = await list_role_members(call.context, call.known_caller)
    data = [_body(call, number, members[role]) for number, role in NUMBERED.items()]
    return RolesBody(totalResultSize=len(data), data=data)


async def get_one(call: Call[Nothing, Nothing]) -> RoleBody:
    """One role."""
    number = call.number_in_path("roleId", "role")
    if number not in NUMBERED:
        raise NotFound("role", str(number))
    members = await list_role_members(call.context, call.known_caller)
    return _body(call, number, members[NUMBERED[number]])


def _body(call: Call[Nothing, Nothing], number: int, members: list[UserId]) -> RoleBody:
    role = NUMBERED[number]
    name = role.value.capitalize()
    opened = [each.id for each in call.about.operations if _opens(role, each)]
    return RoleBody(
        id=number,
        created=CREATED,
        modified=CREATED,
        accountId=ACCOUNT_ID,
        name=name,
        description=_ABOUT[role],
        permissions=Permissions([PermissionSet(name=name, logicalOperations=opened)]),
        members=[*members],
        isReadonly=True,
    )


def _opens(role: Role, operation: Operation) -> bool:
    return CallerKind.PERSON in operation.who and operation.right in RIGHTS[role]
