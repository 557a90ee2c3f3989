"""Programs: made, found and listed."""

from datetime import UTC, datetime

import pytest

from services.harness import NOW, new_name, new_program, new_settings
from tallystick.core.errors import AlreadyExists, NotFound, NotSupported
from tallystick.core.ids import Environment, ProgramId
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
from tallystick.services.context import Context
from tallystick.services.programs import (
    create_program,
    get_profile_program,
    get_program,
    get_program_named,
    list_programs,
)

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
