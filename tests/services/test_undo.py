"""An undo takes back what is left of an import, as one unit, and says first what that is."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.harness import Clock, change, import_rows, new_program
from tallystick.core.balances import Balance
from tallystick.core.errors import AlreadyUndone, NotFound, NotSupported
from tallystick.core.ids import ImportId, IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.services.activation import activate_transactions
from tallystick.services.balances import member_balances, program_totals
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.erasure import erase_customer
from tallystick.services.postings import Posted
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.undo import BelowZero, preview_undo, undo_import
from tallystick.services.verify import verify

ANN, BEN = IntegrationId("ann"), IntegrationId("ben")
HEADER = "customerprofileid,amount,startdate,expirydate,subledgerid"
NOBODY_OWES = ReturnPolicy.WITHIN_BALANCE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(context: Context, clock: Clock) -> Context:
    return replace(context, clock=clock)


@pytest.fixture
async def program(books: Context) -> Program:
    return await new_program(books, return_policy=ReturnPolicy.UNLIMITED)


async def balance(books: Context, program: Program, member: IntegrationId = ANN) -> Balance:
    return (await member_balances(books, program, member))[""]


async def shown(
    books: Context, program: Program, member: IntegrationId = ANN
) -> list[tuple[str, int, str]]:
    page = await list_transactions(
        books, program, member, wanted=TransactionFilter(), page_size=100, skip=0
    )
    return [(t.kind.name, t.amount, t.name) for t in page.transactions]


async def broken(books: Context) -> list[str]:
    return [finding.check async for finding in verify(books) if finding.offenders]


async def test_the_books_equal_those_before_at_every_instant(
    books: Context, clock: Clock, program: Program
) -> None:
    await import_rows(books, program, "ann,100", "ben,7")
    await change(books, program, ANN, "-30")
    asked = [clock.now + timedelta(days=days) for days in (-1, 0, 1, 2, 40, 400)]

    async def told() -> list[object]:
        totals = [await program_totals(books, program, at=at) for at in asked]
        members = [
            await member_balances(books, program, member, at=at)
            for member in (ANN, BEN)
            for at in asked
        ]
        return [*totals, *members, await shown(books, program), await shown(books, program, BEN)]

    before = await told()
    clock.now += timedelta(hours=1)
    wrong = await import_rows(
        books,
        program,
        "ann,50,immediate,,",
        "ann,20,2026-06-20T00:00:00Z,2026-07-20T00:00:00Z,",
        "ben,5,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,",
        "ben,9,on_action,,",
        "ben,11,immediate,,",
        header=HEADER,
    )
    assert before != await told()
    clock.now += timedelta(hours=1)
    report = await undo_import(books, program, wrong.import_id)
    assert (report.row_count, report.member_count, report.amount) == (5, 2, 95_00)
    assert before == await told()
    assert await broken(books) == []


async def test_what_was_known_before_an_undo_stays_known(
    books: Context, clock: Clock, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,100")
    imported_at = clock.now
    clock.now += timedelta(hours=1)
    await undo_import(books, program, wrong.import_id)
    known = await member_balances(books, program, ANN, known_at=imported_at)
    assert known == {"": Balance(active=Points(100_00))}
    assert await balance(books, program) == Balance()


async def test_a_preview_says_what_an_undo_does_and_writes_nothing(
    books: Context, program: Program
) -> None:
    await import_rows(books, program, "ann,10")
    await change(books, program, ANN, "-25")
    wrong = await import_rows(
        books,
        program,
        "ann,100,immediate,,",
        "ann,1,2099-01-01T00:00:00Z,,",
        "ben,2,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,",
        header=HEADER,
    )
    await change(books, program, ANN, "-30")
    preview = await preview_undo(books, program, wrong.import_id)
    assert preview.undone is None
    assert (preview.row_count, preview.member_count) == (3, 2)
    assert (preview.active, preview.pending, preview.expired) == (55_00, 1_00, 2_00)
    assert (preview.repaid, preview.spent) == (15_00, 30_00)
    assert preview.may_go_below_zero
    assert (preview.below_zero_count, preview.below_zero) == (1, 45_00)
    assert preview.below_zero_first == (
        BelowZero(integration_id=ANN, subledger="", points=Points(45_00)),
    )
    assert await balance(books, program) == Balance(
        active=Points(55_00), pending=Points(1_00), spent=Points(55_00)
    )


async def test_what_was_spent_is_left_alone(books: Context, program: Program) -> None:
    wrong = await import_rows(books, program, "ann,100", "ann,50")
    await change(books, program, ANN, "-120")
    report = await undo_import(books, program, wrong.import_id)
    assert (report.row_count, report.amount, report.spent) == (1, 30_00, 120_00)
    assert await balance(books, program) == Balance(spent=Points(120_00))
    assert await shown(books, program) == [
        ("SUBTRACTION", 120_00, ""),
        ("ADDITION", 20_00, ""),
        ("ADDITION", 100_00, ""),
    ]
    assert await broken(books) == []


async def test_what_was_spent_is_owed_by_choice(books: Context, program: Program) -> None:
    await import_rows(books, program, "ann,10,,2099-01-01T00:00:00Z,", header=HEADER)
    wrong = await import_rows(
        books, program, "ann,100,,2098-01-01T00:00:00Z,", "ben,5,,,", header=HEADER
    )
    await change(books, program, ANN, "-30")
    assert (await preview_undo(books, program, wrong.import_id)).below_zero == 20_00
    await undo_import(books, program, wrong.import_id, below_zero=True)
    assert await balance(books, program) == Balance(spent=Points(40_00), negative=Points(20_00))
    name = f"Undo of import {wrong.import_id}"
    assert await shown(books, program) == [
        ("SUBTRACTION", 20_00, name),
        ("SUBTRACTION", 10_00, name),
        ("SUBTRACTION", 30_00, ""),
        ("ADDITION", 30_00, ""),
        ("ADDITION", 10_00, ""),
    ]
    assert await balance(books, program, BEN) == Balance()
    assert await broken(books) == []


async def test_nothing_is_owed_where_the_policy_keeps_above_zero(books: Context) -> None:
    program = await new_program(books, return_policy=NOBODY_OWES)
    wrong = await import_rows(books, program, "ann,100")
    with pytest.raises(NotSupported, match="belowZero"):
        await undo_import(books, program, wrong.import_id, below_zero=True)
    assert await balance(books, program) == Balance(active=Points(100_00))
    assert not (await preview_undo(books, program, wrong.import_id)).may_go_below_zero


async def test_a_debt_that_was_repaid_is_owed_again_and_others_pay_it(
    books: Context, clock: Clock, program: Program
) -> None:
    await import_rows(books, program, "ann,10")
    await change(books, program, ANN, "-50")
    wrong = await import_rows(books, program, "ann,100")
    await change(books, program, ANN, "15")
    clock.now += timedelta(hours=1)
    report = await undo_import(books, program, wrong.import_id)
    assert (report.amount, report.repaid, report.spent) == (100_00, 40_00, 0)
    assert await balance(books, program) == Balance(spent=Points(25_00), negative=Points(25_00))
    assert [name for name, *_ in await shown(books, program)] == [
        "ADDITION",
        "SUBTRACTION",
        "SUBTRACTION",
        "ADDITION",
    ]
    assert await broken(books) == []
    await change(books, program, ANN, "30")
    assert await balance(books, program) == Balance(active=Points(5_00), spent=Points(50_00))


async def test_a_repayment_that_lies_ahead_never_comes(
    books: Context, clock: Clock, program: Program
) -> None:
    await import_rows(books, program, "ann,10")
    await change(books, program, ANN, "-50")
    wrong = await import_rows(books, program, "ann,100,2026-06-20T00:00:00Z,,", header=HEADER)
    await undo_import(books, program, wrong.import_id)
    clock.now += timedelta(days=30)
    assert await balance(books, program) == Balance(spent=Points(10_00), negative=Points(40_00))
    assert await broken(books) == []


async def test_activated_points_are_taken_back_from_where_they_are(
    books: Context, clock: Clock, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,40,on_action,,", header=HEADER)
    page = await list_transactions(
        books, program, ANN, wanted=TransactionFilter(), page_size=1, skip=0
    )
    imported_at = clock.now
    clock.now += timedelta(hours=1)
    await activate_transactions(books, program, [page.transactions[0].uuid])
    await change(books, program, ANN, "-15")
    await undo_import(books, program, wrong.import_id)
    assert await balance(books, program) == Balance(spent=Points(15_00))
    before = await member_balances(books, program, ANN, at=imported_at)
    assert before == {"": Balance(pending=Points(15_00))}
    assert await broken(books) == []


async def test_points_of_an_undone_import_are_not_activated(
    books: Context, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,40,on_action,,", header=HEADER)
    page = await list_transactions(
        books, program, ANN, wanted=TransactionFilter(), page_size=1, skip=0
    )
    await undo_import(books, program, wrong.import_id)
    assert await activate_transactions(books, program, [page.transactions[0].uuid]) == []
    assert await balance(books, program) == Balance()


async def test_an_import_is_undone_once(books: Context, clock: Clock, program: Program) -> None:
    wrong = await import_rows(books, program, "ann,100")
    ada = Caller(kind=CallerKind.PERSON)
    await undo_import(books, program, wrong.import_id, caller=ada)
    with pytest.raises(AlreadyUndone, match=f"import {wrong.import_id} has been undone already"):
        await undo_import(books, program, wrong.import_id)
    preview = await preview_undo(books, program, wrong.import_id)
    assert preview.undone is not None
    assert (preview.undone.recorded_at, preview.undone.amount) == (clock.now, 100_00)
    assert (preview.row_count, preview.active) == (0, 0)


async def test_of_two_undos_at_the_same_time_one_is_done(books: Context, program: Program) -> None:
    wrong = await import_rows(books, program, "ann,100")
    apart = [replace(books, import_turn=asyncio.Semaphore(1)) for _ in range(2)]
    undone = await asyncio.gather(
        *(undo_import(each, program, wrong.import_id) for each in apart), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in undone) == ["AlreadyUndone", "UndoReport"]
    assert await broken(books) == []


async def test_only_an_import_of_the_program_is_undone(books: Context, program: Program) -> None:
    other = await new_program(books)
    wrong = await import_rows(books, other, "ann,100")
    for import_id in (wrong.import_id, ImportId(99)):
        with pytest.raises(NotFound, match="import of points"):
            await undo_import(books, program, import_id)
        with pytest.raises(NotFound, match="import of points"):
            await preview_undo(books, program, import_id)


async def test_a_file_without_rows_is_undone_too(books: Context, program: Program) -> None:
    empty = await import_rows(books, program)
    report = await undo_import(books, program, empty.import_id)
    assert (report.row_count, report.member_count, report.amount) == (0, 0, 0)
    assert await broken(books) == []


async def test_what_was_deleted_stays_deleted(books: Context, program: Program) -> None:
    wrong = await import_rows(books, program, "ann,100", "ben,30")
    await delete_transactions(books, program, ANN, subledgers=None)
    report = await undo_import(books, program, wrong.import_id)
    assert (report.row_count, report.amount) == (1, 30_00)
    assert await balance(books, program) == Balance()
    assert await broken(books) == []


async def test_a_deletion_after_an_undo_leaves_nothing(
    books: Context, clock: Clock, program: Program
) -> None:
    await import_rows(books, program, "ann,10")
    await change(books, program, ANN, "-50")
    wrong = await import_rows(books, program, "ann,100")
    await change(books, program, ANN, "-5")
    imported_at = clock.now
    clock.now += timedelta(hours=1)
    await undo_import(books, program, wrong.import_id)
    await delete_transactions(books, program, ANN, subledgers=None)
    for at in (imported_at, clock.now, clock.now + timedelta(days=400)):
        assert await member_balances(books, program, ANN, at=at) == {"": Balance()}
    assert await shown(books, program) == []
    assert await broken(books) == []


async def test_the_entries_of_an_erased_person_are_taken_back(
    books: Context, clock: Clock, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,100", "ben,30")
    await change(books, program, ANN, "-20")
    await erase_customer(books, program.environment, ANN)
    report = await undo_import(books, program, wrong.import_id)
    assert (report.row_count, report.amount, report.spent) == (2, 110_00, 20_00)
    totals = await program_totals(books, program, at=clock.now)
    assert totals == Balance(spent=Points(20_00))
    assert await broken(books) == []


async def test_an_undo_waits_for_a_locked_member_and_sees_what_was_spent(
    books: Context, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,100")
    lock = "SELECT FROM holder FOR NO KEY UPDATE"
    async with books.database.transaction() as tx:
        await tx.execute(lock)
        undoing = asyncio.create_task(undo_import(books, program, wrong.import_id))
        await asyncio.wait([undoing], timeout=0.2)
        assert not undoing.done()
    await undoing
    assert await balance(books, program) == Balance()


async def test_an_undo_and_postings_at_the_same_time_lose_nothing(
    books: Context, program: Program
) -> None:
    wrong = await import_rows(books, program, "ann,40", "ann,60", "ben,10")
    postings = [change(books, program, ANN, points) for points in ["-7", "5"] * 10]
    undo = undo_import(books, program, wrong.import_id)
    outcomes = (await asyncio.gather(*postings[:10], undo, *postings[10:]))[:10]
    assert await broken(books) == []
    posted = await shown(books, program)
    assert len(posted) >= sum(isinstance(outcome, Posted) for outcome in outcomes)
    assert await balance(books, program, BEN) == Balance()


async def test_members_go_on_after_an_undo(books: Context, program: Program) -> None:
    wrong = await import_rows(books, program, "ann,100")
    await change(books, program, ANN, "-30")
    await undo_import(books, program, wrong.import_id)
    again = await import_rows(books, program, "ann,70")
    assert isinstance(await change(books, program, ANN, "-70"), Posted)
    assert await balance(books, program) == Balance(spent=Points(100_00))
    await undo_import(books, program, again.import_id)
    assert await balance(books, program) == Balance(spent=Points(100_00))
    assert await broken(books) == []
