"""Four eyes on points: what waits, who asks and decides, and that it is done once or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from services.approving import Office, new_office, new_person
from services.harness import Clock, give_role, posting_of, waiting_backend
from tallystick.core.approvals import Approval, ApprovalState, FourEyes, PointsWish
from tallystick.core.errors import (
    AlreadyDecided,
    InsufficientPoints,
    KeyReused,
    NotAllowed,
    NotFound,
    NotNow,
    NotSupported,
    OutcomeUnknown,
    Refusal,
)
from tallystick.core.ids import ApprovalId, ProgramId, profile_holder
from tallystick.core.paging import Place
from tallystick.core.points import Points
from tallystick.core.programs import ReturnPolicy
from tallystick.core.roles import Role
from tallystick.core.validity import Duration, Keyword
from tallystick.services.activation import activate_by_hand
from tallystick.services.allowances import allowance_left
from tallystick.services.approvals import approve, get_approval, reject, waiting_for, withdraw
from tallystick.services.batch import post_in_order
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.erasure import erase_customer
from tallystick.services.postings import Asked, Posted
from tallystick.services.preview import preview_posting
from tallystick.services.transaction_page import transaction_page
from tallystick.services.transactions import LogSearch, program_log
from tallystick.services.writer import running_writer
from tallystick.store.db import Database
from tallystick.store.posting import wait_for_holders

DAY = timedelta(days=1)
Decide = Callable[[Context, Caller, ProgramId, ApprovalId], Awaitable[Approval]]
TILL = Caller(kind=CallerKind.MANAGEMENT, key_id=1)


async def refused(work: Awaitable[object]) -> Refusal:
    """The refusal that something ends in."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


# What waits


@pytest.mark.parametrize("points", ["50", "50.01", "-50", "-99"])
async def test_from_the_limit_on_a_change_by_hand_waits(shared: Context, points: str) -> None:
    office = await new_office(shared)
    approval_id = await office.ask(points)
    assert await office.active() == 100
    assert await office.state(approval_id) is ApprovalState.WAITING


@pytest.mark.parametrize("points", ["49.99", "-49.99"])
async def test_below_the_limit_nothing_waits(shared: Context, points: str) -> None:
    assert isinstance(await (await new_office(shared)).post(points), Posted)


@pytest.mark.parametrize("caller", [None, TILL], ids=["command", "key"])
async def test_what_a_key_or_a_command_posts_does_not_wait(
    shared: Context, caller: Caller | None
) -> None:
    office = await new_office(shared)
    assert isinstance(await office.post("5000", caller=caller), Posted)


async def test_nothing_waits_unless_the_program_says_so(shared: Context) -> None:
    office = await new_office(shared, settings=FourEyes(imports_wait=True))
    assert isinstance(await office.post("5000"), Posted)
    assert await office.all() == []


async def test_what_could_not_be_done_is_refused_and_does_not_wait(shared: Context) -> None:
    office = await new_office(shared)
    outcome = await office.post("-100.01")
    assert isinstance(outcome, InsufficientPoints)
    assert isinstance(await office.post("50", subledger="x" * 9), Asked)
    stranger = await new_person(shared, office.program, Role.VIEWER)
    assert isinstance(await office.post("50", caller=stranger), NotAllowed)
    assert len(await office.all()) == 1


async def test_what_waits_makes_no_subledger_yet(shared: Context) -> None:
    office = await new_office(shared)
    await office.ask("50", subledger="typing mistake")
    async with shared.database.reader() as reader:
        names = await reader.fetch("SELECT name FROM subledger WHERE name = 'typing mistake'")
    assert names == []


async def test_the_same_key_asks_once(shared: Context) -> None:
    office = await new_office(shared)
    first = await office.post("50", idempotency_key="k")
    again = await office.post("50", idempotency_key="k")
    assert isinstance(first, Asked)
    assert again == Asked(approval_id=first.approval_id, replayed=True)
    assert isinstance(await office.post("51", idempotency_key="k"), KeyReused)
    await office.approve(first.approval_id)
    assert await office.post("50", idempotency_key="k") == again
    assert await office.active() == 150


async def test_two_of_a_key_at_once_ask_once(shared: Context) -> None:
    office = await new_office(shared)
    posting = posting_of(
        office.program, office.member, "50", caller=office.asker, idempotency_key="k"
    )
    async with running_writer(shared) as writer:
        outcomes = await asyncio.gather(*(writer.post(posting) for _ in range(4)))
    assert {type(each) for each in outcomes} == {Asked}
    assert len(await office.all()) == 1


async def test_a_preview_tells_that_it_would_wait(shared: Context) -> None:
    office = await new_office(shared)
    for points, waits in (("50", True), ("49.99", False)):
        posting = posting_of(office.program, office.member, points, caller=office.asker)
        preview = await preview_posting(shared, office.program, posting)
        assert preview.waits is waits
        assert preview.after.active > preview.before.active
    assert await office.all() == []


async def test_a_batch_of_a_person_counts_as_one_change(shared: Context) -> None:
    office = await new_office(shared)
    posting = posting_of(office.program, office.member, "10", caller=office.asker)
    for outcome in await post_in_order(shared, [posting] * 4):
        assert isinstance(outcome, Posted)
    refusal = await refused(post_in_order(shared, [posting] * 5))
    assert isinstance(refusal, NotSupported)
    assert str(refusal) == (
        "postings: these are 50.00 points in all, and what a person changes here from 50.00 points"
        " on waits for approval, which a batch cannot; send them one by one, or as a file to be"
        " imported"
    )
    by_key = [replace(posting, caller=TILL)] * 50
    assert len(await post_in_order(shared, by_key)) == 50


async def test_an_activation_by_hand_waits_as_well(shared: Context) -> None:
    office = await new_office(shared)
    awaiting = await office.post("80", caller=None, start=Keyword.ON_ACTION)
    assert isinstance(awaiting, Posted)
    [uuid] = awaiting.transaction_uuids
    asked = await activate_by_hand(shared, office.asker, office.program, uuid)
    assert isinstance(asked, int)
    twin = await activate_by_hand(shared, office.asker, office.program, uuid)
    assert isinstance(twin, int)
    assert await office.active() == 100
    await office.approve(asked)
    assert await office.active() == 180
    refusal = await refused(office.approve(twin))
    assert isinstance(refusal, NotNow)
    assert await office.state(twin) is ApprovalState.WAITING


async def test_a_small_activation_by_hand_is_done_at_once(shared: Context) -> None:
    office = await new_office(shared)
    awaiting = await office.post("10", caller=None, start=Keyword.ON_ACTION)
    assert isinstance(awaiting, Posted)
    done = await activate_by_hand(
        shared, office.asker, office.program, awaiting.transaction_uuids[0]
    )
    assert isinstance(done, list)
    assert await office.active() == 110


# Who may ask, and who may decide

MAY_ASK = {Role.ADMIN, Role.MANAGER, Role.SUPPORT}
MAY_DECIDE = {Role.ADMIN, Role.MANAGER}


@pytest.mark.parametrize("role", [None, *Role])
async def test_who_may_ask_for_points(shared: Context, role: Role | None) -> None:
    office = await new_office(shared)
    caller = await new_person(shared, office.program, role)
    outcome = await office.post("50", caller=caller)
    assert isinstance(outcome, Asked if role in MAY_ASK else NotAllowed)


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("decide", [approve, reject])
async def test_who_may_decide_on_points(shared: Context, role: Role | None, decide: Decide) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("50")
    caller = await new_person(shared, office.program, role)
    work = decide(shared, caller, office.program.id, approval_id)
    if role in MAY_DECIDE:
        assert not (await work).waits
    else:
        assert isinstance(await refused(work), NotFound if role is None else NotAllowed)
        assert await office.state(approval_id) is ApprovalState.WAITING


@pytest.mark.parametrize("role", sorted(MAY_DECIDE, key=str))
@pytest.mark.parametrize("decide", [approve, reject])
async def test_nobody_decides_what_they_asked_for(
    shared: Context, role: Role, decide: Decide
) -> None:
    office = await new_office(shared, role)
    approval_id = await office.ask("50")
    refusal = await refused(decide(shared, office.asker, office.program.id, approval_id))
    assert isinstance(refusal, NotAllowed)
    assert str(refusal) == (
        "you may not decide what you, or a key that you made, have asked for;"
        " let somebody else look at it, or withdraw it"
    )
    assert await office.active() == 100


async def test_no_key_decides(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("50")
    for decide in (approve, reject):
        refusal = await refused(decide(shared, TILL, office.program.id, approval_id))
        assert isinstance(refusal, NotAllowed)
    assert await office.state(approval_id) is ApprovalState.WAITING


async def test_a_role_that_was_just_taken_away_decides_nothing(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("50")
    assert office.decider.user_id is not None
    await give_role(shared, office.decider.user_id, office.program, Role.VIEWER)
    assert isinstance(await refused(office.approve(approval_id)), NotAllowed)


async def test_whoever_asked_withdraws_and_nobody_else(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("50")
    refusal = await refused(withdraw(shared, office.decider, office.program.id, approval_id))
    assert isinstance(refusal, NotAllowed)
    await withdraw(shared, office.asker, office.program.id, approval_id)
    assert await office.state(approval_id) is ApprovalState.WITHDRAWN
    assert isinstance(await refused(office.approve(approval_id)), AlreadyDecided)


async def test_a_request_of_another_program_is_not_there(shared: Context) -> None:
    office, other = await new_office(shared), await new_office(shared)
    approval_id = await office.ask("50")
    for work in (
        approve(shared, other.decider, other.program.id, approval_id),
        reject(shared, other.decider, other.program.id, approval_id),
        withdraw(shared, office.asker, other.program.id, approval_id),
        get_approval(shared, other.decider, other.program.id, approval_id),
        approve(shared, other.decider, other.program.id, ApprovalId(999_999)),
    ):
        assert isinstance(await refused(work), NotFound)


async def test_a_count_is_of_what_somebody_can_decide(shared: Context) -> None:
    office = await new_office(shared)
    for _ in range(2):
        await office.ask("50")
    support = await new_person(shared, office.program, Role.SUPPORT)
    for caller, count in ((office.decider, 2), (office.asker, 0), (support, 0)):
        assert await waiting_for(shared, caller, office.program.id) == count
    other = await new_office(shared, settings=FourEyes())
    assert await waiting_for(shared, other.decider, other.program.id) is None


# What an approval does


async def test_an_approval_posts_as_whoever_asked_and_tells_both(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("60", name="Sorry")
    done = await approve(shared, office.decider, office.program.id, approval_id, note="As we said")
    assert await office.active() == 160
    assert done.decision is not None
    assert (done.asked_by, done.decision.by) == (office.asker.user_id, office.decider.user_id)
    assert done.decision.note == "As we said"
    [uuid] = done.decision.transaction_uuids
    page = await transaction_page(shared, office.program, uuid)
    assert page.recorded.transaction.user_id == office.asker.user_id
    assert page.recorded.transaction.name == "Sorry"
    assert page.approval_id == approval_id


async def test_the_record_of_changes_has_each_step_with_its_origin(shared: Context) -> None:
    office = await new_office(shared)
    assert office.asker.origin is not None
    assert office.decider.origin is not None
    for decide, caller, state in (
        (approve, office.decider, "approved"),
        (reject, office.decider, "rejected"),
        (withdraw, office.asker, "withdrawn"),
    ):
        approval_id = await office.ask("60")
        await decide(shared, caller, office.program.id, approval_id)
        assert caller.origin is not None
        [asked, decided] = await office.changes(approval_id)
        assert asked[::2] == (office.asker.user_id, office.asker.origin.address)
        assert '"state": "waiting"' in asked[1]
        assert decided[::2] == (caller.user_id, caller.origin.address)
        assert f'"state": "{state}"' in decided[1]


async def test_it_happens_at_the_approval_and_durations_count_from_then(
    shared: Context, clock: Clock
) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("60", start=Duration(1, "D"), expiry=Duration(2, "D"))
    clock.now += 5 * DAY
    await office.approve(approval_id)
    counts = []
    for _ in range(4):
        counts.append(await office.active())
        clock.now += DAY
    assert counts == [100, 160, 160, 100]


async def test_each_way_to_write_a_time_comes_back_as_it_was(shared: Context, clock: Clock) -> None:
    office = await new_office(shared)
    for start, expiry in (
        (Keyword.IMMEDIATE, Keyword.UNLIMITED),
        (Keyword.ON_ACTION, Duration(3, "M", "U")),
        (clock.now + DAY, clock.now + 2 * DAY),
        (None, None),
    ):
        approval_id = await office.ask("60", start=start, expiry=expiry)
        wish = (await office.get(approval_id)).wish
        assert isinstance(wish, PointsWish)
        done = await office.approve(approval_id)
        assert done.decision is not None
        page = await transaction_page(shared, office.program, done.decision.transaction_uuids[0])
        assert page.lot is not None
        if start == clock.now + DAY:
            assert (page.lot.start_at, page.lot.expires_at) == (start, expiry)


async def test_a_rejected_change_is_never_done(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("-60")
    await reject(shared, office.decider, office.program.id, approval_id, note="Too much")
    assert isinstance(await refused(office.approve(approval_id)), AlreadyDecided)
    assert await office.active() == 100


async def test_what_can_no_longer_be_done_waits_on_and_says_why(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("-60")
    assert isinstance(await office.post("-49"), Posted)
    refusal = await refused(office.approve(approval_id))
    assert isinstance(refusal, NotNow)
    assert "only 51.00 are active" in str(refusal)
    assert await office.state(approval_id) is ApprovalState.WAITING
    assert isinstance(await office.post("10"), Posted)
    await office.approve(approval_id)
    assert await office.active() == 1


async def test_a_window_that_has_passed_waits_on(shared: Context, clock: Clock) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("60", expiry=clock.now + DAY)
    clock.now += 2 * DAY
    assert isinstance(await refused(office.approve(approval_id)), NotNow)
    assert await office.state(approval_id) is ApprovalState.WAITING


async def test_whoever_asked_must_still_be_allowed_to(shared: Context) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("60")
    assert office.asker.user_id is not None
    await give_role(shared, office.asker.user_id, office.program, Role.VIEWER)
    refusal = await refused(office.approve(approval_id))
    assert isinstance(refusal, NotNow)
    assert "whoever asked may not add and deduct points now" in str(refusal)


async def test_the_points_a_day_of_support_are_counted_when_it_is_done(
    shared: Context, clock: Clock
) -> None:
    office = await new_office(shared, Role.SUPPORT)
    first, second = await office.ask("60"), await office.ask("60")
    assert await allowance_left(shared, office.asker, office.program) == 100_00
    await office.approve(first)
    assert await allowance_left(shared, office.asker, office.program) == 40_00
    refusal = await refused(office.approve(second))
    assert isinstance(refusal, NotNow)
    assert "whoever asked may not add or deduct 60.00 points now" in str(refusal)
    clock.now += DAY
    await office.approve(second)
    assert await office.active() == 220


async def test_support_cannot_ask_for_more_than_a_day_allows(shared: Context) -> None:
    office = await new_office(shared, Role.SUPPORT)
    outcome = await office.post("100.01")
    assert isinstance(outcome, NotAllowed)
    assert await office.all() == []


async def test_points_that_may_be_owed_are_owed(shared: Context) -> None:
    office = await new_office(shared, return_policy=ReturnPolicy.UNLIMITED)
    approval_id = await office.ask("-150")
    done = await office.approve(approval_id)
    assert done.decision is not None
    assert len(done.decision.transaction_uuids) == 2


async def test_who_is_erased_is_forgotten_in_what_was_asked(shared: Context) -> None:
    office = await new_office(shared)
    decided, waiting = await office.ask("60", name="for Ann"), await office.ask("70", name="of Ann")
    await reject(shared, office.decider, office.program.id, decided, note="Ann is a friend")
    await erase_customer(shared, office.program.environment, office.member)
    for approval_id in (decided, waiting):
        found = await office.get(approval_id)
        assert isinstance(found.wish, PointsWish)
        assert found.wish.integration_id.startswith("erased-")
        assert found.wish.name == ""
        assert found.decision is None or found.decision.note == ""
    assert isinstance(await refused(office.approve(waiting)), NotNow)


# At once


async def test_of_two_deciders_at_once_one_wins(shared: Context, module_database_url: str) -> None:
    office = await new_office(shared)
    others = [await new_person(shared, office.program, Role.MANAGER) for _ in range(4)]
    approval_id = await office.ask("60")
    database = await Database.connect(module_database_url, size=5)
    elsewhere = replace(shared, database=database)
    outcomes = await asyncio.gather(
        *(
            decide(context, caller, office.program.id, approval_id)
            for caller, context, decide in zip(
                others, (shared, elsewhere) * 2, (approve, approve, reject, approve), strict=True
            )
        ),
        return_exceptions=True,
    )
    await database.close()
    refusals = [each for each in outcomes if isinstance(each, BaseException)]
    assert [type(each) for each in refusals] == [AlreadyDecided] * 3
    approved = await office.state(approval_id) is ApprovalState.APPROVED
    assert await office.active() == (160 if approved else 100)


async def test_of_an_approval_and_a_withdrawal_at_once_one_wins(shared: Context) -> None:
    for _ in range(5):
        office = await new_office(shared)
        approval_id = await office.ask("60")
        outcomes = await asyncio.gather(
            office.approve(approval_id),
            withdraw(shared, office.asker, office.program.id, approval_id),
            return_exceptions=True,
        )
        assert sum(isinstance(each, AlreadyDecided) for each in outcomes) == 1
        approved = await office.state(approval_id) is ApprovalState.APPROVED
        assert await office.active() == (160 if approved else 100)


@asynccontextmanager
async def holding(office: Office) -> AsyncIterator[None]:
    """The member is locked by somebody else."""
    async with office.context.database.transaction() as tx:
        holder_id = profile_holder(office.member, office.program.environment)
        await wait_for_holders(tx, [holder_id], at_most_seconds=5)
        yield


async def test_what_breaks_between_the_decision_and_the_points_leaves_neither(
    shared: Context,
) -> None:
    office = await new_office(shared)
    approval_id = await office.ask("60")
    async with holding(office):
        approving = asyncio.create_task(office.approve(approval_id))
        pid = await waiting_backend(shared)
        async with shared.database.reader() as reader:
            assert await reader.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        assert isinstance(await refused(approving), OutcomeUnknown)
    assert await office.state(approval_id) is ApprovalState.WAITING
    assert await office.active() == 100
    await office.approve(approval_id)
    assert isinstance(await refused(office.approve(approval_id)), AlreadyDecided)
    assert await office.active() == 160
    log = await program_log(
        shared, office.program, wanted=LogSearch(), place=Place(), page_size=9, member_prefix=""
    )
    assert [each.transaction.amount for each in log.rows].count(Points(60_00)) == 1
