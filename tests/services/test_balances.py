"""Balances at any instant, as known at any other, and day by day ahead."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tallystick.core.balances import Balance, ProjectedDay
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points, points_of
from tallystick.core.programs import Program, ProgramSettings
from tallystick.core.transactions import Kind
from tallystick.core.validity import Expiry, Start
from tallystick.services.balances import export_balances, member_balances, project_days
from tallystick.services.context import Context
from tallystick.services.imports import import_points
from tallystick.services.posting import Posted, Posting, post
from tallystick.services.programs import create_program

ANN = IntegrationId("ann")
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)  # clocks go forward in Berlin on the 29th
DAY = timedelta(days=1)


@pytest.fixture
async def program(context: Context) -> Program:
    """A program whose only member, ann, has a hundredth of a point in the subledger `store`."""
    settings = ProgramSettings(name="shop", timezone="Europe/Berlin", allow_subledger=True)
    made = await create_program(context, settings)
    file = io.BytesIO(b"customerprofileid,amount,subledgerid\nann,0.01,store\n")
    then = replace(context, clock=lambda: NOON - DAY)
    await import_points(then, made, file, file_name="x")
    return made


async def happens(
    context: Context,
    program: Program,
    kind: Kind,
    amount: str,
    *,
    at: datetime = NOON,
    start: Start | None = None,
    expiry: Expiry | None = None,
) -> None:
    posting = Posting(
        program_id=program.id,
        integration_id=ANN,
        kind=kind,
        points=points_of(Decimal(amount)),
        start=start,
        expiry=expiry,
    )
    async with context.database.transaction() as tx:
        [outcome] = await post(tx, [posting], now=at)
    assert isinstance(outcome, Posted), outcome


async def main_ledger(context: Context, program: Program, at: datetime) -> tuple[int, ...]:
    balance = (await member_balances(context, program, ANN, at=at))[""]
    return balance.pending, balance.active, balance.spent, balance.expired


async def test_a_balance_is_a_function_of_time(context: Context, program: Program) -> None:
    await happens(context, program, Kind.ADDITION, "100", start=NOON + DAY, expiry=NOON + 3 * DAY)
    await happens(context, program, Kind.SUBTRACTION, "30", at=NOON + 2 * DAY)
    instant = timedelta(microseconds=1)
    for at, expected in [
        (NOON - instant, (0, 0, 0, 0)),
        (NOON, (10000, 0, 0, 0)),
        (NOON + DAY - instant, (10000, 0, 0, 0)),
        (NOON + DAY, (0, 10000, 0, 0)),
        (NOON + 2 * DAY - instant, (0, 10000, 0, 0)),
        (NOON + 2 * DAY, (0, 7000, 3000, 0)),
        (NOON + 3 * DAY - instant, (0, 7000, 3000, 0)),
        (NOON + 3 * DAY, (0, 0, 3000, 7000)),
        (datetime(9000, 1, 1, tzinfo=UTC), (0, 0, 3000, 7000)),
    ]:
        assert await main_ledger(context, program, at) == expected, at


async def test_what_was_known_then_leaves_out_what_came_later(
    context: Context, program: Program
) -> None:
    await happens(context, program, Kind.ADDITION, "100")
    await happens(context, program, Kind.ADDITION, "11", at=NOON + 2 * DAY)
    later = NOON + 10 * DAY
    for known_at, active in [(NOON, 10000), (NOON + 2 * DAY, 11100), (NOON - 2 * DAY, 0)]:
        balances = await member_balances(context, program, ANN, at=later, known_at=known_at)
        assert balances[""].active == active


async def test_a_member_without_entries_has_zero_and_a_stranger_is_refused(
    context: Context, program: Program
) -> None:
    other = await create_program(context, ProgramSettings(name="other", timezone="UTC"))
    assert await member_balances(context, other, ANN) == {"": Balance()}
    with pytest.raises(NotFound, match="nobody"):
        await member_balances(context, program, IntegrationId("nobody"))


async def test_the_days_ahead_are_those_of_the_program(context: Context, program: Program) -> None:
    midnight = datetime(2026, 3, 29, 22, tzinfo=UTC)  # in Berlin, where summer time has begun
    await happens(context, program, Kind.ADDITION, "100", expiry=midnight - timedelta(seconds=1))
    await happens(context, program, Kind.ADDITION, "7", start=midnight)
    days = await project_days(context, program, ANN, days=3, at=NOON)
    assert days[""] == [
        ProjectedDay(
            day=date(2026, 3, 28), activating=Points(0), expiring=Points(0), projected=Points(10000)
        ),
        ProjectedDay(
            day=date(2026, 3, 29), activating=Points(0), expiring=Points(10000), projected=Points(0)
        ),
        ProjectedDay(
            day=date(2026, 3, 30),
            activating=Points(700),
            expiring=Points(10000),
            projected=Points(700),
        ),
    ]
    assert {day.projected for day in days["store"]} == {1}


@pytest.mark.parametrize("days", [0, 32, -1])
async def test_days_are_told_for_a_month_ahead_at_most(
    context: Context, program: Program, days: int
) -> None:
    with pytest.raises(InvalidField, match="from 1 to 31"):
        await project_days(context, program, ANN, days=days)


async def test_the_file_of_balances_has_a_line_per_member_and_ledger(
    context: Context, program: Program
) -> None:
    await happens(context, program, Kind.ADDITION, "999999999999.99")
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    await export_balances(context, program, at=NOON, output=keep)
    assert b"".join(pieces).decode().splitlines() == [
        (
            "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,"
            "expiredBalance,spentBalance,negativeBalance,currentTier"
        ),
        f"{program.id},,ann,999999999999.99,0.00,0.00,0.00,0.00,",
        f"{program.id},store,ann,0.01,0.00,0.00,0.00,0.00,",
    ]
