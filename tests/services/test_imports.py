"""An import adds all rows of a file or none, and nobody sees a part of it."""

import asyncio
import gzip
import io
from datetime import UTC, datetime, timedelta

import pytest

from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidFile, NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ProgramSettings, ReturnPolicy
from tallystick.core.transactions import Kind
from tallystick.services.balances import member_balances, program_totals
from tallystick.services.context import Context
from tallystick.services.imports import ImportReport, import_points
from tallystick.services.posting import Posted, Posting, post
from tallystick.services.programs import create_program
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.verify import verify

ANN = IntegrationId("ann")


async def shop(context: Context, **settings: object) -> Program:
    chosen = {"name": "shop", "timezone": "America/New_York", "allow_subledger": True}
    return await create_program(context, ProgramSettings(**(chosen | settings)))  # type: ignore[arg-type]  # by name


async def load(context: Context, program: Program, text: str) -> ImportReport:
    return await import_points(context, program, io.BytesIO(text.encode()), file_name="x.csv")


async def all_checks_hold(context: Context) -> bool:
    return [f.check async for f in verify(context) if f.offenders] == []


async def test_rows_become_balances_and_transactions(context: Context) -> None:
    program = await shop(context)
    report = await load(
        context,
        program,
        "customerprofileid,amount,startdate,expirydate,subledgerid,reason\n"
        "ann,250.50,immediate,2099-06-30T23:59:59Z,,Migration\n"
        'ann,40,2098-01-01T00:00:00+01:00,unlimited,store-7,"Back\\slash, ""quoted"""\n'
        "bob,1.10,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,,Lapsed\n"
        "bob,5,on_action,,,Waiting\n",
    )
    assert (report.row_count, report.amount, report.new_members) == (4, 29660, 2)
    assert report.subledger_count == 1
    ann = await member_balances(context, program, ANN)
    assert ann == {"": Balance(active=Points(25050)), "store-7": Balance(pending=Points(4000))}
    bob = await member_balances(context, program, IntegrationId("bob"))
    assert bob == {"": Balance(pending=Points(500), expired=Points(110))}
    page = await list_transactions(
        context, program, ANN, wanted=TransactionFilter(), page_size=10, skip=0
    )
    assert [t.name for t in page.transactions] == ['Back\\slash, "quoted"', "Migration"]
    assert await all_checks_hold(context)


async def test_one_bad_row_keeps_all_rows_out(context: Context) -> None:
    program = await shop(context)
    with pytest.raises(InvalidFile) as refusal:
        await load(context, program, "customerprofileid,amount\nann,1\nbob,x\ncid,2\n\ndan,1e5\n")
    assert [p.line for p in refusal.value.problems] == [3, 6]
    assert await program_totals(context, program, at=datetime.now(UTC)) == Balance()
    with pytest.raises(NotFound):
        await member_balances(context, program, ANN)


async def test_the_first_hundred_problems_are_shown_and_all_are_counted(context: Context) -> None:
    program = await shop(context)
    rows = "ann,x\n" * 2_500
    with pytest.raises(InvalidFile) as refusal:
        await load(context, program, "customerprofileid,amount\n" + rows)
    assert refusal.value.count == 2_500
    assert [p.line for p in refusal.value.problems] == list(range(2, 102))


async def test_a_file_without_rows_imports_nothing(context: Context) -> None:
    program = await shop(context)
    report = await load(context, program, "customerprofileid,amount\n")
    assert (report.row_count, report.amount) == (0, 0)
    assert await all_checks_hold(context)


async def test_importing_twice_adds_twice(context: Context) -> None:
    program = await shop(context)
    for made in (1, 0):
        report = await load(context, program, "customerprofileid,amount\nann,10\n")
        assert report.new_members == made
    assert (await member_balances(context, program, ANN))[""].active == 2000


async def test_imported_points_repay_what_is_owed(context: Context) -> None:
    program = await shop(context, return_policy=ReturnPolicy.UNLIMITED)
    await load(context, program, "customerprofileid,amount\nann,10\n")
    owe = Posting(
        program_id=program.id, integration_id=ANN, kind=Kind.SUBTRACTION, points=Points(7000)
    )
    async with context.database.transaction() as tx:
        [outcome] = await post(tx, [owe], now=context.clock())
    assert isinstance(outcome, Posted)
    start = context.clock() + timedelta(days=10)
    await load(
        context,
        program,
        f"customerprofileid,amount,startdate\nann,25,{start.isoformat()}\nann,20,immediate\n",
    )
    now = (await member_balances(context, program, ANN))[""]
    assert now == Balance(pending=Points(2500), spent=Points(3000), negative=Points(4000))
    then = (await member_balances(context, program, ANN, at=start))[""]
    assert then == Balance(spent=Points(5500), negative=Points(1500))
    assert await all_checks_hold(context)


async def test_a_gzipped_file_is_read_as_it_is(context: Context) -> None:
    program = await shop(context)
    packed = gzip.compress(b"customerprofileid,amount\nann,10\n")
    report = await import_points(context, program, io.BytesIO(packed), file_name="x.csv.gz")
    assert report.row_count == 1


async def test_readers_see_the_whole_import_or_nothing(context: Context) -> None:
    program = await shop(context)
    text = "customerprofileid,amount\n" + "".join(f"m{n % 50},1\n" for n in range(20_000))
    running = asyncio.create_task(load(context, program, text))
    seen = set()
    while not running.done():
        seen.add((await program_totals(context, program, at=datetime.now(UTC))).active)
    await running
    seen.add((await program_totals(context, program, at=datetime.now(UTC))).active)
    assert seen == {0, 2_000_000}
