"""One transaction's page: what it took, who took from it, and what was made of it later."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.harness import NOW, Clock, change, import_rows, new_name, new_program
from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.transactions import AmendmentKind, Kind, Taking
from tallystick.core.validity import NEVER, Duration, Keyword
from tallystick.services.activation import activate_transactions
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.postings import Posted
from tallystick.services.transaction_page import TransactionPage, transaction_page
from tallystick.services.undo import undo_import

DAY = timedelta(days=1)


@pytest.fixture
async def ann(shared: Context, program: Program) -> IntegrationId:
    """Somebody with 10 points of an import, which expire in July."""
    name = new_name("ann")
    header = "customerprofileid,amount,reason,expirydate"
    await import_rows(shared, program, f"{name},10,Welcome,2026-07-01T00:00:00Z", header=header)
    return IntegrationId(name)


async def posted(
    context: Context, program: Program, member: IntegrationId, points: str, **more: object
) -> list[UUID]:
    """The transactions that a change of points made."""
    outcome = await change(context, program, member, points, **more)
    assert isinstance(outcome, Posted)
    return list(outcome.transaction_uuids)


async def page_of(context: Context, program: Program, uuid: UUID) -> TransactionPage:
    """Its page, which is the same by its number."""
    page = await transaction_page(context, program, uuid)
    assert page == await transaction_page(context, program, page.recorded.transaction.id)
    return page


def told(takings: list[Taking]) -> list[tuple[int, str, str]]:
    """Points, the name of the lot's transaction, and of the one that took them."""
    return [(each.points, each.lot_of.name, each.by.name) for each in takings]


async def test_a_deduction_says_which_lots_it_took_from(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    [sooner] = await posted(shared, program, ann, "5", name="Bonus", expiry=Duration(3, "D"))
    [uuid] = await posted(shared, program, ann, "-7", name="Voucher")
    page = await page_of(shared, program, uuid)
    assert told(page.took) == [(5_00, "Bonus", "Voucher"), (2_00, "Welcome", "Voucher")]
    assert (page.lot, page.taken, page.repaid, page.repays) == (None, [], [], [])
    assert page.took[0].expires_at == NOW + 3 * DAY
    assert page.recorded.integration_id == ann
    assert (page.recorded.is_shown, page.recorded.transaction.kind) == (True, Kind.SUBTRACTION)
    bonus = await page_of(shared, program, sooner)
    assert told(bonus.taken) == [(5_00, "Bonus", "Voucher")]
    assert bonus.took == []


async def test_an_addition_says_what_is_left_of_it(
    shared: Context, clock: Clock, program: Program, ann: IntegrationId
) -> None:
    [uuid] = await posted(shared, program, ann, "5", expiry=Duration(3, "D"))
    await change(shared, program, ann, "-2")
    for clock.now in (NOW, NOW + 4 * DAY):
        lot = (await page_of(shared, program, uuid)).lot
        assert lot is not None
        assert (lot.amount, lot.left, lot.is_debt) == (5_00, 3_00, False)
        assert (lot.start_at, lot.expires_at) == (NOW, NOW + 3 * DAY)


async def test_an_import_is_named_with_its_file(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    [uuid] = await posted(shared, program, ann, "-1")
    [taking] = (await page_of(shared, program, uuid)).took
    welcome = await page_of(shared, program, taking.lot_of.uuid)
    assert welcome.recorded.transaction.import_id is not None
    assert welcome.recorded.transaction.expires_at.isoformat() == "2026-07-01T00:00:00+00:00"


async def test_the_key_under_which_it_was_sent_is_told(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    [uuid] = await posted(shared, program, ann, "1", idempotency_key="order 7")
    [other] = await posted(shared, program, ann, "1")
    assert (await page_of(shared, program, uuid)).recorded.idempotency_key == "order 7"
    assert (await page_of(shared, program, other)).recorded.idempotency_key is None


async def test_a_debt_and_its_repayment_name_each_other(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = IntegrationId(new_name("ann"))
    await import_rows(shared, program, f"{ann},1")
    _, owing = await posted(shared, program, ann, "-4", name="Return")
    [adding] = await posted(shared, program, ann, "10", name="Order")
    debt, order = await page_of(shared, program, owing), await page_of(shared, program, adding)
    assert debt.lot is not None
    assert (debt.lot.amount, debt.lot.left, debt.lot.is_debt) == (3_00, 0, True)
    assert told(debt.repaid) == told(order.repays) == [(3_00, "Return", "Order")]
    assert told(order.taken) == [(3_00, "Order", "Order")]
    assert order.lot is not None
    assert order.lot.left == Points(7_00)


async def test_an_activation_gives_the_lot_its_window(
    shared: Context, clock: Clock, program: Program, ann: IntegrationId
) -> None:
    start = Keyword.ON_ACTION
    [uuid] = await posted(shared, program, ann, "5", start=start, expiry=Duration(3, "D"))
    waiting = (await page_of(shared, program, uuid)).lot
    assert waiting is not None
    assert waiting.start_at == NEVER
    clock.now = NOW + DAY
    await activate_transactions(shared, program, [uuid])
    page = await page_of(shared, program, uuid)
    assert page.lot is not None
    assert (page.lot.left, page.lot.start_at, page.lot.expires_at) == (
        5_00,
        NOW + DAY,
        NOW + 4 * DAY,
    )
    [amendment] = page.amendments
    assert (amendment.kind, amendment.at) == (AmendmentKind.ACTIVATED, NOW + DAY)


async def test_what_was_taken_back_still_has_a_page(
    shared: Context, clock: Clock, program: Program, ann: IntegrationId
) -> None:
    [uuid] = await posted(shared, program, ann, "5", name="Error")
    clock.now = NOW + DAY
    await delete_transactions(shared, program, ann, subledgers=None)
    page = await page_of(shared, program, uuid)
    assert not page.recorded.is_shown
    assert page.recorded.transaction.amount == Points(5_00)
    assert [(each.kind, each.at) for each in page.amendments] == [
        (AmendmentKind.TAKEN_BACK, NOW + DAY)
    ]
    assert page.lot is not None
    assert page.lot.left == 0


async def test_an_undone_import_leaves_what_was_spent(shared: Context, program: Program) -> None:
    ann = new_name("ann")
    report = await import_rows(shared, program, f"{ann},10")
    [uuid] = await posted(shared, program, IntegrationId(ann), "-4")
    [taking] = (await page_of(shared, program, uuid)).took
    await undo_import(shared, program, report.import_id)
    page = await page_of(shared, program, taking.lot_of.uuid)
    assert [each.kind for each in page.amendments] == [AmendmentKind.REDUCED]
    assert page.recorded.transaction.amount == Points(4_00)
    assert page.lot is not None
    assert page.lot.left == 0


async def test_a_transaction_of_another_program_is_not_found(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    [uuid] = await posted(shared, program, ann, "1")
    other = await new_program(shared)
    for name in (uuid, UUID(int=0), 0, -1, 2**63):
        with pytest.raises(NotFound, match="no transaction"):
            await transaction_page(shared, other, name)
