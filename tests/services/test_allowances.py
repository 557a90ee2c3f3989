"""What people may post: by their role as it is in the transaction, and Support so much a day."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from services.harness import ADMIN, Clock, change, give_role, new_member, new_name, new_program
from tallystick.core.errors import InsufficientPoints, NotAllowed, Refusal
from tallystick.core.ids import IntegrationId, UserId
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.roles import ProgramRole, Role
from tallystick.core.transactions import Kind
from tallystick.services.accounts import create_user
from tallystick.services.allowances import allowance_left
from tallystick.services.batch import post_in_order
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.postings import Outcome, Posted, Posting, Waiting
from tallystick.services.users import UserWish, update_user
from tallystick.services.writer import running_writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Somebody who posts for a member with 100 points."""

    context: Context
    program: Program
    member: IntegrationId
    user_id: UserId

    @property
    def caller(self) -> Caller:
        """The same person as one who calls."""
        return Caller(kind=CallerKind.PERSON, user_id=self.user_id)

    async def post(self, points: str, **more: str) -> Outcome:
        """Add points, or deduct them if there is a minus sign in front."""
        return await change(
            self.context, self.program, self.member, points, caller=self.caller, **more
        )

    async def left(self) -> Points | None:
        """How many points they may still post today."""
        return await allowance_left(self.context, self.caller, self.program)

    async def limit(self, points_a_day: int) -> None:
        """Let them post so many whole points a day."""
        role = ProgramRole(
            program_id=self.program.id,
            role=Role.SUPPORT,
            points_a_day=Points(points_a_day * 100),
        )
        await update_user(self.context, ADMIN, self.user_id, UserWish(roles=(role,)))


async def new_desk(
    context: Context, role: Role | None = Role.SUPPORT, *, timezone: str = "UTC"
) -> Desk:
    """Somebody with that role; Support may post 100 points a day."""
    program = await new_program(context, timezone=timezone)
    email = f"{new_name('desk').replace(' ', '')}@example.com"
    user_id = await create_user(
        context, email=email, password="a long password", is_admin=role is Role.ADMIN
    )
    if role not in {None, Role.ADMIN}:
        await give_role(context, user_id, program, role)
    member = await new_member(context, program)
    return Desk(
        context=context,
        program=program,
        member=member,
        user_id=user_id,
    )


@pytest.mark.parametrize("role", [None, *Role])
async def test_a_posting_takes_a_role_that_may_post(shared: Context, role: Role | None) -> None:
    desk = await new_desk(shared, role)
    outcome = await desk.post("10")
    if role in {Role.ADMIN, Role.MANAGER, Role.SUPPORT}:
        assert isinstance(outcome, Posted)
    else:
        assert isinstance(outcome, NotAllowed)
        assert str(outcome) == (
            "you may not add and deduct points;"
            " it takes the role Admin, Manager or Support; ask an admin for it"
        )


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER])
async def test_only_support_has_a_limit(shared: Context, role: Role) -> None:
    desk = await new_desk(shared, role)
    assert isinstance(await desk.post("999999999999.99"), Posted)
    assert await desk.left() is None


async def test_additions_and_deductions_count_together(shared: Context) -> None:
    desk = await new_desk(shared)
    for points, left in (("40", 60_00), ("-50", 10_00), ("10", 0)):
        assert isinstance(await desk.post(points), Posted)
        assert await desk.left() == left
    for points in ("0.01", "-0.01"):
        outcome = await desk.post(points)
        assert isinstance(outcome, NotAllowed)
        assert "of your 100.00 a day 0.00 are left today" in str(outcome)


async def test_what_was_refused_or_had_been_posted_before_does_not_count(shared: Context) -> None:
    desk = await new_desk(shared)
    assert isinstance(await desk.post("-100", idempotency_key="k"), Posted)
    again = await desk.post("-100", idempotency_key="k")
    assert isinstance(again, Posted)
    assert again.replayed
    assert await desk.left() == 0
    await desk.limit(200)
    assert isinstance(await desk.post("-50"), InsufficientPoints)
    assert await desk.left() == 100_00


async def test_another_program_has_a_limit_of_its_own(shared: Context) -> None:
    desk = await new_desk(shared)
    other = await new_program(shared)
    await give_role(shared, desk.user_id, other, Role.SUPPORT)
    member = await new_member(shared, other)
    assert isinstance(await desk.post("100"), Posted)
    outcome = await change(shared, other, member, "100", caller=desk.caller)
    assert isinstance(outcome, Posted)


@pytest.mark.parametrize(
    ("zone", "posted_at", "next_day"),
    [
        ("UTC", datetime(2026, 6, 15, 0, tzinfo=UTC), datetime(2026, 6, 16, tzinfo=UTC)),
        (
            "America/Los_Angeles",
            datetime(2026, 6, 15, 12, tzinfo=UTC),
            datetime(2026, 6, 16, 7, tzinfo=UTC),
        ),
        (
            "Pacific/Auckland",
            datetime(2026, 6, 15, 12, tzinfo=UTC),
            datetime(2026, 6, 16, 12, tzinfo=UTC),
        ),
        (  # a day of 25 hours
            "Europe/Berlin",
            datetime(2026, 10, 24, 22, tzinfo=UTC),
            datetime(2026, 10, 25, 23, tzinfo=UTC),
        ),
    ],
)
async def test_a_day_is_one_of_the_program(
    shared: Context, clock: Clock, zone: str, posted_at: datetime, next_day: datetime
) -> None:
    desk = await new_desk(shared, timezone=zone)
    clock.now = posted_at
    assert isinstance(await desk.post("100"), Posted)
    clock.now = next_day - timedelta(microseconds=1)
    assert await desk.left() == 0
    assert isinstance(await desk.post("1"), NotAllowed)
    clock.now = next_day
    assert await desk.left() == 100_00
    assert isinstance(await desk.post("1"), Posted)


async def test_a_limit_counts_from_the_next_posting_on(shared: Context) -> None:
    desk = await new_desk(shared)
    assert isinstance(await desk.post("60"), Posted)
    await desk.limit(50)
    assert await desk.left() == 0
    assert isinstance(await desk.post("1"), NotAllowed)
    await desk.limit(70)
    assert isinstance(await desk.post("10"), Posted)


async def test_giving_the_role_anew_does_not_start_the_day_anew(shared: Context) -> None:
    desk = await new_desk(shared)
    assert isinstance(await desk.post("60"), Posted)
    await give_role(shared, desk.user_id, desk.program, Role.VIEWER)
    assert isinstance(await desk.post("1"), NotAllowed)
    await give_role(shared, desk.user_id, desk.program, Role.SUPPORT)
    assert await desk.left() == 40_00


async def test_postings_of_one_batch_use_up_the_limit_in_their_order(shared: Context) -> None:
    desk = await new_desk(shared)
    postings = [_posting(desk, points) for points in (60_00, 50_00, 40_00, 1)]
    outcomes = await post_in_order(shared, postings)
    assert [isinstance(each, Posted) for each in outcomes] == [True, False, True, False]


async def test_at_the_same_instant_no_more_is_posted_than_the_limit(shared: Context) -> None:
    desk = await new_desk(shared)
    members = [await new_member(shared, desk.program) for _ in range(10)]
    outcomes = await asyncio.gather(
        *(post_in_order(shared, [_posting(desk, 30_00, member)]) for member in members)
    )
    assert sum(isinstance(each, Posted) for [each] in outcomes) == 3
    assert sum(isinstance(each, NotAllowed) for [each] in outcomes) == 7
    assert await desk.left() == 10_00


async def test_a_writer_lets_them_follow_one_another(shared: Context) -> None:
    desk = await new_desk(shared)
    members = [await new_member(shared, desk.program) for _ in range(3)]
    async with running_writer(shared) as one, running_writer(shared) as two:
        outcomes = await asyncio.gather(
            *(
                writer.post(_posting(desk, 10_00, member))
                for writer in (one, two)
                for member in members * 4
            ),
            return_exceptions=True,
        )
    assert sum(isinstance(each, Posted) for each in outcomes) == 10
    assert sum(isinstance(each, Refusal) for each in outcomes) == 14


async def test_nobody_waits_in_the_database_for_a_limit_that_is_in_use(shared: Context) -> None:
    desk = await new_desk(shared)
    async with shared.database.transaction() as tx:
        await tx.execute("SELECT FROM program_role WHERE user_id = $1 FOR UPDATE", desk.user_id)
        assert await desk.post("10") == Waiting()


def _posting(desk: Desk, points: int, member: IntegrationId | None = None) -> Posting:
    return Posting(
        program_id=desk.program.id,
        integration_id=member or desk.member,
        kind=Kind.ADDITION,
        points=Points(points),
        caller=desk.caller,
    )
