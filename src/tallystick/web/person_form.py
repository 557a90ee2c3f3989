"""What somebody may do, as the form of a person says it: an admin, or a role program by program."""

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import ProgramId
from tallystick.core.points import Points, parse_points, render_points
from tallystick.core.programs import Program
from tallystick.core.roles import PROGRAM_ROLES, ProgramRole, Role
from tallystick.web.visits import Visit

# What each role is for, in a line beside its name.
ROLE_WORDS = {
    Role.MANAGER: "sees members, adds and deducts points",
    Role.SUPPORT: "sees members, adds and deducts so many points a day",
    Role.ANALYST: "sees and takes files out",
    Role.VIEWER: "sees",
}
ROLE_OPTIONS = [
    ("", "None: the program is not there for them"),
    *((role.value, f"{role.value.capitalize()}: {ROLE_WORDS[role]}") for role in PROGRAM_ROLES),
]


def chosen_roles(visit: Visit, programs: list[Program]) -> tuple[ProgramRole, ...]:
    """The roles that the form gives in these programs. Errors: InvalidField."""
    found = (_chosen_role(visit, program.id) for program in programs)
    return tuple(role for role in found if role is not None)


def role_values(programs: list[Program], roles: tuple[ProgramRole, ...]) -> dict[str, object]:
    """What the form offers for each program, and what is chosen now."""
    given = {role.program_id: role for role in roles}
    return {
        "programs": programs,
        "role_options": ROLE_OPTIONS,
        "role_of": {key: role.role.value for key, role in given.items()},
        "limit_of": {
            key: render_points(role.points_a_day).removesuffix(".00")
            for key, role in given.items()
            if role.points_a_day is not None
        },
    }


def fields_of(programs: list[Program]) -> list[str]:
    """The fields of a person's form, which show themselves what is wrong with them."""
    of_programs = (f"{name}-{each.id}" for each in programs for name in ("role", "points"))
    return ["email", "name", *of_programs]


def _chosen_role(visit: Visit, program_id: ProgramId) -> ProgramRole | None:
    text = visit.form.get(f"role-{program_id}", "")
    if not text:
        return None
    known = {role.value: role for role in PROGRAM_ROLES}
    if text not in known:
        raise InvalidField(f"role-{program_id}", shown(text), f"choose one of {', '.join(known)}")
    role = known[text]
    limit = _limit(visit, program_id) if role is Role.SUPPORT else None
    return ProgramRole(program_id=program_id, role=role, points_a_day=limit)


def _limit(visit: Visit, program_id: ProgramId) -> Points:
    field = f"points-{program_id}"
    text = visit.form.get(field, "").strip()
    points = parse_points(text)
    if points is None:
        fix = "write how many points Support may add and deduct in a day, like 500"
        raise InvalidField(field, shown(text) if text else "nothing", fix)
    return points
