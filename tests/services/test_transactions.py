"""Pages of a member's transactions, and the log as a file."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_program
from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import NEVER, Keyword
from tallystick.services.context import Context
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import DateFormat, LogWish
from tallystick.services.transactions import (
    Page,
    TransactionFilter,
    list_transactions,
)

HEADER = (
    "customerprofileid,customersessionid,rulesetid,rulename,programid,type,name,subledgerid,"
    "startdate,expirydate,id,created,amount,archived,campaignid,flags,transactionuuid,"
    "validityduration"
)
HOUR = timedelta(hours=1)


async def page_of(context: Context, program: Program, member: IntegrationId, **wanted: Any) -> Page:
    """The first page of a member's transactions."""
    wish = TransactionFilter(**wanted)
    return await list_transactions(context, program, member, wanted=wish, page_size=50, skip=0)


async def log_of(context: Context, program: Program, **wanted: Any) -> str:
    """The log as a file."""
    output = io.BytesIO()

    async def write(piece: bytes) -> None:
        output.write(piece)

    await export_file(context, program, LogWish(**wanted), output=write)
    return output.getvalue().decode()


async def names(context: Context, program: Program, **wanted: Any) -> list[str]:
    """The names in the log."""
    lines = csv.DictReader((await log_of(context, program, **wanted)).splitlines())
    return [line["name"] for line in lines]


async def test_a_transaction_says_what_was_asked_for(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    await change(
        shared,
        program,
        ann,
        "12.34",
        name="Welcome",
        subledger="shop",
        start=Keyword.ON_ACTION,
        source=Source.SESSION,
        session_id="s-1",
    )
    newest = (await page_of(shared, program, ann)).transactions[0]
    assert newest.uuid.version == 7
    assert (newest.kind, newest.amount, newest.name) == (Kind.ADDITION, Points(12_34), "Welcome")
    assert (newest.subledger, newest.session_id) == ("shop", "s-1")
    assert (newest.start_at, newest.expires_at, newest.recorded_at) == (NEVER, NEVER, NOW)


async def test_pages_follow_one_another(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    for n in range(4):
        await change(shared, program, ann, "1", name=str(n))
    told, skip, has_more = [], 0, True
    while has_more:
        page = await list_transactions(
            shared, program, ann, wanted=TransactionFilter(), page_size=2, skip=skip
        )
        told += [each.name for each in page.transactions]
        skip, has_more = skip + 2, page.has_more
    assert told == ["3", "2", "1", "0", ""]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["last", "shop", "first", ""]),
        ({"from_at": NOW + HOUR}, ["last", "shop", "first"]),
        ({"to_at": NOW + HOUR}, ["first", ""]),
        ({"from_at": NOW + HOUR, "to_at": NOW + 2 * HOUR}, ["shop", "first"]),
        ({"from_at": NOW + HOUR + timedelta(microseconds=1)}, ["last", "shop"]),
        ({"subledger": "shop"}, ["shop"]),
        ({"subledger": ""}, ["last", "first", ""]),
        ({"subledger": "unknown"}, []),
        ({"source": Source.IMPORT}, [""]),
        ({"source": Source.SESSION}, []),
    ],
    ids=str,
)
async def test_transactions_can_be_filtered(
    shared: Context, clock: Clock, program: Program, wanted: dict[str, Any], expected: list[str]
) -> None:
    ann = await new_member(shared, program)
    for hours, (name, subledger) in enumerate(
        [("first", ""), ("shop", "shop"), ("last", "")], start=1
    ):
        clock.now = NOW + hours * HOUR
        await change(shared, program, ann, "1", name=name, subledger=subledger)
    found = await page_of(shared, program, ann, **wanted)
    assert [each.name for each in found.transactions] == expected


async def test_nobody_else_is_found(shared: Context, program: Program) -> None:
    with pytest.raises(NotFound, match="no customer profile 'nobody'"):
        await page_of(shared, program, IntegrationId("nobody"))
    elsewhere = await new_member(shared, await new_program(shared))
    assert await page_of(shared, program, elsewhere) == Page(transactions=[], has_more=False)


# The file


async def test_the_log_has_the_columns_of_the_contract(shared: Context, clock: Clock) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = IntegrationId('log "1", \u00e9')
    rows = [
        '"log ""1"", \u00e9",250.5,2026-07-01T00:00:00+02:00,2027-06-30T23:59:59Z,shop,"a, b",',
        '"log ""1"", \u00e9",1,on_action,,,,30D',
    ]
    header = "customerprofileid,amount,startdate,expirydate,subledgerid,reason,validityDuration"
    await import_rows(shared, program, *rows, header=header)
    clock.now = NOW + timedelta(seconds=1, microseconds=250)
    await change(shared, program, ann, "-2", name="Voucher", session_id="s-1")
    found = (await page_of(shared, program, ann)).transactions[::-1]
    ids = [(each.id, each.uuid) for each in found]
    assert (await log_of(shared, program, date_format=DateFormat.ISO8601)).splitlines() == [
        HEADER,
        (
            f'"log ""1"", \u00e9",,,,{program.id},addition,"a, b",shop,'
            "2026-06-30T22:00:00.000000Z,2027-06-30T23:59:59.000000Z,"
            f"{ids[0][0]},2026-06-15T12:00:00.000000Z,250.50,false,,,{ids[0][1]},"
        ),
        (
            f'"log ""1"", \u00e9",,,,{program.id},addition,,,on_action,unlimited,'
            f"{ids[1][0]},2026-06-15T12:00:00.000000Z,1.00,false,,,{ids[1][1]},30D"
        ),
        (
            f'"log ""1"", \u00e9",s-1,,,{program.id},subtraction,Voucher,,immediate,unlimited,'
            f"{ids[2][0]},2026-06-15T12:00:01.000250Z,2.00,false,,createsNegativeBalance,"
            f"{ids[2][1]},"
        ),
    ]


async def test_instants_are_written_as_spreadsheets_read_them(
    shared: Context, program: Program
) -> None:
    ann = await new_member(shared, program)
    await change(shared, program, ann, "1", start=datetime.fromisoformat("2026-12-01T00:00Z"))
    lines = list(csv.DictReader((await log_of(shared, program)).splitlines()))
    assert lines[1]["startdate"] == "2026-12-01 00:00:00"
    assert lines[1]["created"] == "2026-06-15 12:00:00"


async def test_the_log_of_a_program_goes_on_as_it_was_recorded(
    shared: Context, clock: Clock, program: Program
) -> None:
    members = [await new_member(shared, program) for _ in range(3)]
    for hours in (1, 2):
        clock.now = NOW + hours * HOUR
        for member in members:
            await change(shared, program, member, "1")
    lines = csv.DictReader((await log_of(shared, program)).splitlines())
    assert [line["customerprofileid"] for line in lines] == members * 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["", "1", "2"]),
        ({"from_at": NOW + HOUR}, ["1", "2"]),
        ({"to_at": NOW + HOUR}, ["", "1"]),
        ({"from_at": NOW + HOUR, "to_at": NOW + HOUR}, ["1"]),
        ({"from_at": NOW + 3 * HOUR}, []),
    ],
    ids=str,
)
async def test_both_ends_of_a_range_belong_to_it(
    shared: Context, clock: Clock, program: Program, wanted: dict[str, Any], expected: list[str]
) -> None:
    ann = await new_member(shared, program)
    for hours in (1, 2):
        clock.now = NOW + hours * HOUR
        await change(shared, program, ann, "1", name=str(hours))
    assert await names(shared, program, **wanted) == expected


async def test_the_log_of_one_member_has_no_other(shared: Context, program: Program) -> None:
    ann, bob = await new_member(shared, program), await new_member(shared, program)
    await change(shared, program, bob, "1", name="of bob")
    assert await names(shared, program, integration_ids=(ann,)) == [""]
    with pytest.raises(NotFound, match="no customer profile 'nobody'"):
        await log_of(shared, program, integration_ids=(IntegrationId("nobody"),))
    elsewhere = await new_program(shared)
    nothing = await log_of(shared, elsewhere, integration_ids=(ann,))
    assert nothing.splitlines() == [HEADER]


async def test_what_is_added_and_spent_in_the_log_is_in_the_balances(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = await new_member(shared, program, "0.30")
    for points in ("0.10", "999999999999.99", "-0.07", "-2000000", "5"):
        await change(shared, program, ann, points)
    total = 0
    for line in csv.DictReader((await log_of(shared, program)).splitlines()):
        sign = 1 if line["type"] == "addition" else -1
        total += sign * int(line["amount"].replace(".", ""))
    assert total == 30 + 10 + 99_999_999_999_999 - 7 - 200_000_000 + 500
