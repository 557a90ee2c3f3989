"""Which role a user has in which program."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.users import forget_reach, user_id_in
from tallystick.core.errors import InvalidField
from tallystick.core.ids import ProgramId
from tallystick.core.points import decimal_of, points_of
from tallystick.core.roles import ProgramRole, Role
from tallystick.services.users import UserWish, get_user, update_user


class ProgramRoleBody(msgspec.Struct, omit_defaults=True):
    """A role in a program; `pointsPerDay` belongs to `support` and to nothing else."""

    loyaltyProgramId: Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]
    role: Literal["manager", "support", "analyst", "viewer"]
    pointsPerDay: Decimal | None = None


class ProgramRoles(msgspec.Struct):
    """The roles of a user, program by program; an admin needs none."""

    programRoles: list[ProgramRoleBody]


async def get_program_roles(call: Call[Nothing, Nothing]) -> ProgramRoles:
    """The roles of a user in programs."""
    user = await get_user(call.context, call.known_caller, user_id_in(call))
    return _body(user.roles)


async def put_program_roles(call: Call[Nothing, ProgramRoles]) -> ProgramRoles:
    """Give a user these roles, and no others.

    In a program that is not among them they see nothing any more.
    """
    wish = UserWish(roles=roles_in(call.body.programRoles))
    user = await update_user(call.context, call.known_caller, user_id_in(call), wish)
    forget_reach(call)
    return _body(user.roles)


def roles_in(bodies: list[ProgramRoleBody]) -> tuple[ProgramRole, ...]:
    """The roles that `programRoles` of a body tells. Errors: InvalidField."""
    return tuple(_role(each, number) for number, each in enumerate(bodies))


def _role(body: ProgramRoleBody, number: int) -> ProgramRole:
    """The role that a body tells. Errors: InvalidField."""
    limit = body.pointsPerDay
    try:
        return ProgramRole(
            program_id=ProgramId(body.loyaltyProgramId),
            role=Role(body.role),
            points_a_day=None if limit is None else points_of(limit, field="pointsPerDay"),
        )
    except InvalidField as error:
        field = f"programRoles[{number}].{error.field}"
        raise InvalidField(field, error.found, error.fix) from error


def _body(roles: tuple[ProgramRole, ...]) -> ProgramRoles:
    return ProgramRoles([_role_body(each) for each in roles])


def _role_body(role: ProgramRole) -> ProgramRoleBody:
    limit = role.points_a_day
    return ProgramRoleBody(
        loyaltyProgramId=role.program_id,
        role=role.role.value,  # type: ignore[arg-type]  # all but admin
        pointsPerDay=None if limit is None else decimal_of(limit),
    )
