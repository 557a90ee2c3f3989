"""What adding or deducting would do is told by the rules of doing it, and nothing is written."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.harness import (
    NOW,
    Clock,
    change,
    import_rows,
    new_member,
    new_name,
    new_program,
    posting_of,
)
from tallystick.core.balances import Balance
from tallystick.core.errors import InsufficientPoints, InvalidField, NotFound, NotSupported
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.validity import NEVER, Duration
from tallystick.services.balances import member_balances
from tallystick.services.context import Context
from tallystick.services.postings import Posted
from tallystick.services.preview import PostingPreview, preview_posting
from tallystick.services.transaction_page import transaction_page
from tallystick.services.verify import verify


async def preview(
    context: Context, program: Program, member: IntegrationId, points: str, **more: Any
) -> PostingPreview:
    """What adding would do, or deducting if there is a minus sign in front."""
    return await preview_posting(context, program, posting_of(program, member, points, **more))


def used(told: PostingPreview) -> list[tuple[str, int]]:
    """The names of the additions that would be used, and how much of each."""
    return [(each.lot_of.name, each.points) for each in told.used]


async def test_a_deduction_names_the_lots_in_the_order_of_use(
    shared: Context, program: Program
) -> None:
    ann = await new_member(shared, program, "10")
    await change(shared, program, ann, "5", name="Later", expiry=Duration(9, "D"))
    await change(shared, program, ann, "5", name="Sooner", expiry=Duration(3, "D"))
    told = await preview(shared, program, ann, "-12")
    assert used(told) == [("Sooner", 5_00), ("Later", 5_00), ("", 2_00)]
    assert told.used[0].expires_at == NOW + timedelta(days=3)
    assert told.before == Balance(active=Points(20_00))
    assert told.after == Balance(active=Points(8_00), spent=Points(12_00))
    assert told.lot is None


async def test_an_addition_tells_its_window(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program, "10")
    start, expiry = Duration(1, "D"), Duration(2, "D")
    told = await preview(shared, program, ann, "5", start=start, expiry=expiry)
    assert told.lot is not None
    assert told.lot.start_at == NOW + timedelta(days=1)
    assert told.lot.expires_at == NOW + timedelta(days=3)
    assert told.after == Balance(active=Points(10_00), pending=Points(5_00))
    unlimited = (await preview(shared, program, ann, "5")).lot
    assert unlimited is not None
    assert unlimited.expires_at == NEVER


async def test_below_zero_it_tells_what_would_be_owed_and_repaid(shared: Context) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = await new_member(shared, program, "10")
    told = await preview(shared, program, ann, "-25")
    assert used(told) == [("", 10_00)]
    assert told.after.negative == Points(15_00)
    await change(shared, program, ann, "-25", name="Return")
    told = await preview(shared, program, ann, "20")
    assert [(each.lot_of.name, each.points) for each in told.repays] == [("Return", 15_00)]
    assert (told.before.negative, told.after.negative, told.after.active) == (15_00, 0, 5_00)


async def test_it_is_refused_as_the_posting_would_be(shared: Context) -> None:
    program = await new_program(shared, allow_subledger=False)
    ann = await new_member(shared, program, "10")
    with pytest.raises(InsufficientPoints):
        await preview(shared, program, ann, "-10.01")
    with pytest.raises(NotSupported, match="subledgerId"):
        await preview(shared, program, ann, "1", subledger="shop")
    with pytest.raises(InvalidField, match="validUntil"):
        await preview(shared, program, ann, "1", expiry=NOW - timedelta(days=1))
    with pytest.raises(NotFound, match="no customer profile"):
        await preview(shared, program, IntegrationId("nobody"), "1")


async def test_nothing_stays_of_it(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program, "10")
    key = {"idempotency_key": "a"}
    told = await preview(shared, program, ann, "5", subledger="new", **key)
    assert told.after == Balance(active=Points(5_00))
    assert await preview(shared, program, ann, "-5", **key) != told  # the key is not taken
    assert await member_balances(shared, program, ann) == {"": Balance(active=Points(10_00))}
    assert not [finding async for finding in verify(shared) if finding.offenders]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=6
    ),
    st.integers(-90, 60).filter(bool),
)
async def test_what_is_told_is_what_happens(
    shared: Context, lots: list[tuple[int, int, int]], wish: int
) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = IntegrationId(new_name("ann"))
    await import_rows(shared, program, f"{ann},1")
    for points, start, life in lots:
        more = {"start": Duration(start, "D")} if start else {}
        if life:
            more["expiry"] = Duration(life, "D")
        await change(shared, program, ann, str(points), **more)
        await change(shared, program, ann, f"-{points // 2 + 1}")
    told = await preview(shared, program, ann, str(wish))
    outcome = await change(shared, program, ann, str(wish))
    assert isinstance(outcome, Posted)
    assert told.after == (await member_balances(shared, program, ann))[""]
    pages = [await transaction_page(shared, program, uuid) for uuid in outcome.transaction_uuids]
    assert [(each.points, each.lot_of) for each in told.used] == [
        (each.points, each.lot_of) for page in pages for each in page.took
    ]


async def test_a_member_whose_clock_is_ahead_is_told_for_that_moment(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await new_member(shared, program, "10")
    clock.now = NOW + timedelta(hours=1)
    await change(shared, program, ann, "1")
    clock.now = NOW
    told = await preview(shared, program, ann, "-11")
    assert told.at == NOW + timedelta(hours=1)
    assert told.after == Balance(spent=Points(11_00))
