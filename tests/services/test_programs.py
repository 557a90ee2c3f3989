"""Programs: made, found, listed, changed and deleted."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.harness import (
    NOW,
    change,
    import_rows,
    new_application,
    new_member,
    new_name,
    new_program,
    new_settings,
)
from tallystick.core.errors import (
    AlreadyExists,
    Busy,
    InUse,
    InvalidField,
    NotFound,
    NotSupported,
    StateChanged,
)
from tallystick.core.ids import ApplicationId, Environment, ProgramId
from tallystick.core.points import Points
from tallystick.core.programs import (
    CardCodeSettings,
    JoinPolicy,
    Program,
    ProgramSettings,
    ReturnPolicy,
    Tier,
    TiersDowngradePolicy,
    TiersExpirationPolicy,
)
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.programs import (
    Standing,
    Wish,
    create_program,
    delete_program,
    get_profile_program,
    get_program,
    get_program_named,
    list_programs,
    tell_standings,
    update_program,
)
from tallystick.store import programs as store

LEAST = new_settings(allow_subledger=False)
MOST = new_settings(
    title="Corner Shop Rewards",
    description="A point\nfor every \u20ac",
    timezone="Europe/Berlin",
    sandbox=True,
    subscribed_applications=(7, 3),
    default_pending="7D",
    default_validity="12M_U",
    join_policy=JoinPolicy.POINTS_ACTIVATED,
    return_policy=ReturnPolicy.UNLIMITED,
    tiers=(
        Tier(name="All", min_points=Points(0)),
        Tier(name="Gold", min_points=Points(99_999_999_999_999)),
    ),
    tiers_expiration_policy=TiersExpirationPolicy.ABSOLUTE_EXPIRATION,
    tier_cycle_start_date=datetime(2027, 1, 1, tzinfo=UTC),
    tiers_expire_in="1Y",
    tiers_downgrade_policy=TiersDowngradePolicy.ONE_DOWN,
)
CARDS = new_settings(
    card_based=True,
    users_per_card_limit=0,
    card_code_settings=CardCodeSettings(valid_characters=("A", "B"), coupon_pattern="SHOP-##"),
)


@pytest.mark.parametrize("settings", [LEAST, MOST, CARDS], ids=["least", "most", "cards"])
async def test_a_program_is_found_as_it_was_made(
    shared: Context, settings: ProgramSettings
) -> None:
    if settings.subscribed_applications:
        numbers = [await new_application(shared, sandbox=True) for _ in range(2)]
        settings = replace(settings, subscribed_applications=(numbers[1], numbers[0]))
    made = await create_program(shared, settings)
    assert made.settings == settings
    assert made.created_at == NOW
    assert len(made.tier_ids) == len(settings.tiers)
    assert await get_program(shared, made.id) == made
    assert await get_program_named(shared, settings.name) == made
    assert made in await list_programs(shared)


async def test_programs_are_listed_in_the_order_of_their_ids(context: Context) -> None:
    assert await list_programs(context) == []
    made = [await new_program(context, name=name) for name in ("b", "a", "c")]
    assert await list_programs(context) == made
    assert [program.id for program in made] == [1, 2, 3]


async def test_tiers_are_told_lowest_first(shared: Context) -> None:
    tiers = [Tier(name=name, min_points=Points(n)) for name, n in (("C", 9), ("A", 0), ("B", 5))]
    program = await new_program(shared, tiers=tuple(tiers))
    assert [tier.name for tier in program.settings.tiers] == ["A", "B", "C"]


async def test_each_program_has_the_main_ledger_from_the_start(
    shared: Context, program: Program
) -> None:
    async with shared.database.reader() as reader:
        rows = await reader.fetch(
            "SELECT subledger_id, name FROM subledger WHERE program_id = $1", program.id
        )
    assert [tuple(row) for row in rows] == [(0, "")]


async def test_a_name_is_taken_once(shared: Context, program: Program) -> None:
    before = await list_programs(shared)
    with pytest.raises(AlreadyExists, match=f"a program with the name '{program.settings.name}'"):
        await new_program(shared, name=program.settings.name)
    assert await list_programs(shared) == before
    assert await new_program(shared, name=program.settings.name.upper())


async def test_an_unknown_program_is_not_found(shared: Context) -> None:
    with pytest.raises(NotFound, match="there is no loyalty program '999999'"):
        await get_program(shared, ProgramId(999_999))
    with pytest.raises(NotFound):
        await get_profile_program(shared, ProgramId(0))


async def test_an_unknown_name_is_answered_with_those_there_are(context: Context) -> None:
    with pytest.raises(NotFound, match="no loyalty program 'shop'; there are none yet"):
        await get_program_named(context, "shop")
    for name in ("bakery", "Shop"):
        await new_program(context, name=name)
    with pytest.raises(NotFound, match="no loyalty program 'shop'; there are bakery, Shop"):
        await get_program_named(context, "shop")


async def test_points_are_kept_for_profiles_only(shared: Context, program: Program) -> None:
    assert await get_profile_program(shared, program.id) == program
    cards = await new_program(shared, card_based=True)
    with pytest.raises(NotSupported, match="this program is card-based") as refused:
        await get_profile_program(shared, cards.id)
    assert refused.value.field == "loyaltyProgramId"


@pytest.mark.parametrize(
    ("sandbox", "environment"), [(False, Environment.LIVE), (True, Environment.SANDBOX)]
)
async def test_a_program_has_an_environment(
    shared: Context, environment: Environment, *, sandbox: bool
) -> None:
    assert (await new_program(shared, sandbox=sandbox)).environment is environment


async def test_a_program_that_was_changed_is_read_anew(shared: Context, program: Program) -> None:
    await get_program(shared, program.id)
    title = new_name("title")
    async with shared.database.transaction() as tx:
        await tx.execute("UPDATE program SET title = $2 WHERE program_id = $1", program.id, title)
    assert (await get_program(shared, program.id)).settings.title == title


async def test_programs_of_two_databases_are_not_mixed_up(
    shared: Context, context: Context
) -> None:
    here, there = await new_program(shared), await new_program(context)
    for _ in range(2):
        assert await get_program(shared, here.id) == here
        assert await get_program(context, there.id) == there


# Changing and deleting


def passes(_standing: Standing) -> None:
    """Let everything pass."""


def to(**changed: Any) -> Callable[[Program], Wish]:
    """The wish for these settings; tiers stay the ones they are."""
    return lambda before: Wish(
        settings=replace(before.settings, **changed), tier_ids=before.tier_ids
    )


async def changes_of(context: Context, program: Program) -> list[tuple[Any, Any]]:
    """What the record of changes has of a program: old and new, the first change first."""
    async with context.database.reader() as reader:
        rows = await reader.fetch(
            "SELECT old::text, new::text FROM change WHERE entity = $1 ORDER BY change_id",
            f"/v1/loyalty_programs/{program.id}",
        )
    return [tuple(text and json.loads(text) for text in row) for row in rows]


async def test_settings_are_changed_and_the_change_is_recorded(shared: Context) -> None:
    program = await new_program(shared)
    standing = await update_program(
        shared, program.id, wish=to(title="The Club", default_pending="3D"), check=passes
    )
    assert standing.program.settings == replace(
        program.settings, title="The Club", default_pending="3D"
    )
    assert not standing.has_transactions
    assert await get_program(shared, program.id) == standing.program
    made, changed = await changes_of(shared, program)
    assert (made[0], made[1]["name"]) == (None, program.settings.name)
    assert (changed[0]["title"], changed[1]["title"]) == (program.settings.name, "The Club")


async def test_a_change_of_nothing_is_not_recorded(shared: Context, program: Program) -> None:
    await update_program(shared, program.id, wish=to(), check=passes)
    assert len(await changes_of(shared, program)) == 1


async def test_what_the_first_transaction_settles_may_change_until_then(shared: Context) -> None:
    program = await new_program(shared, allow_subledger=False)
    wish = to(allow_subledger=True, join_policy=JoinPolicy.POINTS_EARNED)
    await update_program(shared, program.id, wish=wish, check=passes)
    await new_member(shared, program)
    [standing] = await tell_standings(shared, [program])
    assert standing.has_transactions
    with pytest.raises(InvalidField) as refused:
        await update_program(shared, program.id, wish=to(allow_subledger=False), check=passes)
    assert refused.value.field == "allowSubledger"
    await update_program(shared, program.id, wish=to(title="Later"), check=passes)
    found = (await get_program(shared, program.id)).settings
    assert (found.title, found.allow_subledger) == ("Later", True)


async def test_tiers_swap_names_and_stay_the_same_ones(shared: Context) -> None:
    low, high = (Tier(name=name, min_points=Points(n)) for name, n in (("Low", 0), ("High", 500)))
    program = await new_program(shared, tiers=(low, high))
    swapped = (replace(low, name="High"), replace(high, name="Low"))
    new = Tier(name="Top", min_points=Points(900))
    later = NOW + timedelta(days=1)
    standing = await update_program(
        replace(shared, clock=lambda: later),
        program.id,
        wish=lambda before: Wish(
            settings=replace(before.settings, tiers=(*swapped, new)),
            tier_ids=(*before.tier_ids, None),
        ),
        check=passes,
    )
    after = standing.program
    assert after.settings.tiers == (*swapped, new)
    assert after.tier_ids[:2] == program.tier_ids
    assert after.tiers_created_at == (NOW, NOW, later)


async def test_an_unused_program_is_deleted_and_that_is_recorded(shared: Context) -> None:
    program = await new_program(shared, tiers=(Tier(name="All", min_points=Points(0)),))
    await delete_program(shared, program.id, check=passes)
    with pytest.raises(NotFound):
        await get_program(shared, program.id)
    _, deleted = await changes_of(shared, program)
    assert (deleted[0]["name"], deleted[1]) == (program.settings.name, None)
    assert (await new_program(shared, name=program.settings.name)).id != program.id


async def test_a_program_with_transactions_is_kept(shared: Context, program: Program) -> None:
    await new_member(shared, program)
    with pytest.raises(InUse, match="found transactions and imports; keep it"):
        await delete_program(shared, program.id, check=passes)
    assert await get_program(shared, program.id) == program


async def test_a_program_that_applications_use_is_kept(shared: Context) -> None:
    number = await new_application(shared)
    program = await new_program(shared, subscribed_applications=(number,))
    with pytest.raises(InUse, match=f"found the subscribed applications {number}; first update it"):
        await delete_program(shared, program.id, check=passes)
    await update_program(shared, program.id, wish=to(subscribed_applications=()), check=passes)
    await delete_program(shared, program.id, check=passes)


@pytest.mark.parametrize("sandbox", [False, True])
async def test_an_application_must_be_there_and_of_the_same_environment(
    shared: Context, *, sandbox: bool
) -> None:
    number = await new_application(shared, sandbox=sandbox)
    with pytest.raises(InvalidField, match="subscribedApplications"):
        await new_program(shared, sandbox=not sandbox, subscribed_applications=(number,))
    with pytest.raises(InvalidField, match="found 999999"):
        await new_program(shared, sandbox=sandbox, subscribed_applications=(number, 999_999))
    program = await new_program(shared, sandbox=sandbox, subscribed_applications=(number,))
    with pytest.raises(InvalidField, match="found 999999"):
        await update_program(
            shared, program.id, wish=to(subscribed_applications=(999_999,)), check=passes
        )


async def test_a_posting_that_waits_for_a_deletion_finds_no_program(shared: Context) -> None:
    other = await new_program(shared)
    member, program = await new_member(shared, other), await new_program(shared)
    async with shared.database.transaction() as tx:
        await store.lock_all_programs(tx)
        posting = asyncio.create_task(change(shared, program, member, "5"))
        await somebody_waits(shared)
        await store.delete_program(tx, program.id)
    outcome = await posting
    assert isinstance(outcome, NotFound)


async def test_a_deletion_does_not_wait_for_long(shared: Context, program: Program) -> None:
    async with shared.database.transaction() as tx:
        await store.find_programs(tx, [program.id])
        with pytest.raises(Busy):
            await delete_program(shared, program.id, check=passes)
    assert await get_program(shared, program.id) == program


async def somebody_waits(context: Context) -> None:
    """Return once another connection waits for the table of programs."""
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'program'::regclass AND NOT granted"
    async with asyncio.timeout(10), context.database.reader() as reader:
        while not await reader.fetchval(waiting):  # noqa: ASYNC110 - the server tells no event
            await asyncio.sleep(0)


async def test_a_check_that_refuses_leaves_the_program_as_it_is(
    shared: Context, program: Program
) -> None:
    def refuse(standing: Standing) -> None:
        assert standing == Standing(program, has_transactions=False)
        raise StateChanged('"then"')

    with pytest.raises(StateChanged):
        await update_program(shared, program.id, wish=to(title="New"), check=refuse)
    with pytest.raises(StateChanged):
        await delete_program(shared, program.id, check=refuse)
    assert await get_program(shared, program.id) == program


async def test_a_limited_key_connects_only_applications_it_reaches(shared: Context) -> None:
    mine, other = [await new_application(shared) for _ in range(2)]
    key = Caller(
        kind=CallerKind.MANAGEMENT, allowed_application_ids=frozenset({ApplicationId(mine)})
    )
    with pytest.raises(InvalidField, match=f"found {other}"):
        await create_program(shared, new_settings(subscribed_applications=(other,)), caller=key)
    program = await new_program(shared, subscribed_applications=(other,))
    both = to(subscribed_applications=(other, mine))
    await update_program(shared, program.id, wish=both, check=passes, caller=key)
    assert (await get_program(shared, program.id)).settings.subscribed_applications == (other, mine)


async def test_what_is_written_for_a_program_that_went_meanwhile_finds_no_program(
    shared: Context,
) -> None:
    program = await new_program(shared)
    await delete_program(shared, program.id, check=passes)
    with pytest.raises(NotFound, match=f"no loyalty program '{program.id}'"):
        await import_rows(shared, program, "ann,5")
    header = "customerprofileid,amount,subledgerid"
    with pytest.raises(NotFound):
        await import_rows(shared, program, "ann,5,shop", header=header)
