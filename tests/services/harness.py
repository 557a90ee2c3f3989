"""What the tests of the services and of the faces make: a clock, programs, members with points."""

import asyncio
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tallystick.core.accounts import ApplicationSettings
from tallystick.core.ids import IntegrationId, UserId
from tallystick.core.points import Points, parse_points
from tallystick.core.programs import Program, ProgramSettings
from tallystick.core.roles import ProgramRole, Role
from tallystick.core.transactions import Kind
from tallystick.services.applications import create_application
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.imports import ImportReport, import_points
from tallystick.services.posting import post
from tallystick.services.postings import Outcome, Posting
from tallystick.services.programs import create_program
from tallystick.services.users import UserWish, get_user, update_user

ADMIN = Caller(kind=CallerKind.PERSON, is_admin=True)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)

_NUMBERS = count(1)


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def new_name(kind: str) -> str:
    """A name that nothing has yet."""
    return f"{kind} {next(_NUMBERS)}"


def new_settings(**settings: Any) -> ProgramSettings:
    """Settings with a name that is free, and with subledgers."""
    given = {"name": new_name("program"), "timezone": "UTC", "allow_subledger": True}
    return ProgramSettings(**{**given, **settings})


async def new_program(context: Context, **settings: Any) -> Program:
    """A program without members."""
    return await create_program(context, new_settings(**settings))


async def new_application(context: Context, *, sandbox: bool = False) -> int:
    """The id of a new application."""
    settings = ApplicationSettings(
        name=new_name("application"), timezone="UTC", currency="EUR", sandbox=sandbox
    )
    return (await create_application(context, settings)).id


async def new_member(context: Context, program: Program, points: str = "100") -> IntegrationId:
    """A member with points that are active without an end."""
    name = new_name("member")
    await import_rows(context, program, f"{name},{points}")
    return IntegrationId(name)


async def give_role(context: Context, user_id: UserId, program: Program, role: Role) -> None:
    """Let somebody have this role in one more program; Support may post 100 points a day."""
    given = ProgramRole(
        program_id=program.id,
        role=role,
        points_a_day=Points(100_00) if role is Role.SUPPORT else None,
    )
    user = await get_user(context, ADMIN, user_id)
    others = [each for each in user.roles if each.program_id != program.id]
    await update_user(context, ADMIN, user_id, UserWish(roles=(*others, given)))


async def import_rows(
    context: Context, program: Program, *rows: str, header: str = "customerprofileid,amount"
) -> ImportReport:
    """Import points for any member."""
    file = io.BytesIO("\n".join([header, *rows]).encode())
    return await import_points(context, program, file, file_name="points.csv")


def posting_of(program: Program, member: IntegrationId, points: str, **more: Any) -> Posting:
    """The wish to add points, or to deduct them if there is a minus sign in front."""
    amount = parse_points(points.removeprefix("-"))
    assert amount is not None
    return Posting(
        program_id=program.id,
        integration_id=member,
        kind=Kind.SUBTRACTION if points.startswith("-") else Kind.ADDITION,
        points=amount,
        **more,
    )


async def change(
    context: Context, program: Program, member: IntegrationId, points: str, **more: Any
) -> Outcome:
    """Add points, or deduct them if there is a minus sign in front."""
    posting, now = posting_of(program, member, points, **more), context.clock()
    [outcome] = await context.database.write(lambda tx: post(tx, [posting], now=now))
    return outcome


async def waiting_backend(context: Context) -> int:
    """The process id of the server's process that waits for a lock, as soon as one does."""
    waiting = """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
    async with asyncio.timeout(10), context.database.reader() as reader:
        while (pid := await reader.fetchval(waiting)) is None:
            pass
    return int(pid)
