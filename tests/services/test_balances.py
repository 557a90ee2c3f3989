"""Balances at any instant, how they go on from day to day, their sums and their file."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_program
from tallystick.core.balances import Balance, ProjectedDay
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.points import ZERO, Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.validity import Duration
from tallystick.services.balances import (
    member_balances,
    program_totals,
    project_days,
)
from tallystick.services.context import Context
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish

ANN = IntegrationId("ann of balances")
HEADER = (
    "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,"
    "expiredBalance,spentBalance,negativeBalance,currentTier"
)
WINDOWS = "customerprofileid,amount,startdate,expirydate,subledgerid"


async def file_of(
    context: Context, program: Program, at: datetime, member: IntegrationId | None = None
) -> list[str]:
    """The lines of the balances file."""
    output = io.BytesIO()

    async def write(piece: bytes) -> None:
        output.write(piece)

    wish = BalancesWish(at=at, integration_id=member)
    await export_file(context, program, wish, output=write)
    return output.getvalue().decode().splitlines()


# At an instant


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-15T11:59:59.999999+00:00", Balance()),
        ("2026-06-15T12:00:00+00:00", Balance(active=Points(1_00), pending=Points(20_00))),
        ("2026-06-30T23:59:59.999999+00:00", Balance(active=Points(1_00), pending=Points(20_00))),
        ("2026-07-01T00:00:00+00:00", Balance(active=Points(21_00))),
        ("2026-07-31T23:59:59.999999+00:00", Balance(active=Points(21_00))),
        ("2026-08-01T00:00:00+00:00", Balance(active=Points(1_00), expired=Points(20_00))),
        ("9998-12-31T00:00:00+00:00", Balance(active=Points(1_00), expired=Points(20_00))),
    ],
)
async def test_a_boundary_belongs_to_what_begins_there(
    shared: Context, program: Program, at: str, expected: Balance
) -> None:
    rows = f"{ANN},1,,,", f"{ANN},20,2026-07-01T00:00:00Z,2026-08-01T00:00:00Z,"
    await import_rows(shared, program, *rows, header=WINDOWS)
    instant = datetime.fromisoformat(at)
    assert await member_balances(shared, program, ANN, at=instant) == {"": expected}


async def test_spent_points_are_spent_from_then_on(
    shared: Context, clock: Clock, program: Program
) -> None:
    day, tick = timedelta(days=1), timedelta(microseconds=1)
    ann = await new_member(shared, program, "0.01")
    await change(shared, program, ann, "100", start=Duration(1, "D"), expiry=Duration(2, "D"))
    clock.now = NOW + 2 * day
    await change(shared, program, ann, "-30")
    for at, pending, active, spent, expired in [
        (NOW, 100_00, 1, 0, 0),
        (NOW + day - tick, 100_00, 1, 0, 0),
        (NOW + day, 0, 100_01, 0, 0),
        (NOW + 2 * day - tick, 0, 100_01, 0, 0),
        (NOW + 2 * day, 0, 70_01, 30_00, 0),
        (NOW + 3 * day - tick, 0, 70_01, 30_00, 0),
        (NOW + 3 * day, 0, 1, 30_00, 70_00),
    ]:
        found = (await member_balances(shared, program, ann, at=at))[""]
        assert (pending, active, spent, expired) == (
            found.pending,
            found.active,
            found.spent,
            found.expired,
        ), at


async def test_without_an_instant_it_is_now(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await new_member(shared, program)
    clock.now = NOW + timedelta(days=1)
    await change(shared, program, ann, "-1")
    assert (await member_balances(shared, program, ann))[""].spent == Points(1_00)
    then = await member_balances(shared, program, ann, at=NOW)
    assert then == {"": Balance(active=Points(100_00))}


async def test_points_that_await_an_action_stay_pending(shared: Context, program: Program) -> None:
    await import_rows(shared, program, f"{ANN},5,on_action,2026-07-01T00:00:00Z,", header=WINDOWS)
    for day, expected in (
        (NOW, Balance(pending=Points(5_00))),
        (datetime(2026, 7, 1, tzinfo=UTC), Balance(expired=Points(5_00))),
    ):
        assert (await member_balances(shared, program, ANN, at=day))[""] == expected


async def test_what_was_known_leaves_out_what_came_later(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await new_member(shared, program)
    clock.now = NOW + timedelta(days=1)
    await change(shared, program, ann, "50")
    future = NOW + timedelta(days=30)
    known = await member_balances(shared, program, ann, at=future, known_at=NOW)
    assert known[""].active == Points(100_00)
    assert (await member_balances(shared, program, ann, at=future))[""].active == Points(150_00)


async def test_subledgers_are_told_where_there_are_entries(
    shared: Context, program: Program
) -> None:
    ann = await new_member(shared, program)
    await change(shared, program, ann, "1", subledger="shop")
    other = await new_member(shared, program)
    await change(shared, program, other, "1", subledger="elsewhere")
    assert set(await member_balances(shared, program, ann)) == {"", "shop"}


async def test_a_member_of_another_program_has_nothing_here(
    shared: Context, program: Program
) -> None:
    ann = await new_member(shared, await new_program(shared))
    assert await member_balances(shared, program, ann) == {"": Balance()}


async def test_nobody_else_is_found(shared: Context, program: Program) -> None:
    nobody = IntegrationId("nobody")
    with pytest.raises(NotFound, match="no customer profile 'nobody'"):
        await member_balances(shared, program, nobody)
    with pytest.raises(NotFound):
        await project_days(shared, program, nobody, days=1)


# Day by day


async def test_days_are_told_from_tomorrow_on_in_the_programs_zone(shared: Context) -> None:
    program = await new_program(shared, timezone="America/New_York")
    rows = [
        f"{ANN},100,,,",
        f"{ANN},1,2026-06-16T03:59:59Z,,",
        f"{ANN},2,2026-06-16T04:00:00Z,,",
        f"{ANN},4,2026-06-17T03:59:59Z,,",
        f"{ANN},8,2026-06-17T04:00:00Z,,",
        f"{ANN},16,,2026-06-17T03:59:59Z,",
        f"{ANN},32,,2026-06-17T04:00:00Z,",
    ]
    await import_rows(shared, program, *rows, header=WINDOWS)
    told = await project_days(shared, program, ANN, days=2)
    assert told == {
        "": [
            ProjectedDay(
                day=date(2026, 6, 16),
                ends_at=datetime(2026, 6, 17, 4, tzinfo=UTC),
                activating=Points(7_00),
                expiring=Points(16_00),
                projected=Points(139_00),
            ),
            ProjectedDay(
                day=date(2026, 6, 17),
                ends_at=datetime(2026, 6, 18, 4, tzinfo=UTC),
                activating=Points(15_00),
                expiring=Points(48_00),
                projected=Points(115_00),
            ),
        ]
    }


async def test_a_day_ends_where_its_clocks_say(shared: Context) -> None:
    program = await new_program(shared, timezone="Europe/Berlin")
    rows = [
        f"{ANN},1,2026-10-24T22:00:00Z,,",
        f"{ANN},2,2026-10-25T22:59:59Z,,",
        f"{ANN},4,2026-10-25T23:00:00Z,,",
    ]
    await import_rows(shared, program, *rows, header=WINDOWS)
    saturday = datetime(2026, 10, 24, 12, tzinfo=UTC)  # clocks go back on the next day
    [sunday] = (await project_days(shared, program, ANN, days=1, at=saturday))[""]
    assert (sunday.day, sunday.activating) == (date(2026, 10, 25), Points(3_00))


async def test_a_projection_is_a_balance_in_the_future(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = await new_member(shared, program, "10")
    await change(shared, program, ann, "-25")
    await change(shared, program, ann, "20", start=Duration(2, "D"), expiry=Duration(3, "D"))
    await change(shared, program, ann, "30", start=Duration(4, "D"), subledger="shop")
    told = await project_days(shared, program, ann, days=31)
    assert told.keys() == {"", "shop"}
    for subledger, days in told.items():
        assert len(days) == 31
        for day in days:
            end = datetime.combine(day.day, datetime.max.time(), tzinfo=UTC)
            balances = await member_balances(shared, program, ann, at=end)
            assert balances[subledger].active == day.projected, day


async def test_what_happens_to_nothing_is_nothing(shared: Context, program: Program) -> None:
    ann = await new_member(shared, await new_program(shared))
    [day] = (await project_days(shared, program, ann, days=1))[""]
    assert (day.activating, day.expiring, day.projected) == (ZERO, ZERO, ZERO)


@pytest.mark.parametrize("days", [0, -1, 32, 1_000_000])
async def test_a_projection_goes_a_month_ahead(
    shared: Context, program: Program, days: int
) -> None:
    with pytest.raises(InvalidField, match=f"days: found {days}; write a number from 1 to 31"):
        await project_days(shared, program, ANN, days=days)


# All together


async def test_totals_are_the_sums_of_the_balances_and_of_the_file(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    rows = [f"{ANN} {n},{n}.25,{start},{expiry},{shop}" for n, (start, expiry, shop) in enumerate(
        [("", "", ""), ("2026-07-01", "", ""), ("", "2026-07-01", "a"), ("on_action", "", "b")] * 3,
        start=1,
    )]  # fmt: skip
    await import_rows(shared, program, *rows, header=WINDOWS)
    await change(shared, program, IntegrationId(f"{ANN} 1"), "-100.99")
    for at in (NOW, NOW + timedelta(days=60)):
        totals = await program_totals(shared, program, at=at)
        members = [
            balance
            for n in range(1, 13)
            for balance in (
                await member_balances(shared, program, IntegrationId(f"{ANN} {n}"), at=at)
            ).values()
        ]
        lines = list(csv.DictReader(await file_of(shared, program, at)))
        for kind, column in (
            ("active", "currentBalance"),
            ("pending", "pendingBalance"),
            ("expired", "expiredBalance"),
            ("spent", "spentBalance"),
            ("negative", "negativeBalance"),
        ):
            total = getattr(totals, kind)
            assert total == sum(getattr(balance, kind) for balance in members), kind
            assert total == sum(int(line[column].replace(".", "")) for line in lines), kind
    assert totals.negative == Points(99_74)


async def test_totals_of_nobody_are_zero(shared: Context, program: Program) -> None:
    assert await program_totals(shared, program, at=NOW) == Balance()


async def test_totals_can_be_asked_as_they_were_known(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await new_member(shared, program)
    clock.now = NOW + timedelta(days=1)
    await change(shared, program, ann, "-40")
    totals = await program_totals(shared, program, at=clock.now, known_at=NOW)
    assert totals == Balance(active=Points(100_00))


async def test_the_file_has_a_line_per_member_and_ledger(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    rows = [
        "Zo\u00eb,1,,,",
        "b,2.50,,,shop 2",
        "b,999999999999.99,,,",
        '"a ""quoted"", b",3,2026-07-01T00:00:00Z,,',
        "=1+1,0.01,,,",
        "B,4,,2026-06-15T12:00:01Z,shop",
    ]
    await import_rows(shared, program, *rows, header=WINDOWS)
    await change(shared, program, IntegrationId("Zo\u00eb"), "-10")
    assert await file_of(shared, program, NOW + timedelta(seconds=1)) == [
        HEADER,
        f"{program.id},,=1+1,0.01,0.00,0.00,0.00,0.00,",
        f"{program.id},shop,B,0.00,0.00,4.00,0.00,0.00,",
        f"{program.id},,Zo\u00eb,0.00,0.00,0.00,1.00,9.00,",
        f'{program.id},,"a ""quoted"", b",0.00,3.00,0.00,0.00,0.00,',
        f"{program.id},,b,999999999999.99,0.00,0.00,0.00,0.00,",
        f"{program.id},shop 2,b,2.50,0.00,0.00,0.00,0.00,",
    ]


async def test_the_file_of_one_member_has_no_other(shared: Context, program: Program) -> None:
    ann, _ = await new_member(shared, program), await new_member(shared, program)
    assert await file_of(shared, program, NOW, ann) == [
        HEADER,
        f"{program.id},,{ann},100.00,0.00,0.00,0.00,0.00,",
    ]
    assert await file_of(shared, program, NOW, IntegrationId("nobody")) == [HEADER]


async def test_the_file_of_the_past_has_only_who_was_there(
    shared: Context, program: Program
) -> None:
    await new_member(shared, program)
    assert await file_of(shared, program, NOW - timedelta(seconds=1)) == [HEADER]
