"""Operations on a program as a whole."""

from http import HTTPStatus

from tallystick.api import imports, programs, wire
from tallystick.api.operations import MANAGERS, Operation
from tallystick.api.routes.paths import PROGRAM, PROGRAMS

OPERATIONS = (
    Operation(
        id="importLoyaltyPoints",
        method="POST",
        path=PROGRAM + "/import_points",
        who=MANAGERS,
        query=imports.ImportQuery,
        answer=wire.ImportBody,
        handler=imports.post_points,
    ),
    Operation(
        id="getLoyaltyProgram",
        method="GET",
        path=PROGRAM,
        who=MANAGERS,
        answer=programs.ProgramBody,
        handler=programs.get_one,
    ),
    Operation(
        id="getLoyaltyPrograms",
        method="GET",
        path=PROGRAMS,
        who=MANAGERS,
        answer=programs.ProgramsBody,
        handler=programs.get_all,
    ),
    Operation(
        id="createLoyaltyProgram",
        method="POST",
        path=PROGRAMS,
        who=MANAGERS,
        body=programs.NewLoyaltyProgram,
        answer=programs.ProgramBody,
        status=HTTPStatus.CREATED,
        handler=programs.post_program,
    ),
)
