"""Roles: which of them gives which right. `RIGHTS` is the only place that says so.

A right is about one program (SEE to IMPORT), about the whole installation (CUSTOMERS to AUDIT), or
about oneself. An admin has all of them everywhere; anybody else has a role in each program that
they work on, or none, and then that program is not there for them.
"""

from dataclasses import dataclass
from enum import Enum

from tallystick.core.errors import InvalidField
from tallystick.core.ids import ProgramId
from tallystick.core.points import Points, render_points


class Right(Enum):
    """What somebody may do; the values go on after "you may not"."""

    SEE = "see what is in a program"
    POST_POINTS = "add and deduct points"
    APPROVE = "approve points that others add and deduct"
    EXPORT = "take files out of a program"
    IMPORT = "import files into a program"
    CUSTOMERS = "see customers across programs"
    PROGRAMS = "make, change and delete programs and applications"
    KEYS = "see, make and delete keys"
    PEOPLE = "see, invite and change people"
    AUDIT = "read who did what"
    OWN_ACCOUNT = "know and change your own account"


class Role(Enum):
    """What somebody is; the values are the words by which it is stored and asked for."""

    ADMIN = "admin"
    MANAGER = "manager"
    SUPPORT = "support"
    ANALYST = "analyst"
    VIEWER = "viewer"


EVERYBODYS = frozenset({Right.OWN_ACCOUNT})  # also of somebody without any role

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.MANAGER: EVERYBODYS | {Right.SEE, Right.POST_POINTS, Right.APPROVE},
    Role.SUPPORT: EVERYBODYS | {Right.SEE, Right.POST_POINTS},
    Role.ANALYST: EVERYBODYS | {Right.SEE, Right.EXPORT},
    Role.VIEWER: EVERYBODYS | {Right.SEE},
}

PROGRAM_ROLES = tuple(role for role in Role if role is not Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRole:
    """The role of a person in a program.

    points_a_day: how many points in all Support may add and deduct there in a day of the program's
    time zone; None for every other role, which knows no such limit.
    Errors: InvalidField for a role that is not a program's, or a limit that is missing or too many.
    """

    program_id: ProgramId
    role: Role
    points_a_day: Points | None = None

    def __post_init__(self) -> None:
        if self.role is Role.ADMIN:
            words = ", ".join(role.value for role in PROGRAM_ROLES)
            fix = f"write {words}; an admin is one everywhere"
            raise InvalidField("role", self.role.value, fix)
        if self.role is Role.SUPPORT and not self.points_a_day:
            fix = "write how many points Support may add and deduct in a day"
            raise InvalidField("pointsPerDay", "nothing", fix)
        if self.role is not Role.SUPPORT and self.points_a_day is not None:
            fix = "leave it out; it is for the role support"
            raise InvalidField("pointsPerDay", render_points(self.points_a_day), fix)


def who_may(right: Right) -> str:
    """The roles that give the right, for a sentence: `Admin or Analyst`."""
    names = [role.value.capitalize() for role in Role if right in RIGHTS[role]]
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
