"""`tallystick user` and `tallystick key`: who may come in."""

import getpass
import secrets
import sys
from datetime import timedelta
from enum import Enum
from typing import Annotated

import typer

from tallystick.cli.options import AsJson, ProgramName, examples, read_points
from tallystick.cli.output import say, write_json, write_line
from tallystick.cli.runtime import run_in_context
from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import ApplicationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.roles import PROGRAM_ROLES, ProgramRole, Role
from tallystick.core.validity import render_instant
from tallystick.services.accounts import create_user
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.services.links import Link, renew_link
from tallystick.services.programs import get_program_named
from tallystick.services.second_factor import reset_second_factor
from tallystick.services.users import UserWish, find_user_id, update_user

users = typer.Typer(
    no_args_is_help=True,
    help="Make users, say what they are, and let them back in.",
    epilog=examples("tallystick user create --email ada@example.com --admin"),
)
keys = typer.Typer(
    no_args_is_help=True,
    help="Make keys for other systems.",
    epilog=examples("tallystick key create --kind integration --name 'Web shop'"),
)


RoleName = Enum("RoleName", {role.name: role.value for role in PROGRAM_ROLES})  # type: ignore[misc]  # members are worked out


class KeyKind(Enum):
    """Which part of the API a key opens."""

    INTEGRATION = "integration"
    MANAGEMENT = "management"


@users.command(
    "create",
    epilog=examples(
        "tallystick user create --email ada@example.com --name 'Ada Byron' --admin",
        "tallystick user create --email ada@example.com --generate-password",
        "tallystick user create --email ada@example.com --password-stdin < password.txt",
    ),
)
def create_user_(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="What the user signs in with.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What the user is called.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    from_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
    generate: Annotated[
        bool, typer.Option("--generate-password", help="Make a password and print it.")
    ] = False,
) -> None:
    """Make a user who can sign in.

    The password has at least 12 characters and is asked for. Prints the user's id, or alone the
    password that was made.
    """
    password = _password(from_stdin=from_stdin, generate=generate)
    user_id = run_in_context(
        ctx,
        lambda context: create_user(
            context, email=email, password=password, name=name, is_admin=admin
        ),
    )
    write_line(password if generate else user_id)
    say(f"{email} can sign in{' and administer' if admin else ''}; the user's id is {user_id}.")


@users.command("link", epilog=examples("tallystick user link --email ada@example.com"))
def make_link(
    ctx: typer.Context,
    *,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="What the user signs in with.")],
) -> None:
    """Make a link to set a new password by.

    Prints its token, which is good once, for a week; the last one is void.
    """

    async def make(context: Context) -> Link:
        return await renew_link(context, None, await find_user_id(context, None, email))

    link = run_in_context(ctx, make)
    write_line(link.token)
    say(f"Pass it on to {email}; it is good once, until {render_instant(link.expires_at)}.")


@users.command(
    "role",
    epilog=examples(
        "tallystick user role --email ada@example.com --program Club --role manager",
        "tallystick user role --email bob@example.com --program Club --role support"
        " --points-per-day 500",
        "tallystick user role --email ada@example.com --program Club --none",
    ),
)
def set_role(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="What the user signs in with.")],
    program: ProgramName,
    role: Annotated[
        RoleName | None, typer.Option(help="What the user is to be in the program.")
    ] = None,
    points_per_day: Annotated[
        str | None,
        typer.Option(metavar="POINTS", help="What Support may add and deduct in a day."),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Take the role away.")] = False,
) -> None:
    """Give a user a role in a program, or take it away.

    A role takes the place of the one that they have there.

    What each role opens is in docs/dashboard.md. Admins, who are that everywhere, are made by
    `user create --admin` and in the browser.
    """
    if none is (role is not None):
        raise typer.BadParameter("write --role or --none, one of the two", param_hint="--role")
    limit = None if points_per_day is None else read_points("--points-per-day", points_per_day)

    async def give(context: Context) -> None:
        found = await get_program_named(context, program)
        new = role and _role(found.id, Role[role.name], limit)
        user_id = await find_user_id(context, None, email)
        await update_user(context, None, user_id, UserWish(role_in=(found.id, new)))

    run_in_context(ctx, give)
    say(f"{email} is {role.value.capitalize() if role else 'nobody'} in {shown(program)} now.")


@users.command(
    "reset-second-factor",
    epilog=examples("tallystick user reset-second-factor --email ada@example.com"),
)
def reset_second_factor_(
    ctx: typer.Context,
    *,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="What the user signs in with.")],
) -> None:
    """Take away a second factor that is lost.

    The user signs in by the password alone then; their sessions end.
    """

    async def reset(context: Context) -> None:
        await reset_second_factor(context, None, await find_user_id(context, None, email))

    run_in_context(ctx, reset)
    say(f"{email} signs in without a second factor now; their sessions are ended.")


@keys.command(
    "create",
    epilog=examples(
        "tallystick key create --kind integration --name 'Web shop'",
        "KEY=$(tallystick key create --kind management --name backups --days 30)",
    ),
)
def create_key_(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    kind: Annotated[KeyKind, typer.Option(help="Which part of the API it opens.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What it is for.")],
    days: Annotated[
        int, typer.Option(metavar="COUNT", min=1, max=3660, help="How long it works.")
    ] = 365,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="For the sandbox.")] = False,
    application: Annotated[
        int | None,
        typer.Option(metavar="ID", help="For this application and its environment only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it; it cannot be shown again.

    An integration key reaches the programs of its environment, or those of them that are connected
    to its application or to none. A management key reaches everything.
    """
    caller = CallerKind[kind.name]
    if kind is KeyKind.MANAGEMENT and (sandbox or application is not None):
        hint = "--application" if application is not None else "--sandbox"
        raise typer.BadParameter("a management key is for everything", param_hint=hint)
    made = run_in_context(
        ctx,
        lambda context: create_key(
            context,
            kind=caller,
            name=name,
            life=timedelta(days=days),
            sandbox=sandbox,
            application_id=None if application is None else ApplicationId(application),
        ),
    )
    if as_json:
        write_json({"id": made.key_id, "key": made.key, "expires_at": made.expires_at})
        return
    write_line(made.key)
    say(f"Keep this key for {shown(name)}, it is shown this once; it works for {days} days.")
    say(f"Send it as the header 'Authorization: {caller.value} KEY'.")


def _role(program_id: ProgramId, role: Role, limit: Points | None) -> ProgramRole:
    try:
        return ProgramRole(program_id=program_id, role=role, points_a_day=limit)
    except InvalidField as error:
        raise InvalidField("--points-per-day", error.found, error.fix) from error


def _password(*, from_stdin: bool, generate: bool) -> str:
    """The password of a new user, from wherever it was asked to come."""
    if from_stdin and generate:
        raise typer.BadParameter("leave one of the two out", param_hint="--password-stdin")
    if generate:
        return secrets.token_urlsafe(18)
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask for the password; write --password-stdin or"
            " --generate-password"
        )
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("The same again: "):
        raise InvalidField("password", "two that differ", "write the same one twice")
    return password
