"""What several commands are given, and how its text becomes what services take."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import typer

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import IntegrationId
from tallystick.core.points import FIX as POINTS_FIX
from tallystick.core.points import Points, parse_points
from tallystick.core.programs import Program
from tallystick.core.validity import INSTANT_FIX, parse_instant
from tallystick.services.balances import member_balances
from tallystick.services.context import Context
from tallystick.services.programs import get_profile_program, get_program_named


class Format(Enum):
    """How records are written."""

    CSV = "csv"
    JSON = "json"


ProgramName = Annotated[
    str, typer.Option("--program", metavar="NAME", help="The name of the program.")
]
Member = Annotated[
    str | None,
    typer.Option("--member", metavar="ID", help="Only the customer profile of this id."),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="INSTANT", help="The moment, past or future.", show_default="now"),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at", metavar="INSTANT", help="Leave out what was recorded after this moment."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def examples(*lines: str) -> str:
    """The end of a command's help."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    keep_lines = "\b"
    return "\n".join([keep_lines, title, *(f"  {line}" for line in lines)])


def read_instant(option: str, text: str | None) -> datetime | None:
    """The instant that an option's text writes out, None if it was not given.

    Errors: InvalidField.
    """
    if text is None:
        return None
    instant = parse_instant(text)
    if instant is None:
        raise InvalidField(option, shown(text), INSTANT_FIX)
    return instant


def read_points(option: str, text: str, *, fix: str = POINTS_FIX) -> Points:
    """The amount that an option's text writes out. Errors: InvalidField."""
    points = parse_points(text)
    if points is None:
        raise InvalidField(option, shown(text), fix)
    return points


async def find_program(context: Context, name: str) -> Program:
    """The program of that name, if its points are those of profiles.

    Errors: NotFound, NotSupported.
    """
    program = await get_program_named(context, name)
    return await get_profile_program(context, program.id)


async def find_member(
    context: Context, program: Program, member: str | None
) -> IntegrationId | None:
    """The id of a profile that is there, None if none was asked for. Errors: NotFound."""
    if member is None:
        return None
    integration_id = IntegrationId(member)
    await member_balances(context, program, integration_id)
    return integration_id
