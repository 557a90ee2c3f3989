"""What happens at the same time: in one writer, in the writers of four processes, in imports.

Each process is a `Database` of its own with a writer of its own. The clock is the real one.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from services.harness import waiting_backend
from tallystick.core.balances import Balance
from tallystick.core.errors import Busy, InsufficientPoints, KeyReused, OutcomeUnknown
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ProgramSettings, ReturnPolicy
from tallystick.core.transactions import Kind
from tallystick.services.balances import member_balances, program_totals
from tallystick.services.context import Context, Limits
from tallystick.services.imports import import_points
from tallystick.services.posting import post
from tallystick.services.postings import Asked, Posted, Posting
from tallystick.services.programs import create_program
from tallystick.services.verify import verify
from tallystick.services.writer import Writer, running_writer
from tallystick.store.db import Database

ANN, BEN, CLEO, DAN = map(IntegrationId, ("ann", "ben", "cleo", "dan"))
MEMBERS = (ANN, BEN, CLEO, DAN)
PROCESSES = 4

in_one_and_many = pytest.mark.parametrize("writer_count", [1, PROCESSES])


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[Context]]:
    """The contexts of several processes on one database, whose members have 100 points each."""
    databases = [await Database.connect(database_url, size=4) for _ in range(PROCESSES)]
    yield [Context(database=database, secret=b"none is needed") for database in databases]
    for database in databases:
        await database.close()


@pytest.fixture
async def program(processes: list[Context]) -> Program:
    """A program in which points may not be owed."""
    return await open_program(processes[0], ReturnPolicy.WITHIN_BALANCE)


async def open_program(context: Context, policy: ReturnPolicy) -> Program:
    settings = ProgramSettings(
        name=policy.value, timezone="Europe/Berlin", allow_subledger=True, return_policy=policy
    )
    program = await create_program(context, settings)
    await import_rows(context, program, *(f"{member},100," for member in MEMBERS))
    return program


async def import_rows(context: Context, program: Program, *rows: str) -> None:
    file = "\n".join(["customerprofileid,amount,subledgerid", *rows])
    await import_points(context, program, io.BytesIO(file.encode()), file_name="points.csv")


@asynccontextmanager
async def writers(contexts: Sequence[Context]) -> AsyncIterator[list[Writer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running_writer(context)) for context in contexts]


def addition(
    program: Program, member: IntegrationId, points: int, *, subledger: str = ""
) -> Posting:
    return Posting(
        program_id=program.id,
        integration_id=member,
        kind=Kind.ADDITION,
        points=Points(points * 100),
        subledger=subledger,
    )


def deduction(
    program: Program, member: IntegrationId, points: int, *, key: str | None = None
) -> Posting:
    return Posting(
        program_id=program.id,
        integration_id=member,
        kind=Kind.SUBTRACTION,
        points=Points(points * 100),
        idempotency_key=key,
    )


async def at_once(
    writers: Sequence[Writer], postings: Sequence[Posting]
) -> list[Posted | Asked | BaseException]:
    """What each was answered; they are sent together, to the writers in turn."""
    async with asyncio.timeout(30):
        return await asyncio.gather(
            *(writers[i % len(writers)].post(posting) for i, posting in enumerate(postings)),
            return_exceptions=True,
        )


async def balance(context: Context, program: Program, member: IntegrationId) -> Balance:
    return (await member_balances(context, program, member))[""]


async def assert_books_are_right(context: Context) -> None:
    assert [finding async for finding in verify(context) if finding.offenders] == []


# Points


@in_one_and_many
async def test_of_twenty_parallel_deductions_of_all_points_one_succeeds(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, [deduction(program, ANN, 100)] * 20)
    refused = [answer for answer in answers if not isinstance(answer, Posted)]
    assert all(isinstance(answer, InsufficientPoints) for answer in refused), refused
    assert {"0.00"} == {str(getattr(answer, "active", None)) for answer in refused}
    assert len(refused) == 19
    assert Balance(spent=Points(100_00)) == await balance(processes[0], program, ANN)
    await assert_books_are_right(processes[0])


@in_one_and_many
async def test_as_many_parallel_deductions_succeed_as_points_last(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, [deduction(program, ANN, 7)] * 40)
    assert sum(isinstance(answer, Posted) for answer in answers) == 14
    expected = Balance(active=Points(2_00), spent=Points(98_00))
    assert expected == await balance(processes[0], program, ANN)


async def test_parallel_deductions_below_zero_owe_exactly_the_rest(
    processes: list[Context],
) -> None:
    program = await open_program(processes[0], ReturnPolicy.UNLIMITED)
    async with writers(processes) as open_writers:
        answers = await at_once(open_writers, [deduction(program, ANN, 7)] * 40)
    assert all(isinstance(answer, Posted) for answer in answers)
    expected = Balance(spent=Points(100_00), negative=Points(180_00))
    assert expected == await balance(processes[0], program, ANN)
    await assert_books_are_right(processes[0])


@in_one_and_many
async def test_batches_that_name_members_in_any_order_lose_nothing(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    postings = [
        (addition if number % 3 else deduction)(program, member, number % 7 + 1)
        for number in range(60)
        for member in MEMBERS[:: 1 if number % 2 else -1]
    ]
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, postings)
    done = [
        p.points if p.kind is Kind.ADDITION else -p.points
        for p, answer in zip(postings, answers, strict=True)
        if isinstance(answer, Posted)
    ]
    assert len(done) == len(postings)
    active = [(await balance(processes[0], program, member)).active for member in MEMBERS]
    assert 400_00 + sum(done) == sum(active)
    await assert_books_are_right(processes[0])


# Idempotency keys


@in_one_and_many
async def test_one_key_sent_in_parallel_has_one_effect_and_one_answer(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, [deduction(program, ANN, 10, key="one")] * 12)
    posted = [answer for answer in answers if isinstance(answer, Posted)]
    assert len(posted) == len(answers)
    assert len({answer.transaction_uuids for answer in posted}) == 1
    assert sum(not answer.replayed for answer in posted) == 1
    expected = Balance(active=Points(90_00), spent=Points(10_00))
    assert expected == await balance(processes[0], program, ANN)
    await assert_books_are_right(processes[0])


@in_one_and_many
async def test_of_parallel_requests_under_one_key_one_is_posted(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    requests = [deduction(program, ANN, points, key="one") for points in range(1, 9)]
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, requests)
    [winner] = [n for n, answer in enumerate(answers, start=1) if isinstance(answer, Posted)]
    assert sum(isinstance(answer, KeyReused) for answer in answers) == 7
    assert Points(winner * 100) == (await balance(processes[0], program, ANN)).spent


async def test_a_key_belongs_to_one_member(processes: list[Context], program: Program) -> None:
    requests = [deduction(program, member, 10, key="one") for member in MEMBERS]
    async with writers(processes) as open_writers:
        answers = await at_once(open_writers, requests)
    assert [getattr(answer, "replayed", None) for answer in answers] == [False] * 4


async def test_a_refusal_for_lack_of_points_is_repeated_under_its_key(
    processes: list[Context], program: Program
) -> None:
    request = deduction(program, ANN, 200, key="one")
    async with running_writer(processes[0]) as writer:
        with pytest.raises(InsufficientPoints) as first:
            await writer.post(request)
        await writer.post(addition(program, ANN, 500))
        with pytest.raises(InsufficientPoints) as again:
            await writer.post(request)
    assert (first.value.asked, first.value.active) == ("200.00", "100.00")
    assert str(first.value) == str(again.value)


# Members that are locked


@asynccontextmanager
async def holding(context: Context, posting: Posting) -> AsyncIterator[None]:
    """Another transaction has made this posting, and does not commit until the end."""
    async with asyncio.timeout(30), context.database.transaction() as tx:
        [outcome] = await post(tx, [posting], now=context.clock())
        assert isinstance(outcome, Posted)
        yield


def limited(context: Context, **limits: Any) -> Context:
    return replace(context, limits=replace(Limits(holder_wait_seconds=1), **limits))


async def test_a_locked_member_makes_only_its_own_postings_wait(
    processes: list[Context], program: Program
) -> None:
    async with running_writer(limited(processes[0])) as writer:
        async with holding(processes[1], deduction(program, ANN, 1)):
            waiting = asyncio.create_task(writer.post(deduction(program, ANN, 10)))
            for member in (BEN, CLEO, DAN):
                assert isinstance(await writer.post(deduction(program, member, 10)), Posted)
            assert not waiting.done()
            with pytest.raises(Busy, match="member"):
                await waiting
        assert isinstance(await writer.post(deduction(program, ANN, 10)), Posted)
    expected = Balance(active=Points(89_00), spent=Points(11_00))
    assert expected == await balance(processes[0], program, ANN)


async def test_a_posting_that_waited_is_decided_on_what_is_true_by_then(
    processes: list[Context], program: Program
) -> None:
    async with running_writer(processes[0]) as writer:
        async with holding(processes[1], deduction(program, ANN, 95)):
            waiting = asyncio.create_task(writer.post(deduction(program, ANN, 10)))
            await writer.post(deduction(program, BEN, 10))
        with pytest.raises(InsufficientPoints) as refused:
            await waiting
    assert refused.value.active == "5.00"


async def test_a_full_queue_refuses_at_once(processes: list[Context], program: Program) -> None:
    async with (
        running_writer(limited(processes[0], queued_postings_max=3)) as writer,
        holding(processes[1], deduction(program, ANN, 1)),
    ):
        waiting = [asyncio.create_task(writer.post(deduction(program, ANN, 10))) for _ in range(3)]
        more = asyncio.create_task(writer.post(deduction(program, BEN, 10)))
        done, _ = await asyncio.wait([*waiting, more], return_when=asyncio.FIRST_COMPLETED)
        assert {more} == done
        answers = await asyncio.gather(more, *waiting, return_exceptions=True)
    assert [getattr(a, "what", None) for a in answers] == ["the ledger", *["the member"] * 3]


async def test_a_caller_that_goes_away_harms_nobody(
    processes: list[Context], program: Program
) -> None:
    async with running_writer(processes[0]) as writer:
        async with holding(processes[1], deduction(program, ANN, 1)):
            gone = asyncio.create_task(writer.post(deduction(program, ANN, 10)))
            await writer.post(deduction(program, BEN, 10))
            gone.cancel()
        await writer.post(deduction(program, ANN, 20))
    spent = (await balance(processes[0], program, ANN)).spent
    assert spent == 21_00
    await assert_books_are_right(processes[0])


async def test_a_posting_at_fault_harms_no_neighbour(
    processes: list[Context], program: Program
) -> None:
    faulty = replace(deduction(program, BEN, 10), name="no text has a \x00 in it")
    postings = [deduction(program, ANN, 10), faulty, deduction(program, CLEO, 10)]
    async with running_writer(processes[0]) as writer:
        answers = await at_once([writer], postings)
    assert [Posted, asyncpg.CharacterNotInRepertoireError, Posted] == list(map(type, answers))
    assert (await balance(processes[0], program, BEN)).spent == 0


@asynccontextmanager
async def losing_its_connection(
    processes: list[Context], program: Program, key: str | None
) -> AsyncIterator["asyncio.Task[Posted | Asked]"]:
    """A posting whose connection breaks while it is being written, held back until the end."""
    there = addition(program, BEN, 1, subledger="new")
    async with running_writer(processes[0]) as writer, holding(processes[1], there):
        posting = replace(addition(program, ANN, 10, subledger="new"), idempotency_key=key)
        sent = asyncio.create_task(writer.post(posting))
        pid = await waiting_backend(processes[2])
        async with processes[2].database.reader() as reader:
            assert await reader.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        yield sent


async def test_without_a_key_a_lost_connection_leaves_the_outcome_unknown(
    processes: list[Context], program: Program
) -> None:
    async with losing_its_connection(processes, program, key=None) as sent:
        with pytest.raises(OutcomeUnknown):
            await sent


async def test_with_a_key_a_lost_connection_goes_unnoticed(
    processes: list[Context], program: Program
) -> None:
    async with losing_its_connection(processes, program, key="one") as sent:
        pass
    assert isinstance(await sent, Posted)
    balances = await member_balances(processes[0], program, ANN)
    assert balances["new"] == Balance(active=Points(10_00))


# Subledgers


@in_one_and_many
async def test_a_new_subledger_is_made_once(
    processes: list[Context], program: Program, writer_count: int
) -> None:
    postings = [
        addition(program, member, 10, subledger=name)
        for name in ("new", "newer", "newest")
        for member in MEMBERS
    ]
    async with writers(processes[:writer_count]) as open_writers:
        answers = await at_once(open_writers, postings)
    assert all(isinstance(answer, Posted) for answer in answers), answers
    for member in MEMBERS:
        balances = await member_balances(processes[0], program, member)
        assert {"", "new", "newer", "newest"} == balances.keys()
    await assert_books_are_right(processes[0])


# Imports


async def test_imports_and_postings_at_the_same_time_lose_nothing(
    processes: list[Context],
) -> None:
    program = await open_program(processes[0], ReturnPolicy.UNLIMITED)
    rows = [f"{member},1,{subledger}" for member in MEMBERS for subledger in ("", "", "new")]
    postings = [deduction(program, member, 30) for member in MEMBERS for _ in range(10)]
    async with writers(processes) as open_writers:
        importing = [import_rows(context, program, *rows * 10) for context in processes]
        imports = asyncio.gather(*importing)
        answers = await at_once(open_writers, postings)
        await imports
    assert all(isinstance(answer, Posted) for answer in answers), answers
    totals = await program_totals(processes[0], program, at=processes[0].clock())
    assert totals.spent + totals.negative == 40 * 30_00
    assert totals.active + totals.spent == 400_00 + PROCESSES * 120 * 1_00
    await assert_books_are_right(processes[0])


async def test_an_import_and_a_posting_can_make_the_same_subledger(
    processes: list[Context], program: Program
) -> None:
    async with processes[1].database.transaction() as tx:
        now = processes[1].clock()
        await post(tx, [addition(program, ANN, 1)], now=now)
        importing = asyncio.create_task(import_rows(processes[0], program, "ann,5,new"))
        await waiting_backend(processes[2])
        await post(tx, [addition(program, ANN, 1, subledger="new")], now=now)
    await importing
    balances = await member_balances(processes[0], program, ANN)
    assert balances["new"] == Balance(active=Points(6_00))


async def test_an_import_waits_for_a_locked_member_and_counts_on(
    processes: list[Context], program: Program
) -> None:
    async with holding(processes[1], deduction(program, ANN, 1)):
        importing = asyncio.create_task(import_rows(processes[0], program, "ann,5,", "ann,6,"))
        await waiting_backend(processes[2])
    await importing
    expected = Balance(active=Points(110_00), spent=Points(1_00))
    assert expected == await balance(processes[0], program, ANN)
    await assert_books_are_right(processes[0])
