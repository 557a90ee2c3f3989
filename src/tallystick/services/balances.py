"""Balances at any instant, past, present or future, and how they go on from day to day."""

from collections.abc import Mapping
from datetime import date, datetime

from tallystick.core.balances import Balance, DayChange, ProjectedDay
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import HolderId, IntegrationId, profile_holder
from tallystick.core.points import ZERO, Points
from tallystick.core.programs import Program
from tallystick.core.validity import NEVER, end_of_days
from tallystick.services.context import Context
from tallystick.store import balances as store
from tallystick.store.db import Reader

PROJECTION_DAYS_MAX = 31


async def member_balances(
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    at: datetime | None = None,
    known_at: datetime | None = None,
) -> dict[str, Balance]:
    """Balances at `at` (now if None) by subledger name, the main ledger's being "".

    Shape: the main ledger is always there, others where the member has entries.
    Units: `known_at` leaves out what was recorded after it. Errors: NotFound.
    """
    at = context.clock() if at is None else at
    async with context.database.reader() as reader:
        balances = await store.holder_balances(
            reader,
            profile_holder(integration_id, program.environment),
            program.id,
            at=at,
            known_at=NEVER if known_at is None else known_at,
        )
    if balances is None:
        raise NotFound("customer profile", integration_id)
    return {"": Balance()} | balances


async def project_days(
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    days: int,
    at: datetime | None = None,
) -> dict[str, list[ProjectedDay]]:
    """What becomes active and expires from `at` (now if None) on, day by day, by subledger.

    Shape: a row per day of the program's time zone from tomorrow on, cumulated to its end.
    Errors: InvalidField unless `days` is from 1 to 31; NotFound. Source: decisions I-1 and I-2.
    """
    if not 1 <= days <= PROJECTION_DAYS_MAX:
        fix = f"write a number from 1 to {PROJECTION_DAYS_MAX}"
        raise InvalidField("days", str(days), fix)
    at = context.clock() if at is None else at
    balances = await member_balances(context, program, integration_id, at=at, known_at=at)
    holder_id = profile_holder(integration_id, program.environment)
    async with context.database.reader() as reader:
        return await project_balances(reader, program, holder_id, balances, days=days, at=at)


async def project_balances(  # noqa: PLR0913 - by name
    reader: Reader,
    program: Program,
    holder_id: HolderId,
    balances: Mapping[str, Balance],
    *,
    days: int,
    at: datetime,
) -> dict[str, list[ProjectedDay]]:
    """The same for the holder's balances at `at`, which are known already, and for any `days`."""
    ends = end_of_days(at, program.settings.timezone, days)
    changes = await store.holder_days(
        reader, holder_id, program.id, at=at, ends=[end for _, end in ends]
    )
    found = {(change.subledger, change.ends_at): change for change in changes}
    return {
        subledger: [_projected(balance, found.get((subledger, end)), day, end) for day, end in ends]
        for subledger, balance in balances.items()
    }


def _projected(
    balance: Balance, change: DayChange | None, day: date, ends_at: datetime
) -> ProjectedDay:
    activating, expiring = (change.activating, change.expiring) if change else (ZERO, ZERO)
    return ProjectedDay(
        day=day,
        ends_at=ends_at,
        activating=activating,
        expiring=expiring,
        projected=Points(balance.active + activating - expiring),
    )


async def program_totals(
    context: Context, program: Program, *, at: datetime, known_at: datetime | None = None
) -> Balance:
    """The sums over all members and subledgers at `at`."""
    async with context.database.reader() as reader:
        return await store.program_totals(
            reader, program.id, at=at, known_at=NEVER if known_at is None else known_at
        )
