"""An empty installation is filled once, and a start that broke off is simply made again."""

from datetime import timedelta

import pytest

from tallystick.core.balances import Balance
from tallystick.services.accounts import has_users
from tallystick.services.balances import program_totals
from tallystick.services.callers import CallerKind, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.demo import DAYS, MEMBERS, make_demo
from tallystick.services.first_start import Welcome, first_start
from tallystick.services.programs import list_programs
from tallystick.services.sessions import sign_in
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.verify import verify


async def start(context: Context, *, demo: bool = False, password: str | None = None) -> Welcome:
    kept: list[Welcome] = []
    await first_start(
        context, email="ada@example.com", password=password, demo=demo, keep=kept.append
    )
    return kept[0]


async def test_the_welcome_tells_a_password_and_keys_that_work(context: Context) -> None:
    welcome = await start(context, demo=True)
    assert welcome.password is not None
    await sign_in(context, email=welcome.email, password=welcome.password)
    doorkeeper = Doorkeeper(context)
    for kind, key in [
        (CallerKind.INTEGRATION, welcome.integration_key),
        (CallerKind.MANAGEMENT, welcome.management_key),
    ]:
        assert (await doorkeeper.identify(f"{kind.value} {key}")).kind is kind
    assert [program.id for program in await list_programs(context)] == [welcome.program_id]


async def test_a_password_that_was_chosen_is_not_told(context: Context) -> None:
    welcome = await start(context, password="correct horse battery")
    assert welcome == Welcome(email="ada@example.com", password=None)
    await sign_in(context, email="ada@example.com", password="correct horse battery")


async def test_the_second_start_changes_nothing(context: Context) -> None:
    await start(context)
    with pytest.raises(IndexError):
        await start(context, demo=True)
    assert await list_programs(context) == []


async def test_nobody_is_made_before_the_welcome_is_kept(context: Context) -> None:
    def no_space(_welcome: Welcome) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it is ours, without words
        await first_start(context, email="a@b", password=None, demo=False, keep=no_space)
    assert not await has_users(context)
    assert (await start(context)).password is not None


async def test_the_demo_is_a_year_of_points_in_good_books(context: Context) -> None:
    program = await make_demo(context)
    now = context.clock()
    totals = await program_totals(context, program, at=now)
    assert all(points > 0 for points in (totals.pending, totals.active, totals.spent))
    assert totals.expired > 0
    before = await program_totals(context, program, at=now - timedelta(days=DAYS + 1))
    assert before == Balance()
    oldest = await list_transactions(
        context, program, MEMBERS[-1], wanted=TransactionFilter(), page_size=1000, skip=0
    )
    assert now - oldest.transactions[-1].recorded_at >= timedelta(days=DAYS)
    assert [f.check async for f in verify(context) if f.offenders] == []
