"""A file speaks for a moment: all that was recorded by then is in it, and nothing else."""

import asyncio
import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.harness import NOW, Clock, change, import_rows, new_program
from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind
from tallystick.services.balances import program_totals
from tallystick.services.context import Context, Limits
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish, LogWish
from tallystick.services.export_moments import settled_moment
from tallystick.services.posting import post
from tallystick.services.postings import Posting
from tallystick.services.transactions import TransactionFilter, list_program_transactions
from tallystick.services.writer import Writer, running_writer

MEMBERS = 20


def posting(program_id: ProgramId, number: int) -> Posting:
    """A posting that is unlike the others."""
    return Posting(
        program_id=program_id,
        integration_id=IntegrationId(f"m{number % MEMBERS}"),
        kind=Kind.ADDITION if number % 3 else Kind.SUBTRACTION,
        points=Points(1 + number % 7),
        name=str(number),
    )


async def test_now_is_the_moment_where_nothing_is_open(context: Context) -> None:
    standing = replace(context, clock=Clock())
    assert await settled_moment(standing) == NOW


async def test_what_is_open_is_waited_for(context: Context) -> None:
    standing = replace(context, clock=Clock(), limits=Limits(export_wait_seconds=60))
    async with context.database.transaction() as tx:
        await tx.fetchval("SELECT 1")
        waiting = asyncio.create_task(settled_moment(standing))
        await asyncio.wait({waiting}, timeout=0.3)
        assert not waiting.done()
    assert await waiting == NOW


async def test_before_what_stays_open_is_the_moment(context: Context) -> None:
    standing = replace(context, clock=Clock(), limits=Limits(export_wait_seconds=0))
    async with context.database.transaction() as tx:
        began = await tx.fetchval("SELECT xact_start FROM pg_stat_activity WHERE pid = $1",
                                  tx.get_server_pid())  # fmt: skip
        moment = await settled_moment(standing)
        asked = await tx.fetchval("SELECT clock_timestamp()")
    assert timedelta() < NOW - moment <= asked - began + timedelta(microseconds=1)


@pytest.mark.parametrize("kind", ["copying", "snapshot"])
async def test_who_only_reads_holds_up_no_file(context: Context, kind: str) -> None:
    """Another file on its way, or a check of the whole database."""
    standing = replace(context, clock=Clock(), limits=Limits(export_wait_seconds=0))
    async with getattr(context.database, kind)() as reader:
        await reader.fetchval("SELECT 1")
        assert await settled_moment(standing) == NOW


async def test_an_import_under_way_is_not_in_a_file_that_says_so(context: Context) -> None:
    """What it will add was recorded before the file, and is seen after it."""
    clock = Clock()
    standing = replace(context, clock=clock, limits=Limits(export_wait_seconds=0))
    program = await new_program(standing)
    await import_rows(standing, program, "ann,1")
    clock.now += timedelta(minutes=1)
    moments: list[datetime] = []
    async with context.database.transaction() as tx:
        await post(tx, [posting_of_ann(program)], now=clock.now)
        rows = await rows_of(standing, program, BalancesWish(), moments)
    assert [row["currentBalance"] for row in rows] == ["1.00"]
    assert moments[0] < clock.now
    at, known_at = clock.now, moments[0]
    known = await program_totals(standing, program, at=at, known_at=known_at)
    assert (known.active, (await program_totals(standing, program, at=at)).active) == (100, 101)


def posting_of_ann(program: Program) -> Posting:
    return replace(posting(program.id, 7), integration_id=IntegrationId("ann"), points=Points(1))


async def rows_of(
    context: Context, program: Program, wish: object, moments: list[datetime]
) -> list[dict[str, str]]:
    output = io.BytesIO()

    async def write(piece: bytes) -> None:
        output.write(piece)

    await export_file(context, program, wish, output=write, tell=moments.append)
    return list(csv.DictReader(io.StringIO(output.getvalue().decode(), newline="")))


@pytest.fixture
async def busy(context: Context) -> Program:
    """A program whose members have enough to go on with."""
    program = await new_program(context)
    await import_rows(context, program, *(f"m{n},100" for n in range(MEMBERS)))
    return program


async def post_until(writer: Writer, program_id: ProgramId, done: asyncio.Event) -> None:
    """Post without a pause, some at a time."""
    number = 0
    while not done.is_set():
        await asyncio.gather(*(writer.post(posting(program_id, number + n)) for n in range(10)))
        number += 10


async def import_until(context: Context, program: Program, done: asyncio.Event) -> None:
    """Import file after file."""
    while not done.is_set():
        await import_rows(context, program, *(f"m{n},0.01" for n in range(MEMBERS)))


async def test_files_are_exact_while_points_are_posted(context: Context, busy: Program) -> None:
    done, files = asyncio.Event(), list[tuple[datetime, list[dict[str, str]]]]()
    logs, moments = list[tuple[datetime, list[dict[str, str]]]](), list[datetime]()
    async with running_writer(context) as writer:
        work = [
            asyncio.create_task(post_until(writer, busy.id, done)),
            asyncio.create_task(post_until(writer, busy.id, done)),
            asyncio.create_task(import_until(context, busy, done)),
        ]
        for _ in range(6):
            rows = await rows_of(context, busy, BalancesWish(), moments)
            files.append((moments[-1], rows))
            lines = await rows_of(context, busy, LogWish(), moments)
            logs.append((moments[-1], lines))
        done.set()
        await asyncio.gather(*work)
    for at, rows in files:
        totals = await program_totals(context, busy, at=at)
        assert sum(hundredths(row["currentBalance"]) for row in rows) == totals.active
        assert sum(hundredths(row["spentBalance"]) for row in rows) == totals.spent
    for at, lines in logs:
        told = Counter(line["transactionuuid"] for line in lines)
        assert told == await recorded_by(context, busy, at)
    assert len({at for at, _ in files}) == len(files)
    assert datetime.now(UTC) - files[-1][0] < timedelta(minutes=1)


def hundredths(points: str) -> int:
    return int(points.replace(".", ""))


async def recorded_by(context: Context, program: Program, at: datetime) -> Counter[str]:
    """All transactions that were recorded by then, as the list of transactions has them."""
    found, skip = Counter[str](), 0
    while True:
        page = await list_program_transactions(
            context, program, wanted=TransactionFilter(to_at=at), page_size=1_000, skip=skip
        )
        found.update(str(each.transaction.uuid) for each in page.transactions)
        if not page.has_more:
            return found
        skip += 1_000


async def test_a_file_of_a_past_instant_stays_the_same(context: Context) -> None:
    clock = Clock()
    standing = replace(context, clock=clock)
    program = await new_program(standing)
    await import_rows(standing, program, "ann,5")
    clock.now += timedelta(hours=1)
    wish = BalancesWish(at=clock.now)
    before = await rows_of(standing, program, wish, [])
    clock.now += timedelta(hours=1)
    await change(standing, program, IntegrationId("ann"), "-2")
    assert await rows_of(standing, program, wish, []) == before
