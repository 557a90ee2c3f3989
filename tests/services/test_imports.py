"""An import adds all rows of a file or none, and nobody sees a part of it."""

import asyncio
import gzip
import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

import pytest

from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidFile, NotFound
from tallystick.core.formats import points as points_format
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ProgramSettings, ReturnPolicy
from tallystick.core.transactions import Kind
from tallystick.services.accounts import create_user
from tallystick.services.balances import member_balances, program_totals
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context, Limits
from tallystick.services.imports import ImportReport, import_points
from tallystick.services.posting import post
from tallystick.services.postings import Posted, Posting
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


async def test_an_import_is_recorded_with_its_file_and_who_sent_it(context: Context) -> None:
    program = await shop(context)
    user_id = await create_user(context, email="ada@example.com", password="correct horse")
    file = b"customerprofileid,amount\nann,0.10\nann,0.20\n"
    told: list[int] = []
    report = await import_points(
        context,
        program,
        io.BytesIO(file),
        file_name="points.csv",
        caller=Caller(kind=CallerKind.PERSON, user_id=user_id, is_admin=True),
        progress=told.append,
    )
    async with context.database.reader() as reader:
        row = await reader.fetchrow("SELECT * FROM point_import")
        users = await reader.fetch("SELECT user_id, import_id FROM transaction_")
    assert row is not None
    assert dict(row) == {
        "import_id": report.import_id,
        "program_id": program.id,
        "user_id": user_id,
        "recorded_at": report.recorded_at,
        "file_name": "points.csv",
        "file_digest": hashlib.sha256(file).digest(),
        "row_count": 2,
        "amount": 30,
    }
    assert [tuple(user) for user in users] == [(user_id, report.import_id)] * 2
    assert told == sorted(told)
    assert told[-1] == len(file)


async def test_rows_are_numbered_by_member_in_the_order_of_their_lines(context: Context) -> None:
    program = await shop(context)
    rows = "".join(f"{'ann' if n % 3 else 'bob'},1,{n}\n" for n in range(3_000))
    await load(context, program, f"customerprofileid,amount,reason\n{rows}")
    async with context.database.reader() as reader:
        found = await reader.fetch(
            "SELECT holder_id, txn_no, name, transaction_uuid FROM transaction_"
            " ORDER BY holder_id, txn_no"
        )
    members: dict[UUID, list[tuple[int, int]]] = {}
    for row in found:
        members.setdefault(row["holder_id"], []).append((row["txn_no"], int(row["name"])))
    for numbered in members.values():
        assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
        assert numbered == sorted(numbered, key=itemgetter(1))
    assert len({row["transaction_uuid"] for row in found}) == 3_000
    assert {row["transaction_uuid"].version for row in found} == {7}
    assert await all_checks_hold(context)


async def test_a_refused_file_is_followed_by_a_good_one(context: Context) -> None:
    program = await shop(context)
    for _ in range(3):
        with pytest.raises(InvalidFile):
            await load(context, program, "customerprofileid,amount,subledgerid\nann,0,new\n")
    async with context.database.reader() as reader:
        assert await reader.fetchval("SELECT count(*) FROM subledger") == 1
    assert (await load(context, program, "customerprofileid,amount\nann,1\n")).import_id == 1


@pytest.mark.parametrize(("shown", "count"), [(1, 3), (3, 3), (5, 3)])
async def test_as_many_problems_are_shown_as_the_limit_says(
    context: Context, shown: int, count: int
) -> None:
    limited = replace(context, limits=Limits(problems_shown_max=shown))
    program = await shop(limited)
    with pytest.raises(InvalidFile) as refusal:
        await load(limited, program, "customerprofileid,amount\n" + "ann,x\n" * count)
    assert (len(refusal.value.problems), refusal.value.count) == (min(shown, count), count)


@pytest.mark.parametrize("cut", [5, 25])
async def test_a_damaged_file_is_refused_and_nothing_is_kept(context: Context, cut: int) -> None:
    program = await shop(context)
    packed = gzip.compress(b"customerprofileid,amount\n" + b"ann,10\n" * 20_000)
    with pytest.raises(InvalidFile) as refusal:
        await import_points(context, program, io.BytesIO(packed[:-cut]), file_name="x.csv.gz")
    assert refusal.value.problems[-1].code == "damaged_gzip"
    assert await program_totals(context, program, at=datetime.now(UTC)) == Balance()


async def test_more_members_and_windows_than_are_remembered_are_entered(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points_format._Remembered, "LENGTH_MAX", 3)
    program = await shop(context)
    rows = "".join(f"m{n % 7},1,{2030 + n % 5}-01-01\n" for n in range(100))
    report = await load(context, program, f"customerprofileid,amount,expirydate\n{rows}")
    assert (report.row_count, report.new_members) == (100, 7)
    then = await program_totals(context, program, at=datetime(2032, 6, 1, tzinfo=UTC))
    assert then == Balance(active=Points(4000), expired=Points(6000))


async def test_a_sandbox_has_members_of_its_own(context: Context) -> None:
    live = await shop(context)
    sandbox = await shop(context, name="trial", sandbox=True)
    for program in (live, sandbox):
        report = await load(context, program, "customerprofileid,amount\nann,10\n")
        assert report.new_members == 1
        assert (await member_balances(context, program, ANN))[""].active == 1000


@pytest.mark.parametrize("validity", ["1s", "1h", ""])
async def test_points_may_expire_before_they_are_recorded(context: Context, validity: str) -> None:
    """A member's entries never go back behind the last, which may come while a file is read."""
    program = await shop(context)
    await load(context, program, "customerprofileid,amount\nann,10\n")
    behind = replace(context, clock=lambda: context.clock() - timedelta(minutes=1))
    rows = f"customerprofileid,amount,validityDuration\nann,5,{validity}\nbob,5,{validity}\n"
    assert (await load(behind, program, rows)).row_count == 2
    assert await all_checks_hold(context)
