"""What files hold: the columns that are promised, and rows that agree with each other."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_program
from tallystick.core.balances import BalanceColumn
from tallystick.core.dashboard import FigureGroup
from tallystick.core.errors import InvalidField
from tallystick.core.exports import CellType, FileFormat, days_between
from tallystick.core.ids import IntegrationId
from tallystick.core.points import render_points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.validity import Keyword
from tallystick.services.balances import member_balances, project_days
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import (
    BalancesWish,
    DashboardWish,
    DateFormat,
    ExpiringWish,
    LogWish,
    kind_of,
)
from tallystick.services.joining import join_program

WISHES = [
    BalancesWish(),
    BalancesWish(columns=frozenset({BalanceColumn.PENDING})),
    BalancesWish(details=True),
    LogWish(date_format=DateFormat.ISO8601),
    ExpiringWish(first="2026-06-15", last="2026-07-15"),
    DashboardWish(first_on=date(2026, 6, 1), last_on=date(2026, 6, 14)),
    DashboardWish(
        first_on=date(2026, 6, 1), last_on=date(2026, 6, 14), groups=frozenset(FigureGroup)
    ),
]
WINDOWS = "customerprofileid,amount,startdate,expirydate,subledgerid"
DAY = timedelta(days=1)


async def file_of(
    context: Context, program: Program, wish: object, file_format: FileFormat = FileFormat.CSV
) -> str:
    output = io.BytesIO()

    async def write(piece: bytes) -> None:
        output.write(piece)

    await export_file(context, program, wish, file_format=file_format, output=write)
    return output.getvalue().decode()


async def rows_of(context: Context, program: Program, wish: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await file_of(context, program, wish), newline="")))


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def shared(context: Context, clock: Clock) -> Context:
    """A database of the test's own: its members have names that others have, too."""
    return replace(context, clock=clock)


@pytest.fixture
async def owing(shared: Context) -> Program:
    """A program in which ann has points of every kind and bob will owe what he gets."""
    program = await new_program(
        shared, return_policy=ReturnPolicy.UNLIMITED, timezone="America/New_York"
    )
    await import_rows(
        shared,
        program,
        "ann,10,,2026-06-20T12:00:00Z,",
        "ann,4,,2026-06-20T13:00:00Z,",
        "ann,7,2026-06-18T00:00:00Z,2026-06-25T00:00:00Z,shop",
        "ann,1,,,",
        "bob,5,,2026-07-01T00:00:00Z,",
        "cid,2,,2026-06-16T00:00:00Z,",
        header=WINDOWS,
    )
    await change(shared, program, IntegrationId("bob"), "-20")
    await import_rows(
        shared, program, "bob,9,2026-06-18T00:00:00Z,2026-06-25T00:00:00Z,", header=WINDOWS
    )
    return program


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: type(wish).__name__)
async def test_the_columns_are_those_of_the_query_and_say_what_they_hold(
    shared: Context, owing: Program, wish: object
) -> None:
    columns = kind_of(wish).columns(wish)
    rows = await rows_of(shared, owing, wish)
    lines = (await file_of(shared, owing, wish, FileFormat.NDJSON)).splitlines()
    objects = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines]
    assert rows
    assert len(rows) == len(objects)
    for cells, found in zip(rows, objects, strict=True):
        assert list(cells) == list(found) == [column.name for column in columns]
        for column in columns:
            assert_same(column.type, cells[column.name], found[column.name])


def assert_same(kind: CellType, cell: str, value: Any) -> None:
    """A cell says what the member of the object says, which has the type of its column."""
    if value is None:
        assert cell == ""
    elif kind in {CellType.POINTS, CellType.WHOLE}:
        assert isinstance(value, Decimal)
        assert str(value) == cell
    elif kind is CellType.FLAG:
        assert isinstance(value, bool)
        assert cell == str(value).lower()
    else:
        assert value == cell


# Details


async def test_details_tell_what_expires_next_and_since_when_somebody_belongs(
    shared: Context, owing: Program
) -> None:
    await join_program(shared, owing, IntegrationId("cid"))
    rows = await rows_of(shared, owing, BalancesWish(details=True))
    told = {
        (row["profileIntegrationID"], row["loyaltySubledger"]): (
            row["nextExpiry"],
            row["nextExpiryPoints"],
            row["joinDate"],
            row["negativeBalance"],
        )
        for row in rows
    }
    assert told == {
        ("ann", ""): ("2026-06-20T12:00:00.000000Z", "10.00", "", "0.00"),
        ("ann", "shop"): ("2026-06-25T00:00:00.000000Z", "7.00", "", "0.00"),
        ("bob", ""): ("", "", "", "15.00"),
        ("cid", ""): ("2026-06-16T00:00:00.000000Z", "2.00", "2026-06-15T12:00:00.000000Z", "0.00"),
    }


async def test_what_expires_next_is_told_at_any_instant(shared: Context, owing: Program) -> None:
    wish = BalancesWish(details=True, at=NOW + 5 * DAY, integration_id=IntegrationId("ann"))
    main, shop = await rows_of(shared, owing, wish)
    assert (main["nextExpiry"], main["nextExpiryPoints"]) == ("2026-06-20T13:00:00.000000Z", "4.00")
    assert shop["nextExpiryPoints"] == "7.00"
    later = replace(wish, at=NOW + 30 * DAY)
    assert {row["nextExpiry"] for row in await rows_of(shared, owing, later)} == {""}


async def test_what_was_spent_later_was_to_expire_then(
    shared: Context, clock: Clock, owing: Program
) -> None:
    ann = IntegrationId("ann")
    clock.now = NOW + DAY
    await change(shared, owing, ann, "-12")
    wish = BalancesWish(details=True, integration_id=ann)
    now, _ = await rows_of(shared, owing, wish)
    assert (now["nextExpiry"][:13], now["nextExpiryPoints"]) == ("2026-06-20T13", "2.00")
    before, _ = await rows_of(shared, owing, replace(wish, at=NOW))
    assert before["nextExpiryPoints"] == "10.00"


async def test_a_file_can_be_as_it_was_known(shared: Context, clock: Clock, owing: Program) -> None:
    ann = IntegrationId("ann")
    clock.now = NOW + timedelta(hours=1)
    await delete_transactions(shared, owing, ann, subledgers=None)
    at = NOW + timedelta(minutes=30)
    assert not await rows_of(shared, owing, BalancesWish(at=at, integration_id=ann))
    known, _ = await rows_of(shared, owing, BalancesWish(at=at, known_at=at, integration_id=ann))
    assert known["currentBalance"] == "15.00"


# What expires


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
async def test_days_ahead_are_those_of_each_member(
    shared: Context, clock: Clock, zone: str
) -> None:
    """The file over all members says day by day what `project_days` cumulates for one."""
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED, timezone=zone)
    ann, bob = IntegrationId("ann"), IntegrationId("bob")
    await import_rows(
        shared,
        program,
        *(f"{n},{d}.5,2026-06-{14 + d},2026-06-{17 + d},{s}"
          for d in range(1, 9) for n in (ann, bob) for s in ("", "shop")),
        header=WINDOWS,
    )  # fmt: skip
    await change(shared, program, ann, "-3")
    await change(shared, program, bob, "-9")
    await change(shared, program, ann, "6", start=Keyword.ON_ACTION)
    clock.now = NOW + timedelta(hours=7)
    rows = await rows_of(shared, program, ExpiringWish(first="2026-06-15", last="2026-06-28"))
    for member in (ann, bob):
        ahead = await project_days(shared, program, member, days=14)
        for subledger, days in ahead.items():
            told = {
                row["date"]: row
                for row in rows
                if (row["profileIntegrationID"], row["loyaltySubledger"]) == (member, subledger)
            }
            for before, day in pairwise(days):
                line = told.get(str(day.day), {})
                for kind in ("activating", "expiring"):
                    changed = getattr(day, kind) - getattr(before, kind)
                    assert line.get(f"{kind}Points", "0.00") == render_points(changed)


async def test_what_debts_will_take_does_not_expire(shared: Context, owing: Program) -> None:
    rows = await rows_of(shared, owing, ExpiringWish(first="2026-06-15", last="2026-07-15"))
    assert [list(row.values())[1:] for row in rows] == [
        ["", "ann", "2026-06-20", "14.00", "0.00"],
        ["shop", "ann", "2026-06-17", "0.00", "7.00"],
        ["shop", "ann", "2026-06-24", "7.00", "0.00"],
        ["", "cid", "2026-06-15", "2.00", "0.00"],
    ]


async def test_a_day_stands_for_itself_and_an_instant_for_its_day(
    shared: Context, owing: Program
) -> None:
    """In New York the shop's points expire on the evening of the 24th."""
    for first, last in (
        ("2026-06-24", "2026-06-24"),
        ("2026-06-25T00:00:00Z", "2026-06-25T03:59:59Z"),
    ):
        rows = await rows_of(shared, owing, ExpiringWish(first=first, last=last, subledger="shop"))
        assert [row["date"] for row in rows] == ["2026-06-24"]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("soon", "2026-06-16", "rangeStart"),
        ("2026-06-16", "", "rangeEnd"),
        ("2026-06-16", "2026-06-15", "rangeEnd"),
        ("2026-06-16", "2027-07-21", "rangeEnd"),
    ],
)
def test_a_range_of_days_that_cannot_be_is_refused(first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        days_between(first, last, zone="UTC")
    assert refused.value.field == field
    assert len(days_between("2026-06-16", "2027-07-20", zone="UTC")) == 400


def test_days_follow_one_another_across_clock_changes() -> None:
    days = days_between("2026-03-28", "2026-03-30", zone="Europe/Berlin")
    assert [str(day.date) for day in days] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert [day.ends_at for day in days[:-1]] == [day.starts_at for day in days[1:]]
    assert days[1].ends_at - days[1].starts_at == timedelta(hours=23)


# Totals


@pytest.mark.parametrize("days", [0, 3, 40])
async def test_the_file_says_what_the_balances_say(
    shared: Context, owing: Program, days: int
) -> None:
    at = NOW + days * DAY
    rows = await rows_of(shared, owing, BalancesWish(at=at))
    for member in ("ann", "bob", "cid"):
        balances = await member_balances(shared, owing, IntegrationId(member), at=at)
        told = {
            row["loyaltySubledger"]: row for row in rows if row["profileIntegrationID"] == member
        }
        for subledger, balance in balances.items():
            assert Decimal(told[subledger]["currentBalance"]) * 100 == balance.active
            assert Decimal(told[subledger]["pendingBalance"]) * 100 == balance.pending


async def test_slices_are_the_whole(
    shared: Context, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await new_member(shared, program, "2.50")
    whole = await rows_of(shared, program, BalancesWish())
    monkeypatch.setattr("tallystick.store.copying._SLICE_BYTES", 50)
    parts = await rows_of(shared, program, BalancesWish())
    assert sorted(parts, key=str) == sorted(whole, key=str)
    assert len(parts) == 5
