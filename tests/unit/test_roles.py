"""Which role gives which right, written out: whoever changes the table changes this with intent."""

import pytest

from tallystick.core.errors import InvalidField
from tallystick.core.ids import ProgramId
from tallystick.core.points import Points
from tallystick.core.roles import (
    EVERYBODYS,
    PROGRAM_ROLES,
    RIGHTS,
    ProgramRole,
    Right,
    Role,
    who_may,
)

TABLE = """
                admin  manager  support  analyst  viewer
SEE             yes    yes      yes      yes      yes
POST_POINTS     yes    yes      yes      -        -
APPROVE         yes    yes      -        -        -
EXPORT          yes    -        -        yes      -
IMPORT          yes    -        -        -        -
CUSTOMERS       yes    -        -        -        -
PROGRAMS        yes    -        -        -        -
KEYS            yes    -        -        -        -
PEOPLE          yes    -        -        -        -
AUDIT           yes    -        -        -        -
OWN_ACCOUNT     yes    yes      yes      yes      yes
"""


def told() -> dict[tuple[str, str], bool]:
    """The table cell by cell."""
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return {
        (right, role): cell == "yes"
        for right, *cells in rows
        for role, cell in zip(header, cells, strict=True)
    }


def test_each_role_gives_the_rights_of_the_table() -> None:
    given = {(right.name, role.value): right in RIGHTS[role] for right in Right for role in RIGHTS}
    assert given == told()


def test_every_role_is_in_the_table_and_has_what_everybody_has() -> None:
    assert RIGHTS.keys() == set(Role)
    assert all(rights >= EVERYBODYS for rights in RIGHTS.values())


def test_a_sentence_names_the_roles_that_give_a_right() -> None:
    assert who_may(Right.IMPORT) == "Admin"
    assert who_may(Right.EXPORT) == "Admin or Analyst"
    assert who_may(Right.POST_POINTS) == "Admin, Manager or Support"


@pytest.mark.parametrize("role", PROGRAM_ROLES)
def test_support_has_a_number_of_points_a_day_and_nobody_else(role: Role) -> None:
    with_points = ProgramRole if role is Role.SUPPORT else None
    for points, made in ((Points(1), with_points), (None, None if with_points else ProgramRole)):
        if made:
            assert made(program_id=ProgramId(1), role=role, points_a_day=points).role is role
        else:
            with pytest.raises(InvalidField) as refused:
                ProgramRole(program_id=ProgramId(1), role=role, points_a_day=points)
            assert refused.value.field == "pointsPerDay"


def test_nobody_is_an_admin_of_one_program() -> None:
    with pytest.raises(InvalidField, match="an admin is one everywhere"):
        ProgramRole(program_id=ProgramId(1), role=Role.ADMIN)
