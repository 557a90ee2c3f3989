"""Each check finds the fault it is there for."""

import io

import asyncpg
import pytest

from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import ProgramSettings, ReturnPolicy
from tallystick.core.transactions import Kind
from tallystick.services.activation import activate_transactions
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.imports import import_points
from tallystick.services.posting import post
from tallystick.services.postings import Posting
from tallystick.services.programs import create_program
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.undo import undo_import
from tallystick.services.verify import CHECKS, verify

ANN = IntegrationId("ann")
FILE = b"""customerprofileid,amount,startdate,expirydate
ann,10,immediate,2099-01-01T00:00:00Z
ann,10,immediate,2098-01-01T00:00:00Z
ann,10,2097-01-01T00:00:00Z,
"""

BEN = IntegrationId("ben")
WAITING = b"customerprofileid,amount,startdate\nben,10,on_action\n"
WRONG = b"customerprofileid,amount\ncleo,10\n"

FREE = "ALTER TABLE transaction_ DROP CONSTRAINT transaction_holder_fkey;" + "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {name};"
    for table, name in [
        ("lot", "lot_transaction_fkey"),
        ("lot", "lot_remaining_within_amount"),
        ("allocation", "allocation_lot_fkey"),
        ("allocation", "allocation_transaction_fkey"),
        ("transaction_", "transaction_of_an_earlier_one"),
    ]
)

FAULTS = [
    ("remaining_is_amount_less_allocations", "UPDATE lot SET remaining = remaining + 1"),
    ("every_addition_and_debt_has_its_lot", "DELETE FROM lot WHERE lot_no = 1"),
    ("every_deduction_is_allocated_in_full", "UPDATE transaction_ SET amount = 7 WHERE txn_no = 4"),
    ("repayments_take_what_they_repay", "UPDATE allocation SET amount = amount + 1 WHERE debt"),
    ("allocations_repeat_their_lot", "UPDATE allocation SET expires_at = '2098-06-01'"),
    (
        "soonest_expiry_is_spent_first",
        "UPDATE allocation SET lot_no = 1 WHERE lot_no = 2 AND txn_no = 4",
    ),
    ("what_was_taken_back_is_closed", "UPDATE lot SET remaining = 1 WHERE lot_no = 1"),
    ("entries_about_another_match_it", "UPDATE transaction_ SET amount = 7 WHERE kind = 3"),
    (
        "nothing_is_active_while_points_are_owed",
        "UPDATE allocation SET effective_at = '2097-06-01' WHERE effective_at > '2096-01-01'",
    ),
    ("holders_know_their_last_entry", "UPDATE holder SET last_no = 2"),
    (
        "numbers_rise_with_the_moment_of_recording",
        "UPDATE transaction_ SET recorded_at = '2020-01-01' WHERE txn_no = 5",
    ),
    ("holders_know_until_when_they_owe", "UPDATE holder SET owing_until = '1970-01-01'"),
    ("transactions_belong_to_a_program_and_subledger", "UPDATE transaction_ SET subledger_id = 9"),
    ("imports_are_entered_in_full", "UPDATE point_import SET row_count = 4"),
    ("undone_imports_are_taken_back_in_full", "UPDATE import_undo SET amount = amount + 1"),
    (
        "transaction_uuids_are_unique",
        "UPDATE transaction_ SET transaction_uuid = '00000000-0000-7000-8000-000000000000'",
    ),
    ("remembered_answers_are_in_the_books", "DELETE FROM transaction_ WHERE txn_no = 4"),
]


async def good_books(context: Context) -> None:
    """Three additions, a deduction from the lot that expires first, one that goes below zero.

    Ben's points were activated, and then he had his transactions deleted. Cleo's import was undone.
    """
    settings = ProgramSettings(name="shop", timezone="UTC", return_policy=ReturnPolicy.UNLIMITED)
    program = await create_program(context, settings)
    await import_points(context, program, io.BytesIO(FILE), file_name="x.csv")
    for points, key in [(500, "first"), (2200, None)]:
        posting = Posting(
            program_id=program.id,
            integration_id=ANN,
            kind=Kind.SUBTRACTION,
            points=Points(points),
            idempotency_key=key,
        )
        async with context.database.transaction() as tx:
            await post(tx, [posting], now=context.clock())
    await import_points(context, program, io.BytesIO(WAITING), file_name="y.csv")
    page = await list_transactions(
        context, program, BEN, wanted=TransactionFilter(), page_size=1, skip=0
    )
    await activate_transactions(context, program, [page.transactions[0].uuid])
    await delete_transactions(context, program, BEN, subledgers=None)
    wrong = await import_points(context, program, io.BytesIO(WRONG), file_name="z.csv")
    await undo_import(context, program, wrong.import_id)


async def broken(context: Context) -> set[str]:
    return {finding.check async for finding in verify(context) if finding.offenders}


async def test_good_books_pass_every_check(context: Context) -> None:
    await good_books(context)
    assert [finding.check async for finding in verify(context)] == list(CHECKS)
    assert await broken(context) == set()


@pytest.mark.parametrize(("check", "fault"), FAULTS, ids=[check for check, _ in FAULTS])
async def test_a_check_finds_its_fault(
    context: Context, owner_url: str, check: str, fault: str
) -> None:
    await good_books(context)
    owner = await asyncpg.connect(owner_url)
    await owner.execute(f"{FREE}; {fault}")
    await owner.close()
    assert check in await broken(context)


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert [check for check, _ in FAULTS] == list(CHECKS)
