"""What a customer has in all programs that the caller may know of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallystick.core.balances import Balance, ProjectedDay
from tallystick.core.errors import InvalidField
from tallystick.core.ids import HolderId, IntegrationId, profile_holder
from tallystick.core.profiles import Profile
from tallystick.core.programs import Program
from tallystick.core.validity import local_date, render_instant
from tallystick.services.balances import PROJECTION_DAYS_MAX, project_balances
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.profiles import find_profile
from tallystick.store import balances as balance_store
from tallystick.store import joining as joining_store
from tallystick.store import programs as program_store
from tallystick.store.db import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramShare:
    """What a profile has in a program; balances by subledger, the main ledger's being "".

    Shape: the main ledger is always there, others where there are entries. `days` is the
    projection by subledger, if one was asked for.
    """

    program: Program
    joined_at: datetime | None
    balances: dict[str, Balance]
    days: dict[str, list[ProjectedDay]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A profile, and its shares if they were asked for."""

    profile: Profile
    shares: list[ProgramShare]


async def get_inventory(
    context: Context,
    caller: Caller,
    integration_id: IntegrationId,
    *,
    with_shares: bool,
    until: datetime | None = None,
) -> Inventory:
    """A profile of the caller's environment, and what it has in all programs.

    until: how far ahead to project, day by day, 31 days at most.
    Errors: InvalidField if that is too far or in the past; NotFound.
    """
    now = context.clock()
    _check_projection_end(until, now=now)
    async with context.database.snapshot() as reader:
        profile = await find_profile(reader, caller.environment, integration_id)
        shares = []
        if with_shares:
            shares = await _list_shares(reader, caller, profile.holder_id, now=now, until=until)
    return Inventory(profile=profile, shares=shares)


async def list_shares(
    context: Context, caller: Caller, integration_id: IntegrationId
) -> list[ProgramShare]:
    """What a profile has in all programs, whether it is there or not."""
    holder_id = profile_holder(integration_id, caller.environment)
    async with context.database.snapshot() as reader:
        return await _list_shares(reader, caller, holder_id, now=context.clock())


async def _list_shares(
    reader: Reader,
    caller: Caller,
    holder_id: HolderId,
    *,
    now: datetime,
    until: datetime | None = None,
) -> list[ProgramShare]:
    """The programs in which the holder has entries or has joined, by id."""
    balances = await balance_store.all_balances(reader, holder_id, at=now)
    joined = await joining_store.find_join_dates(reader, holder_id, now=now)
    programs = await program_store.find_programs(reader, balances.keys() | joined.keys())
    shares = []
    for program in programs.values():
        if not caller.reaches_program(program):
            continue
        had = {"": Balance()} | balances.get(program.id, {})
        days = None
        if until is not None:
            count = _days_until(until, program, now=now)
            days = await project_balances(reader, program, holder_id, had, days=count, at=now)
        shares.append(
            ProgramShare(program=program, joined_at=joined.get(program.id), balances=had, days=days)
        )
    return shares


def _check_projection_end(until: datetime | None, *, now: datetime) -> None:
    """Refuses to project into the past or by more than 31 days.

    Errors: InvalidField. Source: domain section B3, decision I-1.
    """
    if until is not None and not now <= until <= now + timedelta(days=PROJECTION_DAYS_MAX):
        fix = f"write an instant from now on, at most {PROJECTION_DAYS_MAX} days ahead"
        raise InvalidField("loyaltyProjectionEndDate", render_instant(until), fix)


def _days_until(until: datetime, program: Program, *, now: datetime) -> int:
    """How many days of the program's time zone follow today; a shift of clocks adds none."""
    zone = program.settings.timezone
    return min((local_date(until, zone) - local_date(now, zone)).days, PROJECTION_DAYS_MAX)
